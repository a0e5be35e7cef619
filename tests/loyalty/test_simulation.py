"""Replays: live rules give what the ledger holds; drafts give what they say; nothing is written."""

import json
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from crm.jobs import runner
from crm.jobs.models import Job, State
from crm.org.models import Staff, Store
from customers import merging
from customers.models import Category, Customer, Line, Purchase
from loyalty import accrual, ledger
from loyalty.ledger import Cause
from loyalty.models import Accrual, Movement, Simulation, Tier, TierScheme, Trace
from loyalty.simulation import checking, drafts, jobs
from loyalty.simulation.drafts import DraftInvalid
from tests import cast
from tests.loyalty import rules
from tests.loyalty.test_tiers import ladder

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 12, 4, tzinfo=UTC)
SPAN = (date(2026, 1, 10), date(2026, 3, 11))
TEA = {"code": "tea", "kind": "bonus", "points": 1}


def buy(who: Customer, at: Store, day: date, amount: str = "40.00", *, hour: int = 12) -> Purchase:
    """Bought, received and earned, one after the other."""
    lines = [("TEA", "1", amount), ("SKU1", "1", "10.55")]
    one = cast.purchase(who, at=at, on=day, lines=lines)
    Purchase.objects.filter(pk=one.pk).update(occurred_at=one.occurred_at.replace(hour=hour))
    accrual.earn_for([(who.pk, one.pk)], at=NOW)
    return one


def bring_back(one: Purchase, amount: str) -> None:
    Line.objects.filter(purchase=one, number=1).update(returned_quantity=1, returned_amount=amount)
    Purchase.objects.filter(pk=one.pk).update(returned=amount)
    accrual.earn_for([(one.customer_id, one.pk)], at=NOW)


@pytest.fixture
def months(harbour: Store, uptown: Store, ana: Staff) -> list[Purchase]:
    """Two who turn out to be one, with limits that look back, a version in the middle, late receipts and returns."""
    tea = Category.objects.create(path="drinks/tea", name="Tea")
    cast.product("TEA", category=tea)
    rules.programme(cap_month=230)
    rules.programme(valid_from=date(2026, 2, 10), money_per_point="0.5", cap_day=100, rounding="up")
    rules.rule("tea", kind="multiplier", percent=150, condition={"categories": ["drinks/tea"]}, cap_month=60)
    rules.rule("tea", version=2, kind="multiplier", percent=300, valid_from=date(2026, 3, 1), cap_month=60,
               condition={"categories": ["drinks/tea"]})  # fmt: skip
    rules.rule("first", kind="bonus", points=25, condition={"is_first": True})
    irina = cast.customer("Irina", of=harbour, phone="+8613800138001")
    yusuf = cast.customer("Yusuf", of=uptown, phone="+8613800138002")
    found = []
    for n in range(14):
        who, shop = ((irina, harbour), (yusuf, uptown))[n % 2]
        found.append(buy(who, shop, date(2026, 1, 3) + timedelta(days=n * 5), f"{20 + 3 * n}.10"))
    found.append(buy(irina, harbour, date(2026, 1, 5)))  # late: what the month had left
    found.append(buy(irina, harbour, date(2026, 2, 12), hour=8))  # late, and before another one of its day
    found.append(buy(irina, harbour, date(2026, 2, 12), hour=7))
    bring_back(found[0], "7.30")
    bring_back(found[9], "12.00")
    merging.merge(irina, yusuf, by=ana, at=NOW)
    found += [
        buy(irina, harbour, date(2026, 3, 9)),
        buy(irina, uptown, date(2026, 3, 2)),
    ]  # in each other's limits
    return found


def books() -> list[Any]:
    return [sorted(model.objects.values_list(), key=str) for model in (Movement, Trace, Accrual)]


def test_live_rules_replayed_are_the_ledger(months: list[Purchase]) -> None:
    before = books()
    parts = list(checking.check(*SPAN))
    assert [str(one) for part in parts for one in part.differences] == []
    earned = Accrual.objects.filter(business_date__range=SPAN)
    assert (
        sum(part.receipts for part in parts) == earned.count() == len(months) - 3
    )  # before the 10th of January
    assert sum(part.points for part in parts) == sum(earned.values_list("points", flat=True))
    assert earned.filter(points=0).exists()  # some limit left nothing
    assert books() == before


def test_what_is_not_the_ledgers_is_named(months: list[Purchase], tmp_path: Path) -> None:
    file = tmp_path / "draft.json"
    file.write_text(json.dumps({"from": "2026-01-10", "to": "2026-03-11"}))
    out = StringIO()
    call_command("simulate_programme", str(file), "--check", stdout=out)
    assert "the live rules give what the ledger holds" in out.getvalue()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = 'replica'")
        cursor.execute(
            "UPDATE loyalty_accrual SET growth = growth + 1 WHERE purchase_id = %s", [months[4].pk]
        )
        cursor.execute("SET LOCAL session_replication_role = 'origin'")
    errors = StringIO()
    with pytest.raises(CommandError, match="do not give"):
        call_command("simulate_programme", str(file), "--check", stderr=errors, stdout=out)
    assert months[4].public_id in errors.getvalue()


