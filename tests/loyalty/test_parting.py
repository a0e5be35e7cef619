"""Points when a merge is undone: what was spent while two were one comes back whole; nothing is booked twice."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.db import connection

from crm.org.models import Staff, Store
from customers import merging
from customers.models import Customer
from loyalty import adjustments, holds, ledger, rewards, storedvalue
from loyalty.ledger import NewLot, NothingToContinue, proof
from loyalty.models import Balance, Lot, Movement, RewardKind, Unit
from loyalty.rewards import catalogue
from loyalty.storedvalue import terms
from tests import cast
from tests.loyalty.test_merging import points, why

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _sound() -> Iterator[None]:
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    assert [fault for proved in proof.prove() for fault in proved.faults] == []


@pytest.fixture
def irina(harbour: Store, noon: datetime) -> Customer:
    """350 that end next month."""
    who = cast.customer("Irina", of=harbour, phone="+8613800138001")
    ledger.earn(who.pk, [NewLot(350, noon + timedelta(days=30))], why("receipt:1", noon))
    return who


@pytest.fixture
def yusuf(harbour: Store, noon: datetime) -> Customer:
    """450 that end in two months."""
    who = cast.customer("Yusuf", of=harbour, phone="+8613800138002")
    ledger.earn(who.pk, [NewLot(450, noon + timedelta(days=60))], why("receipt:2", noon))
    return who


def ends(who: Customer) -> list[tuple[int, datetime | None]]:
    found = Lot.objects.filter(customer=who, available__gt=0).order_by("id")
    return list(found.values_list("available", "expires_at"))


def test_a_redemption_beyond_the_own_is_owed_and_comes_back_whole(
    irina: Customer, yusuf: Customer, ana: Staff, noon: datetime
) -> None:
    done = merging.merge(irina, yusuf, by=ana, at=noon)
    spent = ledger.redeem(irina.pk, 500, why("till:1", noon))
    merging.unmerge(done, by=ana, at=noon)
    assert (points(irina), points(yusuf)) == ((0, 0, 0, 150), (450, 0, 0, 0))
    again = ledger.redeem(irina.pk, 500, why("till:1", noon))
    assert (again.movement_id, again.points, again.is_new) == (spent.movement_id, 500, False)
    back = ledger.reverse(irina.pk, spent.movement_id, why("back:1", noon))
    assert back.points == 500
    assert (points(irina), points(yusuf)) == ((350, 0, 0, 0), (450, 0, 0, 0))
    assert ends(irina) == [(350, noon + timedelta(days=30))]


def test_a_part_that_comes_back_pays_what_is_owed_first(
    irina: Customer, yusuf: Customer, ana: Staff, noon: datetime
) -> None:
    ledger.earn(irina.pk, [NewLot(300)], why("receipt:3", noon))
    done = merging.merge(irina, yusuf, by=ana, at=noon)
    spent = ledger.redeem(yusuf.pk, 700, why("till:1", noon))
    merging.unmerge(done, by=ana, at=noon)
    assert points(irina) == (0, 0, 0, 50)
    ledger.reverse(irina.pk, spent.movement_id, why("back:1", noon), points=650)
    assert points(irina) == (600, 0, 0, 0)
    ledger.reverse(irina.pk, spent.movement_id, why("back:2", noon), points=50)
    assert (points(irina), points(yusuf)) == ((650, 0, 0, 0), (450, 0, 0, 0))
    with pytest.raises(NothingToContinue):
        ledger.reverse(irina.pk, spent.movement_id, why("back:3", noon), points=1)
    assert ends(irina) == [(350, noon + timedelta(days=30)), (300, None)]


def test_what_was_owed_and_paid_meanwhile_comes_back_too(
    irina: Customer, yusuf: Customer, ana: Staff, noon: datetime
) -> None:
    done = merging.merge(irina, yusuf, by=ana, at=noon)
    spent = ledger.redeem(irina.pk, 500, why("till:1", noon))
    merging.unmerge(done, by=ana, at=noon)
    ledger.earn(irina.pk, [NewLot(200)], why("receipt:3", noon))
    assert points(irina) == (50, 0, 0, 0)
    ledger.reverse(irina.pk, spent.movement_id, why("back:1", noon))
    assert points(irina) == (550, 0, 0, 0)


def test_what_came_back_before_the_parting_is_as_if_nothing_had_been(
    irina: Customer, yusuf: Customer, ana: Staff, noon: datetime
) -> None:
    done = merging.merge(irina, yusuf, by=ana, at=noon)
    spent = ledger.redeem(irina.pk, 500, why("till:1", noon))
    back = ledger.reverse(irina.pk, spent.movement_id, why("back:1", noon))
    merging.unmerge(done, by=ana, at=noon)
    assert (points(irina), points(yusuf)) == ((350, 0, 0, 0), (450, 0, 0, 0))
    assert ends(irina) == [(350, noon + timedelta(days=30))]
    assert ledger.reverse(irina.pk, spent.movement_id, why("back:1", noon)).movement_id == back.movement_id


def test_what_was_asked_for_under_the_other_number_is_not_booked_again(
    irina: Customer, yusuf: Customer, ana: Staff, noon: datetime
) -> None:
    """Also where nothing was mixed: 100 of Irina's, asked for under Yusuf's number."""
    done = merging.merge(irina, yusuf, by=ana, at=noon)
    spent = ledger.redeem(yusuf.pk, 100, why("till:1", noon))
    merging.unmerge(done, by=ana, at=noon)
    for who in (yusuf, irina):
        again = ledger.redeem(who.pk, 100, why("till:1", noon))
        assert (again.movement_id, again.customer_id, again.is_new) == (spent.movement_id, irina.pk, False)
        with pytest.raises(ledger.SourceConflict):
            ledger.redeem(who.pk, 99, why("till:1", noon))
    assert (points(irina), points(yusuf)) == ((250, 0, 0, 0), (450, 0, 0, 0))


def test_it_is_known_in_whoever_either_was_joined_to_since(
    irina: Customer, yusuf: Customer, harbour: Store, ana: Staff, noon: datetime
) -> None:
    done = merging.merge(irina, yusuf, by=ana, at=noon)
    spent = ledger.redeem(yusuf.pk, 100, why("till:1", noon))
    merging.unmerge(done, by=ana, at=noon)
    nora, lin = (cast.customer(name, of=harbour) for name in ("Nora", "Lin"))
    merging.merge(nora, yusuf, by=ana, at=noon)
    assert ledger.redeem(nora.pk, 100, why("till:1", noon)).movement_id == spent.movement_id
    merging.merge(lin, irina, by=ana, at=noon)
    again = ledger.redeem(yusuf.pk, 100, why("till:1", noon))
    assert (again.movement_id, again.customer_id) == (spent.movement_id, lin.pk)


def test_what_continues_a_movement_goes_where_it_goes(
    irina: Customer, yusuf: Customer, ana: Staff, noon: datetime
) -> None:
    """Given back, captured and clawed back while the two were one, of what was Yusuf's before."""
    spent = ledger.redeem(yusuf.pk, 40, why("till:1", noon))
    slip = ledger.hold(yusuf.pk, 30, why("web:1", noon))
    done = merging.merge(irina, yusuf, by=ana, at=noon)
    ledger.redeem(irina.pk, 400, why("till:2", noon))  # 350 of hers and 50 of his
    back = ledger.reverse(irina.pk, spent.movement_id, why("back:1", noon))
    paid = ledger.capture(irina.pk, slip.movement_id, why("web:1/paid", noon), points=20)
    ledger.reverse(irina.pk, paid.movement_id, why("web:1/back", noon), points=5)
    merging.unmerge(done, by=ana, at=noon)
    assert (points(irina), points(yusuf)) == ((0, 0, 0, 50), (425, 0, 10, 0))
    again = ledger.reverse(yusuf.pk, spent.movement_id, why("back:1", noon))
    assert (again.movement_id, again.points, again.is_new) == (back.movement_id, 40, False)


