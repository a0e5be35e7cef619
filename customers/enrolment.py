"""Enrolling a customer at the counter, through the API or a form: who they are and how they are recognised.

Somebody whom only receipts have named so far (a stub) is completed, with all they bought. An identifier of somebody
who is enrolled already is refused, and so are identifiers of two different people: nobody is joined silently.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.audit import trail
from crm.lib.refusals import Fault, Refusal
from customers import customfields, identities, present, profile, upserts
from customers.matching import conflicts, keys
from customers.models import Customer, Identity
from customers.receiving.database import in_transaction
from customers.upserts import Person


class InvalidIdentifier(Refusal):
    """`faults` point at "/identities/0/value"."""

    code: ClassVar[str] = "invalid_identifier"


class AlreadyEnrolled(Refusal):
    """`customer_id` is who has the identifier."""

    code: ClassVar[str] = "already_enrolled"
    status: ClassVar[int] = 409

    def __init__(self, customer_id: int) -> None:
        super().__init__(_("Somebody with this identifier is enrolled already."))
        self.customer_id = customer_id


class IdentifiersDisagree(Refusal):
    code: ClassVar[str] = "identifiers_disagree"
    status: ClassVar[int] = 409

    def __init__(self, why: str = conflicts.OWNERS_DIFFER) -> None:
        super().__init__(_SENTENCES.get(why, _SENTENCES[conflicts.OWNERS_DIFFER]))
        self.why = why


_SENTENCES = {
    conflicts.OWNERS_DIFFER: gettext_lazy("These identifiers belong to different customers."),
    conflicts.TWO_MEMBERS: gettext_lazy("Who has this identifier has another member number."),
    conflicts.TWO_OPENIDS: gettext_lazy("Who has this identifier has another WeChat account."),
    conflicts.OTHER_BIRTHDAY: gettext_lazy(
        "This phone or e-mail is known with a clearly different birthday: it may be a relative's of the same name."
    ),
    conflicts.OTHER_NAME: gettext_lazy(
        "This phone or e-mail is known under a clearly different name: it may be a family's, or have a new owner."
    ),
}


@dataclass(frozen=True)
class Enrolled:
    """`was_known`: receipts had named the customer before."""

    customer: Customer
    was_known: bool


class _Told(NamedTuple):
    people: list[Person]
    fields: dict[str, Any]
    tags: list[str]


def enrol(
    identifiers: Iterable[tuple[str, str]], *, by: Any, at: datetime, source: str = "counter", **fields: Any
) -> Enrolled:
    """Enrol somebody by their identifiers (kind, value as it was typed).

    `fields`: name, gender, birthday, home_store_id and so on (`upserts.FIELDS`), "custom.<code>". Raises
    InvalidIdentifier, InvalidFacts, InvalidCustom, AlreadyEnrolled, IdentifiersDisagree; then nothing has changed.
    """
    own = {name: fields.pop(name) for name in [*fields] if customfields.is_custom(name)}
    told = _Told(_people(identifiers), {"enrolled_at": at} | profile.ordinary(fields), [])

    def work(cur: Any) -> Enrolled:
        done = _enrol(cur, told, by=by, at=at, source=source)
        customfields.enrolled(done.customer, own)
        return done

    return in_transaction(work)


def _people(identifiers: Iterable[tuple[str, str]]) -> list[Person]:
    people, faults = [], []
    for place, (kind, value) in enumerate(identifiers):
        known_as = identities.normalised(kind, value)
        if known_as is None:
            why = identities.fault(kind, value, _("This is no %(kind)s.") % {"kind": kind})
            faults.append(Fault(f"/identities/{place}/value", why))
        else:
            people.append((kind, known_as))
    if faults or not people:
        raise InvalidIdentifier(_("A customer needs an identifier that can be used."), faults=tuple(faults))
    return list(dict.fromkeys(people))


def _enrol(cur: Any, told: _Told, *, by: Any, at: datetime, source: str) -> Enrolled:
    was_known = _stub_of(told.people) is not None
    (fate,) = upserts.upsert(cur, [told], source=source, at=at)
    if fate.what == upserts.DISAGREE:
        raise IdentifiersDisagree(fate.why)
    customer = Customer.objects.get(pk=fate.customer_id)
    trail.record(
        "customer.enrol", customer, by=by, store_id=customer.home_store_id,
        details={"fields": sorted(told.fields), "identifiers": [kind for kind, _value in told.people]},
    )  # fmt: skip
    return Enrolled(customer, was_known)


def _stub_of(people: list[Person]) -> Customer | None:
    """The stub that has one of the identifiers, locked; raises where enrolled people have them."""
    owners = {
        owner
        for kind, value in people
        for owner in Identity.objects.filter(kind=kind, value=value).values_list("customer_id", flat=True)
    }
    if len(owners) > 1:
        raise IdentifiersDisagree
    if not owners:
        return None
    customer = Customer.objects.select_for_update(no_key=True).get(pk=owners.pop())
    if not customer.is_stub:
        raise AlreadyEnrolled(customer.pk)
    return customer


def identify(customer: Customer, kind: str, value: str, *, by: Any, source: str = "counter") -> Identity:
    """Give a customer one more identifier; the same again changes nothing. Raises what `enrol` raises, and Erased."""
    ((kind, known_as),) = _people([(kind, value)])

    def work(cur: Any) -> Identity:
        present.hold(customer.pk)
        identity, is_new = Identity.objects.get_or_create(
            kind=kind, value=known_as, defaults={"customer": customer, "source": source}
        )
        if identity.customer_id != customer.pk:
            raise AlreadyEnrolled(identity.customer_id)
        if is_new:
            keys.index([customer.pk])
            trail.record("customer.identify", customer, by=by, details={"identifiers": [kind]})
        return identity

    return in_transaction(work)
