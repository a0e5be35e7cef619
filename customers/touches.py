"""The touches that this app knows of: purchases, returns, stages of life, merges, the enrolment."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import (
    BigIntegerField,
    DateField,
    DateTimeField,
    ExpressionWrapper,
    F,
    Func,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
)
from django.db.models.functions import Cast, Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.ui import words
from customers import interactions
from customers.models import (
    Channel,
    Customer,
    Interaction,
    Lifecycle,
    Merge,
    PublishedNight,
    Purchase,
    Return,
    Stage,
    TouchChannel,
)  # fmt: skip
from customers.timeline import Asked, Row, TimelineSource, Touch, branch, register

SHOP = {Channel.STORE.value: "store", Channel.ONLINE.value: "web"}
TOUCHED = {channel.value: channel.name.lower() for channel in TouchChannel}
SAID = (
    "title",
    "name",
    "product",
    "query",
    "page",
    "path",
    "subject",
)  # of an interaction's data, what tells most
# A business date is the store's day: at most one away from the day in UTC, wherever the store is.
ZONES = timedelta(days=1)
TONES = {
    Stage.NEW: "accent",
    Stage.ACTIVE: "good",
    Stage.DORMANT: "warn",
    Stage.LOST: "alert",
    Stage.WON_BACK: "accent",
}


def fill() -> None:
    register(TimelineSource("purchase", ("purchase",), purchases, of_purchase))
    register(TimelineSource("return", ("purchase",), returns, of_return))
    register(TimelineSource("stage", ("life",), stages, of_stage))
    register(TimelineSource("merge", ("life",), merges, of_merge))
    register(TimelineSource("enrolment", ("life",), enrolment, of_enrolment))
    register(TimelineSource("interaction", _groups, touches, of_interaction))


def purchases(asked: Asked) -> QuerySet[Any] | None:
    """Their index is by business date, which follows the time of the receipt closely enough to stop after a page."""
    rows = Purchase.objects.filter(customer=asked.customer)
    if asked.channels:
        rows = rows.filter(channel__in=[value for value, name in SHOP.items() if name in asked.channels])
    surely = rows
    if asked.bound:
        day = asked.bound.date()
        rows = rows.filter(business_date__lte=day + ZONES)
        surely = surely.filter(business_date__lt=day - ZONES)
    # These many are on the page whatever their hours; nothing two days older than the last of them can be.
    edge = Func(F("business_date"), template="(%(expressions)s - 2)", output_field=DateField())
    last = surely.order_by("-business_date").values(edge=edge)[asked.limit : asked.limit + 1]
    rows = rows.filter(business_date__gte=Coalesce(Subquery(last), Value(date.min, DateField())))
    return branch(
        asked, rows, source="purchase", at="occurred_at", kind="purchase", channel=("channel", SHOP),
        data={
            "receipt": F("external_id"),
            "store": F("store__name"),
            "amount": _text("amount"),
            "discount": _text("discount"),
            "returned": _text("returned"),
        },
    )  # fmt: skip


def of_purchase(asked: Asked, row: Row) -> Touch:
    told = row.data
    amount, returned = Decimal(told["amount"]), Decimal(told["returned"])
    title = _("Bought for %(amount)s") % {"amount": _money(asked, amount)}
    detail = _("%(amount)s brought back") % {"amount": _money(asked, returned)} if returned else ""
    receipt = Purchase(pk=row.number, customer=asked.customer).public_id
    lines = reverse("customers:purchase", args=[asked.customer.public_id, receipt])
    return Touch(
        row.at, row.kind, "purchase", title, detail, icon="shopping-bag", unfolds=lines, channel=row.channel,
        store=told["store"] or "", data=told | {"receipt_id": receipt},
    )  # fmt: skip


def returns(asked: Asked) -> QuerySet[Any] | None:
    rows = Return.objects.filter(customer=asked.customer)
    data = {"store": F("store__name"), "amount": _text("amount"), "purchase": F("purchase_id")}
    return branch(asked, rows, source="return", at="occurred_at", kind="return", channel="store", data=data)


def of_return(asked: Asked, row: Row) -> Touch:
    receipt = Purchase(pk=row.data["purchase"], customer=asked.customer).public_id
    title = _("Brought back for %(amount)s") % {"amount": _money(asked, Decimal(row.data["amount"]))}
    lines = reverse("customers:purchase", args=[asked.customer.public_id, receipt])
    told = {"store": row.data["store"], "amount": row.data["amount"], "receipt_id": receipt}
    return Touch(
        row.at, row.kind, "purchase", title, icon="receipt-refund", tone="warn", unfolds=lines, channel=row.channel,
        store=row.data["store"] or "", data=told,
    )  # fmt: skip


# A spell has no number of its own: of a customer's no two begin on one day.
_DAY = Func(F("began_on"), template="(%(expressions)s - DATE '1970-01-01')", output_field=BigIntegerField())
_SPELL = ExpressionWrapper(F("customer_id") * 100_000 + _DAY, output_field=BigIntegerField())


def stages(asked: Asked) -> QuerySet[Any] | None:
    """Each spell as the published night knows it, at the first moment of its first day in the chain's zone."""
    night = Subquery(PublishedNight.objects.values("night_id")[:1])
    rows = Lifecycle.objects.filter(customer=asked.customer, night_id__lte=night)
    replaced = Q(ended_on=F("began_on"), ended_night__isnull=False, ended_night__lte=night)
    midnight = Func(
        Value(asked.chain.timezone), F("began_on"), template="timezone(%(expressions)s::timestamp)",
        output_field=DateTimeField(),
    )  # fmt: skip
    spells = rows.exclude(replaced).annotate(began_at=midnight, spell=_SPELL)
    return branch(
        asked, spells, source="stage", at="began_at", number="spell",
        kind="stage", data={"stage": F("stage")},
    )  # fmt: skip


