"""Stored value: both accounts move together, exactly, once a source."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.lib.refusals import Refusal
from crm.org.models import Staff, Store
from crm.privacy import erasing
from customers import merging
from customers.models import Customer
from loyalty import ledger, storedvalue
from loyalty.adjustments.refusals import AlreadyDecided, SameEyes
from loyalty.ledger import Cause, proof
from loyalty.models import (
    Balance,
    Movement,
    PayOrder,
    StoredKind,
    StoredOperation,
    StoredState,
    StoredTerms,
    TopUpOffer,
    Unit,
)
from loyalty.storedvalue import offers, paying, terms
from loyalty.storedvalue import refusals as no
from loyalty.storedvalue.topping import Offered

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def opened(chain: Any, noon: datetime) -> StoredTerms:
    return terms.change(by="test", at=noon, valid_from=noon.date())


@pytest.fixture
def gift(opened: StoredTerms, noon: datetime) -> TopUpOffer:
    """Pay 500.00, get 50.00 for 90 days."""
    return publish("five", noon)


def publish(code: str, at: datetime, **more: Any) -> TopUpOffer:
    told = {
        "name": code.title(),
        "pay": Decimal(500),
        "bonus": Decimal(50),
        "bonus_days": 90,
        "valid_from": at.date(),
    }
    return offers.publish(code, by="test", at=at, **(told | more))


def set_(at: datetime, **more: Any) -> StoredTerms:
    return StoredTerms.objects.create(valid_from=at.date(), **more)


@pytest.fixture
def why(harbour: Store, noon: datetime) -> Callable[..., Cause]:
    return lambda source, days=0, by="till:1": Cause(source, noon + days * DAY, by, harbour.pk)


def there(customer: Customer) -> tuple[int, int]:
    found = dict(Balance.objects.filter(customer=customer.pk).values_list("unit", "available"))
    return found.get(Unit.STORED, 0), found.get(Unit.BONUS, 0)


def proved() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return [str(fault) for part in proof.prove() for fault in part.faults]


def refused(refusal: type[Refusal], do: Callable[[], Any]) -> Refusal:
    """It says no, and nothing has changed."""
    before = (Movement.objects.count(), StoredOperation.objects.count())
    with pytest.raises(refusal) as found:
        do()
    assert (Movement.objects.count(), StoredOperation.objects.count()) == before
    return found.value


def up(who: Customer, cause: Cause, amount: int = 500_00, **more: Any) -> StoredOperation:
    return storedvalue.top_up(who.pk, amount, cause, how="cash", **more)


def test_top_up_pay_give_back(irina: Customer, gift: TopUpOffer, why: Any) -> None:
    made = up(irina, why("t1"), receipt_number=" 77 ")
    assert (made.principal, made.bonus, made.money, made.offer, made.receipt_number) == (
        500_00,
        50_00,
        500_00,
        gift,
        "77",
    )
    paid = storedvalue.pay(irina.pk, 120_01, why("p1", 1))
    assert (paid.principal, paid.bonus, there(irina)) == (-109_10, -10_91, (390_90, 39_09))
    first = storedvalue.refund(irina.pk, paid.pk, why("r1", 2), amount=40_00)
    second = storedvalue.refund(irina.pk, paid.pk, why("r2", 2), amount=33)
    rest = storedvalue.refund(irina.pk, paid.pk, why("r3", 2))
    assert [(one.principal, one.bonus) for one in (first, second, rest)] == [
        (36_37, 3_63),
        (30, 3),
        (72_43, 7_25),
    ]
    assert there(irina) == (500_00, 50_00)
    assert refused(no.NotLeft, lambda: storedvalue.refund(irina.pk, paid.pk, why("r4", 2), amount=1))
    assert proved() == []


def test_the_same_key_answers_the_same(irina: Customer, gift: TopUpOffer, why: Any) -> None:
    made = up(irina, why("k"))
    assert up(irina, why("k", 5)).pk == made.pk
    paid = storedvalue.pay(irina.pk, 55_00, why("p"))
    assert storedvalue.pay(irina.pk, 55_00, why("p")).pk == paid.pk
    back = storedvalue.refund(irina.pk, paid.pk, why("b"), amount=10_00)
    assert storedvalue.refund(irina.pk, paid.pk, why("b")).pk == back.pk
    for other in (
        lambda: up(irina, why("k"), 600_00),
        lambda: storedvalue.pay(irina.pk, 500_00, why("k")),
        lambda: storedvalue.pay(irina.pk, 54_00, why("p")),
        lambda: storedvalue.refund(irina.pk, paid.pk, why("b"), amount=11_00),
        lambda: storedvalue.refund(irina.pk, paid.pk, why("p")),
    ):
        refused(no.SourceTaken, other)
    assert StoredOperation.objects.count() == 3


@pytest.mark.parametrize(
    ("order", "taken"),
    [
        (PayOrder.PRINCIPAL, (-110_00, 0)),
        (PayOrder.BONUS, (-60_00, -50_00)),
        (PayOrder.PROPORTION, (-100_00, -10_00)),
    ],
)
def test_the_published_order(
    irina: Customer, gift: TopUpOffer, why: Any, noon: datetime, order: str, taken: tuple[int, int]
) -> None:
    up(irina, why("t"))
    set_(noon + DAY, pay_order=order)
    assert storedvalue.pay(irina.pk, 1_00, why("before")).bonus == -9  # the version of the day holds
    storedvalue.refund(irina.pk, StoredOperation.objects.latest("pk").pk, why("back"))
    paid = storedvalue.pay(irina.pk, 110_00, why("p", 1))
    assert (paid.principal, paid.bonus) == taken


def test_no_debt_and_no_more_than_there_is(irina: Customer, gift: TopUpOffer, why: Any) -> None:
    up(irina, why("t"))
    told = refused(no.InsufficientStored, lambda: storedvalue.pay(irina.pk, 550_01, why("p")))
    assert str(told) == "There is only ¥550.00 to pay with."
    assert storedvalue.pay(irina.pk, 550_00, why("p")).amount == -550_00
    assert there(irina) == (0, 0)


def test_limits_and_a_closed_till(irina: Customer, why: Any, noon: datetime) -> None:
    refused(no.NotOpen, lambda: up(irina, why("t")))
    set_(noon, most_top_up=Decimal(500), most_balance=Decimal(900))
    refused(no.TopUpTooLarge, lambda: up(irina, why("t"), 500_01))
    up(irina, why("t"))
    told = refused(no.BalanceTooLarge, lambda: up(irina, why("u"), 400_01))
    assert "¥900.00" in str(told) and "¥500.00" in str(told)
    refused(no.InvalidAmount, lambda: up(irina, why("v"), 0))
    set_(noon + DAY, is_on=False)
    refused(no.NotOpen, lambda: up(irina, why("w", 1), 1_00))
    assert storedvalue.pay(irina.pk, 500_00, why("p", 1)).principal == -500_00


def test_which_offer_fits(irina: Customer, gift: TopUpOffer, why: Any, noon: datetime, uptown: Store) -> None:
    publish("ten", noon, pay=Decimal(1000), bonus=Decimal(150), valid_to=noon.date() + 9 * DAY)
    publish("there", noon, pay=Decimal(100), bonus=Decimal(400), stores=[uptown.pk])
    publish("gold", noon, pay=Decimal(100), bonus=Decimal(300), tiers=["gold"])
    publish("soon", noon, pay=Decimal(100), bonus=Decimal(99), valid_from=noon.date() + 5 * DAY)
    assert up(irina, why("a"), 499_99).offer is None
    assert up(irina, why("b"), 1000_00).offer.code == "ten"
    assert up(irina, why("c"), 1000_00, offer=Offered("five")).bonus == 50_00
    assert up(irina, why("d"), 1000_00, offer=Offered("")).bonus == 0
    refused(no.OfferUnfit, lambda: up(irina, why("e"), 1000_00, offer=Offered("there")))
    assert up(irina, why("f", 10), 1000_00).offer.code == "soon"
    offers.end("soon", on=noon.date() + 11 * DAY, by="test", at=noon + 10 * DAY)
    assert up(irina, why("g", 11), 1000_00).offer.code == "five"


def test_a_bonus_ends_and_comes_back_only_to_its_end(irina: Customer, gift: TopUpOffer, why: Any) -> None:
    up(irina, why("t"))
    paid = storedvalue.pay(irina.pk, 110_00, why("p"))
    assert storedvalue.pay(irina.pk, 11_00, why("last", 90)).bonus == -1_00  # the last day
    storedvalue.refund(irina.pk, paid.pk, why("r", 91))
    ledger.refresh(irina.pk, at=why("", 91).at, by="test", unit=Unit.BONUS)
    assert there(irina) == (490_00, 0)
    assert proved() == []


def test_undone_while_untouched(irina: Customer, gift: TopUpOffer, why: Any) -> None:
    made = up(irina, why("t"))
    paid = storedvalue.pay(irina.pk, 10_00, why("p"))
    refused(no.AlreadySpent, lambda: storedvalue.undo(irina.pk, made.pk, why("u")))
    storedvalue.refund(irina.pk, paid.pk, why("r"))
    gone = storedvalue.undo(irina.pk, made.pk, why("u", 91))  # the bonus has ended by then
    assert (gone.principal, gone.bonus, gone.money, there(irina)) == (-500_00, 0, -500_00, (0, 0))
    assert storedvalue.undo(irina.pk, made.pk, why("u", 92)).pk == gone.pk
    refused(no.AlreadyUndone, lambda: storedvalue.undo(irina.pk, made.pk, why("v", 92)))
    refused(no.NoSuchOperation, lambda: storedvalue.undo(irina.pk, paid.pk, why("w")))
    assert proved() == []


@pytest.mark.parametrize(
    ("order", "money", "left"),
    [
        (PayOrder.PROPORTION, -250_00, 0),  # 275 spent: 250 + 25; the other 25 were not earned
        (PayOrder.PRINCIPAL, -225_00, 27_50),  # 275 of principal earned 27.50; the rest of the bonus goes
        (PayOrder.BONUS, -247_50, 0),  # 50 of bonus used, 22.50 earned: 27.50 are kept
    ],
)
def test_the_rest_is_paid_out_at_the_terms_of_the_offer(
    irina: Customer, gift: TopUpOffer, why: Any, noon: datetime, order: str, money: int, left: int
) -> None:
    set_(noon, pay_order=order, pay_out_alone=Decimal(500), pay_out_lead=Decimal(500))
    up(irina, why("t"))
    paid = storedvalue.pay(irina.pk, 275_00, why("p"))
    out = storedvalue.pay_out(irina.pk, why("o"), how="cash")
    assert (out.state, out.money, there(irina)) == (StoredState.BOOKED, money, (0, left))
    assert storedvalue.pay_out(irina.pk, why("o"), how="cash").pk == out.pk
    refused(no.NothingStored, lambda: storedvalue.pay_out(irina.pk, why("o2"), how="cash"))
    storedvalue.refund(irina.pk, paid.pk, why("r"))  # and what was kept for it comes back with the next
    storedvalue.pay_out(irina.pk, why("o3"), how="cash")
    assert StoredOperation.objects.aggregate(n=Sum("money"))["n"] == 0
    assert there(irina) == (0, 0)
    assert proved() == []


def test_above_the_limit_a_second_person_decides(
    irina: Customer, gift: TopUpOffer, why: Any, marta: Staff, rosa: Staff, chen: Staff
) -> None:
    up(irina, why("t"), 800_00)
    assert storedvalue.worked_out(irina.pk, at=why("").at, by=chen).money == 800_00
    wait = storedvalue.pay_out(irina.pk, why("o", by=chen), how="cash", note="moves away")
    assert (wait.state, there(irina)) == (StoredState.WAITING, (800_00, 50_00))
    refused(no.AlreadyWaiting, lambda: storedvalue.pay_out(irina.pk, why("o2", by=marta), how="cash"))
    refused(SameEyes, lambda: storedvalue.decide(wait, agrees=True, by=chen, at=why("").at))
    storedvalue.pay(irina.pk, 85_00, why("p"))
    done = storedvalue.decide(wait, agrees=True, by=marta, at=why("", 1).at)
    assert (done.principal, done.bonus, done.money, there(irina)) == (-720_00, -45_00, -720_00, (0, 0))
    with pytest.raises(AlreadyDecided):
        storedvalue.decide(wait, agrees=True, by=rosa, at=why("", 1).at)
    up(irina, why("t2"), 100_00)
    no_ = storedvalue.pay_out(irina.pk, why("o3", by=chen), how="cash")
    assert (
        storedvalue.decide(no_, agrees=False, by=marta, at=why("").at, note="no").state
        == StoredState.REJECTED
    )
    assert (
        storedvalue.pay_out(irina.pk, why("o4", by=rosa), how="cash").state == StoredState.BOOKED
    )  # within 500
    up(irina, why("t3"), 450_00)
    assert (
        storedvalue.pay_out(irina.pk, why("o5", by=rosa), how="cash").state == StoredState.WAITING
    )  # not with these
    assert proved() == []


def test_the_database_keeps_it(irina: Customer, gift: TopUpOffer, why: Any) -> None:
    made = up(irina, why("t"))
    rows = StoredOperation.objects.filter(pk=made.pk)
    for wrong in (
        lambda: rows.update(principal=1, money=1),
        lambda: rows.update(bonus=F("bonus") + 1),
        lambda: rows.update(source="x"),
        rows.delete,
        lambda: TopUpOffer.objects.create(code="x", name="x", pay=0, bonus=1, valid_from=date(2026, 1, 1)),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            wrong()
    rows.update(note="")  # what an erasure blanks


def test_merged_and_parted(irina: Customer, yusuf: Customer, gift: TopUpOffer, why: Any, ana: Staff) -> None:
    up(irina, why("t1"))
    theirs = up(yusuf, why("t2"))
    merge = merging.merge(irina, yusuf, by=ana, at=why("").at, is_confirmed=True, reason="One person.")
    paid = storedvalue.pay(yusuf.pk, 880_00, why("p", 1))
    assert (paid.customer_id, paid.principal, paid.bonus, there(irina)) == (
        irina.pk,
        -800_00,
        -80_00,
        (200_00, 20_00),
    )
    storedvalue.refund(yusuf.pk, paid.pk, why("r", 1))
    merging.unmerge(merge, by=ana, at=why("", 2).at)
    assert (there(irina), there(yusuf)) == ((500_00, 50_00), (500_00, 50_00))
    assert StoredOperation.objects.get(pk=theirs.pk).customer_id == yusuf.pk
    assert proved() == []


def test_erased_only_once_the_money_is_paid_out(
    irina: Customer, gift: TopUpOffer, why: Any, rosa: Staff
) -> None:
    up(irina, why("t"))
    with pytest.raises(erasing.StillInUse):
        erasing.erase(irina.pk, by="system:test", at=why("").at)
    storedvalue.pay_out(irina.pk, why("o", by=rosa), how="cash", note="wants to leave")
    erasing.erase(irina.pk, by="system:test", at=why("").at)
    assert there(irina) == (0, 0)
    assert set(StoredOperation.objects.values_list("note", flat=True)) == {""}
    assert proved() == []


STEP = st.tuples(st.sampled_from("tttpppprrou"), st.integers(1, 700_00), st.integers(0, 9))


@given(st.lists(STEP, max_size=16), st.sampled_from(list(PayOrder)))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_money_adds_up_whatever_happens(
    irina: Customer, gift: TopUpOffer, why: Any, noon: datetime, steps: list[Any], order: str
) -> None:
    """Cash in = principal used + kept + paid out + outstanding; nothing is ever below zero."""
    with transaction.atomic():
        set_(noon, pay_order=order, most_balance=10_000, pay_out_alone=9_999, pay_out_lead=9_999)
        day = 0
        for number, (what, amount, days) in enumerate(steps):
            day += days
            cause = why(f"s{number}", day)
            try:
                _do(irina, what, amount, cause)
            except Refusal:
                continue
            principal, bonus = there(irina)
            assert principal >= 0 and bonus >= 0
            _adds_up(principal)
        assert not Balance.objects.exclude(debt=0, held=0, pending=0).exists()
        assert proved() == []
        transaction.set_rollback(True)


def _do(who: Customer, what: str, amount: int, cause: Cause) -> None:
    ops = StoredOperation.objects.order_by("pk")
    if what == "t":
        up(who, cause, amount)
    elif what == "p":
        storedvalue.pay(who.pk, amount, cause)
    elif what == "r" and (paid := ops.filter(kind=StoredKind.PAYMENT).last()):
        part = min(amount, -paid.amount - paying.returned(paid)) if amount % 2 else None
        storedvalue.refund(who.pk, paid.pk, cause, amount=part)
    elif what == "o":
        storedvalue.pay_out(who.pk, cause, how="cash")
    elif what == "u" and (first := ops.filter(kind=StoredKind.TOP_UP).last()):
        storedvalue.undo(who.pk, first.pk, cause)


def _adds_up(outstanding: int) -> None:
    sums = {"p": Sum("principal", default=0), "m": Sum("money", default=0)}
    told = {kind: StoredOperation.objects.filter(kind=kind).aggregate(**sums) for kind in StoredKind}
    cash_in = told[StoredKind.TOP_UP]["m"] + told[StoredKind.UNDO]["m"]
    used = -told[StoredKind.PAYMENT]["p"] - told[StoredKind.REFUND]["p"]
    paid_out = -told[StoredKind.PAY_OUT]["m"]
    kept = told[StoredKind.PAY_OUT]["m"] - told[StoredKind.PAY_OUT]["p"]
    assert cash_in == used + kept + paid_out + outstanding
