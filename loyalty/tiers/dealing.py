"""Dealing agents: to members whose tier promises one and who have none, and away from those who lost the tier.

At once for the few whose tier just changed; the night does it for everybody, slice by slice. Who may not be their agent
any more (left, moved, another role) loses the member in the same run. The nearest circle of people is asked
(`agents.py`), and of it who has the fewest members. Is there a nearer circle by a later night, that night moves whom
the system dealt; within one circle nobody is moved. Run again it finds nothing to do.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from crm.jobs.claim import StepProgress
from crm.lib.statements import Statement
from crm.org.models import Chain
from customers.nightrun import NightRun
from customers.receiving import database
from loyalty.tiers import agents
from loyalty.tiers.agents import Able, Promise

BY = "system:agents"


class Dealt(NamedTuple):
    """Members who lost theirs, and who got one."""

    parted: int = 0
    given: int = 0


class Roster:
    """Who may be an agent, with how many members each has by now."""

    def __init__(self, people: list[Able]) -> None:
        self.people = people
        self.load = agents.loads(one.id for one in people)
        self._near: dict[int | None, list[int]] = {}

    def near(self, store: int | None) -> list[int]:
        """The nearest circle that anybody stands in."""
        if store not in self._near:
            seeing = [one for one in self.people if one.sees(store)]
            least = min((one.circle for one in seeing), default=0)
            self._near[store] = [one.id for one in seeing if one.circle == least]
        return self._near[store]

    def take(self, store: int | None) -> int | None:
        """The one of them with the fewest members; None: there is nobody."""
        found = min(self.near(store), key=lambda one: (self.load[one], one), default=None)
        if found is not None:
            self.load[found] += 1
        return found

    def allowed(self) -> dict[str, Any]:
        """Who sees whom, as statements want it: those of the chain, and pairs of person and store."""
        pairs = [(one.id, store) for one in self.people for store in sorted(one.stores or ())]
        return {
            "anywhere": [one.id for one in self.people if one.stores is None],
            "able": [person for person, _store in pairs], "stores": [store for _person, store in pairs],
        }  # fmt: skip

    def nearest(self) -> dict[str, Any]:
        """The nearest circle of each store that somebody names as theirs; of all other stores it is `afar`."""
        local = sorted({store for one in self.people for store in one.stores or ()})
        pairs = [(person, store) for store in local for person in self.near(store)]
        return {
            "afar": self.near(None), "local": local,
            "near": [person for person, _store in pairs], "near_stores": [store for _person, store in pairs],
        }  # fmt: skip


def step(night_run: NightRun, progress: StepProgress) -> None:
    """The night's step, after the tiers were reviewed."""
    promise, at, roster = agents.promised(night_run.on), timezone.now(), Roster(agents.able())
    for number, (low, high) in enumerate(night_run.ranges):
        if not night_run.claim.is_part_done("agents", number):
            with night_run.claim.part("agents", number):
                done = deal(promise, roster, SLICE, {"low": low, "high": high}, at=at, is_night=True)
            for name, count in done._asdict().items():
                progress.counts[f"agents_{name}"] = progress.counts.get(f"agents_{name}", 0) + count
        progress.advance()


def at_once(customer_ids: Iterable[int], *, at: datetime) -> Dealt:
    """For the few whose tier has changed, in the caller's transaction."""
    ids = sorted(set(customer_ids))
    promise = agents.promised(at.astimezone(ZoneInfo(Chain.current().timezone)).date())
    who, which = (ONE, {"customer": ids[0]}) if len(ids) == 1 else (SOME, {"ids": ids})
    with transaction.atomic():
        homes = _homes(who, which) if promise.tiers and ids else []
        return (
            deal(promise, Roster(agents.able(homes) if homes else []), who, which, at=at) if ids else Dealt()
        )


def deal(
    promise: Promise, roster: Roster, who: str, which: dict[str, Any], *, at: datetime, is_night: bool = False
) -> Dealt:
    """Take away what holds no more, by night also what is nearer by now, then give; in the caller's transaction."""
    cur = database.cursor()
    database.enter(cur)
    values = which | {"tiers": promise.tiers, "base": promise.base}
    cur.execute(LOST.format(who=who), values | roster.allowed())
    lost = cur.fetchall()
    if is_night:
        cur.execute(FARTHER.format(who=who), values | roster.nearest() | {"by": BY})
        lost += cur.fetchall()
    for (person,) in lost:
        if person in roster.load:
            roster.load[person] -= 1
    if not promise.tiers:
        return Dealt(parted=len(lost))
    cur.execute(DUE.format(who=who), values)
    given = [(pk, person) for pk, store in cur.fetchall() if (person := roster.take(store)) is not None]
    return Dealt(len(lost), _give(cur, given, at))


