"""Families: who is in one, whose points are spent first, and how all of it comes back."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from crm.audit.models import Entry
from crm.org.models import Staff, Store
from crm.privacy import erasing
from customers import merging
from customers.models import Customer
from loyalty import accounts, ledger, redeeming
from loyalty.families import joining, returning, roster, spending
from loyalty.families.refusals import (
    FamilyIsFull,
    FamilyIsWhole,
    InAFamily,
    NoSuchInvite,
    NotInAFamily,
    NotTheHead,
    WithThemselves,
)
from loyalty.ledger import Cause, InsufficientPoints, NewLot, NothingToContinue, SourceConflict, proof
from loyalty.models import FamilyPart, FamilyRedemption, FamilySeat, JoinedBy, Lot, Movement, Unit
from tests import cast

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _sound() -> Iterator[None]:
    yield
    assert faults() == []


@pytest.fixture
def anna(harbour: Store) -> Customer:
    return cast.customer("Anna", of=harbour, phone="+8613800138011")


@pytest.fixture
def ben(harbour: Store) -> Customer:
    return cast.customer("Ben", of=harbour, phone="+8613800138012")


@pytest.fixture
def cleo(uptown: Store) -> Customer:
    return cast.customer("Cleo", of=uptown, phone="+8613800138013")


@pytest.fixture
def family(anna: Customer, ben: Customer, cleo: Customer, noon: datetime) -> int:
    """Anna has 30; Ben 50 that end in 20 days and 40 that end in 60; Cleo 60 that end in 40 days."""
    ledger.earn(anna.pk, [NewLot(30, noon + 90 * DAY)], why("receipt:1", noon))
    ledger.earn(ben.pk, [NewLot(50, noon + 20 * DAY)], why("receipt:2", noon))
    ledger.earn(ben.pk, [NewLot(40, noon + 60 * DAY)], why("receipt:3", noon))
    ledger.earn(cleo.pk, [NewLot(60, noon + 40 * DAY)], why("receipt:4", noon))
    for who in (ben, cleo):
        seat = join(who, anna, noon)
    return seat.family_id


def why(source: str, at: datetime) -> Cause:
    return Cause(source, at, "till:1")


def join(who: Customer, other: Customer, at: datetime, shares: bool = True) -> FamilySeat:
    return joining.join(who.pk, other.pk, way=JoinedBy.COUNTER, by="staff:1", at=at, shares=shares)


def has(*people: Customer, at: datetime) -> list[int]:
    return [accounts.of(one.pk, at)[Unit.POINTS].spendable for one in people]


def lots() -> list[tuple[int, int]]:
    return list(Lot.objects.order_by("id").values_list("points", "available"))


def faults() -> list[str]:
    """As at the end of a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    return [f"{one.row}: {one.promise}" for proved in proof.prove() for one in proved.faults]


def members(family_id: int) -> list[int]:
    return list(roster.seats(family_id).values_list("customer_id", flat=True))


# --- Spending -----------------------------------------------------------------------------------------------------


def test_own_points_first_then_whose_end_first(
    family: int, anna: Customer, ben: Customer, cleo: Customer, noon: datetime
) -> None:
    done = spending.redeem(anna.pk, 100, why("till:1", noon))
    assert [(one.customer_id, one.points) for one in done.parts] == [
        (anna.pk, 30),
        (ben.pk, 50),
        (cleo.pk, 20),
    ]
    assert lots() == [(30, 0), (50, 0), (40, 40), (60, 40)]
    sources = list(
        Movement.objects.filter(kind=3).order_by("id").values_list("customer", "source", "available")
    )
    key = f"family:{done.redemption_id}"
    assert sources == [(anna.pk, f"{key}/0", -30), (ben.pk, f"{key}/1", -50), (cleo.pk, f"{key}/2", -20)]