def draft(**more: Any) -> drafts.Draft:
    return drafts.read(json.dumps({"from": "2026-01-01", "to": "2026-01-31", "as_of": "2026-01-31"} | more))


def simulated(one: drafts.Draft, by: Staff) -> dict[str, Any]:
    made = jobs.start(one, by=by)
    assert made.job is not None
    assert runner.run_until_ended(made.job).state == State.DONE
    made.refresh_from_db()
    assert made.result is not None
    return made.result


def test_a_draft_beside_the_live_rules(
    irina: Customer, yusuf: Customer, lin: Customer, harbour: Store, uptown: Store, max_: Staff
) -> None:
    """A point for each 10 instead of each 1, and 30 for each tea: whoever buys little wins."""
    tea = Category.objects.create(path="drinks/tea", name="Tea")
    cast.product("TEA", category=tea)
    rules.programme(point_worth="0.01")
    buy(irina, harbour, date(2026, 1, 5), "9.45")  # 20 live; 2 + 30
    buy(yusuf, uptown, date(2026, 1, 6), "189.45")  # 200 live; 20 + 30
    buy(lin, harbour, date(2026, 1, 7), "19.45")  # 30 live; 3 + 30, of which 2/3 come back
    bring_back(Purchase.objects.latest("pk"), "19.45")
    ledger.redeem(irina.pk, 10, Cause("till:1", NOW, "till:1"))
    before = books()
    tea_rule = {"code": "tea", "kind": "bonus", "points": 30, "condition": {"categories": ["drinks/tea"]}}
    found = simulated(
        draft(programme={"money_per_point": "10", "point_worth": "0.05"}, rules=[tea_rule]), max_
    )
    assert books() == before
    assert (found["receipts"], found["customers"]) == (3, 3)
    assert (found["live"]["issued"], found["draft"]["issued"]) == (250, 32 + 50 + 33)
    assert found["live"]["kept"] == 20 + 200 + 11
    assert found["draft"]["kept"] == 32 + 50 + 1  # of the receipt with the return, its other line's part
    half = 16  # Irina has spent half of what she got for this receipt
    assert (found["live"]["outstanding"], found["draft"]["outstanding"]) == (231 - 10, half + 50 + 1)
    assert found["stores"][str(harbour.pk)] == [31, 33, 1, 1, 0]
    assert found["stores"][str(uptown.pk)] == [200, 50, 0, 1, 0]
    assert found["months"] == {"2026-01": [231, 83]}
    assert found["worth"] == {"live": "0.0100", "draft": "0.05"}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"programme": {"money_per_pint": "2"}}, "money_per_pint"),
        ({"programme": {"money_per_point": "0"}}, "programme.money_per_point"),
        ({"rules": [{"code": "new"}]}, "rules[0].code"),
        ({"rules": [{"code": "new", "kind": "multiplier", "percent": 90}]}, "rules[0].percent"),
        (
            {"rules": [{"code": "new", "kind": "bonus", "points": 1, "condition": {"moon": 1}}]},
            "rules[0].condition",
        ),
        ({"to": "2025-12-31"}, "to:"),
        ({"as_of": "2020-01-01"}, "as_of"),
        ({"name": "\0"}, "name: "),
        ({"programme": {"money_per_point": "NaN"}}, "programme.money_per_point: From 0.01"),
        ({"programme": {"money_per_point": "sNaN"}}, "programme.money_per_point: From 0.01"),
        ({"programme": {"money_per_point": "Infinity"}}, "programme.money_per_point: From 0.01"),
        ({"programme": {"money_per_point": "1.23456"}}, "programme.money_per_point: At most four places"),
        ({"programme": {"point_worth": "NaN"}}, "programme.point_worth: Above 0"),
        ({"programme": {"rounding": "zzz"}}, "programme.rounding: One of: down, half_up, up."),
        ({"programme": {"ending": "x"}}, "programme.ending: One of: never, "),
        ({"programme": {"excluded": {"foo": ["a"]}}}, "programme.excluded.foo: categories or products."),
        ({"programme": {"excluded": {"products": ["\0"]}}}, "programme.excluded: Not in the catalogue: \ufffd."),
        ({"programme": {"cap_day": -1}}, "programme.cap_day: From 1 to"),
        ({"programme": {"cap_receipt": 2**31}}, "programme.cap_receipt: From 1 to"),
        ({"rules": [TEA | {"cap_receipt": 0}]}, "rules[0].cap_receipt: From 1 to"),
        ({"rules": [TEA | {"cap_month": -5}]}, "rules[0].cap_month: From 1 to"),
        ({"rules": [TEA | {"name": ""}]}, "rules[0].name: A rule needs a name."),
        ({"rules": [TEA | {"name": "x" * 81}]}, "rules[0].name: At most 80"),
        ({"rules": [TEA | {"name": "\0"}]}, "rules[0].name: "),
        ({"rules": [TEA, TEA | {"code": ""}]}, "rules[1].code: Small letters"),
        ({"rules": [TEA | {"code": "x" * 1000}]}, "rules[0].code: Small letters"),
        ({"rules": [TEA | {"code": "\0"}]}, "rules[0].code: Small letters"),
        ({"rules": [TEA | {"code": "tea\n"}]}, "rules[0].code: Small letters"),
        ({"rules": [TEA, TEA | {"points": 2}]}, "rules[1].code: Each rule stands here once."),
        ({"rules": [TEA | {"condition": {"categories": ["\0"]}}]}, "rules[0].condition: Not in the catalogue"),
        ({"rules": [TEA | {"condition": {"stores": [0, 10**30]}}]}, "rules[0].condition.stores: Not known"),
        ({"rules": [TEA | {"condition": {"regions": [9**9]}}]}, "rules[0].condition.regions: Not known"),
        ({"rules": [TEA | {"condition": {"brands": [9**9]}}]}, "rules[0].condition.brands: Not known"),
        ({"rules": [TEA | {"condition": {"channels": [3]}}]}, "rules[0].condition.channels: Not known"),
        ({"rules": [TEA | {"condition": {"tiers": ["gold", "\0"]}}]}, "condition.tiers: Not known: \ufffd."),
        ({"tiers": {"nosuch": 5}}, "tiers.nosuch: On this day there is no tier"),
        ({"tiers": {"member": 5}}, "tiers.member: On this day there is no tier"),
        ({"tiers": {"silver": 0}}, "tiers.silver: From 1 to"),
        ({"tiers": {"silver": 99_999, "gold": 1}}, "tiers.gold: More than the tier before it needs."),
        ({"tiers": {"silver": 3000}}, "tiers.gold: More than the tier before it needs."),
    ],
)  # fmt: skip
def test_a_draft_that_cannot_be_is_refused_with_its_place(wrong: dict[str, Any], told: str) -> None:
    rules.programme()
    ladder()
    with pytest.raises(DraftInvalid) as refused:
        draft(**wrong)
    assert told in str(refused.value)
    assert (Simulation.objects.count(), Job.objects.filter(kind="simulation").count()) == (0, 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"from": "2026-01-01", "to": "2026-01-31", "name": "\\ud800"}',
        '{"from": "2026-01-01", "to": "2026-01-31", "name": "\ud800"}',
        '{"from": "2026-01-01", "to": "2026-01-31", "rules": [{"code": "a", "condition": {"x": '
        + "[" * 100_000 + "]" * 100_000 + "}}]}",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_no_draft(text: str) -> None:
    with pytest.raises(DraftInvalid, match="This is no draft"):
        drafts.read(text)


