"""The statements that move members: one for each way, for some customers or for a slice of all, the same text.

Each finds the members it is about, what they have of the measure in the period, and writes their membership; the
trigger writes the history. A membership that somebody else wrote meanwhile (`version`) is left to the next review.
"""

from loyalty.models import Measure, Period

ONE = "c.id = %(customer)s::bigint"
SOME = "c.id = ANY(%(ids)s::bigint[])"
SLICE = "c.id >= %(low)s AND c.id < %(high)s"

_GROWTH = """
    SELECT w.customer_id, sum(-v.contra)::bigint AS measure
    FROM ({members}) w
    JOIN loyalty_movement v ON v.customer_id = w.customer_id AND v.unit = 2
    LEFT JOIN loyalty_movement f ON f.customer_id = v.customer_id AND f.id = v.of_id
    LEFT JOIN org_store s ON s.id = coalesce(f.store_id, v.store_id)
    WHERE (v.kind IN (1, 8, 11) OR (v.kind = 10 AND f.kind = 11))
      AND (coalesce(f.occurred_at, v.occurred_at) AT TIME ZONE coalesce(s.timezone, %(zone)s))::date
          BETWEEN w.from_on AND w.to_on
    GROUP BY w.customer_id"""
_SPEND = """
    SELECT w.customer_id, floor(sum(p.amount - p.returned))::bigint AS measure
    FROM ({members}) w
    JOIN customers_purchase p ON p.customer_id = w.customer_id AND p.business_date BETWEEN w.from_on AND w.to_on
    GROUP BY w.customer_id"""
_VISITS = """
    SELECT w.customer_id, count(DISTINCT p.business_date)::bigint AS measure
    FROM ({members}) w
    JOIN customers_purchase p ON p.customer_id = w.customer_id AND p.business_date BETWEEN w.from_on AND w.to_on
    WHERE p.returned = 0 OR p.returned < p.amount
    GROUP BY w.customer_id"""
MEASURES = {Measure.GROWTH: _GROWTH, Measure.SPEND: _SPEND, Measure.VISITS: _VISITS}


def begins(period: Period, day: str) -> str:
    """The first day of the period that holds a day; of the last months: of those that end with it."""
    return {
        Period.CALENDAR_YEAR: f"date_trunc('year', ({day})::timestamp)::date",
        Period.ROLLING: f"(({day}) + 1 - make_interval(months => %(months)s))::date",
        Period.MEMBERSHIP_YEAR: f"(joined + make_interval(years => extract(year FROM age({day}, joined))::int))::date",
    }[period]


def ends(period: Period, day: str) -> str:
    """The last day of the period that holds a day; of the last months: as many months on."""
    return {
        Period.CALENDAR_YEAR: f"make_date(extract(year FROM {day})::int, 12, 31)",
        Period.ROLLING: f"(({day}) + make_interval(months => %(months)s))::date",
        Period.MEMBERSHIP_YEAR: "(joined + make_interval(years => 1 + extract(year FROM "
        f"age({day}, joined))::int))::date - 1",
    }[period]


def kept_to(period: Period, day: str) -> str:
    """Until when a tier that is reached on a day is kept: the end of the period after the one it was reached in."""
    if period is Period.ROLLING:
        return ends(period, day)
    return ends(period, f"{ends(period, day)} + 1")


def next_end(period: Period, day: str) -> str:
    """Until when a tier is kept for another period."""
    return ends(period, day if period is Period.ROLLING else f"{day} + 1")


STATE = [
    "tier",
    "since",
    "reached_on",
    "scheme_id",
    "measure",
    "threshold",
    "keep_until",
    "notice_on",
    "grace_until",
    "locked_until",
    "paid_tier",
    "paid_until",
    "before",
]
_COLUMNS = [
    "customer_id",
    "came_from",
    "changed_at",
    "changed_on",
    "reason",
    "actor",
    "cause",
    "version",
    *STATE,
]
_LIVING = "c.merged_into_id IS NULL AND c.erased_at IS NULL AND NOT c.is_stub"
UNLOCKED = "(m.locked_until IS NULL OR m.locked_until < %(on)s::date)"
_JOINED = "(coalesce(c.enrolled_at, c.created_at) AT TIME ZONE %(zone)s)::date"
_UNPAID = "NOT (m.paid_tier <> '' AND m.paid_tier = m.tier AND m.paid_until + %(grace)s >= %(on)s::date)"