def _give(cur: Any, given: Sequence[tuple[int, int]], at: datetime) -> int:
    if not given:
        return 0
    values = {
        "customers": [pk for pk, _person in given], "staff": [person for _pk, person in given], "at": at, "by": BY
    }  # fmt: skip
    cur.execute(GIVE.sql, values)
    return int(cur.rowcount)


def _homes(who: str, which: dict[str, Any]) -> list[int | None]:
    cur = database.cursor()
    cur.execute(f"SELECT DISTINCT p.home_store_id FROM customers_customer p WHERE {who}", which)  # noqa: S608
    return [row[0] for row in cur.fetchall()]


ONE = "p.id = %(customer)s::bigint"
SOME = "p.id = ANY(%(ids)s::bigint[])"
SLICE = "p.id >= %(low)s AND p.id < %(high)s"
# Of members as they are: what a merged one had waits for an un-merge.
LOST = """
DELETE FROM loyalty_dedicatedagent a
USING customers_customer p LEFT JOIN loyalty_membership m ON m.customer_id = p.id
WHERE a.customer_id = p.id AND {who} AND p.merged_into_id IS NULL AND (
    coalesce(m.tier, %(base)s) = ANY(%(tiers)s::text[]) AND (
        a.staff_id = ANY(%(anywhere)s::bigint[])
        OR (a.staff_id, p.home_store_id) IN (SELECT * FROM unnest(%(able)s::bigint[], %(stores)s::bigint[]))
    )
) IS NOT TRUE
RETURNING a.staff_id
"""
# Dealt by the system, and somebody is nearer by now. A choice by hand waits for nobody.
FARTHER = """
DELETE FROM loyalty_dedicatedagent a USING customers_customer p
WHERE a.customer_id = p.id AND {who} AND p.merged_into_id IS NULL AND a."by" = %(by)s AND (CASE
    WHEN p.home_store_id = ANY(%(local)s::bigint[])
    THEN (a.staff_id, p.home_store_id) IN (SELECT * FROM unnest(%(near)s::bigint[], %(near_stores)s::bigint[]))
    ELSE a.staff_id = ANY(%(afar)s::bigint[])
END) IS NOT TRUE
RETURNING a.staff_id
"""
DUE = """
SELECT p.id, p.home_store_id
FROM customers_customer p LEFT JOIN loyalty_membership m ON m.customer_id = p.id
WHERE {who} AND p.merged_into_id IS NULL AND p.erased_at IS NULL AND NOT p.is_stub
    AND coalesce(m.tier, %(base)s) = ANY(%(tiers)s::text[])
    AND NOT EXISTS (SELECT FROM loyalty_dedicatedagent a WHERE a.customer_id = p.id)
ORDER BY p.id FOR KEY SHARE OF p
"""
GIVE = Statement(
    "loyalty.agents_given",
    """
INSERT INTO loyalty_dedicatedagent (customer_id, staff_id, since, "by")
SELECT g.customer_id, g.staff_id, %(at)s::timestamptz, %(by)s
FROM unnest(%(customers)s::bigint[], %(staff)s::bigint[]) AS g (customer_id, staff_id)
ON CONFLICT (customer_id) DO NOTHING
""",
    {"customers": [1], "staff": [1], "at": datetime(2026, 3, 10, 18, tzinfo=UTC), "by": BY},
)
_EXAMPLE = {
    "low": 1, "high": 250_001, "tiers": ["gold"], "base": "member", "anywhere": [1], "able": [2, 3], "stores": [1, 1],
    "afar": [1], "local": [1], "near": [2, 3], "near_stores": [1, 1], "by": BY,
}  # fmt: skip
STATEMENTS = [
    Statement("loyalty.agents_lost", LOST.format(who=SLICE), _EXAMPLE),
    Statement("loyalty.agents_farther", FARTHER.format(who=SLICE), _EXAMPLE),
    Statement("loyalty.agents_due", DUE.format(who=SLICE), _EXAMPLE),
    GIVE,
]
