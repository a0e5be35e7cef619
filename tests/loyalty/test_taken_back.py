"""Tiers that were reached by goods that came back: the day on which they did decides, not when that is known."""

from datetime import date, datetime
from itertools import product
from typing import Any

import pytest
from django.db.models import F

from crm.org.models import Store
from customers.models import Customer, Purchase, Return
from loyalty import ledger
from loyalty.ledger import Cause
from loyalty.models import Measure, Period, Tier, TierScheme, Unit
from tests import cast
from tests.loyalty import books
from tests.loyalty.test_tiers import at_noon, grow, ladder, look, night, stands, story

pytestmark = pytest.mark.django_db
MEASURES = list(product(Measure, Period))
REACHED, LAST, AFTER = "2026-03-09", "2026-04-08", "2026-04-09"  # thirty days, the last of them, the next
HEARD = "2026-05-20"


def rules(measure: Measure, period: Period, **more: Any) -> TierScheme:
    """Gold from 3,000, or from 3 days with a purchase."""
    scheme = ladder(measure=measure, period=period, months=12, take_back_days=30, **more)
    if measure == Measure.VISITS:
        for code, days in (("silver", 2), ("gold", 3), ("platinum", 9)):
            books.rewrite(Tier.objects.filter(scheme=scheme, code=code), threshold=days, keep_threshold=days)
    return scheme


class Bought:
    """What makes a member gold on the day on which it was reached; parts of it come back."""

    def __init__(self, who: Customer, measure: Measure, store: Store) -> None:
        self.who, self.store, self.returns = who, store, 0
        if measure == Measure.GROWTH:
            self.earned = [grow(who, 1_000, f"receipt:{n}", at_noon(REACHED), store) for n in range(3)]
        else:
            days = [f"2026-03-0{n}" for n in (7, 8, 9)] if measure == Measure.VISITS else [REACHED] * 3
            self.receipts = [cast.purchase(who, at=store, on=day, amount="1000.00") for day in days]
        self.is_growth = measure == Measure.GROWTH

    def back(self, which: int, on: str) -> None:
        self.returns += 1
        if self.is_growth:
            cause = Cause(f"return:{self.returns}", at_noon(on), "till:1", store_id=self.store.pk)
            ledger.claw_back(self.who.pk, self.earned[which], cause, unit=Unit.GROWTH)
            return
        receipt = self.receipts[which]
        Return.objects.create(
            customer=self.who, purchase=receipt, store=self.store, source_id=receipt.source_id, business_date=on,
            occurred_at=at_noon(on), amount=1_000, external_id=f"B{self.returns}",
        )  # fmt: skip
        Purchase.objects.filter(pk=receipt.pk, customer=self.who).update(returned=F("returned") + 1_000)


@pytest.mark.parametrize(("measure", "period"), MEASURES)
def test_goods_that_came_back_within_the_days_and_are_known_of_later(
    irina: Customer, harbour: Store, measure: Measure, period: Period
) -> None:
    rules(measure, period)
    bought = Bought(irina, measure, harbour)
    assert look(irina, REACHED) == 1
    stood = stands(irina)
    bought.back(0, AFTER)
    assert look(irina, HEARD) == 0
    assert night(HEARD) == {}
    assert stands(irina) == stood
    for which in (1, 2):
        bought.back(which, LAST)
    assert look(irina, HEARD) == 1
    assert story(irina) == [("member", "gold", "REACHED"), ("gold", "member", "GOODS_BACK")]
    assert stands(irina) == ("member", None)


@pytest.mark.parametrize(("measure", "period"), MEASURES)
def test_it_does_not_rest_on_when_one_hears_of_it(
    irina: Customer, harbour: Store, measure: Measure, period: Period
) -> None:
    """What came back after the days leaves the tier, but keeps nobody on it. The night finds it, too."""
    rules(measure, period)
    bought = Bought(irina, measure, harbour)
    look(irina, REACHED)
    bought.back(0, "2026-05-01")
    bought.back(1, "2026-03-20")
    is_days = measure == Measure.VISITS
    assert night(HEARD) == {"taken_back": 1} | (
        {} if is_days else {"upgraded": 1}
    )  # by the 1,000 that are left
    assert stands(irina)[0] == ("member" if is_days else "silver")


@pytest.mark.parametrize(("second", "tier"), [("15:59:59", "member"), ("16:00:00", "gold")])
def test_the_last_day_ends_at_the_stores_midnight(
    irina: Customer, harbour: Store, second: str, tier: str
) -> None:
    rules(Measure.GROWTH, Period.CALENDAR_YEAR)
    earned = grow(irina, 3_000, "receipt:1", at_noon(REACHED), harbour)
    look(irina, REACHED)
    at = datetime.fromisoformat(f"{LAST}T{second}+00:00")
    ledger.claw_back(irina.pk, earned, Cause("return:1", at, "till:1"), unit=Unit.GROWTH)
    look(irina, HEARD)
    assert stands(irina)[0] == tier


@pytest.mark.parametrize("now", Measure)
@pytest.mark.parametrize(("on", "tier"), [(LAST, "member"), (AFTER, "gold")])
def test_the_days_are_those_of_the_version_that_it_was_reached_under(
    irina: Customer, harbour: Store, now: Measure, on: str, tier: str
) -> None:
    """Whatever those count that have begun since."""
    rules(Measure.SPEND, Period.ROLLING)
    bought = Bought(irina, Measure.SPEND, harbour)
    look(irina, REACHED)
    rules(now, Period.CALENDAR_YEAR, valid_from=date(2026, 3, 10))
    books.rewrite(TierScheme.objects.filter(valid_from=date(2026, 3, 10)), take_back_days=2)
    for which in range(3):
        bought.back(which, on)
    look(irina, HEARD)
    assert stands(irina)[0] == tier


def test_what_was_taken_away_by_hand_and_given_back_counts_as_nothing(irina: Customer) -> None:
    rules(Measure.GROWTH, Period.CALENDAR_YEAR)
    grow(irina, 3_000, "receipt:1", at_noon(REACHED))
    look(irina, REACHED)
    for source, on in (("early", LAST), ("late", AFTER)):
        less = ledger.adjust(irina.pk, -5, Cause(source, at_noon(on), "till:1"), unit=Unit.GROWTH)
        undo = Cause(f"{source}/undo", at_noon(HEARD), "till:1")
        ledger.reverse(irina.pk, less.movement_id, undo, unit=Unit.GROWTH)
    assert look(irina, HEARD) == 0
    ledger.adjust(irina.pk, -5, Cause("more", at_noon(LAST), "till:1"), unit=Unit.GROWTH)
    assert look(irina, HEARD) == 2  # back to where it was, and on to what 2,995 reach
    assert stands(irina)[0] == "silver"
