"""Sign-ups through a store's public form (C3).

The form answers everybody alike and at once: it only keeps what was sent, so that neither its words nor its speed tell
who is a member. Afterwards, apart from the request: who is new is enrolled, with consents, by an identifier that
nobody has verified. Whose identifier is a member's changes nothing of that member: the sign-up waits for a person, who
may take its consents over after asking the customer. What was told is forgotten as soon as it is decided.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Count
from django.db.models.functions import TruncDate
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.refusals import Refusal
from crm.org.models import Store
from customers import consents, enrolment, joining, present
from customers.models import Customer, IdentityKind, SignUp, SignUpForm, SignUpState

AT_ONCE = 200
FORGET_AFTER = timedelta(days=60)
BY = "system:sign-up"


class DecidedAlready(Refusal):
    code: ClassVar[str] = "decided_already"
    status: ClassVar[int] = 409

    def __init__(self) -> None:
        super().__init__(_("Somebody else decided this meanwhile."))


def switch(store: Store, *, on: bool, by: Any) -> SignUpForm:
    """Open or close a store's form. Its address stays the same."""
    with transaction.atomic():
        form, is_new = SignUpForm.objects.get_or_create(store=store, defaults={"is_on": on})
        if is_new or form.is_on != on:
            form.is_on = on
            form.save(update_fields=["is_on"])
            trail.record("signupform.open" if on else "signupform.close", form, by=by, store_id=store.pk)
    return form


def receive(form: SignUpForm, facts: dict[str, Any]) -> SignUp:
    """Keep what was sent: name, phone, email, birthday (as text), language, agreed (codes of
    wordings), invited_by (a member's code)."""
    return SignUp.objects.create(
        store_id=form.store_id, facts={name: value for name, value in facts.items() if value}
    )


def take_in(at: datetime) -> int:
    """Enrol who is new among what came in; how many were looked at. Safe to run twice and side by side."""
    with transaction.atomic():
        rows = SignUp.objects.filter(state=SignUpState.NEW).order_by("pk").select_for_update(skip_locked=True)
        found = list(rows[:AT_ONCE])
        for one in found:
            _take_in(one, at)
    return len(found)


def _take_in(one: SignUp, at: datetime) -> None:
    facts = one.facts
    kept = {name: facts[name] for name in ("name", "language") if facts.get(name)}
    if facts.get("birthday"):
        kept["birthday"] = date.fromisoformat(facts["birthday"])
    try:
        with transaction.atomic():
            done = joining.join(
                _identifiers(facts), facts.get("agreed", []), by=BY, at=at, source=_source(one), store_id=one.store_id,
                invited_by=facts.get("invited_by", ""), **kept,
            )  # fmt: skip
        _decide(one, SignUpState.ENROLLED, BY, at, done.customer.pk)
    except enrolment.AlreadyEnrolled as refusal:
        SignUp.objects.filter(pk=one.pk).update(state=SignUpState.WAITING, customer_id=refusal.customer_id)
    except enrolment.IdentifiersDisagree:
        SignUp.objects.filter(pk=one.pk).update(state=SignUpState.WAITING)
    except Refusal:  # the form checks; what is bent by hand is nobody's loss
        _decide(one, SignUpState.DISMISSED, BY, at, None)


def _identifiers(facts: dict[str, Any]) -> list[tuple[str, str]]:
    told = ((IdentityKind.PHONE.value, facts.get("phone")), (IdentityKind.EMAIL.value, facts.get("email")))
    return [(kind, value) for kind, value in told if value]


def _source(one: SignUp) -> str:
    return f"join:{one.store.code}"


def accept(one: SignUp, *, by: Any, at: datetime) -> None:
    """Take the consents over to the member, who was asked. Facts are not changed. Raises DecidedAlready, Erased."""
    with transaction.atomic():
        row = _undecided(one)
        if row.customer_id is None:
            raise DecidedAlready
        present.hold(row.customer_id)
        said = joining.choices(row.facts.get("agreed", []))
        consents.record_many(
            row.customer_id, said, source=_source(row), by=by, at=None, store_id=row.store_id
        )
        _decide(row, SignUpState.ACCEPTED, by, at, row.customer_id)
        trail.record("signup.accept", row, by=by, store_id=row.store_id)


def dismiss(one: SignUp, *, by: Any, at: datetime) -> None:
    """Nothing comes of it; what was told is forgotten. Raises DecidedAlready."""
    with transaction.atomic():
        row = _undecided(one)
        _decide(row, SignUpState.DISMISSED, by, at, row.customer_id)
        trail.record("signup.dismiss", row, by=by, store_id=row.store_id)


def forget_old(at: datetime) -> int:
    """Dismiss what nobody looked at for two months, so that strangers' data is not kept for ever."""
    old = SignUp.objects.filter(state=SignUpState.WAITING, received_at__lt=at - FORGET_AFTER)
    return old.update(state=SignUpState.DISMISSED, facts={}, decided_at=at, decided_by=BY)


def _undecided(one: SignUp) -> SignUp:
    row = SignUp.objects.select_for_update().get(pk=one.pk)
    if row.state != SignUpState.WAITING:
        raise DecidedAlready
    return row


def _decide(one: SignUp, state: SignUpState, by: Any, at: datetime, customer_id: int | None) -> None:
    SignUp.objects.filter(pk=one.pk).update(
        state=state, facts={}, decided_at=at, decided_by=trail.actor_name(by), customer_id=customer_id
    )


def member_of(one: SignUp) -> Customer | None:
    """Whose identifier it is: the member, or who they became."""
    found = Customer.objects.filter(pk=one.customer_id or 0).first()
    while found is not None and found.merged_into_id is not None:
        found = Customer.objects.filter(pk=found.merged_into_id).first()
    return found


def by_day(stores: Iterable[int], since: datetime, zone: Any) -> dict[tuple[int, date], int]:
    """How many signed up, by store and day of the chain."""
    rows = (
        SignUp.objects.filter(store_id__in=list(stores), received_at__gte=since)
        .annotate(day=TruncDate("received_at", tzinfo=zone))
        .values_list("store_id", "day")
        .annotate(n=Count("pk"))
        .order_by()
    )
    return {(store, day): n for store, day, n in rows}
