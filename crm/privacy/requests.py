"""Requests of people about their data: received, checked, answered in time. See docs/privacy.md for the deadlines."""

from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.refusals import Fault, Refusal
from crm.org.models import Chain, Staff, Store
from crm.privacy.models import Law, PrivacySettings, Request, RequestKind, RequestState
from crm.privacy.subjects import Subject, people

_EUROPE = (
    "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT", "LV", "LT", "LU", "MT",
    "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE", "IS", "LI", "NO", "GB", "CH",
)  # fmt: skip
_LAWS = {"CN": Law.PIPL, "US": Law.CCPA} | dict.fromkeys(_EUROPE, Law.GDPR)
PIPL_WORKING_DAYS = 15
CCPA_DAYS = 45
OLDEST = timedelta(days=366)  # a request received longer ago is a slip of the pen


class RequestClosed(Refusal):
    code: ClassVar[str] = "request_closed"
    status: ClassVar[int] = 409


class IdentityUnchecked(Refusal):
    code: ClassVar[str] = "identity_unchecked"
    status: ClassVar[int] = 409


class InvalidRequest(Refusal):
    code: ClassVar[str] = "invalid_request"

    @classmethod
    def at(cls, pointer: str, sentence: str) -> "InvalidRequest":
        return cls(sentence, faults=(Fault(pointer, sentence),))


REFUSALS = (RequestClosed, IdentityUnchecked, InvalidRequest)


def settings_of_chain() -> PrivacySettings:
    """The chain's choices; before anybody chose, those of the law of its country (not saved)."""
    found = PrivacySettings.objects.first()
    return found or PrivacySettings(law=_LAWS.get(Chain.current().country, Law.OWN))


def choose(chosen: PrivacySettings, *, by: Any) -> PrivacySettings:
    """Keep the chain's choices; deadlines that were set stay."""
    with transaction.atomic():
        chosen.pk = 1
        chosen.save()
        trail.record(
            "privacy.settings", chosen, by=by, details={"law": chosen.law, "own_days": chosen.own_days}
        )
    return chosen


def due_on(received_on: date, chosen: PrivacySettings) -> date:
    """The last day on which the request is answered in time.

    GDPR (Art. 12): one month; where the next month has no such day, its last one. PIPL: 15 working days, Monday to
    Friday, counted from the day after; public holidays are not known and make it earlier than the law asks. CCPA: 45.
    """
    if chosen.law == Law.GDPR:
        return _a_month_later(received_on)
    if chosen.law == Law.PIPL:
        return _working_days_later(received_on, PIPL_WORKING_DAYS)
    return received_on + timedelta(days=CCPA_DAYS if chosen.law == Law.CCPA else chosen.own_days)


def receive(
    kind: RequestKind | str, *, customer_id: int | None, received_on: date, by: Any, at: datetime,
    store: Store | None = None, owner: Staff | None = None,
) -> Request:  # fmt: skip
    """Enter a request. Its deadline follows from the law and the day of receipt."""
    if received_on > at.date() + timedelta(days=1):
        raise InvalidRequest.at("/received_on", _("This day is still to come."))
    if received_on < at.date() - OLDEST:
        raise InvalidRequest.at("/received_on", _("This day is more than a year ago."))
    due = due_on(received_on, settings_of_chain())
    with transaction.atomic():
        made = Request.objects.create(
            kind=kind, customer_id=customer_id, store=store, received_on=received_on, due_on=due, owner=owner,
            created_by=trail.actor_name(by), created_at=at,
        )  # fmt: skip
        trail.record("privacy.request", made, by=by, store_id=made.store_id, details={"kind": str(kind)})
    return made


def check_identity(request: Request, *, kind: str, by: Any, at: datetime) -> Request:
    """Somebody made sure that it is the person who asks."""
    with transaction.atomic():
        held = _open(request)
        held.check_kind, held.checked_at = kind, at
        held.save(update_fields=["check_kind", "checked_at"])
        trail.record("privacy.check_identity", held, by=by, store_id=held.store_id, details={"kind": kind})
    return held


def assign(request: Request, *, owner: Staff | None, by: Any) -> Request:
    with transaction.atomic():
        held = _open(request)
        held.owner = owner
        held.save(update_fields=["owner"])
        details = {"owner": owner.pk if owner else None}
        trail.record("privacy.assign", held, by=by, store_id=held.store_id, details=details)
    return held


def close(request: Request, *, state: str, outcome: str, by: Any, at: datetime) -> Request:
    """Answered: done, refused or withdrawn. Raises RequestClosed; IdentityUnchecked where that was forgotten."""
    with transaction.atomic():
        held = _open(request)
        if state == RequestState.DONE and not held.checked_at:
            raise IdentityUnchecked(_("First say how you made sure that it is this person who asks."))
        if state == RequestState.REFUSED and not outcome.strip():
            raise InvalidRequest.at("/outcome", _("Say why."))
        held.state, held.outcome, held.closed_at, held.closed_by = (
            state,
            outcome.strip(),
            at,
            trail.actor_name(by),
        )
        held.save(update_fields=["state", "outcome", "closed_at", "closed_by"])
        trail.record("privacy.close", held, by=by, store_id=held.store_id, details={"state": str(state)})
    return held


def note_export(
    subject: Subject, *, by: Any, at: datetime, details: dict[str, Any], request: Request | None = None
) -> None:
    """Write down that somebody took a person's export."""
    with transaction.atomic():
        if request is not None:
            Request.objects.filter(pk=request.pk).update(exported_at=at)
        about = f"customers.customer:{subject.customer_id}"
        trail.record("customer.export", about, by=by, store_id=subject.store_id, details=details)


def open_request(key: str, subject: Subject) -> Request | None:
    """The open request with this key, if it is of this person."""
    try:
        wanted = UUID(key)
    except ValueError:
        return None
    known = Request.objects.filter(customer_id__in=subject.customer_ids, state=RequestState.OPEN)
    return known.filter(key=wanted).first()


def subject_of(request: Request) -> Subject | None:
    return people().subject(request.customer_id) if request.customer_id else None


def _open(request: Request) -> Request:
    held = Request.objects.select_for_update().get(pk=request.pk)
    if held.state != RequestState.OPEN:
        raise RequestClosed(_("This request was answered already."))
    return held


def _a_month_later(day: date) -> date:
    year, month = divmod(day.year * 12 + day.month, 12)
    first = date(year, month + 1, 1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return min(first + timedelta(days=day.day - 1), last)


def _working_days_later(day: date, count: int) -> date:
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day
