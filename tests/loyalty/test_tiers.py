"""Tiers: what is reached, kept, noticed, lost and taken back, at the day and at the point."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from crm.org.models import Staff, Store
from customers import merging
from customers.merging import contenthash
from customers.models import Customer
from customers.receiving.payloads import ReceiptIn, ReturnIn
from customers.receiving.single import receive_receipt, receive_return
from loyalty import ledger, tiers
from loyalty.accrual import facts
from loyalty.ledger import Cause, NewLot
from loyalty.models import (
    Downgrade,
    Measure,
    Membership,
    Period,
    Tier,
    TierChange,
    TierReason,
    TierScheme,
    Unit,
)
from loyalty.tiers import changing, memberships, movement, schemes
from loyalty.tiers.nightly import settle_slice
from loyalty.tiers.reviewing import terms_on
from tests import cast
from tests.loyalty import books

pytestmark = pytest.mark.django_db

LADDER = [("member", 0, 0), ("silver", 1_000, 800), ("gold", 3_000, 2_500), ("platinum", 8_000, 6_000)]


def ladder(**rules: Any) -> TierScheme:
    scheme = TierScheme.objects.create(valid_from=rules.pop("valid_from", date(2025, 1, 1)), **rules)
    for rank, (code, threshold, keep) in enumerate(LADDER):
        Tier.objects.create(
            scheme=scheme,
            code=code,
            rank=rank,
            threshold=threshold,
            keep_threshold=keep,
            names={"en": code.title()},
        )
    return scheme


def grow(who: Customer, points: int, source: str, at: datetime, store: Store | None = None) -> int:
    cause = Cause(source, at, "till:1", store_id=store.pk if store else None)
    return ledger.earn(who.pk, [NewLot(points)], cause, unit=Unit.GROWTH).movement_id


def at_noon(on: str) -> datetime:
    return datetime.fromisoformat(f"{on}T04:00:00+00:00")


def look(who: Customer, on: str) -> int:
    return tiers.review([who.pk], at=at_noon(on), on=date.fromisoformat(on), by="system:test")


def night(on: str) -> dict[str, int]:
    """The whole of a night's step, for everybody."""
    terms = terms_on(date.fromisoformat(on), at=at_noon(on) + timedelta(hours=12), by="system:night")
    assert terms is not None
    counts = settle_slice(terms, 1, 2**40)
    assert not any(settle_slice(terms, 1, 2**40).values())  # a second run writes nothing
    return {way: n for way, n in counts.items() if n}


def stands(who: Customer) -> tuple[str, date | None]:
    found = Membership.objects.get(customer=who)
    return found.tier, found.keep_until


def story(who: Customer) -> list[tuple[str, str, str]]:
    rows = TierChange.objects.filter(customer=who).order_by("id")
    return [(one.from_tier, one.to_tier, TierReason(one.reason).name) for one in rows]


@pytest.mark.parametrize(
    ("points", "tier"),
    [(999, "member"), (1_000, "silver"), (1_001, "silver"), (2_999, "silver"), (3_000, "gold")],
)
def test_a_tier_is_reached_at_its_threshold_and_not_a_point_before(
    irina: Customer, points: int, tier: str
) -> None:
    ladder()
    grow(irina, points, "receipt:1", at_noon("2026-03-10"))
    assert look(irina, "2026-03-10") == (tier != "member")
    assert look(irina, "2026-03-10") == 0
    assert tiers.tier_at([irina.pk], at_noon("2026-03-10")) == {irina.pk: tier}
    if tier != "member":
        assert stands(irina) == (tier, date(2027, 12, 31))


