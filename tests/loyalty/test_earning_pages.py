"""The pages of earning: published from tomorrow on, shown by example, kept in versions."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags
from pytest_django import DjangoAssertNumQueries

from crm.audit.models import Entry
from crm.org.models import Staff, Store
from crm.ui import words
from customers.models import Customer
from loyalty import accrual, programmes
from loyalty.accrual import rulesets
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


def test_what_is_planned_is_shown_and_can_be_withdrawn(
    marketer: Client, max_: Staff, tomorrow: date, harbour: Store
) -> None:
    """Of two versions of one day the one made last is told; withdrawn, today's settings go on."""
    later = tomorrow + timedelta(days=9)
    plan(tomorrow, max_, money_per_point=Decimal(32_768))
    plan(tomorrow, max_, money_per_point=Decimal(2), pending_days=7)
    second = programmes.latest()
    plan(later, max_, money_per_point=Decimal(2), pending_days=7, cap_day=90)
    assert shown(marketer) == [
        (tomorrow, [("Spent for one point", "¥1", "¥2"), ("Return window in days", "14", "7")]),
        (later, [("Most points of a day", "–", "90")]),
    ]
    told = " ".join(unescape(strip_tags(marketer.get(ADDRESS).text)).split())
    assert f"From {words.day(tomorrow)}: Spent for one point ¥1 → ¥2 · Return window in days 14 → 7" in told
    page = marketer.get(f"{ADDRESS}programme/")
    assert (len(page.context["planned"]), len(page.context["replaced"])) == (2, 1)
    assert second is not None and page.text.count('name="version"') == 2
    marketer.post(f"{ADDRESS}programme/withdrawal/", {"version": second.pk})
    assert shown(marketer) == [
        (later, [
            ("Spent for one point", "¥1", "¥2"), ("Return window in days", "14", "7"),
            ("Most points of a day", "–", "90"),
        ]),
    ]  # fmt: skip
    for day, rate in ((tomorrow, 1), (later, 2)):
        held = rulesets.book().programme_on(day)
        assert held is not None and held.money_per_point == rate
    entry = Entry.objects.get(action="programme.withdraw")
    assert (entry.actor, entry.details["withdrawn"]) == (f"staff:{max_.pk}", second.pk)


@pytest.mark.parametrize("which", ["first", "replaced", "gone", "x", ""])
def test_what_is_not_planned_cannot_be_withdrawn(
    marketer: Client, max_: Staff, tomorrow: date, which: str
) -> None:
    first = Programme.objects.get()
    replaced = plan(tomorrow, max_, money_per_point=Decimal(3))
    plan(tomorrow, max_, money_per_point=Decimal(2))
    version = {"first": first.pk, "replaced": replaced.pk, "gone": 2**31 - 1}.get(which, which)
    answer = marketer.post(f"{ADDRESS}programme/withdrawal/", {"version": version}, follow=True)
    assert [str(one.level_tag) for one in answer.context["messages"]] == ["error"]
    assert (Programme.objects.count(), Entry.objects.filter(action="programme.withdraw").count()) == (3, 0)


def test_a_day_that_was_given_free_again_keeps_no_plan_from_coming(
    max_: Staff, tomorrow: date, marketer: Client
) -> None:
    """What is planned later for an earlier day goes on beyond the day of what was withdrawn."""
    later = tomorrow + timedelta(days=9)
    made = plan(later, max_, money_per_point=Decimal(5))
    programmes.withdraw(made.pk, by=max_, at=timezone.now())
    assert programmes.latest() == Programme.objects.first()
    plan(tomorrow, max_, money_per_point=Decimal(2))
    for day, rate in ((tomorrow, 2), (later, 2)):
        held = rulesets.book().programme_on(day)
        assert held is not None and held.money_per_point == rate
    assert [day for day, _changes in shown(marketer)] == [tomorrow]


def plan(day: date, by: Staff, **settings: Any) -> Programme:
    return programmes.change(by=by, at=timezone.now(), valid_from=day, **settings)


def shown(browser: Client) -> list[tuple[date, Any]]:
    return [(one.valid_from, changes) for one, changes in browser.get(ADDRESS).context["planned"]]


def test_who_may_not_change_may_look(
    signed_in: Callable[[Staff], Client], chen: Staff, tomorrow: date
) -> None:
    rules.rule("double", kind="multiplier", percent=200)
    version = programmes.change(
        by="test", at=timezone.now(), valid_from=tomorrow, money_per_point=Decimal(2)
    ).pk
    clerk = signed_in(chen)
    page = clerk.get(ADDRESS)
    assert "Double" in page.text and "rules/double" not in page.text
    assert clerk.post(f"{ADDRESS}new/", given(tomorrow)).status_code == 403
    assert clerk.post(f"{ADDRESS}programme/withdrawal/", {"version": version}).status_code == 403
    assert Programme.objects.count() == 2


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
