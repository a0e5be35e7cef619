"""The statement that takes a tier back which was reached by goods that came back within the days of its version.

What decides is the day on which they came back, not the day on which that is known: a till may be off-line for weeks,
and a file come late. So what came back after the days is left out of what is counted, and the member is looked at
whenever they are reviewed.
"""

from loyalty.models import Measure, Period
from loyalty.tiers.statements import UNLOCKED, begins, members_of, write

_FIRST = "coalesce(f.occurred_at, v.occurred_at)"  # what it continues has its day
_TAKEN = "CASE v.kind WHEN 10 THEN f.occurred_at ELSE v.occurred_at END"
_ON = "({moment} AT TIME ZONE coalesce(s.timezone, %(zone)s))::date"
# With `came_back`: is there anything that came back within the days?
_GROWTH = f"""
    SELECT w.customer_id, sum(-v.contra)::bigint AS measure, bool_or(v.contra > 0) AS came_back
    FROM ({{members}}) w
    JOIN loyalty_movement v ON v.customer_id = w.customer_id AND v.unit = 2
    LEFT JOIN loyalty_movement f ON f.customer_id = v.customer_id AND f.id = v.of_id
    LEFT JOIN org_store s ON s.id = coalesce(f.store_id, v.store_id)
    WHERE (v.kind IN (1, 8, 11) OR (v.kind = 10 AND f.kind = 11))
      AND {_ON.format(moment=_FIRST)} BETWEEN w.from_on AND w.to_on
      AND (v.contra <= 0 AND v.kind <> 10 OR {_ON.format(moment=_TAKEN)} <= w.back_until)
    GROUP BY w.customer_id"""  # noqa: S608
_KEPT = """
    SELECT w.customer_id, p.id, p.business_date, p.amount, p.returned - coalesce(sum(r.amount), 0) AS returned
    FROM ({members}) w
    JOIN customers_purchase p ON p.customer_id = w.customer_id AND p.business_date BETWEEN w.from_on AND w.to_on
    LEFT JOIN customers_return r ON r.customer_id = p.customer_id AND r.purchase_id = p.id
        AND r.business_date > w.back_until
    GROUP BY w.customer_id, p.id, p.business_date, p.amount, p.returned"""
_SPEND = f"""
    SELECT k.customer_id, floor(sum(k.amount - k.returned))::bigint AS measure, bool_or(k.returned > 0) AS came_back
    FROM ({_KEPT}) k
    GROUP BY k.customer_id"""  # noqa: S608
_VISITS = f"""
    SELECT k.customer_id, bool_or(k.returned > 0) AS came_back,
        (count(DISTINCT k.business_date) FILTER (WHERE k.returned = 0 OR k.returned < k.amount))::bigint AS measure
    FROM ({_KEPT}) k
    GROUP BY k.customer_id"""  # noqa: S608
_MEASURES = {Measure.GROWTH: _GROWTH, Measure.SPEND: _SPEND, Measure.VISITS: _VISITS}
_BEFORE = {
    "tier": "", "since": "::timestamptz", "reached_on": "::date", "scheme_id": "::int", "threshold": "::bigint",
    "keep_until": "::date", "notice_on": "::date", "grace_until": "::date", "locked_until": "::date", "paid_tier": "",
    "paid_until": "::date",
}  # fmt: skip
_RESTORED = {name: f"(x.before ->> '{name}'){cast}" for name, cast in _BEFORE.items()} | {
    "before": "nullif(x.before -> 'before', 'null'::jsonb)",
    "since": "coalesce((x.before ->> 'since')::timestamptz, greatest(%(at)s::timestamptz, x.changed_at))",
    "reason": "4",
    "paid_tier": "coalesce(x.before ->> 'paid_tier', '')",
}


def take_back(measure: Measure, period: Period, who: str) -> str:
    """What stood before stands again, for whoever reached their tier under any version that counts in this way."""
    counted = _MEASURES[measure].format(members=_members(measure, period, who))
    source = f"""(
    SELECT w.*, coalesce(g.measure, 0) AS measure, coalesce(g.came_back, false) AS came_back
    FROM ({_members(measure, period, who)}) w LEFT JOIN ({counted}) g ON g.customer_id = w.customer_id
) x"""  # noqa: S608
    found = "WHERE x.measure < x.threshold AND (x.came_back OR x.back_until >= %(on)s::date)"
    return write(source, found, _RESTORED)


def _members(measure: Measure, period: Period, who: str) -> str:
    """Who reached the tier that they stand on, with the last of the days as `back_until`."""
    rules = (
        "JOIN loyalty_tierscheme y ON y.id = w.scheme_id"
        f" AND y.measure = {measure.value} AND y.period = {period.value}"
    )
    where = f"{UNLOCKED} AND m.before IS NOT NULL AND m.reached_on IS NOT NULL"
    begin = begins(period, "w.reached_on").replace("%(months)s", "y.months")
    more = ", w.reached_on + y.take_back_days AS back_until"
    return members_of(who, where, begin, "greatest(w.reached_on, %(on)s::date)", more=more, beside=rules)
