"""The pages of earning: published from tomorrow on, shown by example, kept in versions."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from crm.audit.models import Entry
from crm.org.models import Staff, Store
from customers.models import Customer
from loyalty import accrual, programmes
from loyalty.models import EarningRule, Programme
from tests import cast
from tests.loyalty import rules

pytestmark = pytest.mark.django_db
ADDRESS = "/loyalty/earning/"


@pytest.fixture
def tomorrow(harbour: Store) -> date:
    rules.programme()
    return programmes.today(timezone.now()) + timedelta(days=1)


@pytest.fixture
def marketer(signed_in: Callable[[Staff], Client], max_: Staff) -> Client:
    return signed_in(max_)


def given(tomorrow: date, **other: Any) -> dict[str, Any]:
    return {
        "name": "Double",
        "kind": "multiplier",
        "percent": "200",
        "valid_from": tomorrow.isoformat(),
    } | other


def test_a_rule_is_published_in_versions(marketer: Client, tomorrow: date, harbour: Store) -> None:
    first = given(tomorrow, stores=[harbour.pk], weekdays=["1"], hour_from="8", hour_to="12", minimum="30")
    assert marketer.post(f"{ADDRESS}new/", first).status_code == 303
    rule = EarningRule.objects.get()
    assert (rule.code, rule.version, rule.percent) == ("double", 1, 200)
    assert rule.condition == {
        "stores": [harbour.pk],
        "weekdays": [1],
        "hours": [8, 12],
        "minimum_cents": 3000,
    }
    second = first | {"percent": "300", "seen": "1"}
    assert marketer.post(f"{ADDRESS}rules/double/", second).status_code == 303
    assert list(EarningRule.objects.order_by("version").values_list("percent", flat=True)) == [200, 300]
    marketer.post(f"{ADDRESS}rules/double/end/", {"on": (tomorrow + timedelta(days=3)).isoformat()})
    last = EarningRule.objects.get(version=3)
    assert (last.is_ended, last.valid_from) == (True, tomorrow + timedelta(days=3))
    told = Entry.objects.order_by("id").values_list("action", flat=True)
    assert list(told) == ["rule.publish", "rule.publish", "rule.end"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"percent": "100"}, "percent"), ({"kind": "bonus"}, "points"), ({"valid_from": "2026-01-01"}, "valid_from"),
        ({"hour_from": "8"}, "hour_to"), ({"products": "NOT-THERE"}, "products"), ({"brands": "Nobody"}, "brands"),
        ({"kind": "action", "points": "5"}, "action"),
        ({"kind": "action", "points": "5", "action": "check_in", "is_first": "on"}, None),
    ],
)  # fmt: skip
def test_what_no_rule_can_be_is_refused(
    marketer: Client, tomorrow: date, wrong: dict[str, str], field: str | None
) -> None:
    answer = marketer.post(f"{ADDRESS}new/", given(tomorrow, **wrong))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field or "__all__"]
    assert not EarningRule.objects.exists()


@pytest.mark.parametrize("field", ["products", "brands"])
def test_a_word_with_a_nul_is_refused_at_its_field(marketer: Client, tomorrow: date, field: str) -> None:
    asked = marketer.get("/loyalty/earning/example/", {field: "tea\0"})
    assert asked.status_code < 500


def test_two_authors_of_one_rule(marketer: Client, tomorrow: date) -> None:
    marketer.post(f"{ADDRESS}new/", given(tomorrow))
    marketer.post(f"{ADDRESS}rules/double/", given(tomorrow, percent="300", seen="1"))
    both = marketer.post(f"{ADDRESS}rules/double/", given(tomorrow, name="Twice", seen="1"))
    assert both.status_code == 303  # another field: both get their way
    last = EarningRule.objects.get(version=3)
    assert (last.name, last.percent) == ("Twice", 300)
    lost = marketer.post(f"{ADDRESS}rules/double/", given(tomorrow, percent="400", seen="1"))
    assert lost.status_code == 409
    assert EarningRule.objects.count() == 3


def test_the_example_changes_nothing(marketer: Client, tomorrow: date) -> None:
    told = marketer.post(f"{ADDRESS}example/", given(tomorrow, example="50")).text
    assert "Double: × 2 on ¥50.00" in told
    assert "50 more than without this rule" in told
    assert not EarningRule.objects.exists()


def test_the_programme_is_opened_and_changed_from_a_day_to_come(
    marketer: Client, max_: Staff, harbour: Store
) -> None:
    values = {
        "valid_from": "2026-01-01", "money_per_point": "10", "rounding": "down", "pending_days": "7",
        "ending": "never", "ending_count": "0",
    }  # fmt: skip
    assert "nothing is earned until somebody opens it" in marketer.get(ADDRESS).text
    assert marketer.post(f"{ADDRESS}programme/", values).status_code == 303
    first = Programme.objects.get()
    again = values | {"seen": first.pk, "pending_days": "14"}
    refused = marketer.post(f"{ADDRESS}programme/", again)
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["valid_from"])
    tomorrow = programmes.today(timezone.now()) + timedelta(days=1)
    marketer.post(f"{ADDRESS}programme/", again | {"valid_from": tomorrow.isoformat()})
    assert list(Programme.objects.order_by("pk").values_list("pending_days", flat=True)) == [7, 14]


def test_who_may_not_change_may_look(
    signed_in: Callable[[Staff], Client], chen: Staff, tomorrow: date
) -> None:
    rules.rule("double", kind="multiplier", percent=200)
    clerk = signed_in(chen)
    page = clerk.get(ADDRESS)
    assert "Double" in page.text and "rules/double" not in page.text
    assert clerk.post(f"{ADDRESS}new/", given(tomorrow)).status_code == 403


def test_a_receipt_shows_its_points(
    signed_in: Callable[[Staff], Client], marta: Staff, irina: Customer, harbour: Store,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    rules.programme()
    rules.rule("double", kind="multiplier", percent=200)
    bought = cast.purchase(irina, at=harbour, on="2026-03-10", amount="40.00")
    accrual.earn_for([(irina.pk, bought.pk)], at=timezone.now())
    browser = signed_in(marta)
    with django_assert_max_num_queries(14):
        page = browser.get(f"/customers/{irina.public_id}/purchases/{bought.public_id}/").text
    assert "¥40.00, a point for each ¥1" in page
    assert "Double: × 2 on ¥40.00" in page


def test_the_list_costs_few_questions(
    marketer: Client, tomorrow: date, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(6):
        rules.rule(f"r{n}", kind="bonus", points=5)
    marketer.get(ADDRESS)
    with django_assert_max_num_queries(12):
        marketer.get(ADDRESS)
