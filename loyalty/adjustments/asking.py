"""Asking for an adjustment: booked at once within the limit, else it waits for somebody else."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.refusals import Fault
from crm.notices.telling import tell
from crm.org.audience import who_see
from crm.org.models import Chain, Store
from crm.org.permissions import Permission
from customers import present
from customers.models import Arrival, ArrivalKind, Customer, Source
from customers.receiving import database
from loyalty import endings, ledger
from loyalty.accrual import rulesets
from loyalty.adjustments import limits
from loyalty.adjustments.refusals import InvalidAdjustment, ReceiptKnown
from loyalty.coupons.windows import zone_of
from loyalty.ledger import Cause, SourceConflict, accounts
from loyalty.ledger.refusals import MOST
from loyalty.models import Adjustment, AdjustmentKind, AdjustmentState, MissedReceipt, Unit


def ask(
    customer: Customer,
    points: int,
    *,
    reason: str,
    by: Any,
    at: datetime,
    source: str,
    note: str = "",
    receipt_number: str = "",
    store: Store | None = None,
) -> Adjustment:
    """Give (`points` above zero) or take points; with a receipt's number, those of a receipt that was missed.

    Asked again with the same `source` it answers the same. Raises InvalidAdjustment, ReceiptKnown, SourceConflict,
    InsufficientPoints, Erased; then nothing has changed.
    """
    told = {"points": points, "reason": reason, "receipt_number": receipt_number.strip()}
    _check(told, store)
    with transaction.atomic():
        if told[
            "receipt_number"
        ]:  # receipts that are on their way come first, those after see that it was booked
            database.have_alone(database.cursor())
        owner = held(customer.pk)
        owners = accounts.sides(owner.pk, Unit.POINTS)
        known = Adjustment.objects.filter(customer__in=owners, source=source).first()
        if known is not None:
            if told != {name: getattr(known, name) for name in told}:
                raise SourceConflict
            return known
        on = at.astimezone(ZoneInfo(Chain.current().timezone)).date()
        made = Adjustment(
            **told, customer=owner, note=note.strip(), source=source, store_id=_store_of(owner, store),
            kind=AdjustmentKind.MISSED_RECEIPT if told["receipt_number"] else AdjustmentKind.MANUAL,
            asked_by=trail.actor_name(by), asked_at=at, asked_on=on,
            is_above_limit=not limits.is_within(by, points, on), state=AdjustmentState.WAITING,
        )  # fmt: skip
        _keep(made, store, by=by, at=at)
    return made


def held(customer_id: int) -> Customer:
    """The customer, kept from being erased and from being merged till the end of the transaction. Raises Erased."""
    database.enter(database.cursor())
    present.hold(customer_id)
    found = Customer.objects.get(pk=customer_id)
    return found if found.merged_into_id is None else held(found.merged_into_id)


def key_of(store_id: int | None, number: str) -> str:
    """Names a receipt, however its number is written: tills print capitals where people type small letters."""
    return f"{store_id}:{number.strip().upper()}"


def written(number: str) -> list[str]:
    """How a till may write a number that somebody typed: the inbox is asked by value, once each."""
    return sorted({number, number.upper(), number.lower()})


def book(made: Adjustment, *, by: Any, at: datetime) -> None:
    """Write it into the ledger. Points that are given end as those of a purchase of that day."""
    cause = Cause(f"adjustment:{made.source}", at, by, store_id=made.store_id)
    ends = _ends(made) if made.points > 0 else None
    made.movement_id = ledger.adjust(made.customer_id, made.points, cause, expires_at=ends).movement_id
    made.state = AdjustmentState.APPLIED


def _ends(made: Adjustment) -> datetime | None:
    programme = rulesets.book().programme_on(made.asked_on)
    return endings.of_programme(programme, made.asked_on, zone_of(made.store_id)) if programme else None


def _check(told: dict[str, Any], store: Store | None) -> None:
    faults = []
    if not 0 < abs(told["points"]) <= MOST:
        faults.append(Fault("points", _("A whole number that is not zero.")))
    if told["reason"] not in {one.code for one in limits.reasons()}:
        faults.append(Fault("reason", _("Unknown reason.")))
    if told["receipt_number"] and told["points"] < 0:
        faults.append(Fault("points", _("A receipt that was missed gives points.")))
    if told["receipt_number"] and store is None:
        faults.append(Fault("store", _("Of which store is the receipt?")))
    if faults:
        raise InvalidAdjustment(_("This cannot be booked so."), faults=tuple(faults))


def _store_of(owner: Customer, store: Store | None) -> int | None:
    return store.pk if store else owner.home_store_id


def _keep(made: Adjustment, store: Store | None, *, by: Any, at: datetime) -> None:
    if not made.is_above_limit:
        book(made, by=by, at=at)
    made.save(force_insert=True)
    if made.receipt_number and store is not None:
        _claim(made, store)
    details = {"points": made.points, "reason": made.reason, "state": AdjustmentState(made.state).code}
    trail.record("adjustment.ask", made, by=by, store_id=made.store_id, details=details)
    if made.is_waiting:
        _tell_approvers(made, by)


def _claim(made: Adjustment, store: Store) -> None:
    """The receipt is nobody else's, and did not come by itself: one of a guest is what is missed most often."""
    sources = list(Source.objects.values_list("pk", flat=True))
    came = Arrival.objects.filter(
        kind=ArrivalKind.RECEIPT, source__in=sources, external_id__in=written(made.receipt_number), store=store,
        customer_id__isnull=False,
    )  # fmt: skip
    if came.exists():
        raise ReceiptKnown
    try:
        with transaction.atomic():
            MissedReceipt.objects.create(key=key_of(store.pk, made.receipt_number), adjustment_id=made.pk)
    except IntegrityError as fault:
        raise ReceiptKnown from fault


def _tell_approvers(made: Adjustment, by: Any) -> None:
    people = who_see(made.store_id, Permission.APPROVE_POINTS).values_list("pk", flat=True)
    asked = made.asked_by
    tell(
        [pk for pk in people if f"staff:{pk}" != asked],
        "points.approve",
        about=made,
        params={"points": made.points},
        once="asked",
    )