def test_who_has_enough_spends_alone(family: int, anna: Customer, ben: Customer, noon: datetime) -> None:
    done = spending.redeem(anna.pk, 30, why("till:1", noon))
    assert (done.redemption_id, [one.points for one in done.parts]) == (0, [30])
    assert FamilyPart.objects.count() == 0
    join_late = spending.redeem(
        anna.pk, 30, why("till:1", noon)
    )  # nothing is left of her own: it is the same slip
    assert (join_late.parts, join_late.is_new, has(ben, at=noon)) == (done.parts, False, [90])


def test_the_same_slip_answers_the_same_for_ever(
    family: int, anna: Customer, ben: Customer, noon: datetime
) -> None:
    first = spending.redeem(anna.pk, 100, why("till:1", noon))
    ledger.earn(anna.pk, [NewLot(500)], why("receipt:9", noon))
    joining.leave(anna.pk, by="staff:1", at=noon)
    again = spending.redeem(anna.pk, 100, why("till:1", noon))
    assert (again.redemption_id, again.parts, again.is_new) == (first.redemption_id, first.parts, False)
    with pytest.raises(SourceConflict):
        spending.redeem(anna.pk, 99, why("till:1", noon))
    assert has(anna, at=noon) == [500]


def test_a_refusal_says_what_there_is_and_changes_nothing(
    family: int, anna: Customer, ben: Customer, noon: datetime
) -> None:
    with pytest.raises(InsufficientPoints) as refused:
        spending.redeem(anna.pk, 181, why("till:1", noon))
    assert refused.value.spendable == 180
    assert lots() == [(30, 30), (50, 50), (40, 40), (60, 60)]
    assert FamilyRedemption.objects.count() == 0


def test_who_does_not_share_keeps_theirs_and_may_spend_the_others(
    family: int, anna: Customer, ben: Customer, cleo: Customer, noon: datetime
) -> None:
    joining.share(ben.pk, False, by="customer", at=noon)
    assert roster.pool(anna.pk, family, noon).together == 90
    with pytest.raises(InsufficientPoints):
        spending.redeem(anna.pk, 91, why("till:1", noon))
    done = spending.redeem(ben.pk, 110, why("till:2", noon))
    assert [(one.customer_id, one.points) for one in done.parts] == [(ben.pk, 90), (cleo.pk, 20)]


def test_what_has_ended_vested_or_is_owed_counts_as_it_is_that_day(
    family: int, anna: Customer, ben: Customer, cleo: Customer, noon: datetime
) -> None:
    later = noon + 30 * DAY  # Ben's 50 have ended
    bought = ledger.earn(cleo.pk, [NewLot(25, vests_at=noon + 10 * DAY)], why("receipt:5", noon))
    pool = roster.pool(anna.pk, family, later)
    assert (pool.own, {one.customer_id: one.points for one in pool.purses}) == (30, {ben.pk: 40, cleo.pk: 85})
    done = spending.redeem(anna.pk, pool.together, why("till:1", later))
    assert [one.points for one in done.parts] == [30, 40, 85]
    ledger.claw_back(cleo.pk, bought.movement_id, why("return:5", later))
    ledger.earn(ben.pk, [NewLot(7)], why("receipt:6", later))
    assert roster.pool(anna.pk, family, later).others == 7
    assert has(cleo, at=later) == [0]
    with pytest.raises(InsufficientPoints) as refused:
        spending.redeem(anna.pk, 8, why("till:2", later))
    assert refused.value.spendable == 7


# --- Giving back --------------------------------------------------------------------------------------------------


def test_all_of_it_comes_back_to_the_same_lots(family: int, anna: Customer, noon: datetime) -> None:
    done = spending.redeem(anna.pk, 100, why("till:1", noon))
    back = returning.give_back(anna.pk, done.redemption_id, why("till:1/back", noon))
    assert (back.points, back.is_new) == (100, True)
    assert lots() == [(30, 30), (50, 50), (40, 40), (60, 60)]
    again = returning.give_back(anna.pk, done.redemption_id, why("till:1/back", noon))
    assert (again.points, again.is_new, sorted(again.parts, key=str)) == (
        100,
        False,
        sorted(back.parts, key=str),
    )
    with pytest.raises(NothingToContinue):
        returning.give_back(anna.pk, done.redemption_id, why("till:1/other", noon))
    assert FamilyRedemption.objects.get().given_back == 100


