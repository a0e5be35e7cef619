"""Which merges a customer has behind them."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import BigIntegerField, Case, Exists, OuterRef, Subquery, When
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Substr

from crm.org.models import Staff
from crm.org.scope import Viewer
from customers.merging.record import VERSION
from customers.models import Customer, Merge

MOST = 12
_STAFF = "staff:"


@dataclass(frozen=True)
class Past:
    """One merge. `loser`: their name, or else their id. `by`: who did it, "" for a programme.

    `may_undo`: nothing else has to be undone first, and the viewer sees both.
    """

    merge: Merge
    loser: str
    merged_at: datetime
    by: str
    undone_by: str
    may_undo: bool


def of(customer: Customer, viewer: Viewer) -> list[Past]:
    """Newest first, those that were undone too; one statement."""
    rows = (
        Merge.objects.filter(customer=customer)
        .annotate(
            version=KT("before__version"),
            by=_name("merged_by"),
            un_by=_name("undone_by"),
            in_sight=Exists(Customer.objects.visible_to(viewer).filter(pk=OuterRef("loser_id"))),
            loser=Subquery(Customer.objects.filter(pk=OuterRef("loser_id")).values("name")[:1]),
        )
        .defer("before")
        .order_by("-pk")[:MOST]
    )
    return [
        Past(
            one, one.loser or Customer(pk=one.loser_id).public_id, one.merged_at, one.by or "", one.un_by or "",
            one.in_sight and one.undone_at is None and one.version == str(VERSION)
            and one.survivor_id == customer.pk,
        )
        for one in rows
    ]  # fmt: skip


def _name(column: str) -> Case:
    """The name behind "staff:12"."""
    number = Cast(Substr(OuterRef(column), len(_STAFF) + 1), BigIntegerField())
    return Case(
        When(
            **{f"{column}__startswith": _STAFF},
            then=Subquery(Staff.objects.filter(pk=number).values("name")[:1]),
        )
    )
