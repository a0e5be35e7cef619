"""The coupons of a basket: what the customer holds and the codes they show, with what speaks against each.

The checks are those of `coupons.using`, in its order, without its locks: what is reserved for others is counted, what
was reserved and not paid in time is not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any, NamedTuple

from crm.lib import prepared
from crm.lib.refusals import Refusal
from loyalty.baskets import Basket
from loyalty.coupons import codes, fitting, holding
from loyalty.coupons.fitting import Names
from loyalty.coupons.limits import Counts, passed
from loyalty.coupons.refusals import CouponEnded, CouponUnknown, CustomerNeeded, NothingApplies
from loyalty.coupons.rules import Rules, cents, rules_of
from loyalty.coupons.standing import refused_of
from loyalty.coupons.uses import LIVE
from loyalty.evaluation.choosing import Candidate, Room, is_hopeless
from loyalty.models import Coupon, CouponTerms, CouponUse

MOST_HELD = 100  # of somebody who holds more, those that end first


@dataclass(frozen=True)
class Offer:
    """A coupon or shared code. `refused`: why it cannot be used for this basket; None: it can, by itself."""

    code: str
    name: str = ""
    rules: Rules | None = None
    definition: int = 0
    owner: int = 0
    terms: int = 0
    coupon: int | None = None
    valid_to: datetime | None = None
    is_shown: bool = False
    room: Room = field(default_factory=Room)
    refused: Refusal | None = None

    def candidate(self, place: int) -> Candidate:
        assert self.rules
        return Candidate(self.rules, self.definition, self.owner, self.terms, self.room, place)


class _Use(NamedTuple):
    """A use that was neither released nor reversed."""

    used_on: date
    redeemed_at: datetime | None
    reserved_until: datetime | None


class _Tally(NamedTuple):
    """Of a definition; what is overdue is taken off."""

    used: int
    spent: Decimal
    uses_most: int | None
    spent_most: Decimal | None


def of(customer_id: int | None, shown: Sequence[str], at: datetime, zone: tzinfo) -> list[Offer]:
    """All that is held, the first end first, then what is shown besides; refused where that needs no basket."""
    held = holding.usable(customer_id, at, None)[:MOST_HELD] if customer_id else []
    wanted = {codes.normalised(text) or text for text in shown}
    found = [
        Offer(one.code, one.name, one.rules, one.definition_id, customer_id or 0, one.terms_id, one.coupon_id,
              one.valid_to, one.code in wanted)
        for one in held
    ]  # fmt: skip
    return found + _shown(customer_id, sorted(wanted - {one.code for one in held}), at, zone)


def judged(offers: Iterable[Offer], basket: Basket, tiers: dict[int, str], names: Names) -> list[Offer]:
    """With what speaks against each for this basket. `tiers` of the owners. Two statements."""
    offers = list(offers)
    open_ = [one for one in offers if one.refused is None]
    tallies = _tallies({one.definition for one in open_}, basket.at)
    uses = _uses({one.owner for one in open_}, set(tallies))
    return [
        one if one.refused else _judged(
            one, replace(basket, tier=tiers.get(one.owner, "")), names, tallies[one.definition],
            [use for use in uses.get((one.owner, one.definition), []) if _lives(use, basket.at)],
        )
        for one in offers
    ]  # fmt: skip


def _judged(one: Offer, basket: Basket, names: Names, tally: _Tally, live: list[_Use]) -> Offer:
    assert one.rules
    refused: Refusal | None = fitting.window(one.rules, basket) if one.coupon is None else None
    today = sum(use.used_on == basket.on for use in live)
    counts = Counts(len(live), today, tally.used, tally.uses_most, tally.spent, tally.spent_most)
    refused = refused or _of_goods(one.rules, basket, names) or passed(one.rules, counts, Decimal(0))
    return replace(one, refused=refused, room=_room(one.rules, counts))


def _of_goods(rules: Rules, basket: Basket, names: Names) -> Refusal | None:
    """A minimum that the whole basket does not meet is not met by what is left of it."""
    found = fitting.misfit(rules, basket, names)
    return found if not isinstance(found, NothingApplies) or is_hopeless(rules, basket) else None


def _room(rules: Rules, counts: Counts) -> Room:
    """How much more there may be after what has been used."""
    mine = [rules.per_customer, rules.per_day]
    left = [
        most - used for most, used in zip(mine, (counts.customer, counts.day), strict=True) if most is not None
    ]  # fmt: skip
    total = None if counts.uses_most is None else counts.uses_most - counts.used
    money = None if counts.spent_most is None else cents(counts.spent_most - counts.spent)
    return Room(min(left, default=None), total, money)


def _shown(customer_id: int | None, wanted: Sequence[str], at: datetime, zone: tzinfo) -> list[Offer]:
    """Codes that are not among those that can be used: shared ones, others' coupons, and their own that are over."""
    if not wanted:
        return []
    rows = prepared.rows(_CODES, [[one for one in wanted if codes.normalised(one)]])
    known = {code: (definition, owner, coupon) for code, definition, owner, coupon in rows}
    coupons = _coupons([(owner, coupon) for _d, owner, coupon in known.values() if coupon])
    terms = _terms([definition for definition, _o, coupon in known.values() if not coupon], at)
    found = []
    for code in wanted:
        definition, owner, coupon = known.get(code, (0, None, None))
        if coupon and customer_id in (None, owner) and (kept := coupons.get(coupon)):
            found.append(_personal(code, kept, at, zone))
        elif definition and not coupon:
            found.append(_shared(code, definition, terms.get(definition), customer_id, at))
        else:
            found.append(Offer(code, is_shown=True, refused=CouponUnknown()))
    return found