def test_parts_of_it_come_back_in_the_opposite_order(
    family: int, anna: Customer, ben: Customer, cleo: Customer, noon: datetime
) -> None:
    done = spending.redeem(anna.pk, 140, why("till:1", noon))  # 30 of Anna, 50 of Ben, 60 of Cleo
    back = returning.give_back(anna.pk, done.redemption_id, why("back:1", noon), points=80)
    assert [(one.customer_id, one.points) for one in back.parts] == [(ben.pk, 20), (cleo.pk, 60)]
    assert lots() == [(30, 0), (50, 20), (40, 40), (60, 60)]
    with pytest.raises(SourceConflict):
        returning.give_back(anna.pk, done.redemption_id, why("back:1", noon), points=10)
    with pytest.raises(NothingToContinue):
        returning.give_back(anna.pk, done.redemption_id, why("back:2", noon), points=61)
    rest = returning.give_back(anna.pk, done.redemption_id, why("back:2", noon))
    assert [(one.customer_id, one.points) for one in rest.parts] == [(anna.pk, 30), (ben.pk, 30)]
    assert lots() == [(30, 30), (50, 50), (40, 40), (60, 60)]


def test_a_number_gives_one_of_them_back(
    family: int, anna: Customer, ben: Customer, cleo: Customer, noon: datetime
) -> None:
    """Also where what it gave back was of others than who would get theirs now."""
    first = spending.redeem(anna.pk, 80, why("till:1", noon))  # 30 of Anna, 50 of Ben
    second = spending.redeem(anna.pk, 60, why("till:2", noon))  # of Cleo and the rest of Ben
    back = returning.give_back(anna.pk, second.redemption_id, why("back:1", noon), points=20)
    before = lots()
    for points in (None, 20, 50):
        with pytest.raises(SourceConflict):
            returning.give_back(anna.pk, first.redemption_id, why("back:1", noon), points=points)
    assert lots() == before
    again = returning.give_back(anna.pk, second.redemption_id, why("back:1", noon), points=20)
    assert (again.parts, again.is_new) == (back.parts, False)


def test_a_single_part_is_not_given_back(family: int, anna: Customer, ben: Customer, noon: datetime) -> None:
    done = spending.redeem(anna.pk, 100, why("till:1", noon))
    for one in done.parts:
        spent = Movement.objects.get(pk=one.movement_id)
        with pytest.raises(FamilyIsWhole):
            redeeming.reverse(one.customer_id, spent, why("api:1", noon))
        with pytest.raises(FamilyIsWhole):
            redeeming.give_back(one.customer_id, spent.pk, at=noon, by="staff:1", store_id=None)
    with pytest.raises(NothingToContinue):  # nor by whom it was taken from
        returning.give_back(ben.pk, done.redemption_id, why("back:1", noon))
    assert has(anna, ben, at=noon) == [0, 40]


# --- Coming and going ---------------------------------------------------------------------------------------------


def test_joining_keeps_who_said_yes_when_and_how(
    anna: Customer, ben: Customer, cleo: Customer, noon: datetime
) -> None:
    seat = join(ben, anna, noon, shares=False)
    assert members(seat.family_id) == [anna.pk, ben.pk]
    assert (seat.way, seat.joined_by, seat.joined_at, seat.shares) == ("counter", "staff:1", noon, False)
    for wrong, refusal in (
        ((ben, anna), InAFamily),
        ((anna, cleo), InAFamily),
        ((cleo, cleo), WithThemselves),
    ):
        with pytest.raises(refusal):
            join(*wrong, noon)
    assert members(seat.family_id) == [anna.pk, ben.pk]
    acts = Entry.objects.filter(action="family.join").order_by("pk").values_list("subject", "actor")
    assert list(acts) == [
        (f"customers.customer:{anna.pk}", "staff:1"),
        (f"customers.customer:{ben.pk}", "staff:1"),
    ]


