"""Loyalty on the timeline: movements of points, all that change what is theirs, and who came through a member."""

from typing import Any

from django.db.models import Case, CharField, F, QuerySet, Value, When
from django.utils.translation import gettext as _

from crm.org.permissions import Permission
from crm.ui import words
from customers.timeline import Asked, Row, TimelineSource, Touch, branch, register
from loyalty import movementwords
from loyalty.models import Kind, Movement, Referral, ReferralState, Unit

TOLD = (
    Kind.EARN, Kind.REDEEM, Kind.CAPTURE, Kind.EXPIRE, Kind.CLAWBACK, Kind.REVERSAL, Kind.ADJUST, Kind.TRANSFER,
    Kind.FORGIVE,
)  # fmt: skip


def fill() -> None:
    register(TimelineSource("points", ("points",), rows, touch, Permission.VIEW_LOYALTY))
    register(TimelineSource("referral", ("life",), comings, of_coming, Permission.VIEW_LOYALTY))


def rows(asked: Asked) -> QuerySet[Any] | None:
    found = Movement.objects.filter(customer=asked.customer, unit=Unit.POINTS, kind__in=TOLD)
    kind = Case(
        *(When(kind=one.value, then=Value(f"points_{one.code}")) for one in TOLD), output_field=CharField()
    )
    data = {
        "points": F("available") + F("pending") + F("held") - F("debt"),
        "pending": F("pending"),
        "store": F("store__name"),
    }
    return branch(asked, found, source="points", at="occurred_at", kind=kind, data=data)


def touch(asked: Asked, row: Row) -> Touch:
    points, kind = row.data["points"], Kind[row.kind.removeprefix("points_").upper()]
    said = movementwords.of(kind, points)
    title = _("%(what)s: %(points)s") % {"what": said.title, "points": said.change} if points else said.title
    detail = ""
    if kind is Kind.EARN and row.data["pending"]:
        detail = _("%(n)s of them pending until the time for returns is over") % {
            "n": words.number(row.data["pending"])
        }
    return Touch(
        row.at, row.kind, "points", title, detail, icon=said.icon, tone=said.tone, store=row.data["store"] or "",
        data=row.data,
    )  # fmt: skip


def comings(asked: Asked) -> QuerySet[Any] | None:
    found = Referral.objects.filter(customer=asked.customer)
    return branch(asked, found, source="referral", at="came_at", kind="referral", data={"state": F("state")})


def of_coming(asked: Asked, row: Row) -> Touch:
    state = ReferralState(row.data["state"])
    data = {"state": state.name.lower()}
    return Touch(
        row.at, row.kind, "life", _("A member brought them"), state.label, icon="user-plus", data=data
    )
