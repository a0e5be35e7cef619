"""Which tier a member had at a moment: the last change up to it, else the lowest tier."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from crm.lib import prepared
from loyalty.models import Tier, TierScheme

DEFAULT = "member"  # the code of the lowest tier while there is no scheme

# The tier of a customer at a moment, or NULL (the lowest), inside another statement. One probe of an index.
TIER_THEN = (
    "(SELECT tc.to_tier FROM loyalty_tierchange tc WHERE tc.customer_id = {customer} AND tc.at <= {at}"
    " ORDER BY tc.at DESC, tc.id DESC LIMIT 1)"
)
# The day of the moment %(at)s in the chain's zone, inside another statement: versions of the tiers go by it.
TODAY = "(%(at)s::timestamptz AT TIME ZONE (SELECT z.timezone FROM org_chain z WHERE z.id = 1))::date"
_EACH = f"""
SELECT asked.customer_id, {TIER_THEN.format(customer="asked.customer_id", at="asked.at")}
FROM unnest(%s::bigint[], %s::timestamptz[]) AS asked (customer_id, at)
"""  # noqa: S608
_ONE = """
SELECT to_tier FROM loyalty_tierchange WHERE customer_id = %s AND at <= %s ORDER BY at DESC, id DESC LIMIT 1
"""


def tier_at(customer_ids: Iterable[int], at: datetime | Mapping[int, datetime]) -> dict[int, str]:
    """The code of each customer's tier at a moment (the same for all, or one a customer). One statement."""
    ids = list(dict.fromkeys(customer_ids))
    if not ids:
        return {}
    if len(ids) == 1:
        moment = at[ids[0]] if isinstance(at, Mapping) else at
        one = prepared.row(_ONE, [ids[0], moment])
        found = {ids[0]: one[0] if one else None}
    else:
        moments = [at[pk] for pk in ids] if isinstance(at, Mapping) else [at] * len(ids)
        found = dict(prepared.rows(_EACH, [ids, moments]))
    if all(found.values()):
        return {pk: str(code) for pk, code in found.items()}
    lowest = default_tier()
    return {pk: code or lowest for pk, code in found.items()}


def tiers_of_days(asked: Sequence[tuple[int, date]]) -> list[str]:
    """The code of the tier that each of these days began with, for (customer, business date). One statement.

    What a day's purchases earn must not rest on the order in which they come in, nor may a receipt raise itself.
    """
    if not asked:
        return []
    lowest = default_tier()
    found = prepared.rows(_DAYS, [[pk for pk, _on in asked], [on for _pk, on in asked]])
    return [code or lowest for (code,) in found]


def tier_names() -> list[tuple[str, str]]:
    """Code and name of each tier of the newest version, from the lowest up."""
    newest = TierScheme.objects.order_by("-valid_from", "-pk").values("pk")[:1]
    return [(tier.code, tier.name) for tier in Tier.objects.filter(scheme=newest).order_by("rank")]


def default_tier(on: date | None = None) -> str:
    """The code of the lowest tier of the version that is valid on a date (None: the newest version)."""
    found = prepared.row(_LOWEST, [on or date.max])
    return found[0] if found else DEFAULT


_LOWEST = """
SELECT t.code FROM loyalty_tier t WHERE t.rank = 0 AND t.scheme_id = (
    SELECT s.id FROM loyalty_tierscheme s WHERE s.valid_from <= %s::date ORDER BY s.valid_from DESC, s.id DESC LIMIT 1
)
"""
_DAYS = """
SELECT (SELECT tc.to_tier FROM loyalty_tierchange tc WHERE tc.customer_id = asked.customer_id AND tc."on" < asked.day
        ORDER BY tc.at DESC, tc.id DESC LIMIT 1)
FROM unnest(%s::bigint[], %s::date[]) WITH ORDINALITY AS asked (customer_id, day, place) ORDER BY asked.place
"""
