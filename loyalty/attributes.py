"""What the programme knows of a member, as attributes, and what members do in it, as behaviours.

Accounts are asked for a day as a whole (`customers/attributes/days.py`): what becomes available on it is available,
what ends on it is still there. A member without an account has nothing, and that is known.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.attributes import Attribute, Behaviour, Field, Kind, Measure, Operator, Relation, registry
from customers.attributes.behaviours import DAYS, amount, region_field, store_field, times
from customers.attributes.days import BEGAN, ENDED, STORE_ZONE, day
from customers.attributes.phrases import WAS
from loyalty.models import CouponDefinition, ReferralState, Unit
from loyalty.models import Kind as MovementKind
from loyalty.tiers.reading import DEFAULT, tier_names

SOON_DAYS = 30
_LEDGER = ("loyalty_balance", "loyalty_lot")
_ACCOUNTS = f"""(SELECT customer_id, sum(greatest(0, alive - debt)) AS spendable, sum(pending) AS pending,
        sum(least(soon, greatest(0, alive - debt))) AS soon
    FROM (
        SELECT lot.customer_id, lot.unit, max(lot.debt) AS debt,
            coalesce(sum(lot.points) FILTER (WHERE lot.ends_at IS NULL OR lot.ends_at > {BEGAN}), 0) AS alive,
            coalesce(sum(lot.points) FILTER (WHERE lot.ends_at > {BEGAN}
                AND lot.ends_at <= {ENDED} + interval '{SOON_DAYS} days'), 0) AS soon,
            coalesce(sum(lot.pending), 0) AS pending
        FROM (
            SELECT b.customer_id, b.unit, b.debt,
                l.available + CASE WHEN l.vests_at < {ENDED} THEN l.pending ELSE 0 END AS points,
                CASE WHEN l.vests_at < {ENDED} THEN 0 ELSE l.pending END AS pending,
                CASE WHEN l.is_extended THEN b.extended_to ELSE l.expires_at END AS ends_at
            FROM loyalty_balance b LEFT JOIN loyalty_lot l ON l.customer_id = b.customer_id AND l.unit = b.unit
                AND (l.available > 0 OR l.pending > 0 OR l.held > 0)
            WHERE b.unit IN ({{units}})
        ) lot GROUP BY lot.customer_id, lot.unit
    ) account GROUP BY customer_id)"""  # noqa: S608  names and numbers of ours
POINTS = Relation("points", _ACCOUNTS.format(units=int(Unit.POINTS)), _LEDGER)
GROWTH = Relation("growth", _ACCOUNTS.format(units=int(Unit.GROWTH)), _LEDGER)
STORED = Relation("stored", _ACCOUNTS.format(units=f"{int(Unit.STORED)}, {int(Unit.BONUS)}"), _LEDGER)
MEMBERSHIP = Relation("membership", "loyalty_membership", ("loyalty_membership",))
COUPONS = Relation(
    "coupons",
    f"""(SELECT c.customer_id, count(*) AS usable FROM loyalty_coupon c
    WHERE c.voided_at IS NULL AND c.valid_from < {ENDED} AND (c.valid_to IS NULL OR c.valid_to > {BEGAN})
        AND NOT EXISTS (SELECT FROM loyalty_couponuse u WHERE u.customer_id = c.customer_id AND u.coupon_id = c.id
            AND u.released_at IS NULL AND u.reversed_at IS NULL
            AND (u.redeemed_at IS NOT NULL OR u.reserved_until > {BEGAN}))
    GROUP BY c.customer_id)""",  # noqa: S608
    ("loyalty_coupon", "loyalty_couponuse"),
)
# Who brought a friend stands there as they were then: after a merge the signpost leads to who they are now.
FRIENDS = Relation(
    "friends",
    f"""(SELECT coalesce(c.merged_into_id, c.id) AS customer_id, count(*) AS brought
    FROM loyalty_referral r JOIN customers_customer c ON c.id = r.referrer_id
    WHERE r.state = {int(ReferralState.PAID)} GROUP BY 1)""",  # noqa: S608
    ("loyalty_referral.referrer_id",),
)
_LOWEST = """(SELECT t.code FROM loyalty_tier t JOIN loyalty_tierscheme s ON s.id = t.scheme_id
    WHERE t.rank = 0 AND s.valid_from <= %(on)s::date ORDER BY s.valid_from DESC, s.id DESC LIMIT 1)"""
_PAID = "coalesce(membership.paid_tier <> '' AND membership.paid_until >= %(on)s::date, false)"


def _account(code: str, label: Any, relation: Relation, sql: str, **more: Any) -> Attribute:
    more.setdefault("kind", Kind.NUMBER)
    more.setdefault("least", 0)
    return Attribute(
        f"loyalty.{code}", label, "loyalty", relation=relation, sql=f"coalesce({sql}, 0)", **more
    )


def _tier(code: str, label: Any, kind: Kind, sql: str, **more: Any) -> Attribute:
    return Attribute(f"loyalty.{code}", label, "loyalty", kind, MEMBERSHIP, sql, **more)


ATTRIBUTES = (
    _account(
        "points", _("Points to spend"), POINTS, "points.spendable", unit="points", noun=_("number of points to spend"),
        also=pgettext_lazy("search", "balance, rewards"),
    ),
    _account(
        "pending", _("Points not available yet"), POINTS, "points.pending", unit="points",
        noun=_("number of points not available yet"),
    ),
    _account(
        "expiring", _("Points that end within 30 days"), POINTS, "points.soon", unit="points",
        noun=_("number of points that end within 30 days"),
    ),
    _account(
        "growth", _("Growth points"), GROWTH, "growth.spendable", unit="points", noun=_("number of growth points"),
    ),
    _account(
        "stored", _("Stored value"), STORED, "round(stored.spendable / 100.0, 2)", kind=Kind.MONEY,
        also=pgettext_lazy("search", "prepaid, wallet, gift card, balance"),
    ),
    _tier(
        "tier", pgettext_lazy("attribute", "Tier"), Kind.CHOICE,
        f"coalesce(membership.tier, {_LOWEST}, '{DEFAULT}')", options=lambda: dict(tier_names()),
        also=pgettext_lazy("search", "level, status, rank"),
    ),
    _tier(
        "tier_since", _("In this tier since"), Kind.DATE, day("membership.since"),
        noun=_("entry into their tier"), phrases=WAS,
    ),
    _tier("tier_until", _("Tier is kept until"), Kind.DATE, "membership.keep_until", noun=_("last day in their tier")),
    _tier(
        "tier_at_risk", _("Tier at risk"), Kind.FLAG,
        "(membership.notice_on IS NOT NULL OR membership.grace_until IS NOT NULL)",
        phrases={
            Operator.YES: pgettext_lazy("clause", "whose tier is at risk"),
            Operator.NO: pgettext_lazy("clause", "whose tier is not at risk"),
        },
    ),
    _tier(
        "has_paid", _("Has a paid membership"), Kind.FLAG, _PAID,
        phrases={
            Operator.YES: pgettext_lazy("clause", "who have a paid membership"),
            Operator.NO: pgettext_lazy("clause", "who have no paid membership"),
        },
    ),
    _tier(
        "paid_until", _("Paid membership until"), Kind.DATE, "membership.paid_until",
        noun=_("last day of paid membership"),
    ),
    _account(
        "coupons", _("Coupons to use"), COUPONS, "coupons.usable", noun=_("number of coupons to use"),
        also=pgettext_lazy("search", "voucher"),
    ),
    _account(
        "friends", _("Friends brought"), FRIENDS, "friends.brought", noun=_("number of friends brought"),
        also=pgettext_lazy("search", "referral, recommended"),
    ),
)  # fmt: skip


def _definitions() -> Mapping[str, Any]:
    rows = CouponDefinition.objects.order_by("name", "pk").values_list("pk", "name")
    return {str(pk): name for pk, name in rows}


_REDEEMED = Behaviour(
    "redeemed",
    pgettext_lazy("behaviour", "Spent points"),
    f"""(SELECT m.customer_id, {day("m.occurred_at", STORE_ZONE)} AS day, m.store_id, s.region_id,
        -m.available - m.held AS points
    FROM loyalty_movement m LEFT JOIN org_store s ON s.id = m.store_id
    WHERE m.unit = {int(Unit.POINTS)} AND m.kind IN ({int(MovementKind.REDEEM)}, {int(MovementKind.CAPTURE)}))""",  # noqa: S608
    (store_field(), region_field()),
    (
        times(),
        DAYS,
        Measure(
            "points", pgettext_lazy("measure", "points"), Kind.NUMBER, "sum(did.points)", "points", least=0
        ),
    ),
    ("loyalty_movement",),
    also=pgettext_lazy("search", "redeemed, used points, reward"),
)
_COUPON_USED = Behaviour(
    "coupon_used",
    pgettext_lazy("behaviour", "Used a coupon"),
    """(SELECT u.customer_id, u.used_on AS day, u.store_id, s.region_id, u.definition_id, u.amount
    FROM loyalty_couponuse u LEFT JOIN org_store s ON s.id = u.store_id
    WHERE u.redeemed_at IS NOT NULL AND u.reversed_at IS NULL)""",
    (
        Field("coupon", _("Coupon"), Kind.CHOICE, "did.definition_id", _definitions, is_numbered=True),
        store_field(),
        region_field(),
    ),
    (times(), DAYS, amount()),
    ("loyalty_couponuse",),
    also=pgettext_lazy("search", "redeemed, voucher"),
)


def fill() -> None:
    registry.offer_heading("loyalty", pgettext_lazy("attributes", "Programme"), 80)
    registry.offer(*ATTRIBUTES)
    registry.offer_behaviour(_REDEEMED, _COUPON_USED)