def test_a_hold_keeps_what_it_set_aside(irina: Customer, yusuf: Customer, ana: Staff, noon: datetime) -> None:
    done = merging.merge(irina, yusuf, by=ana, at=noon)
    slip = holds.place(yusuf.pk, 600, why("web:1", noon))
    merging.unmerge(done, by=ana, at=noon)
    assert (points(irina), points(yusuf)) == ((0, 0, 600, 250), (450, 0, 0, 0))
    assert holds.place(yusuf.pk, 600, why("web:1", noon)).pk == slip.pk
    paid = holds.capture(slip, why("web:1/paid", noon), points=600)
    assert paid.points == 600
    assert points(irina) == (0, 0, 0, 250)
    ledger.reverse(irina.pk, paid.movement_id, why("web:1/back", noon))
    assert (points(irina), points(yusuf)) == ((350, 0, 0, 0), (450, 0, 0, 0))
    assert ends(irina) == [(350, noon + timedelta(days=30))]


def test_a_hold_of_nothing_own_stands_and_leaves_nothing(
    harbour: Store, yusuf: Customer, ana: Staff, noon: datetime
) -> None:
    nora = cast.customer("Nora", of=harbour)
    done = merging.merge(nora, yusuf, by=ana, at=noon)
    slip = holds.place(nora.pk, 60, why("web:1", noon))
    merging.unmerge(done, by=ana, at=noon)
    assert points(nora) == (0, 0, 60, 60)
    holds.release(slip, at=noon, by="till:1")
    assert (points(nora), points(yusuf)) == ((0, 0, 0, 0), (450, 0, 0, 0))