def test_which_tier_somebody_had_at_a_moment(irina: Customer, yusuf: Customer) -> None:
    ladder()
    grow(irina, 1_000, "receipt:1", at_noon("2026-03-10"))
    look(irina, "2026-03-10")
    grow(irina, 2_000, "receipt:2", at_noon("2026-03-12"))
    look(irina, "2026-03-12")
    before, between, after = (
        at_noon("2026-03-10") - timedelta(seconds=1),
        at_noon("2026-03-11"),
        at_noon("2026-03-12"),
    )
    both = [irina.pk, yusuf.pk]
    assert tiers.tier_at(both, before) == {irina.pk: "member", yusuf.pk: "member"}
    assert tiers.tier_at(both, between) == {irina.pk: "silver", yusuf.pk: "member"}
    assert tiers.tier_at(both, {irina.pk: after, yusuf.pk: before}) == {irina.pk: "gold", yusuf.pk: "member"}
    assert tiers.tier_at([], after) == {}


def test_without_a_scheme_everybody_is_a_member(irina: Customer, noon: datetime) -> None:
    assert tiers.tier_at([irina.pk], noon) == {irina.pk: "member"}
    assert look(irina, "2026-03-10") == 0


@pytest.mark.parametrize(
    ("moment", "counts"), [("2025-12-31T15:59:59", False), ("2025-12-31T16:00:00", True)]
)
def test_a_year_begins_at_the_stores_midnight(
    irina: Customer, harbour: Store, moment: str, counts: bool
) -> None:
    ladder()
    grow(irina, 1_000, "receipt:1", datetime.fromisoformat(moment).replace(tzinfo=UTC), harbour)
    assert bool(look(irina, "2026-01-01")) is counts


def test_a_day_of_the_clock_change_is_the_stores_day(irina: Customer, coast: Any) -> None:
    """25 October 2026 has 25 hours in Berlin; its last second is 22:59:59 in London's and Greenwich's time."""
    ladder(period=Period.ROLLING, months=1)
    berlin = cast.store("BERL", "Berlin", of=coast, timezone="Europe/Berlin")
    grow(irina, 1_000, "receipt:1", datetime(2026, 10, 25, 22, 59, 59, tzinfo=UTC), berlin)
    assert look(irina, "2026-11-25") == 0  # 26 October to 25 November
    assert look(irina, "2026-11-24") == 1


def test_a_purchase_and_its_full_return_leave_the_tier_as_it_was(irina: Customer) -> None:
    ladder()
    first = grow(irina, 1_000, "receipt:1", at_noon("2026-03-01"))
    look(irina, "2026-03-01")
    before = Membership.objects.filter(customer=irina).values(
        "tier", "since", "keep_until", "reached_on", "before"
    )[0]
    second = grow(irina, 7_000, "receipt:2", at_noon("2026-03-10"))
    look(irina, "2026-03-10")
    assert stands(irina)[0] == "platinum"
    ledger.claw_back(irina.pk, second, Cause("return:2", at_noon("2026-03-20"), "till:1"), unit=Unit.GROWTH)
    assert look(irina, "2026-03-20") == 1
    assert Membership.objects.filter(customer=irina).values(*before)[0] == before
    ledger.claw_back(irina.pk, first, Cause("return:1", at_noon("2026-03-21"), "till:1"), unit=Unit.GROWTH)
    look(irina, "2026-03-21")
    assert story(irina) == [
        ("member", "silver", "REACHED"), ("silver", "platinum", "REACHED"), ("platinum", "silver", "GOODS_BACK"),
        ("silver", "member", "GOODS_BACK"),
    ]  # fmt: skip
    assert stands(irina) == ("member", None)


def test_goods_that_come_back_after_the_window_count_at_the_next_review(irina: Customer) -> None:
    ladder(take_back_days=30)
    bought = grow(irina, 1_000, "receipt:1", at_noon("2026-03-10"))
    look(irina, "2026-03-10")
    ledger.claw_back(irina.pk, bought, Cause("return:1", at_noon("2026-04-10"), "till:1"), unit=Unit.GROWTH)
    assert look(irina, "2026-04-10") == 0
    assert night("2026-04-11") == {}
    assert stands(irina) == ("silver", date(2027, 12, 31))