def test_a_family_has_at_most_eight(anna: Customer, harbour: Store, noon: datetime) -> None:
    for number in range(7):
        seat = join(cast.customer(f"P{number}", of=harbour), anna, noon)
    code = FamilySeat.objects.get(customer=anna)
    with pytest.raises(FamilyIsFull):
        join(cast.customer("Ninth", of=harbour), anna, noon)
    with pytest.raises(FamilyIsFull):
        joining.invite(anna.pk, by="customer", at=noon)
    assert (len(members(seat.family_id)), code.family_id) == (8, seat.family_id)


def test_a_code_opens_once_and_not_for_long(
    anna: Customer, ben: Customer, cleo: Customer, noon: datetime
) -> None:
    first = joining.invite(anna.pk, by="customer", at=noon)
    code = joining.invite(anna.pk, by="customer", at=noon).code  # the one before opens nothing any more
    for text, at in ((first.code, noon), (code, noon + 49 * DAY / 24), ("", noon), ("0" * 12, noon)):
        with pytest.raises(NoSuchInvite):
            joining.accept(ben.pk, text, by="customer", at=at)
    seat = joining.accept(ben.pk, code.lower(), by="customer", at=noon, shares=False)
    assert (seat.way, seat.shares, members(seat.family_id)) == ("code", False, [anna.pk, ben.pk])
    with pytest.raises(NoSuchInvite):
        joining.accept(cleo.pk, code, by="customer", at=noon)
    with pytest.raises(NotTheHead):
        joining.invite(ben.pk, by="customer", at=noon)
    late = joining.invite(anna.pk, by="customer", at=noon).code
    joining.leave(anna.pk, by="customer", at=noon)
    with pytest.raises(NoSuchInvite):  # who invited has left
        joining.accept(cleo.pk, late, by="customer", at=noon)
    assert roster.head_of(seat.family_id) == ben.pk


def test_leaving_is_at_once_and_everybody_keeps_the_own(
    family: int, anna: Customer, ben: Customer, cleo: Customer, noon: datetime
) -> None:
    joining.leave(ben.pk, by="customer", at=noon)
    assert (members(family), has(anna, ben, cleo, at=noon)) == ([anna.pk, cleo.pk], [30, 90, 60])
    with pytest.raises(InsufficientPoints) as refused:
        spending.redeem(anna.pk, 91, why("till:1", noon))
    assert refused.value.spendable == 90
    with pytest.raises(NotInAFamily):
        joining.leave(ben.pk, by="customer", at=noon)
    assert join(ben, anna, noon).family_id == family


# --- Merges and erasures ------------------------------------------------------------------------------------------


def test_two_of_one_family_become_one_and_two_again(
    family: int, anna: Customer, ben: Customer, cleo: Customer, ana: Staff, noon: datetime
) -> None:
    joining.share(cleo.pk, False, by="customer", at=noon)
    done = spending.redeem(anna.pk, 100, why("till:1", noon))
    merge = merging.merge(ben, cleo, by=ana, at=noon + DAY)
    assert (members(family), FamilySeat.objects.get(customer=ben).is_sharing) == ([anna.pk, ben.pk], False)
    back = returning.give_back(anna.pk, done.redemption_id, why("back:1", noon + DAY), points=20)
    assert [(one.customer_id, one.points) for one in back.parts] == [(ben.pk, 20)]
    assert faults() == []
    merging.unmerge(merge, by=ana, at=noon + 2 * DAY)
    assert members(family) == [anna.pk, ben.pk, cleo.pk]
    assert [one.is_sharing for one in roster.seats(family)] == [True, True, False]
    assert has(ben, cleo, at=noon) == [40, 60]
    assert faults() == []


