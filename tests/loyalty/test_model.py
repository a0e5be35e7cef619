"""The ledger against a pure model: any operations in any order, with the clock jumping ahead between them.

`LEDGER_MODEL_RUNS` makes more of it (`make bench` asks for 10,000).
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crm.lib import prepared
from customers.models import Customer
from loyalty import ledger
from loyalty.ledger import Cause, InsufficientPoints, NewLot, NothingToContinue, SourceConflict, proof
from loyalty.models import Lot
from tests import cast
from tests.loyalty.model import AVAILABLE, CUT, HELD, PENDING, REDEEMED, Conflict, Model, Refused

RUNS = int(os.environ.get("LEDGER_MODEL_RUNS", "300"))
STEPS = 50
START = datetime(2026, 3, 10, 4, tzinfo=UTC)
BALANCE = "SELECT available, pending, held, debt FROM loyalty_balance WHERE customer_id = %s AND unit = 1"
POINTS = st.integers(1, 60)
PICK = st.integers(0, 30)
STEP = st.one_of(
    st.tuples(
        st.just("earn"), POINTS, st.sampled_from([None, None, 3, 14]), st.sampled_from([None, 2, 20, 40])
    ),
    st.tuples(st.just("redeem"), POINTS),
    st.tuples(st.just("hold"), POINTS),
    st.tuples(st.just("capture"), PICK, st.none() | POINTS),
    st.tuples(st.just("release"), PICK, st.none() | POINTS),
    st.tuples(st.just("reverse"), PICK, st.none() | POINTS),
    st.tuples(st.just("claw_back"), PICK, st.integers(0, 40)),
    st.tuples(st.just("adjust"), POINTS | POINTS.map(lambda n: -n)),
    st.tuples(st.just("forgive"), st.integers(1, 9)),
    st.tuples(st.just("again")),
    st.tuples(st.just("reuse"), PICK, PICK, st.none() | POINTS),
    st.tuples(st.just("wait"), st.integers(1, 15)),
)


class Both:
    """The same done to the ledger and to the model; they must agree after every step."""

    def __init__(self, customer_id: int) -> None:
        self.who, self.model, self.at, self.count = customer_id, Model(), START, 0
        self.issued: list[tuple[int, int]] = []  # movement, lot of the model
        self.held: list[tuple[int, str]] = []
        self.spent: list[tuple[int, str, int]] = []
        self.source = ""  # the next step's, where it takes that of another
        self.last: Any = None

    def step(self, name: str, *given: Any) -> None:
        self.count += 1
        if (todo := getattr(self, name)(*given)) is not None:
            real, pure = todo
            self._same(real, pure)
        self._compare()

    def _same(self, real: Any, pure: Any) -> None:
        """Either both do it or both refuse."""
        try:
            pure()
        except Refused as refused:
            other = isinstance(refused, Conflict)
            with pytest.raises(SourceConflict if other else (InsufficientPoints, NothingToContinue)):
                real()
            # What a refused operation brought up to date is taken back with it; the model keeps it.
            ledger.refresh(self.who, at=self.at, by="system:test")
        else:
            real()
            self.last = real

    def _compare(self) -> None:
        found = prepared.row(BALANCE, [self.who])
        assert (found or (0, 0, 0, 0)) == self.model.balance

    def why(self) -> Cause:
        return Cause(self.source or f"step:{self.count}", self.at, "system:test")

    def earn(self, points: int, vests: int | None, ends: int | None) -> Any:
        vests_at = self.at + timedelta(days=vests) if vests else None
        ends_at = self.at + timedelta(days=ends) if ends else None
        cause = self.why()

        def pure() -> None:
            self.new_lot = self.model.earn(points, cause.at, vests_at, ends_at)

        def real() -> None:
            done = ledger.earn(self.who, [NewLot(points, ends_at, vests_at=vests_at)], cause)
            if done.is_new:
                self.issued.append((done.movement_id, self.new_lot))

        return real, pure

    def _spend(self, operation: Any, points: int, to: int, into: list) -> Any:
        cause = self.why()

        def real() -> None:
            done = operation(self.who, points, cause)
            if done.is_new:
                into.append(
                    (done.movement_id, cause.source, to)
                    if into is self.spent
                    else (done.movement_id, cause.source)
                )

        return real, lambda: self.model.spend(points, cause.at, cause.source, to)

    def redeem(self, points: int) -> Any:
        return self._spend(ledger.redeem, points, REDEEMED, self.spent)

    def hold(self, points: int) -> Any:
        return self._spend(ledger.hold, points, HELD, self.held)

    def capture(self, pick: int, points: int | None) -> Any:
        if not self.held:
            return None
        movement, source = self.held[pick % len(self.held)]
        cause = self.why()

        def real() -> None:
            done = ledger.capture(self.who, movement, cause, points=points)
            if done.is_new:
                self.spent.append((done.movement_id, cause.source, REDEEMED))

        return real, lambda: self.model.move(
            "capture", source, points, HELD, REDEEMED, cause.at, last=False, as_=cause.source
        )

    def release(self, pick: int, points: int | None) -> Any:
        if not self.held:
            return None
        movement, source = self.held[pick % len(self.held)]
        cause = self.why()
        return (
            lambda: ledger.release(self.who, movement, cause, points=points),
            lambda: self.model.move(
                "release", source, points, HELD, AVAILABLE, cause.at, last=True, as_=cause.source
            ),
        )

    def reverse(self, pick: int, points: int | None) -> Any:
        if not self.spent:
            return None
        movement, source, was = self.spent[pick % len(self.spent)]
        cause = self.why()
        return (
            lambda: ledger.reverse(self.who, movement, cause, points=points),
            lambda: self.model.move(
                "reverse", source, points, was, AVAILABLE, cause.at, last=True, as_=cause.source
            ),
        )

    def claw_back(self, pick: int, keep: int) -> Any:
        if not self.issued:
            return None
        movement, lot = self.issued[pick % len(self.issued)]
        cause = self.why()
        return (
            lambda: ledger.claw_back(self.who, movement, cause, keep=keep),
            lambda: self.model.claw_back(lot, keep, cause.at),
        )

    def adjust(self, points: int) -> Any:
        cause = self.why()
        if points < 0:
            return self._spend(lambda who, n, why: ledger.adjust(who, -n, why), -points, CUT, self.spent)

        def pure() -> None:
            self.new_lot = self.model.earn(points, cause.at, None, None)

        def real() -> None:
            done = ledger.adjust(self.who, points, cause)
            if done.is_new:
                self.issued.append((done.movement_id, self.new_lot))

        return real, pure

    def forgive(self, points: int) -> Any:
        cause = self.why()
        return lambda: ledger.forgive(self.who, points, cause), lambda: self.model.forgive(points, cause.at)

    def again(self) -> Any:
        """The last operation that was done, asked for once more: nothing happens."""
        if self.last is not None:
            self.last()

    def reuse(self, which: int, pick: int, points: int | None) -> Any:
        """The source of something that went on with another, for whatever is there: done before, or refused."""
        if not self.model.booked:
            return None
        kind, self.source = list(self.model.booked)[which % len(self.model.booked)]
        try:
            return getattr(self, kind)(pick, points)
        finally:
            self.source = ""

    def wait(self, days: int) -> Any:
        self.at += timedelta(days=days)


@pytest.fixture
def member(db: None) -> Iterator[Customer]:
    yield cast.customer("Irina", of=None)


@settings(
    max_examples=RUNS, deadline=None, database=None, derandomize=RUNS == 300,
    suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink],
)  # fmt: skip
@given(steps=st.lists(STEP, min_size=STEPS, max_size=STEPS))
def test_the_ledger_does_what_the_model_does(member: Customer, steps: list[tuple]) -> None:
    mark = transaction.savepoint()
    try:
        both = Both(member.pk)
        for step in steps:
            both.step(*step)
        assert [
            tuple(
                sum(c.where == where and c.lot == lot for c in both.model.coins)
                for where in (PENDING, AVAILABLE, HELD)
            )
            for lot in range(1, both.model.lots + 1)
        ] == [
            (lot.pending, lot.available, lot.held)
            for lot in Lot.objects.filter(customer=member).order_by("id")
        ]
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        assert [fault for proved in proof.prove() for fault in proved.faults] == []
    finally:
        transaction.savepoint_rollback(mark)