def test_a_day_that_any_store_has_begun_keeps_its_version(irina: Customer, max_: Staff) -> None:
    """In Auckland it is the 11th while it is the 10th in Shanghai."""
    cast.store("AKL", "Auckland", timezone="Pacific/Auckland")
    ladder()
    rules = {"measure": Measure.GROWTH, "period": Period.CALENDAR_YEAR}
    at = datetime(2026, 3, 10, 14, tzinfo=UTC)
    with pytest.raises(schemes.InvalidScheme) as refused:
        schemes.publish(
            rules | {"valid_from": date(2026, 3, 11)}, [schemes.TierDraft("member", {})], by=max_, at=at
        )
    assert [fault.pointer for fault in refused.value.faults] == ["valid_from"]
    schemes.publish(
        rules | {"valid_from": date(2026, 3, 12)}, [schemes.TierDraft("member", {})], by=max_, at=at
    )


def test_a_version_that_begins_in_between_keeps_nobody_on_a_tier(irina: Customer, yusuf: Customer) -> None:
    """Also where the new one counts something else. Of what is under the old one's days, nothing more."""
    ladder()
    for who in (irina, yusuf):
        earned = grow(who, 3_000, f"receipt:{who.pk}", at_noon("2026-03-09"))
        look(who, "2026-03-09")
        ladder(
            valid_from=date(2026, 3, 10 + (who == yusuf)),
            measure=Measure.SPEND if who == yusuf else Measure.GROWTH,
        )
        back = Cause(f"back:{who.pk}", at_noon("2026-03-12"), "till:1")
        ledger.claw_back(who.pk, earned, back, unit=Unit.GROWTH)
        assert look(who, "2026-03-12") == 1
        assert stands(who) == ("member", None)
    assert night("2026-03-12") == {}


def test_a_part_that_comes_back_leaves_what_the_rest_reaches(irina: Customer) -> None:
    ladder()
    bought = grow(irina, 3_500, "receipt:1", at_noon("2026-03-10"))
    look(irina, "2026-03-10")
    ledger.claw_back(
        irina.pk, bought, Cause("return:1", at_noon("2026-03-11"), "till:1"), unit=Unit.GROWTH, keep=1_500
    )
    look(irina, "2026-03-11")
    assert stands(irina)[0] == "silver"


@pytest.mark.parametrize(("again", "tier"), [(799, "member"), (800, "silver"), (801, "silver")])
def test_a_tier_is_kept_at_its_keep_threshold(irina: Customer, again: int, tier: str) -> None:
    ladder(grace_days=0)
    grow(irina, 1_000, "receipt:1", at_noon("2025-06-01"))
    look(irina, "2025-06-01")
    grow(irina, again, "receipt:2", at_noon("2026-06-01"))
    assert night("2026-12-30") == ({} if again >= 800 else {"noticed": 1})
    assert stands(irina)[0] == "silver"
    assert night("2026-12-31") == ({"kept": 1} if again >= 800 else {"downgraded": 1})
    assert stands(irina) == (tier, date(2027, 12, 31) if tier == "silver" else None)


def test_notice_grace_and_the_last_day_of_it(irina: Customer) -> None:
    ladder(grace_days=30, notice_days=30)
    grow(irina, 3_000, "receipt:1", at_noon("2025-06-01"))
    look(irina, "2025-06-01")
    assert night("2026-11-30") == {}
    assert night("2026-12-01") == {"noticed": 1}
    assert night("2026-12-31") == {"grace": 1}
    assert Membership.objects.get(customer=irina).grace_until == date(2027, 1, 30)
    assert night("2027-01-29") == {}
    assert night("2027-01-30") == {"downgraded": 1}
    assert stands(irina) == ("silver", date(2027, 12, 31))


def test_what_is_bought_within_the_grace_keeps_the_tier(irina: Customer) -> None:
    ladder(grace_days=30)
    grow(irina, 1_000, "receipt:1", at_noon("2025-06-01"))
    look(irina, "2025-06-01")
    night("2026-12-31")
    grow(irina, 800, "receipt:2", at_noon("2027-01-30"))
    assert night("2027-01-30") == {"kept": 1}
    assert stands(irina) == ("silver", date(2027, 12, 31))