def members_of(
    who: str, where: str, begin: str, end: str, *, all_of: bool = False, more: str = "", beside: str = ""
) -> str:
    """The members it is about as `w`, with the period as `from_on`, `to_on`. `more`: columns of what is joined."""
    join = "LEFT JOIN" if all_of else "JOIN"
    return f"""
    SELECT w.*, {begin} AS from_on, ({end})::date AS to_on{more} FROM (
        SELECT c.id AS customer_id, {_JOINED} AS joined, coalesce(m.version, 0) AS version,
            coalesce(m.tier, %(base)s) AS tier, m.since, m.changed_at, m.reached_on, m.scheme_id, m.threshold,
            m.keep_until, m.notice_on, m.grace_until, m.locked_until, coalesce(m.paid_tier, '') AS paid_tier,
            m.paid_until, m.before, m.reason, m.actor, m.cause, m.came_from, m.changed_on
        FROM customers_customer c {join} loyalty_membership m ON m.customer_id = c.id
        WHERE {who} AND {_LIVING} AND {where}
    ) w {beside}"""  # noqa: S608


def measured(measure: Measure, members: str) -> str:
    """Each with the measure, as `x`. Grouped by customer, so that it is computed once, wherever it is named."""
    sums = MEASURES[measure].format(members=members)
    return f"""(
    SELECT w.*, coalesce(g.measure, 0) AS measure
    FROM ({members}) w LEFT JOIN ({sums}) g ON g.customer_id = w.customer_id
) x"""  # noqa: S608


def write(source: str, found: str, values: dict[str, str], *, is_change: bool = True) -> str:
    """Write these values for the members `x` as far as `found` (joins, conditions); columns that are not named stay."""
    told = {name: f"x.{name}" for name in STATE} | {"measure": "x.measure"}
    told |= {"customer_id": "x.customer_id", "version": "x.version + 1"}
    if is_change:
        told |= {
            "came_from": "x.tier", "changed_at": "greatest(%(at)s::timestamptz, x.changed_at)", "cause": "''",
            "changed_on": "%(on)s::date", "actor": "%(actor)s",
        }  # fmt: skip
    else:
        told |= {
            name: f"x.{name}"
            for name in ("came_from", "changed_at", "changed_on", "reason", "actor", "cause")
        }
    told |= values
    listed = ", ".join(_COLUMNS)
    chosen = ", ".join(told[name] for name in _COLUMNS)
    kept = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name != "customer_id")
    return f"""
INSERT INTO loyalty_membership AS known ({listed})
SELECT {chosen} FROM {source} {found}
ON CONFLICT (customer_id) DO UPDATE SET {kept} WHERE known.version + 1 = excluded.version"""  # noqa: S608


NOW = "JOIN loyalty_tier t ON t.scheme_id = %(scheme)s AND t.code = x.tier"
FRESH = {"notice_on": "NULL", "grace_until": "NULL"}


def upgrade(measure: Measure, period: Period, who: str) -> str:
    """To the highest tier that the measure reaches."""
    members = members_of(who, UNLOCKED, begins(period, "%(on)s::date"), "%(on)s::date", all_of=True)
    found = f"""{NOW}
CROSS JOIN LATERAL (
    SELECT u.code, u.rank, u.threshold FROM loyalty_tier u
    WHERE u.scheme_id = %(scheme)s AND NOT u.is_paid AND u.threshold <= x.measure ORDER BY u.rank DESC LIMIT 1
) r
WHERE r.rank > t.rank"""  # noqa: S608
    state = ", ".join(f"'{name}', x.{name}" for name in STATE if name not in {"measure"})
    return write(
        measured(measure, members),
        found,
        {
            "tier": "r.code", "since": "greatest(%(at)s::timestamptz, x.changed_at)", "reached_on": "%(on)s::date",
            "scheme_id": "%(scheme)s", "threshold": "r.threshold", "reason": "1",
            "keep_until": kept_to(period, "%(on)s::date").replace("joined", "x.joined"),
            "before": f"jsonb_build_object({state})", "locked_until": "NULL",
        }
        | FRESH,
    )  # fmt: skip