def test_the_survivor_takes_the_place_of_who_is_merged_into_them(
    family: int, anna: Customer, ben: Customer, irina: Customer, ana: Staff, noon: datetime
) -> None:
    merge = merging.merge(irina, ben, by=ana, at=noon)
    assert (irina.pk in members(family), ben.pk in members(family)) == (True, False)
    spending.redeem(anna.pk, 100, why("till:1", noon))
    assert faults() == []
    merging.unmerge(merge, by=ana, at=noon + DAY)
    assert (irina.pk in members(family), ben.pk in members(family)) == (False, True)
    assert faults() == []
    merge = merging.merge(irina, ben, by=ana, at=noon + 2 * DAY)
    joining.leave(irina.pk, by="customer", at=noon + 2 * DAY)
    assert faults() == []
    merging.unmerge(merge, by=ana, at=noon + 3 * DAY)  # the person has gone: so they are not in it again
    assert {irina.pk, ben.pk}.isdisjoint(members(family))


def test_who_is_erased_is_in_no_family_and_what_was_theirs_comes_back_to_nobody(
    family: int, anna: Customer, ben: Customer, cleo: Customer, noon: datetime
) -> None:
    done = spending.redeem(anna.pk, 140, why("till:1", noon))
    erasing.erase(ben.pk, by="system:test", at=noon)
    assert members(family) == [anna.pk, cleo.pk]
    assert not FamilySeat.objects.filter(customer=ben).exists()
    back = returning.give_back(anna.pk, done.redemption_id, why("back:1", noon))
    assert (back.points, has(anna, cleo, at=noon)) == (90, [30, 60])
    assert spending.redeem(anna.pk, 140, why("till:1", noon)).parts == done.parts


# --- What the database and the proof say ---------------------------------------------------------------------------


def test_the_database_refuses_what_is_wrong(
    family: int, anna: Customer, ben: Customer, noon: datetime
) -> None:
    spending.redeem(anna.pk, 100, why("till:1", noon))
    wrong = [
        f"INSERT INTO loyalty_familyseat (customer_id, family_id, joined_at, joined_by, way, shares, shares_at,"
        f" left_by, why) VALUES ({ben.pk}, 99, now(), 'x', 'code', true, now(), '', '')",
        "UPDATE loyalty_familypart SET points = points + 1",
        "DELETE FROM loyalty_familypart",
        "UPDATE loyalty_familyredemption SET points = points + 1",
        "UPDATE loyalty_familyredemption SET given_back = 101",
        "DELETE FROM loyalty_familyredemption",
        "UPDATE loyalty_familyseat SET left_at = now()",
    ]
    for statement in wrong:
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_the_proof_names_what_is_broken(family: int, anna: Customer, ben: Customer, noon: datetime) -> None:
    done = spending.redeem(anna.pk, 100, why("till:1", noon))
    first = FamilyPart.objects.get(place=0).pk
    broken = {
        f"UPDATE loyalty_familypart SET points = points + 1 WHERE id = {first}": {
            f"family part {first}", f"family redemption {done.redemption_id}",
        },
        f"DELETE FROM loyalty_familypart WHERE id = {first}": {
            f"movement {done.parts[0].movement_id}", f"family redemption {done.redemption_id}",
        },
        "UPDATE loyalty_familyredemption SET points = 120": {f"family redemption {done.redemption_id}"},
        f"UPDATE customers_customer SET erased_at = now() WHERE id = {ben.pk}": {
            f"place in a family {FamilySeat.objects.get(customer=ben).pk}"
        },
    }  # fmt: skip
    for statement, rows in broken.items():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL session_replication_role = 'replica'")
            cursor.execute(statement)
            assert {one.row for proved in proof.prove() for one in proved.faults} == rows
            transaction.set_rollback(True)
