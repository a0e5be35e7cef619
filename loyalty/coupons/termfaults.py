"""What terms must say, kind by kind, before anybody is promised anything."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from crm.lib.refusals import Fault
from loyalty.models import CouponKind, CouponTally
from loyalty.models.coupons import WHOLE_BP

# By kind: what is needed, of which exactly one is needed, and what else may be said.
_SHAPES: dict[CouponKind, tuple[set[str], set[str], set[str]]] = {
    CouponKind.AMOUNT: ({"amount"}, set(), set()),
    CouponKind.PERCENT: ({"share_bp"}, set(), {"most"}),
    CouponKind.GIFT: ({"gift_id"}, set(), {"get", "amount"}),
    CouponKind.BUY_GET: ({"buy", "get"}, set(), {"share_bp", "most"}),
    CouponKind.NEXT_ORDER: (set(), {"amount", "share_bp"}, {"most", "issued_from"}),
    CouponKind.DELIVERY: (set(), set(), {"amount", "share_bp", "most"}),
}
_WORTH = ("amount", "share_bp", "most", "gift_id", "buy", "get", "issued_from")
LONGEST_DAYS = 3660


def faults(terms: Mapping[str, Any], *, is_shared: bool) -> list[Fault]:
    """All that is wrong, by field."""
    kind = terms.get("kind")
    if kind not in CouponKind.values:
        return [Fault("kind", str(_("Please choose")))]
    found = _worth(CouponKind(kind), terms) + _amounts(terms) + _window(terms, is_shared=is_shared)
    if is_shared and kind == CouponKind.NEXT_ORDER:
        found.append(
            Fault("kind", str(_("What is for the next order is issued to somebody: it has no shared code.")))
        )
    return found


def below_what_is_used(terms: Mapping[str, Any], tally: CouponTally) -> list[Fault]:
    """Limits that have been passed already."""
    found = []
    used, spent = tally.reserved + tally.redeemed, tally.promised + tally.spent
    if terms.get("total") is not None and terms["total"] < used:
        found.append(Fault("total", str(_("%(n)s were used already.") % {"n": used})))
    if terms.get("budget") is not None and terms["budget"] < spent:
        found.append(Fault("budget", str(_("%(n)s was given already.") % {"n": spent})))
    return found


def _worth(kind: CouponKind, terms: Mapping[str, Any]) -> list[Fault]:
    needed, one_of, more = _SHAPES[kind]
    told = {name for name in _WORTH if terms.get(name) not in (None, 0)}
    found = [Fault(name, str(_("This kind of coupon needs it."))) for name in sorted(needed - told)]
    if one_of and len(told & one_of) != 1:
        found.append(Fault("amount", str(_("An amount or a share, one of the two."))))
    if kind is CouponKind.DELIVERY and {"amount", "share_bp"} <= told:
        found.append(Fault("amount", str(_("An amount or a share, one of the two."))))
    odd = told - needed - one_of - more
    return found + [Fault(name, str(_("This kind of coupon has none."))) for name in sorted(odd)]


def _amounts(terms: Mapping[str, Any]) -> list[Fault]:
    found = []
    for name in ("amount", "most", "budget", "issued_from"):
        if terms.get(name) is not None and terms[name] <= 0:
            found.append(Fault(name, str(_("More than nothing, or empty."))))
    if (terms.get("minimum") or Decimal(0)) < 0:
        found.append(Fault("minimum", str(_("Not below zero."))))
    if terms.get("share_bp") is not None and not 0 < terms["share_bp"] <= WHOLE_BP:
        found.append(Fault("share_bp", str(_("From 0.01 to 100 per cent."))))
    for name in ("per_customer", "per_day", "total", "buy", "get"):
        if terms.get(name) is not None and terms[name] < 1:
            found.append(Fault(name, str(_("At least 1, or empty."))))
    return found


def _window(terms: Mapping[str, Any], *, is_shared: bool) -> list[Fault]:
    found = []
    first, last, days = terms.get("from_on"), terms.get("to_on"), terms.get("days")
    if first and last and last < first:
        found.append(Fault("to_on", str(_("The last day is before the first."))))
    if days is not None and is_shared:
        found.append(Fault("days", str(_("A shared code is issued to nobody: give it dates."))))
    if days is not None and not 0 <= days <= LONGEST_DAYS:
        found.append(Fault("days", str(_("From 0 to %(n)s days.") % {"n": LONGEST_DAYS})))
    if any(day not in range(1, 8) for day in terms.get("weekdays") or []):
        found.append(Fault("weekdays", str(_("Please choose"))))
    return found
