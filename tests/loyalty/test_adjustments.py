"""Adjustments: limits by role, four eyes, receipts that were missed, undoing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from crm.notices.models import Notice
from crm.org.models import Staff, Store
from customers import merging, receiving
from customers.models import Arrival, Customer
from customers.receiving import payloads
from loyalty import adjustments, ledger
from loyalty.ledger import Cause, InsufficientPoints, NewLot, SourceConflict
from loyalty.models import Adjustment, AdjustmentState, Balance, Lot, MissedReceipt
from tests import cast
from tests.customers.histories import body
from tests.loyalty import rules

pytestmark = pytest.mark.django_db


def available(who: Customer) -> int:
    found = Balance.objects.filter(customer=who, unit=1).first()
    return found.available - found.debt if found else 0


def ask(who: Customer, points: int, by: Any, at: datetime, **more: Any) -> Adjustment:
    return adjustments.ask(
        who, points, **{"reason": "goodwill", "source": "page:1", "by": by, "at": at} | more
    )


@pytest.mark.parametrize(
    ("points", "state"), [(500, "applied"), (501, "waiting"), (-1, "applied"), (-501, "waiting")]
)
def test_above_the_limit_of_the_role_it_waits(
    irina: Customer, agnes: Staff, noon: datetime, points: int, state: str
) -> None:
    ledger.earn(irina.pk, [NewLot(1_000)], Cause("receipt:1", noon, "till:1"))
    made = ask(irina, points, agnes, noon)
    assert AdjustmentState(made.state).code == state
    assert available(irina) == 1_000 + (points if state == "applied" else 0)


def test_a_day_has_a_limit_too_and_the_next_day_another(
    irina: Customer, agnes: Staff, noon: datetime
) -> None:
    made = [ask(irina, 500, agnes, noon, source=f"page:{n}") for n in range(5)]
    assert [one.is_above_limit for one in made] == [False] * 4 + [True]  # 2,000 a day
    assert not ask(irina, 500, agnes, noon + timedelta(days=1), source="page:9").is_above_limit
    assert available(irina) == 2_500


def test_the_same_source_is_booked_once(irina: Customer, agnes: Staff, noon: datetime) -> None:
    assert ask(irina, 100, agnes, noon).pk == ask(irina, 100, agnes, noon).pk
    with pytest.raises(SourceConflict):
        ask(irina, 101, agnes, noon)
    assert available(irina) == 100


def test_somebody_else_approves(
    irina: Customer, agnes: Staff, marta: Staff, uma: Staff, noon: datetime
) -> None:
    made = ask(irina, 600, agnes, noon)
    assert list(Notice.objects.filter(kind="points.approve").values_list("staff", flat=True)) == [marta.pk]
    adjustments.approve(made, by=marta, at=noon, note="Fine.")
    assert available(irina) == 600
    told = Notice.objects.get(kind="points.decided")
    assert (told.staff_id, told.params) == (agnes.pk, {"points": 600, "state": "applied"})
    with pytest.raises(adjustments.AlreadyDecided):
        adjustments.reject(made, by=marta, at=noon, note="No.")


def test_nobody_approves_what_they_asked_for(irina: Customer, marta: Staff, noon: datetime) -> None:
    made = ask(irina, 2_001, marta, noon)
    with pytest.raises(adjustments.SameEyes):
        adjustments.approve(made, by=marta, at=noon)
    with pytest.raises(adjustments.SameEyes):
        adjustments.reject(made, by=marta, at=noon, note="No.")
    assert available(irina) == 0
    for sql in (
        "UPDATE loyalty_adjustment SET state = 3, decided_by = asked_by, decided_at = now()",
        "UPDATE loyalty_adjustment SET state = 1",
        "UPDATE loyalty_adjustment SET is_above_limit = false",
        "UPDATE loyalty_adjustment SET points = 0",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)


def test_a_no_books_nothing_and_says_why(irina: Customer, agnes: Staff, marta: Staff, noon: datetime) -> None:
    made = ask(irina, 600, agnes, noon)
    with pytest.raises(adjustments.InvalidAdjustment):
        adjustments.reject(made, by=marta, at=noon, note=" ")
    assert adjustments.reject(made, by=marta, at=noon, note="Ask me first.").state == AdjustmentState.REJECTED
    assert available(irina) == 0


def test_what_is_not_there_cannot_be_taken(
    irina: Customer, agnes: Staff, marta: Staff, noon: datetime
) -> None:
    with pytest.raises(InsufficientPoints):
        ask(irina, -1, agnes, noon)
    made = ask(irina, -501, agnes, noon, source="page:2")
    with pytest.raises(InsufficientPoints):
        adjustments.approve(made, by=marta, at=noon)
    made.refresh_from_db()
    assert made.is_waiting
    assert Adjustment.objects.count() == 1


def test_undoing_is_another_movement(irina: Customer, agnes: Staff, noon: datetime) -> None:
    given = ask(irina, 300, agnes, noon)
    taken = ask(irina, -100, agnes, noon, source="page:2")
    adjustments.undo(taken, by=agnes, at=noon, reason="Wrong person.")
    assert available(irina) == 300
    ledger.redeem(irina.pk, 250, Cause("till:1", noon, "till:1"))
    assert adjustments.undo(given, by=agnes, at=noon, reason="Wrong person.").state == AdjustmentState.UNDONE
    assert available(irina) == -250  # what was spent is owed
    with pytest.raises(adjustments.AlreadyDecided):
        adjustments.undo(given, by=agnes, at=noon, reason="Again.")


def test_what_two_agreed_to_is_undone_by_who_may_approve(
    irina: Customer, agnes: Staff, marta: Staff, noon: datetime
) -> None:
    made = adjustments.approve(ask(irina, 600, agnes, noon), by=marta, at=noon)
    with pytest.raises(adjustments.UndoNeedsApprover):
        adjustments.undo(made, by=agnes, at=noon, reason="Wrong person.")
    adjustments.undo(made, by=marta, at=noon, reason="Wrong person.")
    assert available(irina) == 0


def test_a_receipt_that_was_missed_is_booked_once_in_the_whole_chain(
    irina: Customer, yusuf: Customer, harbour: Store, agnes: Staff, marta: Staff, noon: datetime
) -> None:
    slip: dict[str, Any] = {"reason": "missed_receipt", "receipt_number": "000123", "store": harbour}
    made = ask(irina, 35, agnes, noon, **slip)
    with pytest.raises(adjustments.ReceiptKnown):
        ask(yusuf, 35, marta, noon, source="page:2", **slip)
    assert (available(irina), available(yusuf)) == (35, 0)
    adjustments.undo(made, by=agnes, at=noon, reason="It was Yusuf's.")
    ask(yusuf, 35, marta, noon, source="page:3", **slip)
    assert (available(irina), available(yusuf), MissedReceipt.objects.count()) == (0, 35, 1)


def test_a_receipt_that_came_by_itself_is_not_booked_by_hand(
    irina: Customer, yusuf: Customer, harbour: Store, agnes: Staff, noon: datetime
) -> None:
    cast.purchase(yusuf, at=harbour, on="2026-03-09", external_id="000123")
    with pytest.raises(adjustments.ReceiptKnown):
        ask(irina, 35, agnes, noon, reason="missed_receipt", receipt_number="000123", store=harbour)
    assert available(irina) == 0


def test_a_receipt_of_a_guest_is_what_is_missed_most_often(
    irina: Customer, yusuf: Customer, harbour: Store, agnes: Staff, marta: Staff, noon: datetime
) -> None:
    """The till sent it and knew nobody: it is booked, once."""
    slip: dict[str, Any] = {"reason": "missed_receipt", "receipt_number": "000124", "store": harbour}
    sent = {
        "source": "pos-1", "external_id": "000124", "store": harbour.code, "occurred_at": "2026-03-09T10:00:00Z",
        "customer": None, "lines": [{"line": 1, "product": "TEA", "quantity": "1", "amount": "35.00"}],
    }  # fmt: skip
    receiving.receive_receipt(payloads.receipt_of(body(sent)), by="system:test")
    assert Arrival.objects.get().customer_id is None
    ask(irina, 35, agnes, noon, **slip)
    with pytest.raises(adjustments.ReceiptKnown):
        ask(yusuf, 35, marta, noon, source="page:2", **slip)
    assert (available(irina), available(yusuf)) == (35, 0)


def test_points_by_hand_end_as_those_of_a_purchase(irina: Customer, agnes: Staff, noon: datetime) -> None:
    rules.programme()  # till the end of next year
    ask(irina, 35, agnes, noon)
    ask(irina, -5, agnes, noon, source="page:2")
    (lot,) = Lot.objects.filter(customer=irina)
    assert (lot.available, lot.expires_at) == (30, datetime(2027, 12, 31, 16, tzinfo=UTC))


@pytest.mark.parametrize(
    "wrong",
    [{"points": 0}, {"reason": "friendship"}, {"points": -5, "receipt_number": "1"}, {"receipt_number": "1"}],
)
def test_what_cannot_be_booked(irina: Customer, agnes: Staff, noon: datetime, wrong: dict[str, Any]) -> None:
    told = {"points": 5} | wrong
    with pytest.raises(adjustments.InvalidAdjustment):
        ask(irina, told.pop("points"), agnes, noon, **told)
    assert Adjustment.objects.count() == 0


def test_it_goes_with_its_customer_when_two_are_merged(
    irina: Customer, yusuf: Customer, agnes: Staff, ana: Staff, marta: Staff, noon: datetime
) -> None:
    made = ask(yusuf, 600, agnes, noon)
    merging.merge(irina, yusuf, by=ana, at=noon, reason="one", is_confirmed=True)
    adjustments.approve(made, by=marta, at=noon)
    assert available(irina) == 600