def of_stage(asked: Asked, row: Row) -> Touch:
    stage = Stage(row.data["stage"])
    title = _("Stage: %(stage)s") % {"stage": stage.label}
    data = {"stage": stage.name.lower()}
    return Touch(
        row.at,
        row.kind,
        "life",
        title,
        icon="activity",
        tone=TONES.get(stage, ""),
        is_whole_day=True,
        data=data,
    )


def merges(asked: Asked) -> QuerySet[Any] | None:
    return branch(
        asked, Merge.objects.filter(customer=asked.customer), source="merge", at="merged_at", kind="merge"
    )


def of_merge(asked: Asked, row: Row) -> Touch:
    title = _("Merged with another record of the same person")
    return Touch(row.at, row.kind, "life", title, icon="arrows-join")


def enrolment(asked: Asked) -> QuerySet[Any] | None:
    rows = Customer.objects.filter(pk=asked.customer.pk, enrolled_at__isnull=False)
    return branch(
        asked,
        rows,
        source="enrolment",
        at="enrolled_at",
        kind="enrolment",
        data={"store": F("home_store__name")},
    )


def of_enrolment(asked: Asked, row: Row) -> Touch:
    return Touch(row.at, row.kind, "life", _("Enrolled"), icon="user-plus", store=row.data["store"] or "")


def touches(asked: Asked) -> QuerySet[Any] | None:
    """What other systems and the parts of the house added (`customers/interactions.py`)."""
    rows = Interaction.objects.filter(customer=asked.customer)
    if asked.groups:
        rows = rows.filter(
            kind__in=[name for name, kind in interactions.kinds().items() if asked.wants(kind.group)]
        )
    return branch(
        asked, rows, source="interaction", at="occurred_at", kind=F("kind"), channel=("channel", TOUCHED),
        data={"store": F("store__name"), "data": F("data")},
    )  # fmt: skip


def of_interaction(asked: Asked, row: Row) -> Touch:
    kind = interactions.kinds().get(row.kind)
    title, icon, group = (kind.label, kind.icon, kind.group) if kind else (row.kind, "point", "store")
    told = row.data["data"] if isinstance(row.data["data"], dict) else {}
    said = next((str(told[name]) for name in SAID if told.get(name)), "")
    return Touch(
        row.at,
        row.kind,
        group,
        title,
        said,
        icon=icon,
        channel=row.channel,
        store=row.data["store"] or "",
        data=told,
    )


def _groups() -> frozenset[str]:
    return frozenset(kind.group for kind in interactions.kinds().values())


def _text(column: str) -> Any:
    return Cast(column, TextField())


def _money(asked: Asked, amount: Decimal) -> str:
    return words.money(amount, asked.chain.currency)