def _personal(code: str, kept: Any, at: datetime, zone: tzinfo) -> Offer:
    live = [use for use in kept.live if _lives(use, at)]
    return Offer(
        code, kept.definition.name, rules_of(kept.terms), kept.definition_id, kept.customer_id, kept.terms_id, kept.pk,
        kept.valid_to, True, refused=refused_of(kept, live, at, zone),
    )  # fmt: skip


def _shared(
    code: str, definition: int, terms: CouponTerms | None, customer_id: int | None, at: datetime
) -> Offer:
    if terms is None:
        return Offer(code, is_shown=True, refused=CouponEnded())
    ended_at = terms.definition.ended_at
    refused: Refusal | None = CustomerNeeded() if customer_id is None else None
    if ended_at and ended_at <= at:
        refused = CouponEnded()
    return Offer(
        code, terms.definition.name, rules_of(terms), definition, customer_id or 0, terms.pk, is_shown=True,
        refused=refused,
    )  # fmt: skip


def _lives(use: CouponUse | _Use, at: datetime) -> bool:
    return bool(use.redeemed_at) or (use.reserved_until is not None and use.reserved_until > at)


def _coupons(wanted: Sequence[tuple[int, int]]) -> dict[int, Any]:
    """By number, each with its live uses."""
    if not wanted:
        return {}
    owners, ids = {owner for owner, _pk in wanted}, {pk for _owner, pk in wanted}
    rows = Coupon.objects.filter(customer_id__in=owners, pk__in=ids).select_related("terms", "definition")
    found: dict[int, Any] = {one.pk: one for one in rows}
    for one in found.values():
        one.live = []
    for use in CouponUse.objects.filter(LIVE, customer_id__in=owners, coupon_id__in=ids):
        if use.coupon_id in found:
            found[use.coupon_id].live.append(use)
    return found


def _terms(definitions: Sequence[int], at: datetime) -> dict[int, CouponTerms]:
    """The terms that hold at a moment, by definition."""
    if not definitions:
        return {}
    rows = CouponTerms.objects.filter(definition_id__in=definitions, valid_from__lte=at)
    newest = rows.order_by("definition_id", "-valid_from", "-number").distinct("definition_id")
    return {one.definition_id: one for one in newest.select_related("definition")}


def _tallies(definitions: set[int], at: datetime) -> dict[int, _Tally]:
    rows = prepared.rows(_TALLIES, {"ids": sorted(definitions), "at": at})
    return {pk: _Tally(*row) for pk, *row in rows}


def _uses(owners: set[int], definitions: set[int]) -> dict[tuple[int, int], list[_Use]]:
    found: dict[tuple[int, int], list[_Use]] = {}
    for owner, definition, *use in prepared.rows(_USES, [sorted(owners), sorted(definitions)]):
        found.setdefault((owner, definition), []).append(_Use(*use))
    return found


_CODES = "SELECT code, definition_id, customer_id, coupon_id FROM loyalty_couponcode WHERE code = ANY(%s)"
_USES = """
SELECT customer_id, definition_id, used_on, redeemed_at, reserved_until FROM loyalty_couponuse
WHERE customer_id = ANY(%s::bigint[]) AND definition_id = ANY(%s::bigint[])
    AND released_at IS NULL AND reversed_at IS NULL
"""
# What was reserved and not paid in time is released by whoever comes next (`uses.locked`); here it is only not counted.
_TALLIES = """
SELECT t.definition_id, (t.reserved + t.redeemed - coalesce(over.n, 0))::bigint,
    t.promised + t.spent - coalesce(over.amount, 0), t.uses_most, t.spent_most
FROM loyalty_coupontally t
LEFT JOIN LATERAL (
    SELECT count(*) AS n, sum(u.amount) AS amount FROM loyalty_couponuse u
    WHERE u.definition_id = t.definition_id AND u.redeemed_at IS NULL AND u.released_at IS NULL
        AND u.reserved_until <= %(at)s
) over ON true
WHERE t.definition_id = ANY(%(ids)s::bigint[])
"""
