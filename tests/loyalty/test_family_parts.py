"""Random lives of a family against a small model; and a family that spends from all sides at once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.org.models import Store
from customers.models import Customer
from loyalty import ledger
from loyalty.families import joining, returning, roster, spending
from loyalty.families.refusals import InAFamily, NotInAFamily
from loyalty.ledger import Cause, InsufficientPoints, NewLot, NothingToContinue, proof
from loyalty.models import FamilyPart, FamilyRedemption, JoinedBy, Lot, Movement
from tests import cast
from tests.customers.test_merge_races import in_threads

NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)
PEOPLE = 3


def why(source: str) -> Cause:
    return Cause(source, NOON, "till:1")


def sound() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    assert [fault for proved in proof.prove() for fault in proved.faults] == []


class Model:
    """What each has, lot by lot, as plain numbers: (end, number, owner) → points; and what each redemption took."""

    def __init__(self) -> None:
        self.lots: dict[tuple[int, int, int], int] = {}
        self.shares: dict[int, bool] = {}  # of those who are in the family
        self.taken: list[tuple[int, dict[tuple[int, int, int], int]]] = []

    def spend(self, who: int, points: int) -> dict[tuple[int, int, int], int] | None:
        mine = sorted(lot for lot in self.lots if lot[2] == who)
        sharing = (
            {one for one, shares in self.shares.items() if shares} - {who} if who in self.shares else set()
        )
        taken = {}
        for lot in [*mine, *sorted(lot for lot in self.lots if lot[2] in sharing)]:
            if part := min(points, self.lots[lot]):
                taken[lot], points = part, points - part
        if points:
            return None
        for lot, part in taken.items():
            self.lots[lot] -= part
        return taken

    def give_back(self, number: int, points: int) -> bool:
        who, taken = self.taken[number]
        if points > sum(taken.values()):
            return False
        for lot in sorted(taken, key=lambda lot: (lot[2] != who, lot), reverse=True):
            part = min(points, taken[lot])
            self.lots[lot] += part
            taken[lot] -= part
            points -= part
        return True


person = st.integers(0, PEOPLE - 1)
step = st.one_of(
    st.tuples(st.just("earn"), person, st.integers(1, 60), st.integers(1, 9)),
    st.tuples(st.just("spend"), person, st.integers(1, 90), st.just(0)),
    st.tuples(st.just("spend"), person, st.integers(1, 90), st.just(0)),
    st.tuples(st.just("back"), st.integers(0, 5), st.integers(1, 60), st.just(0)),
    st.tuples(st.just("join"), person, st.integers(0, 1), st.just(0)),
    st.tuples(st.just("share"), person, st.integers(0, 1), st.just(0)),
    st.tuples(st.just("leave"), person, st.just(0), st.just(0)),
)


@pytest.mark.django_db
@given(st.lists(step, min_size=4, max_size=14))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_points_are_kept_person_by_person(harbour: Store, steps: list[Any]) -> None:
    with transaction.atomic():
        people = [cast.customer(f"P{number}", of=harbour).pk for number in range(PEOPLE)]
        host = cast.customer("Host", of=harbour).pk
        family = joining.join(
            cast.customer("Guest", of=harbour).pk, host, way=JoinedBy.COUNTER, by="staff:1", at=NOON
        ).family_id
        model, booked = Model(), []
        for number in range(PEOPLE):  # all begin in the family, with something
            steps = [("join", number, 1, 0), ("earn", number, 10 * number + 5, 9 - number), *steps]
        for number, (what, one, points, ends) in enumerate(steps):
            _step(model, booked, people, host, number, (what, one, points, ends))
            assert dict(Lot.objects.filter(customer__in=people).values_list("id", "available")) == {
                lot: left for (_end, lot, _who), left in model.lots.items()
            }
        assert len(roster.seats(family)) == len(model.shares) + 2
        _check_parts(model, booked)
        sound()
        transaction.set_rollback(True)


def _step(model: Model, booked: list[Any], people: list[int], host: int, number: int, step: Any) -> None:
    what, one, points, ends = step
    who = people[one % PEOPLE]
    if what == "earn":
        ends_at = NOON + ends * timedelta(days=1)
        made = ledger.earn(who, [NewLot(points, ends_at)], why(f"receipt:{number}"))
        model.lots[(ends, Lot.objects.get(customer=who, movement=made.movement_id).pk, who)] = points
    elif what == "spend":
        expected = model.spend(who, points)
        if expected is None:
            with pytest.raises(InsufficientPoints):
                spending.redeem(who, points, why(f"till:{number}"))
            return
        done = spending.redeem(who, points, why(f"till:{number}"))
        assert {part.customer_id: part.points for part in done.parts} == _by_owner(expected)
        assert spending.redeem(who, points, why(f"till:{number}")).parts == done.parts
        if done.redemption_id:
            booked.append(done)
            model.taken.append((who, expected))
    elif what == "back" and booked:
        done = booked[one % len(booked)]
        if not model.give_back(one % len(booked), points):
            with pytest.raises(NothingToContinue):
                returning.give_back(
                    done.customer_id, done.redemption_id, why(f"back:{number}"), points=points
                )
            return
        returning.give_back(done.customer_id, done.redemption_id, why(f"back:{number}"), points=points)
    else:
        _come_or_go(model, who, host, step)


def _come_or_go(model: Model, who: int, host: int, step: Any) -> None:
    what, _one, shares, _ends = step
    is_in = who in model.shares
    try:
        if what == "join":
            joining.join(who, host, way=JoinedBy.COUNTER, by="staff:1", at=NOON, shares=bool(shares))
            model.shares[who] = bool(shares)
            assert not is_in
        elif what == "share":
            joining.share(who, bool(shares), by="customer", at=NOON)
            model.shares[who] = bool(shares)
        elif what == "leave":
            joining.leave(who, by="customer", at=NOON)
            del model.shares[who]
    except (InAFamily, NotInAFamily) as refused:
        assert is_in == isinstance(refused, InAFamily)


def _by_owner(taken: dict[tuple[int, int, int], int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for (_end, _lot, who), part in taken.items():
        found[who] = found.get(who, 0) + part
    return found


def _check_parts(model: Model, booked: list[Any]) -> None:
    for done, (_who, taken) in zip(booked, model.taken, strict=True):
        whole = FamilyRedemption.objects.get(pk=done.redemption_id)
        parts = FamilyPart.objects.filter(redemption_id=whole.pk)
        assert sum(one.points for one in parts) == whole.points == done.points
        assert whole.points - whole.given_back == sum(taken.values())


def test_all_sides_at_once_spend_what_there_is_and_never_wait_for_each_other(
    transactional_db: None, harbour: Store
) -> None:
    """Four of a family with 40 each send 16 slips of 15, each twice: 10 go through, and 10 points are left."""
    people: list[Customer] = [cast.customer(f"P{number}", of=harbour) for number in range(4)]
    for number, one in enumerate(people):
        ledger.earn(one.pk, [NewLot(40, NOON + timedelta(days=number + 1))], why(f"receipt:{number}"))
        if number:
            joining.join(one.pk, people[0].pk, way=JoinedBy.COUNTER, by="staff:1", at=NOON)
    answers: dict[str, set[Any]] = {}

    def till(number: int) -> None:
        for slip in range(4):
            key = f"till:{number}-{slip}"
            for _again in range(2):
                try:
                    done: Any = spending.redeem(people[number].pk, 15, why(key)).parts
                except InsufficientPoints:
                    done = None
                answers.setdefault(key, set()).add(done)

    in_threads(*(lambda number=number: till(number) for number in range(4)))
    assert all(len(told) == 1 for told in answers.values())
    assert sum(told != {None} for told in answers.values()) == 10
    assert sum(Lot.objects.values_list("available", flat=True)) == 10
    assert sum(-one.available for one in Movement.objects.filter(kind=3)) == 150
    sound()
