"""Dedicated agents by hand: somebody chooses another one. And what a merge and its undoing do to them.

Who chose whom is in the audit trail. A choice stands until the member loses the tier, or the agent may not be theirs
any more; then the next night deals anew (`dealing.py`).
"""

from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib import edits
from crm.lib.refusals import Fault, Refusal
from customers import present
from customers.merging import followers as merging
from customers.models import Customer
from customers.receiving import database
from loyalty.models import DedicatedAgent
from loyalty.tiers import agents
from loyalty.tiers.agents import Able


class NoAgentPromised(Refusal):
    code: ClassVar[str] = "no_agent_promised"

    def __init__(self) -> None:
        super().__init__(_("Their tier does not promise a dedicated agent."))


class NotTheirAgent(Refusal):
    code: ClassVar[str] = "not_their_agent"

    def __init__(self) -> None:
        told = _("This person does not see the customer, or does not work here any more.")
        super().__init__(told, faults=(Fault("agent", told),))


class Choice(NamedTuple):
    """Somebody who may be a member's agent, and of how many they are it now."""

    who: Able
    load: int


def choices(customer: Customer) -> list[Choice]:
    """Who may be a member's agent: the nearest circle first, in it who has the fewest members."""
    people = agents.able([customer.home_store_id])
    load = agents.loads(one.id for one in people)
    found = [Choice(one, load[one.id]) for one in people]
    return sorted(found, key=lambda one: (one.who.circle, one.load, one.who.name, one.who.id))


def choose(
    customer: Customer, agent: str, *, by: Any, at: datetime, based_on: dict[str, Any] | None = None
) -> DedicatedAgent:
    """Give a member this agent (the employee number). The one they have already changes nothing.

    `based_on`: what the author saw, {"agent": number or ""}. Raises NoAgentPromised, NotTheirAgent, ChangedMeanwhile,
    Erased.
    """
    with transaction.atomic():
        database.enter(database.cursor())
        present.hold(customer.pk)
        rows = DedicatedAgent.objects.select_for_update(of=("self",)).select_related("staff")
        kept = rows.filter(customer=customer).first()
        if not agents.is_promised(customer.pk, at):
            raise NoAgentPromised
        now = kept.staff.code if kept else ""
        _check_seen(kept, now, agent, based_on)
        if kept is not None and now == agent:
            return kept
        found = next((one for one in agents.able([customer.home_store_id]) if one.code == agent), None)
        if found is None:
            raise NotTheirAgent
        return _write(customer, kept, found, by, at)


def _check_seen(kept: DedicatedAgent | None, now: str, agent: str, based_on: dict[str, Any] | None) -> None:
    try:
        edits.changes({"agent": now}, {"agent": agent}, based_on)
    except edits.ChangedMeanwhile as lost:
        authors = {"agent": (kept.by, kept.since)} if kept else {}
        raise edits.ChangedMeanwhile(lost.now, kept, authors) from lost


def _write(
    customer: Customer, kept: DedicatedAgent | None, found: Able, by: Any, at: datetime
) -> DedicatedAgent:
    before = kept.staff_id if kept else None
    made, _is_new = DedicatedAgent.objects.update_or_create(
        customer=customer, defaults={"staff_id": found.id, "since": at, "by": trail.actor_name(by)}
    )
    trail.record(
        "agent.choose", f"customers.customer:{customer.pk}", by=by, store_id=customer.home_store_id,
        details={"from": before, "to": found.id},
    )  # fmt: skip
    return made


def merged(cur: Any, joined: merging.Joined) -> dict[str, Any] | None:
    """A survivor without an agent takes over the other's; the night looks whether it may be theirs."""
    cur.execute(_TAKE_OVER, {"survivor": joined.survivor, "loser": joined.loser})
    taken = cur.fetchone()
    return {"staff": taken[0], "since": taken[1]} if taken else None


def unmerged(cur: Any, joined: merging.Joined, memo: dict[str, Any] | None) -> None:
    """What was taken over goes again, unless another one was chosen since."""
    if memo is not None:
        cur.execute(_LET_GO, {"survivor": joined.survivor, **memo})


FOLLOWER = merging.Follower("agents", merged, unmerged)
_TAKE_OVER = """
INSERT INTO loyalty_dedicatedagent (customer_id, staff_id, since, "by")
SELECT %(survivor)s, o.staff_id, o.since, o."by" FROM loyalty_dedicatedagent o WHERE o.customer_id = %(loser)s
ON CONFLICT (customer_id) DO NOTHING
RETURNING staff_id, since::text
"""
_LET_GO = """
DELETE FROM loyalty_dedicatedagent
WHERE customer_id = %(survivor)s AND staff_id = %(staff)s AND since = %(since)s::timestamptz
"""
