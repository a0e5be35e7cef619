"""The uses of coupons and their count, under the lock of the definition's tally.

Whoever uses, releases or voids locks in this order: the gate of receiving, the customer, the tally. All that is done
with one definition therefore happens one after another, and its limits hold whoever comes at once.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet

from crm.audit import trail
from crm.lib import prepared
from crm.lib.statements import Statement
from loyalty.ledger.accounts import sides
from loyalty.models import Coupon, CouponTally, CouponUse, Unit
from loyalty.sources import CHECKOUT

RECEIPTS = "system:receipts"  # who voids what a receipt had issued that came back
LIVE = Q(released_at__isnull=True, reversed_at__isnull=True)
WAITING = Q(redeemed_at__isnull=True, released_at__isnull=True)
_COUNTED = ("reserved", "redeemed", "promised", "spent")


def locked(definition_id: int, at: datetime, by: Any) -> CouponTally:
    """The tally under its lock; what was reserved and not paid in time is free again."""
    tally = CouponTally.objects.select_for_update().select_related("definition").get(pk=definition_id)
    overdue = CouponUse.objects.filter(WAITING, definition_id=definition_id, reserved_until__lte=at)
    found = list(overdue.values_list("customer_id", "coupon_id", "amount"))
    if found:
        overdue.update(released_at=at, ended_by=trail.actor_name(by))
        move(tally, reserved=-len(found), promised=-sum((row[2] for row in found), Decimal(0)))
        void_with_issuer(tally, [(customer, coupon) for customer, coupon, _amount in found if coupon], at)
    return tally


def void_with_issuer(tally: CouponTally, ended: Sequence[tuple[int, int]], at: datetime) -> None:
    """Of these coupons (customer, number), whose use has ended: void those whose receipt came back whole meanwhile.

    It let them be, for they were used or reserved. Under the lock of the tally, which its return waits for, too.
    """
    if not ended:
        return
    customers, numbers = sorted({row[0] for row in ended}), sorted(row[1] for row in ended)
    asked: dict[str, Any] = {"customers": customers, "coupons": numbers, "at": at, "by": RECEIPTS}
    if len(customers) == 1:  # by value: one partition answers
        asked["customers"] = customers[0]
    whose = "= %(customers)s" if len(customers) == 1 else MANY
    voided = [row[0] for row in prepared.rows(VOID.format(whose=whose), asked)]
    if voided:
        move(tally, voided=len(voided))
    for pk in voided:
        details = {"definition": tally.pk}
        trail.record("coupon.void", Coupon(pk=pk), by=RECEIPTS, details=details)


def move(tally: CouponTally, **by: Any) -> None:
    """Add to the counts of a locked tally. The database refuses what would pass a limit."""
    for name, more in by.items():
        setattr(tally, name, getattr(tally, name) + more)
    CouponTally.objects.filter(pk=tally.pk).update(**{name: getattr(tally, name) for name in by})


def live_of(coupon: Coupon) -> "QuerySet[CouponUse]":
    return CouponUse.objects.filter(LIVE, customer_id=coupon.customer_id, coupon_id=coupon.pk)


def coupon_of(use: CouponUse) -> list[tuple[int, int]]:
    """(customer, number) of the coupon that was used; of a shared code there is none."""
    return [(use.customer_id, use.coupon_id)] if use.coupon_id else []


def of_customer(customer_id: int, definition_id: int, source: str) -> list[CouponUse]:
    """What a customer has used of a definition, and what the same checkout uses besides."""
    mine = CouponUse.objects.filter(customer_id=customer_id)
    return list(
        mine.filter(Q(definition_id=definition_id) | Q(source=source)).select_related("terms", "definition")
    )


def of_parted(owner: int, known: Iterable[CouponUse], definition_id: int, source: str) -> list[CouponUse]:
    """What a checkout used of a shared code as somebody who was one with the customer: sent again after their merge was
    undone, it is the same."""
    mine = (one for one in known if one.definition_id == definition_id and one.coupon_id is None)
    others = [] if any(one.source == source for one in mine) else sides(owner, Unit.POINTS)[1:]
    if not others:
        return []
    theirs = CouponUse.objects.filter(customer_id__in=others, coupon=None, definition_id=definition_id)
    return list(theirs.filter(source=source).select_related("terms", "definition"))


def keep(use: CouponUse, names: Iterable[str]) -> None:
    """Write fields of a use, by its customer and number."""
    CouponUse.objects.filter(customer_id=use.customer_id, pk=use.pk).update(
        **{name: getattr(use, name) for name in names}
    )


def purchase_of(customer_id: int, source: str) -> int | None:
    """The receipt that a checkout became, when it is known already."""
    row = prepared.row(_PURCHASE, [customer_id, source])
    return None if row is None else int(row[0])


def is_all_back(customer_id: int, purchase_id: int | None) -> bool:
    """Whether no goods of a receipt are kept. None: it is not known yet."""
    return purchase_id is not None and prepared.row(_ALL_BACK, [customer_id, purchase_id]) is not None


# Goods, not money: what a coupon paid for costs nothing. `p` is the purchase.
ALL_BACK = """EXISTS (
        SELECT FROM customers_line l WHERE l.customer_id = p.customer_id AND l.purchase_id = p.id
    ) AND NOT EXISTS (
        SELECT FROM customers_line l WHERE l.customer_id = p.customer_id AND l.purchase_id = p.id
            AND l.returned_quantity < l.quantity
    )"""
_ALL_BACK = f"""
SELECT p.id FROM customers_purchase p WHERE p.customer_id = %s AND p.id = %s AND {ALL_BACK}
"""  # noqa: S608  our own words
_PURCHASE = f"""
SELECT p.id FROM customers_purchase p JOIN customers_source s ON s.id = p.source_id
WHERE p.customer_id = %s AND {CHECKOUT} = %s
"""  # noqa: S608
MANY = "= ANY(%(customers)s::bigint[])"
VOID = f"""
UPDATE loyalty_coupon k SET voided_at = %(at)s, voided_by = %(by)s
FROM customers_purchase p
WHERE k.customer_id {{whose}} AND k.id = ANY(%(coupons)s::bigint[]) AND k.voided_at IS NULL
    AND p.customer_id = k.customer_id AND p.customer_id {{whose}} AND p.id = k.purchase_id
    AND k.source = 'receipt:' || p.id AND {ALL_BACK}
RETURNING k.id
"""  # noqa: S608
STATEMENTS = [
    Statement(
        "coupons.void_with_issuer",
        VOID.format(whose=MANY),
        {"customers": [1, 2], "coupons": [1, 2], "at": datetime(2026, 1, 1, 12), "by": RECEIPTS},
    )
]