@pytest.mark.parametrize(
    ("downgrade", "tier"), [(Downgrade.ONE_STEP, "gold"), (Downgrade.BY_BALANCE, "silver")]
)
def test_how_far_down_it_goes(irina: Customer, downgrade: Downgrade, tier: str) -> None:
    ladder(grace_days=0, downgrade=downgrade)
    grow(irina, 8_000, "receipt:1", at_noon("2025-06-01"))
    look(irina, "2025-06-01")
    grow(irina, 2_000, "receipt:2", at_noon("2026-06-01"))
    night("2026-12-31")
    assert stands(irina)[0] == tier


def test_the_last_months(irina: Customer) -> None:
    ladder(period=Period.ROLLING, months=12, grace_days=0)
    grow(irina, 600, "receipt:1", at_noon("2026-01-10"))
    grow(irina, 400, "receipt:2", at_noon("2027-01-09"))
    assert look(irina, "2027-01-10") == 0  # the first is a year ago by then
    assert look(irina, "2027-01-09") == 1
    assert stands(irina) == ("silver", date(2028, 1, 9))


def test_the_year_of_membership(irina: Customer) -> None:
    """Irina has been a member since 6 January 2025."""
    ladder(period=Period.MEMBERSHIP_YEAR)
    grow(irina, 500, "receipt:1", at_noon("2026-01-05"))
    grow(irina, 500, "receipt:2", at_noon("2026-01-06"))
    assert night("2026-01-06") == {}
    grow(irina, 500, "receipt:3", at_noon("2027-01-05"))
    assert night("2027-01-05") == {"upgraded": 1}
    assert stands(irina) == ("silver", date(2028, 1, 5))


@pytest.mark.parametrize(("measure", "tier"), [(Measure.SPEND, "silver"), (Measure.VISITS, "member")])
def test_other_measures(irina: Customer, harbour: Store, measure: Measure, tier: str) -> None:
    scheme = ladder(measure=measure)
    if measure == Measure.VISITS:
        books.rewrite(Tier.objects.filter(scheme=scheme, code="silver"), threshold=3, keep_threshold=3)
    for on, amount in (("2026-03-01", "600.50"), ("2026-03-02", "399.50"), ("2026-03-02", "0.50")):
        cast.purchase(irina, at=harbour, on=on, amount=amount)
    look(irina, "2026-03-02")
    assert tiers.tier_at([irina.pk], at_noon("2026-03-02")) == {irina.pk: tier}
    cast.purchase(irina, at=harbour, on="2026-03-03", amount="1.00")
    look(irina, "2026-03-03")
    assert stands(irina)[0] == "silver"


def test_the_version_of_the_business_date_decides(irina: Customer) -> None:
    ladder()
    dearer = ladder(valid_from=date(2026, 4, 1))
    books.rewrite(Tier.objects.filter(scheme=dearer, code="silver"), threshold=2_000)
    grow(irina, 1_500, "receipt:1", at_noon("2026-03-10"))
    assert look(irina, "2026-04-01") == 0
    assert look(irina, "2026-03-31") == 1


