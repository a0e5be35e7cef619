"""A merge and its undoing re-insert rows: on a database spread by customer, an UPDATE could not move them."""

import re
from typing import Any

import pytest

from crm.scaleout.placement import distribution
from crm.scaleout.recording import recording
from customers import merging
from customers.merging import contenthash
from tests.customers.crowds import crowd

pytestmark = pytest.mark.django_db

OWNED = {table for table, place in distribution().items() if place.is_with_customer}
_UPDATE = re.compile(r'UPDATE "?(\w+)"?(?: AS)?(?: \w+)? SET (.*?)(?: FROM | WHERE |$)', re.DOTALL)


def updates_of_owners(statements: list[Any]) -> list[str]:
    """Statements that set the customer of an owned row."""
    found = []
    for statement in statements:
        for table, assigned in _UPDATE.findall(str(statement)):
            if table in OWNED and re.search(r'"?customer_id"?\s*=', assigned):
                found.append(str(statement))
    return found


def test_the_customer_of_a_row_is_never_updated(ana: Any, noon: Any) -> None:
    people = crowd(6, seed=5)
    with recording() as kept:
        merges = [
            merging.merge(people[0], other, by=ana, at=noon, is_confirmed=True, reason="one person")
            for other in people[1:4]
        ]
        for merge in merges:
            merging.unmerge(merge, by=ana, at=noon)
    said = " ".join(map(str, kept.queries))
    for table in ("customers_purchase", "customers_line", "customers_note", "customers_consent"):
        assert f'DELETE FROM "{table}"' in said
    assert updates_of_owners(kept.queries) == []


def test_such_an_update_is_noticed() -> None:
    wrong = ["UPDATE customers_purchase SET customer_id = $1 WHERE customer_id = $2"]
    fine = ["UPDATE customers_identity SET customer_id = $1", "UPDATE customers_purchase SET amount = $1"]
    assert updates_of_owners(wrong + fine) == wrong


@pytest.mark.twin
def test_merge_and_unmerge_on_the_twin(ana: Any, noon: Any) -> None:
    """Rows go from one partition to another and back."""
    people = crowd(12, seed=6)
    before = contenthash.by_table()
    merges = [
        merging.merge(people[0], other, by=ana, at=noon, is_confirmed=True, reason="one person")
        for other in people[1:]
    ]
    for merge in merges[::2] + merges[1::2]:
        merging.unmerge(merge, by=ana, at=noon)
    assert contenthash.by_table() == before
