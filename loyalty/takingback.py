"""All of a receipt brought back at the Counter, and what went back with it: points, coupons, the tier.

It is a return like any that a till sends, named by the form. Should the till send its own too, that one brings back
more than was bought and is set aside.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.refusals import Refusal
from crm.org.models import Store
from customers.models import ArrivalState, Line, Purchase, Source
from customers.receiving import database, returns
from customers.receiving.payloads import ReceiptKeyIn, ReturnedLineIn, ReturnIn
from customers.receiving.single import receive_return
from loyalty import glance, redeeming
from loyalty.models import Accrual, Coupon, CouponUse

SOURCE = "counter"
SHOWN = 12


class BroughtBack(Refusal):
    code: ClassVar[str] = "brought_back"
    status: ClassVar[int] = 409

    def __init__(self) -> None:
        super().__init__(_("All of this receipt was brought back before."))


@dataclass(frozen=True)
class Back:
    """What a return took along: nothing, where no `lines` were left. `points` left the account; `debt` is what is owed
    now; `coupons` are good again, `voided` were issued by the receipt; tiers are names, of before and after."""

    lines: int
    amount: Decimal
    points: int
    coupons: tuple[str, ...]
    voided: tuple[str, ...]
    tiers: tuple[str, str]
    debt: int


def candidates(customer_id: int) -> list[Purchase]:
    """The last receipts of which goods are kept, also such as cost nothing; `left` is how much was paid for them."""
    return list(_kept(customer_id).order_by("-occurred_at", "-pk")[:SHOWN])


def numbered(customer_id: int, number: str) -> Purchase | None:
    """The last receipt of this number, whatever its letters' case, of which goods are kept."""
    return _kept(customer_id).filter(external_id__iexact=number).order_by("-occurred_at", "-pk").first()


def _kept(customer_id: int) -> "QuerySet[Purchase]":
    goods = Line.objects.filter(
        customer_id=OuterRef("customer_id"), purchase=OuterRef("pk"), returned_quantity__lt=F("quantity")
    )
    rows = Purchase.objects.select_related("store").annotate(left=F("amount") - F("returned"))
    return rows.filter(Exists(goods), customer_id=customer_id)


@dataclass(frozen=True)
class Ahead:
    """What a return of all that is left would take along."""

    amount: Decimal
    points: int
    coupons: tuple[str, ...]
    voided: tuple[str, ...]


def ahead(receipt: Purchase, at: datetime) -> Ahead:
    now = _standing(receipt, at)
    return Ahead(
        receipt.amount - receipt.returned,
        now.points,
        *(tuple(names.values()) for names in (now.uses, now.issued)),
    )


def take_back(receipt: Purchase, *, token: str, store: Store, by: Any, at: datetime) -> Back:
    """Bring back what is left of a receipt, once a token. Raises FormInvalid, InvalidEvent, BroughtBack."""
    number = redeeming.source_of(token).partition(":")[2]

    def work(cur: Any) -> Back:
        returns.lock(
            cur, [(receipt.source_id, receipt.external_id)]
        )  # one after the other: then what is left is so
        return _take_back(receipt, number, store, by, at)

    return database.in_transaction(work)


def _take_back(receipt: Purchase, number: str, store: Store, by: Any, at: datetime) -> Back:
    before = _standing(receipt, at)
    mine = Line.objects.filter(customer_id=receipt.customer_id, purchase=receipt)
    lines = [one for one in mine if _is_kept(one)]
    if lines:
        outcome = receive_return(_told(receipt, lines, number, store, at), by=by)
        if outcome.state != ArrivalState.APPLIED:
            raise BroughtBack
        details = {"receipt": receipt.public_id, "lines": len(lines)}
        trail.record("receipt.return", receipt, by=by, store_id=store.pk, details=details)
    after = _standing(receipt, timezone.now())  # what followed was dated while it was done
    return Back(
        len(lines), sum((one.amount - one.returned_amount for one in lines), Decimal(0)), before.points - after.points,
        _gone(before.uses, after.uses), _gone(before.issued, after.issued), (before.tier, after.tier), after.debt,
    )  # fmt: skip


@dataclass(frozen=True)
class _Standing:
    points: int
    uses: dict[int, str]
    issued: dict[int, str]
    tier: str
    debt: int


def _standing(receipt: Purchase, at: datetime) -> _Standing:
    """What the receipt has given, used and issued, and where the member stands."""
    mine = {"customer_id": receipt.customer_id, "purchase_id": receipt.pk}
    kept = Accrual.objects.filter(**mine).values_list("kept", flat=True).first()
    uses = CouponUse.objects.filter(**mine, redeemed_at__isnull=False, reversed_at__isnull=True).order_by(
        "pk"
    )
    now = glance.read(receipt.customer_id, at)
    return _Standing(
        kept or 0,
        dict(uses.values_list("pk", "definition__name")),
        dict(_unused(mine)),
        now.tier_name,
        now.points.debt,
    )


def _unused(mine: dict[str, Any]) -> Any:
    """Coupons that a receipt issued for the next order, and that nobody has used."""
    used = CouponUse.objects.filter(
        customer_id=OuterRef("customer_id"), coupon=OuterRef("pk"), released_at=None, reversed_at=None
    )
    rows = Coupon.objects.filter(
        ~Exists(used), **mine, source=f"receipt:{mine['purchase_id']}", voided_at=None
    )
    return rows.order_by("pk").values_list("pk", "definition__name")


def _gone(before: dict[int, str], after: dict[int, str]) -> tuple[str, ...]:
    return tuple(name for pk, name in before.items() if pk not in after)


def _is_kept(line: Line) -> bool:
    return line.returned_quantity < line.quantity


def _told(receipt: Purchase, lines: Sequence[Line], number: str, store: Store, at: datetime) -> ReturnIn:
    of = ReceiptKeyIn(Source.objects.get(pk=receipt.source_id).code, receipt.external_id)
    back = [
        ReturnedLineIn(
            one.number, f"{one.quantity - one.returned_quantity:f}", f"{one.amount - one.returned_amount:f}"
        )
        for one in lines
    ]  # fmt: skip
    return ReturnIn(SOURCE, number, store.code, at.isoformat(), of, back)