@pytest.mark.parametrize("days", [("0001-01-01", "0001-03-01"), ("9999-01-01", "9999-12-31")])
def test_a_period_at_the_ends_of_the_calendar_has_nothing_in_it(
    days: tuple[str, str], tmp_path: Path, irina: Customer, harbour: Store
) -> None:
    rules.programme()
    ladder()
    buy(irina, harbour, date(2026, 1, 5))
    file, out = tmp_path / "draft.json", StringIO()
    file.write_text(json.dumps({"from": days[0], "to": days[1], "as_of": "2026-01-31"} | {"rules": [TEA]}))
    call_command("simulate_programme", str(file), stdout=out)
    assert out.getvalue().startswith("0 receipts of 0 customers")


def test_tiers_are_those_of_the_day_whose_rules_hold(irina: Customer, harbour: Store, max_: Staff) -> None:
    """Gold came after the period: the draft takes it, as its form offers it."""
    rules.programme()
    old = TierScheme.objects.create(valid_from=date(2025, 1, 1))
    for rank, code in enumerate(("member", "silver")):
        Tier.objects.create(scheme=old, code=code, rank=rank, threshold=1000 * rank)
    ladder(valid_from=date(2026, 2, 1))
    buy(irina, harbour, date(2026, 1, 5), "39.45")  # 50 growth points
    with pytest.raises(DraftInvalid, match=r"tiers\.gold: On this day there is no tier"):
        draft(tiers={"gold": 50})
    found = simulated(draft(as_of="2026-02-01", tiers={"silver": 30, "gold": 50}), max_)
    assert found["tiers"] == {"member>gold": 1}