def test_a_debt_of_the_one_that_the_other_paid_is_owed_again(
    irina: Customer, yusuf: Customer, ana: Staff, noon: datetime
) -> None:
    """Paid by hers and forgiven while the two were one: neither is below zero afterwards."""
    bought = Movement.objects.get(source="receipt:2").pk
    ledger.redeem(yusuf.pk, 450, why("till:1", noon))
    ledger.claw_back(yusuf.pk, bought, why("return:1", noon))
    done = merging.merge(irina, yusuf, by=ana, at=noon)
    ledger.refresh(irina.pk, at=noon, by="till:1")
    assert points(irina) == (0, 0, 0, 100)
    ledger.forgive(irina.pk, 30, why("mercy:1", noon))
    merging.unmerge(done, by=ana, at=noon)
    assert (points(irina), points(yusuf)) == ((350, 0, 0, 0), (0, 0, 0, 450))


def test_parted_twice_it_is_as_parted_once(
    irina: Customer, yusuf: Customer, ana: Staff, noon: datetime
) -> None:
    """What was booked anew is booked anew again when they are joined and parted once more."""
    done = merging.merge(irina, yusuf, by=ana, at=noon)
    spent = ledger.redeem(irina.pk, 500, why("till:1", noon))
    merging.unmerge(done, by=ana, at=noon)
    done = merging.merge(irina, yusuf, by=ana, at=noon)
    ledger.redeem(irina.pk, 200, why("till:2", noon))
    ledger.reverse(irina.pk, spent.movement_id, why("back:1", noon))
    merging.unmerge(done, by=ana, at=noon)
    assert (points(irina), points(yusuf)) == ((150, 0, 0, 0), (450, 0, 0, 0))


def test_a_reward_is_taken_once_and_comes_back_whole(
    irina: Customer, yusuf: Customer, ana: Staff, noon: datetime
) -> None:
    gift = {"kind": RewardKind.GIFT, "points": 500, "product_id": cast.product("MUG").pk}
    mug = catalogue.define(code="mug", name="Mug", is_counted=False, terms=gift, by=ana, at=noon)
    done = merging.merge(irina, yusuf, by=ana, at=noon)
    taken = rewards.redeem(yusuf.pk, mug, why("till:1", noon)).redemption
    merging.unmerge(done, by=ana, at=noon)
    again = rewards.redeem(yusuf.pk, mug, why("till:1", noon))
    assert (again.redemption.pk, again.is_new) == (taken.pk, False)
    rewards.cancel(irina.pk, taken.pk, why("till:2", noon))
    assert (points(irina), points(yusuf)) == ((350, 0, 0, 0), (450, 0, 0, 0))


def test_a_payment_with_stored_value_is_made_once_and_comes_back_whole(
    irina: Customer, yusuf: Customer, ana: Staff, noon: datetime
) -> None:
    terms.change(by="test", at=noon, valid_from=noon.date())
    for who in (irina, yusuf):
        storedvalue.top_up(who.pk, 300_00, why(f"up:{who.pk}", noon), how="cash")
    done = merging.merge(irina, yusuf, by=ana, at=noon)
    paid = storedvalue.pay(yusuf.pk, 500_00, why("pay:1", noon))
    merging.unmerge(done, by=ana, at=noon)
    assert storedvalue.pay(yusuf.pk, 500_00, why("pay:1", noon)).pk == paid.pk
    storedvalue.refund(irina.pk, paid.pk, why("back:1", noon), amount=500_00)
    found = Balance.objects.filter(unit=Unit.STORED).order_by("customer")
    assert list(found.values_list("available", "debt")) == [(300_00, 0)] * 2


def test_points_by_hand_are_asked_for_once(
    irina: Customer, yusuf: Customer, ana: Staff, noon: datetime
) -> None:
    def ask(who: Customer) -> int:
        made = adjustments.ask(who, 5, reason="goodwill", by=ana, at=noon, source="page:1")
        return made.pk

    done = merging.merge(irina, yusuf, by=ana, at=noon)
    made = ask(yusuf)
    merging.unmerge(done, by=ana, at=noon)
    assert (ask(yusuf), ask(irina)) == (made, made)