def _ending(measure: Measure, period: Period, who: str, where: str, until: str) -> str:
    """Members whose tier is to be kept, with the measure of the period that ends with `keep_until`."""
    members = members_of(who, f"{UNLOCKED} AND {_UNPAID} AND {where}", begins(period, "w.keep_until"), until)
    return measured(measure, members)


def keep(measure: Measure, period: Period, who: str) -> str:
    """The threshold for keeping was reached, by the end or within the grace."""
    found = _ending(
        measure, period, who, "m.keep_until <= %(on)s::date", "least(%(on)s::date, w.keep_until + %(grace)s)"
    )
    until = next_end(period, "x.keep_until").replace("joined", "x.joined")
    kept = {"keep_until": until, "reason": "2", "before": "NULL", "threshold": "t.keep_threshold"} | FRESH
    return write(found, f"{NOW} WHERE t.rank > 0 AND x.measure >= t.keep_threshold", kept)


def downgrade(measure: Measure, period: Period, who: str) -> str:
    """Not kept, and the grace is over."""
    found = _ending(
        measure, period, who, "m.keep_until + %(grace)s <= %(on)s::date", "w.keep_until + %(grace)s"
    )
    lower = f"""{NOW}
CROSS JOIN LATERAL (
    SELECT u.code, u.rank FROM loyalty_tier u
    WHERE u.scheme_id = %(scheme)s AND u.rank < t.rank
      AND ((NOT u.is_paid AND (%(one_step)s OR u.threshold <= x.measure))
           OR (u.code = x.paid_tier AND x.paid_until + %(grace)s >= %(on)s::date))
    ORDER BY u.rank DESC LIMIT 1
) r
WHERE t.rank > 0 AND x.measure < t.keep_threshold"""  # noqa: S608
    until = next_end(period, "x.keep_until" if period is not Period.ROLLING else "%(on)s::date")
    ended = lowered(until.replace("joined", "x.joined")) | {"threshold": "t.keep_threshold"}
    ended["keep_until"] = f"CASE WHEN r.code = x.paid_tier THEN x.paid_until ELSE {ended['keep_until']} END"
    return write(found, lower, ended)


def lowered(until: str) -> dict[str, str]:
    return {
        "tier": "r.code", "since": "greatest(%(at)s::timestamptz, x.changed_at)", "reached_on": "NULL",
        "keep_until": f"CASE WHEN r.rank > 0 THEN {until} END", "reason": "3", "before": "NULL",
        "locked_until": "NULL", "scheme_id": "%(scheme)s",
    } | FRESH  # fmt: skip


def grace(measure: Measure, period: Period, who: str) -> str:
    """Not kept so far: the grace begins."""
    where = (
        "m.keep_until <= %(on)s::date AND m.keep_until + %(grace)s > %(on)s::date AND m.grace_until IS NULL"
    )
    found = _ending(measure, period, who, where, "%(on)s::date")
    return write(
        found,
        f"{NOW} WHERE t.rank > 0 AND x.measure < t.keep_threshold",
        {"grace_until": "x.keep_until + %(grace)s"},
        is_change=False,
    )


def notice(measure: Measure, period: Period, who: str) -> str:
    """Soon to end and not kept yet: the member is told."""
    where = (
        "m.keep_until > %(on)s::date AND m.keep_until - %(notice)s <= %(on)s::date AND m.notice_on IS NULL"
    )
    found = _ending(measure, period, who, where, "%(on)s::date")
    return write(
        found,
        f"{NOW} WHERE t.rank > 0 AND x.measure < t.keep_threshold",
        {"notice_on": "%(on)s::date"},
        is_change=False,
    )