def test_the_database_writes_the_history_and_lets_nobody_else(irina: Customer) -> None:
    ladder()
    grow(irina, 1_000, "receipt:1", at_noon("2026-03-10"))
    look(irina, "2026-03-10")
    for sql in (
        "UPDATE loyalty_tierchange SET to_tier = 'gold'",
        "DELETE FROM loyalty_tierchange",
        'INSERT INTO loyalty_tierchange (customer_id, from_tier, to_tier, reason, at, "on", actor) '
        "SELECT customer_id, to_tier, 'gold', 1, now(), now(), 'x' FROM loyalty_tierchange",
        "UPDATE loyalty_membership SET tier = 'gold'",
        "UPDATE loyalty_membership SET tier = 'gold', version = version + 1, came_from = 'member'",
        "DELETE FROM loyalty_membership",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    assert story(irina) == [("member", "silver", "REACHED")]


def test_a_day_earns_with_the_tier_that_it_began_with(irina: Customer, yusuf: Customer) -> None:
    ladder()
    grow(irina, 1_000, "receipt:1", at_noon("2026-03-10"))
    look(irina, "2026-03-10")
    days = [date(2026, 3, 9), date(2026, 3, 10), date(2026, 3, 11)]
    assert tiers.tiers_of_days([(irina.pk, on) for on in days]) == ["member", "member", "silver"]
    assert tiers.tiers_of_days([(yusuf.pk, days[2]), (irina.pk, days[2])]) == ["member", "silver"]
    assert facts.tiers_of([(irina.pk, days[2])]) == ["silver"]


@pytest.mark.parametrize(
    ("own", "others", "tier"), [(0, 3_000, "gold"), (1_000, 3_000, "gold"), (3_000, 1_000, "gold")]
)
def test_a_merged_member_keeps_the_higher_tier_and_an_unmerge_gives_both_back(
    irina: Customer, yusuf: Customer, ana: Staff, own: int, others: int, tier: str
) -> None:
    ladder()
    for who, points in ((irina, own), (yusuf, others)):
        if points:
            grow(who, points, f"receipt:{who.pk}", at_noon("2026-03-10"))
            look(who, "2026-03-10")
    both = [irina.pk, yusuf.pk]
    before = contenthash.by_table(both)
    done = merging.merge(irina, yusuf, by=ana, at=at_noon("2026-03-11"), reason="one", is_confirmed=True)
    assert tiers.tier_at([irina.pk], at_noon("2026-03-12")) == {irina.pk: tier}
    assert (("member" if not own else "silver", "gold", "MERGED") in story(irina)) is (own < others)
    merging.unmerge(done, by=ana, at=at_noon("2026-03-12"))
    after = contenthash.by_table(both)
    for table in ("loyalty.Membership", "loyalty.TierChange"):
        assert after[table] == before[table]


def test_a_receipt_raises_its_customer_at_once(irina: Customer, harbour: Store) -> None:
    ladder(measure=Measure.SPEND)
    slip = {
        "source": "pos-1", "external_id": "1", "store": "HARB", "channel": "store", "occurred_at": noon_of_today(),
        "customer": {"kind": "phone", "value": "+8613800138000"},
        "lines": [{"line": 1, "product": "SKU1", "quantity": "1", "amount": "1000.00"}],
    }  # fmt: skip
    receive_receipt(msgspec.convert(slip, ReceiptIn), by="system:test")
    assert stands(irina)[0] == "silver"
    back = {
        "source": "pos-1", "external_id": "R1", "occurred_at": noon_of_today(), "store": "HARB",
        "receipt": {"source": "pos-1", "external_id": "1"},
        "lines": [{"line": 1, "quantity": "1", "amount": "1000.00"}],
    }  # fmt: skip
    receive_return(msgspec.convert(back, ReturnIn), by="system:test")
    assert stands(irina) == ("member", None)


def noon_of_today() -> str:
    return timezone.now().isoformat()


def test_by_hand_and_locked_until_the_end_of_a_day(irina: Customer, marta: Staff) -> None:
    ladder(grace_days=0)
    until = date(2026, 6, 30)
    changing.change(irina, "gold", cause="goodwill", by=marta, at=at_noon("2026-03-10"), locked_until=until)
    grow(irina, 9_000, "receipt:1", at_noon("2026-03-11"))
    assert look(irina, "2026-06-30") == 0
    assert look(irina, "2026-07-01") == 1
    assert story(irina) == [("member", "gold", "LOCKED"), ("gold", "platinum", "REACHED")]


def test_without_a_lock_what_is_reached_raises_again(irina: Customer, marta: Staff) -> None:
    ladder()
    grow(irina, 1_000, "receipt:1", at_noon("2026-03-10"))
    look(irina, "2026-03-10")
    changing.change(irina, "member", cause="correction", by=marta, at=at_noon("2026-03-11"))
    assert stands(irina) == ("member", None)
    assert look(irina, "2026-03-12") == 1


def test_a_lock_that_is_ended(irina: Customer, marta: Staff) -> None:
    ladder()
    changing.change(
        irina, "member", cause="staff", by=marta, at=at_noon("2026-03-10"), locked_until=date(2030, 1, 1)
    )
    grow(irina, 1_000, "receipt:1", at_noon("2026-03-10"))
    assert look(irina, "2026-03-11") == 0
    changing.unlock(irina, by=marta, at=at_noon("2026-03-11"))
    assert look(irina, "2026-03-11") == 1


@pytest.mark.parametrize(
    "wrong", [{"tier": "ruby"}, {"cause": "friendship"}, {"locked_until": date(2026, 3, 9)}, {"tier": "club"}]
)
def test_what_cannot_be_changed(irina: Customer, marta: Staff, wrong: dict[str, Any]) -> None:
    club(ladder())
    told: dict[str, Any] = {
        "tier": "gold",
        "cause": "goodwill",
        "by": marta,
        "at": at_noon("2026-03-10"),
    } | wrong
    with pytest.raises(changing.InvalidTier):
        changing.change(irina, told.pop("tier"), **told)
    assert not Membership.objects.exists()


def club(scheme: TierScheme) -> TierScheme:
    """A tier between silver and gold that is bought."""
    for code, rank in (("platinum", 4), ("gold", 3)):
        books.rewrite(Tier.objects.filter(scheme=scheme, code=code), rank=rank)
    Tier.objects.create(scheme=scheme, code="club", rank=2, is_paid=True, price=99, paid_months=12)
    return scheme


def test_what_is_bought_again_begins_when_the_first_ends_and_what_is_reached_above_stays(
    irina: Customer, chen: Staff
) -> None:
    club(ladder(grace_days=0))
    for on in ("2026-03-10", "2026-12-01"):
        memberships.sell(irina.pk, "club", Cause(on, at_noon(on), chen), how="cash")
    assert Membership.objects.get(customer=irina).paid_until == date(2028, 3, 10)
    grow(irina, 3_000, "receipt:1", at_noon("2026-12-02"))
    look(irina, "2026-12-02")
    assert stands(irina) == ("gold", date(2027, 12, 31))
    night("2027-12-31")
    assert stands(irina)[0] == "club"  # down to what is paid for


def test_the_statement_of_a_period_and_its_people(
    irina: Customer, yusuf: Customer, lin: Customer, ana: Staff, uma: Staff
) -> None:
    ladder()
    grow(irina, 1_000, "receipt:1", at_noon("2026-02-10"))
    look(irina, "2026-02-10")
    grow(irina, 2_000, "receipt:2", at_noon("2026-03-10"))
    grow(yusuf, 1_000, "receipt:3", at_noon("2026-03-31"))
    look(irina, "2026-03-10")
    look(yusuf, "2026-03-31")
    march = date(2026, 3, 1), date(2026, 3, 31)
    told = movement.statement(ana, *march)
    assert told.counts == {("silver", "gold"): 1, ("member", "silver"): 1, ("member", "member"): 1}
    assert (told.moved, told.upwards) == (2, 2)
    assert movement.statement(ana, date(2026, 3, 11), march[1]).counts[("gold", "gold")] == 1
    for (was, now), person in {
        ("silver", "gold"): irina,
        ("member", "silver"): yusuf,
        ("member", "member"): lin,
    }.items():
        assert list(movement.movers(ana, *march, was, now)) == [person]
    assert movement.statement(uma, *march).counts == {("member", "silver"): 1}
    assert list(movement.movers(uma, *march, "silver", "gold")) == []
    assert movement.counts_now(ana, movement.ladder(march[1])) == {
        "member": 1,
        "silver": 1,
        "gold": 1,
        "platinum": 0,
    }
