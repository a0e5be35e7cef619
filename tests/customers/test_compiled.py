"""Statements that are compiled once serve every customer; one that does not ask for its customer is refused."""

from typing import Any

import pytest
from django.db.models import QuerySet

from customers.compiled import STAND_IN, compiled
from customers.models import Customer

pytestmark = pytest.mark.django_db


def test_a_statement_is_compiled_once_for_all(irina: Customer, yusuf: Customer) -> None:
    built: list[int] = []

    def build(anyone: Customer) -> QuerySet[Any, tuple[Any, ...]]:
        built.append(anyone.pk)
        return Customer.objects.filter(pk=anyone.pk, name__gt="").values_list("name", "home_store__name")

    for one in (irina, yusuf, irina):
        statement = compiled("names", build)
        assert statement
        assert statement.rows(one.pk) == [(one.name, one.home_store and one.home_store.name)]
    assert built == [STAND_IN]


def test_one_that_is_not_about_its_customer_is_refused() -> None:
    with pytest.raises(ValueError, match="does not ask for its customer"):
        compiled("everybody", lambda anyone: Customer.objects.values_list("name"))
