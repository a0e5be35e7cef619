"""Drafts in the simulator: edited with the forms of what is live, told in words, replayed, led to publishing."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from crm.audit.models import Entry
from crm.jobs import runner
from crm.org.models import Staff, Store
from customers.models import Category, Customer
from loyalty import accrual, programmes
from loyalty.models import EarningRule, Programme, Simulation
from loyalty.simulation import drafts
from tests import cast
from tests.loyalty import rules

pytestmark = pytest.mark.django_db
LIST = "/loyalty/simulations/"


@pytest.fixture
def marketer(signed_in: Callable[[Staff], Client], max_: Staff) -> Client:
    return signed_in(max_)


@pytest.fixture
def address(marketer: Client, harbour: Store) -> str:
    """A draft begun from a programme with two rules."""
    rules.programme(point_worth="0.01", excluded={"products": [], "categories": []})
    rules.rule("double", kind="multiplier", percent=200, condition={"weekdays": [5, 6]})
    rules.rule("hello", kind="bonus", points=25, condition={"is_first": True})
    answer = marketer.post(LIST)
    assert answer.status_code == 303
    return str(answer["Location"])


def kept() -> drafts.Draft:
    return drafts.of(Simulation.objects.get())


def as_shown(marketer: Client, page: str, **other: Any) -> dict[str, Any]:
    """What the form of a page would send as it stands."""
    form = marketer.get(page).context["form"]
    sent = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in (sent | other).items() if value not in (None, False)}


def test_a_copy_of_what_is_live_changes_nothing(marketer: Client, address: str) -> None:
    assert "Nothing yet: it is what is live." in marketer.get(address).text
    for page in ("programme/", "rules/double/", "rules/hello/"):
        assert marketer.post(address + page, as_shown(marketer, address + page)).status_code == 303
    assert marketer.post(address, as_shown(marketer, address)).status_code == 303
    assert (kept().rules, kept().programme, kept().tiers) == ([], drafts.Settings(), {})
    assert list(Entry.objects.values_list("action", flat=True)) == ["simulation.draft"]  # no change, no trace


def test_every_condition_is_edited_with_the_form_of_live_rules(
    marketer: Client, address: str, harbour: Store
) -> None:
    Category.objects.create(path="drinks", name="Drinks")
    cast.product("TEA")
    given = {
        "name": "Night tea", "kind": "multiplier", "percent": 300, "categories": ["drinks"], "products": "TEA",
        "stores": [harbour.pk], "regions": [harbour.region_id], "channels": ["1"], "weekdays": ["5", "6"],
        "hour_from": 20, "hour_to": 2, "first_day": "2026-01-01", "last_day": "2026-12-31", "birthday_days": 3,
        "is_first": "on", "minimum": "30", "cap_receipt": 50, "cap_day": 80, "cap_month": 500, "is_exclusive": "on",
    }  # fmt: skip
    assert marketer.post(f"{address}new/", given).status_code == 303
    (made,) = kept().rules
    assert (made.code, made.percent, made.cap_receipt, made.cap_day, made.cap_month) == (
        "night-tea", 300, 50, 80, 500,
    )  # fmt: skip
    assert made.condition == {
        "categories": ["drinks"], "products": ["TEA"], "stores": [harbour.pk], "regions": [harbour.region_id],
        "channels": [1], "weekdays": [5, 6], "hours": [20, 2], "dates": ["2026-01-01", "2026-12-31"],
        "birthday_days": 3, "is_first": True, "minimum_cents": 3000,
    }  # fmt: skip
    page = f"{address}rules/night-tea/"
    assert marketer.post(page, as_shown(marketer, page, percent=400)).status_code == 303
    assert kept().rules[0].percent == 400 and kept().rules[0].condition == made.condition
    assert "within 3 days of the birthday" in marketer.get(address).text
    marketer.delete(page)
    assert (kept().rules, EarningRule.objects.count()) == ([], 2)


def test_a_new_rule_that_is_sent_twice_is_one(marketer: Client, address: str) -> None:
    given = {"name": "Tea time", "kind": "bonus", "points": 7, "weekdays": ["6"]}
    for _twice in range(2):
        answer = marketer.post(f"{address}new/", given)
        assert (answer.status_code, answer["Location"]) == (303, address)
    assert [(one.code, one.points) for one in kept().rules] == [("tea-time", 7)]
    assert Entry.objects.filter(action="simulation.edit").count() == 1
    assert (
        marketer.post(f"{address}new/", given | {"points": 8}).status_code == 303
    )  # another of the same name
    assert [(one.code, one.points) for one in kept().rules] == [("tea-time", 7), ("tea-time-2", 8)]


def test_what_a_draft_changes_is_told_in_words(marketer: Client, address: str) -> None:
    cast.product("BAG")
    page = f"{address}rules/double/"
    assert marketer.post(page, as_shown(marketer, page, percent=150, weekdays=[6])).status_code == 303
    marketer.delete(f"{address}rules/hello/")
    given = as_shown(marketer, f"{address}programme/", money_per_point="2", products="BAG", rounding="up",
                     cap_month=900)  # fmt: skip
    assert marketer.post(f"{address}programme/", given).status_code == 303
    told = [(one.what, one.before, one.after) for one in marketer.get(address).context["changes"]]
    assert told == [
        ("Spent for one point", "¥1", "¥2"), ("Parts of a point are rounded", "down", "up"),
        ("Earns nothing", "–", "BAG"), ("Most points of a month", "–", "900"),
        ("Double", "× 2 · Saturday, Sunday", "× 1.5 · Sunday"), ("Hello", "25 points · first purchase", ""),
    ]  # fmt: skip
    assert kept().rules[0] == drafts.RuleDraft("double", percent=150, condition={"weekdays": [6]})
    for back in (f"{address}rules/double/live/", f"{address}rules/hello/live/"):
        marketer.post(back)
    marketer.delete(f"{address}programme/")
    assert (kept().rules, kept().programme) == ([], drafts.Settings())


@pytest.mark.parametrize(
    ("where", "wrong", "field"),
    [
        ("new/", {"name": "x", "kind": "multiplier", "percent": 90}, "percent"),
        ("new/", {"name": "x", "kind": "bonus"}, "points"),
        ("new/", {"name": "x", "kind": "action", "points": 5}, "kind"),
        ("new/", {"name": "x", "kind": "bonus", "points": 5, "products": "NOT-THERE"}, "products"),
        ("new/", {"name": "x", "kind": "bonus", "points": 5, "hour_from": 8}, "hour_to"),
        ("programme/", {"money_per_point": "0.001"}, "money_per_point"),
        ("programme/", {"products": "NOT-THERE"}, "products"),
        ("programme/", {"ending": "months", "ending_count": 0}, "ending_count"),
        ("", {"to_on": "2020-01-01"}, "to_on"),
        ("", {"as_of": "2020-01-01"}, "as_of"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_at_its_field(
    marketer: Client, address: str, where: str, wrong: dict[str, Any], field: str
) -> None:
    before = Simulation.objects.get().draft
    given = wrong if where == "new/" else as_shown(marketer, address + where, **wrong)
    answer = marketer.post(address + where, given)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert Simulation.objects.get().draft == before


def test_a_draft_is_replayed_and_leads_to_publishing(
    marketer: Client, address: str, irina: Customer, harbour: Store
) -> None:
    today = programmes.today(timezone.now())
    bought = cast.purchase(irina, at=harbour, on=str(today - timedelta(days=2)), amount="40.00")
    accrual.earn_for([(irina.pk, bought.pk)], at=timezone.now())
    page = f"{address}rules/hello/"
    marketer.post(page, as_shown(marketer, page, points=60))
    marketer.post(f"{address}new/", {"name": "Tea time", "kind": "bonus", "points": 7})
    answer = marketer.post(address, as_shown(marketer, address, name="Warmer welcome", replay="1"))
    one = Simulation.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"{LIST}{one.pk}/")
    assert one.job is not None
    runner.run_until_ended(one.job)
    one.refresh_from_db()
    assert one.result is not None
    assert one.result["draft"]["kept"] - one.result["live"]["kept"] == 35 + 7
    assert marketer.post(page, {"name": "late"}).status_code == 404  # what was replayed stays as it was
    changed, new = marketer.get(f"{LIST}{one.pk}/").context["changes"]
    assert (changed.address, changed.is_live) == (f"/loyalty/earning/rules/hello/?draft={one.pk}", False)
    for change in (changed, new):
        given = as_shown(marketer, change.address)
        assert marketer.post(change.address, given).status_code == 303
    assert sorted(EarningRule.objects.filter(valid_from__gt=today).values_list("code", "version", "points")) == [
        ("hello", 2, 60), ("tea-time", 1, 7),
    ]  # fmt: skip
    assert [one.is_live for one in marketer.get(f"{LIST}{one.pk}/").context["changes"]] == [True, True]
    assert Programme.objects.count() == 1
    copied = marketer.post(LIST, {"like": one.pk})
    assert kept_of(copied["Location"]) == drafts.of(one)
    marketer.delete(copied["Location"])
    assert list(Simulation.objects.all()) == [one]


def kept_of(address: str) -> drafts.Draft:
    return drafts.of(Simulation.objects.get(pk=address.rstrip("/").rpartition("/")[2]))
