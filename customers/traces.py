"""Where a customer's identifiers stand outside their own rows, and how they are taken out there."""

from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.db.models import Case, CharField, F, Func, IntegerField, JSONField, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, Now

from crm.privacy.subjects import Subject
from customers.identities import chain_countries, readings
from customers.models import Arrival, ArrivalState, IdentityKind, SignUp, SignUpState, Visitor, VisitorMark

NOBODY = "(…)"


def arrivals(subject: Subject) -> QuerySet[Arrival]:
    """Events of the inbox that name the person: those of their receipts, and those set aside that quote them."""
    with connection.cursor() as cursor:
        cursor.execute(_PURCHASES, [list(subject.customer_ids)])
        known_as = list(zip(*cursor.fetchall(), strict=True)) or [(), ()]
        cursor.execute(_ARRIVALS, [list(column) for column in known_as * 2])
        ids = {row[0] for row in cursor.fetchall()}
    return Arrival.objects.filter(pk__in=ids | set(_quoting(subject)), raw__isnull=False)


def _quoting(subject: Subject) -> Iterator[int]:
    """Events that were not applied; few, so they are read one by one, in whatever way the identifier is written."""
    known, countries = set(subject.identifiers), chain_countries()
    waiting = Arrival.objects.exclude(state=ArrivalState.APPLIED).filter(raw__has_key="customer")
    for pk, who in waiting.values_list("pk", "raw__customer").iterator():
        kind, value = (
            (str(who.get("kind", "")), str(who.get("value", ""))) if isinstance(who, dict) else ("", "")
        )
        if any((kind, known_as) in known for known_as in readings(kind, value, countries=countries)):
            yield pk


def sign_ups(subject: Subject) -> QuerySet[SignUp]:
    """Sign-ups that made the person, that wait for them, or that tell one of their identifiers or names."""
    theirs = Q(customer_id__in=list(subject.customer_ids)) | Q(pk__in=list(_telling(subject)))
    return SignUp.objects.filter(theirs)


def _telling(subject: Subject) -> Iterator[int]:
    """Undecided sign-ups; few, so they are read one by one, in whatever way the identifier is written."""
    known, countries = set(subject.identifiers), chain_countries()
    quotes = [quote.lower() for quote in subject.quotes]
    for pk, facts in SignUp.objects.exclude(facts={}).values_list("pk", "facts").iterator():
        forms = {
            (kind, form)
            for kind in (IdentityKind.PHONE.value, IdentityKind.EMAIL.value)
            for form in readings(kind, str(facts.get(kind) or ""), countries=countries)
        }
        text = " ".join(map(str, facts.values())).lower()
        if forms & known or any(quote in text for quote in quotes):
            yield pk


def decided(_subject: Subject) -> dict[str, Any]:
    """A sign-up of the person waits for nobody any more."""
    waiting = Q(state__in=[SignUpState.NEW, SignUpState.WAITING])
    return {
        "state": Case(
            When(waiting, then=SignUpState.DISMISSED.value), default=F("state"), output_field=IntegerField()
        ),
        "decided_by": Case(
            When(waiting, then=Value("system:erasure")), default=F("decided_by"), output_field=CharField()
        ),
        "decided_at": Coalesce("decided_at", Now()),
    }


def visitors(subject: Subject) -> QuerySet[Visitor]:
    """Browsers and devices that were known to be the person."""
    marks = VisitorMark.objects.filter(customer_id__in=list(subject.customer_ids))
    return Visitor.objects.filter(code__in=list(marks.values_list("visitor", flat=True)))


def without_customer(_subject: Subject) -> dict[str, Any]:
    """The raw form of an event as it would have come from a guest."""
    emptied = Func(F("raw"), template="(%(expressions)s - 'customer')", output_field=JSONField())
    return {"raw": Case(When(raw__has_key="customer", then=emptied), default=F("raw"))}


def nobody(_subject: Subject) -> dict[str, Any]:
    """The customer's row as the owner of sales, and of nothing else."""
    return {"erased_at": Now(), "updated_at": Now()}


def unsaid(_subject: Subject) -> dict[str, Any]:
    """A reason that quoted the person. It must say something."""
    return {"why": NOBODY}


# In two steps: events are placed by where they came from, receipts by their customer.
_PURCHASES = "SELECT source_id, external_id FROM customers_purchase WHERE customer_id = ANY(%s)"
_ARRIVALS = """
SELECT a.id FROM unnest(%s::bigint[], %s::text[]) AS known (source_id, external_id)
JOIN customers_arrival a ON a.source_id = known.source_id AND a.external_id = known.external_id AND a.kind = 1
UNION ALL
SELECT a.id FROM unnest(%s::bigint[], %s::text[]) AS known (source_id, external_id)
JOIN customers_arrival a ON a.of_source_id = known.source_id AND a.of_external_id = known.external_id AND a.kind = 2
"""
