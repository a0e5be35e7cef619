"""Replaying in the background: a job whose slices add to its result; one that is killed goes on where it was."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from crm.audit import trail
from crm.jobs import queue
from crm.jobs.claim import Claim
from crm.jobs.registry import job
from loyalty.models import Simulation
from loyalty.simulation import drafts
from loyalty.simulation.drafts import Draft

KIND = "simulation"


def start(draft: Draft, *, by: Any) -> Simulation:
    """Have a draft replayed. Raises DraftInvalid."""
    drafts.checked(draft)
    with transaction.atomic():
        return enqueue(kept(draft, by=by), by=by)


def kept(draft: Draft, *, by: Any) -> Simulation:
    """A draft, not replayed yet."""
    return Simulation.objects.create(
        name=draft.name, from_on=draft.from_on, to_on=draft.to_on, draft=draft.as_json(),
        created_by=trail.actor_name(by),
    )  # fmt: skip


def enqueue(one: Simulation, *, by: Any) -> Simulation:
    one.job = queue.enqueue(KIND, key=str(one.pk), params={"simulation": one.pk}, by=by)
    one.save(update_fields=["job"])
    details = {"from": one.from_on.isoformat(), "to": one.to_on.isoformat()}
    trail.record("simulation.start", one, by=by, details=details)
    return one


@job(KIND)
def run(claim: Claim) -> None:
    from loyalty.simulation import replay, running, totals  # numpy

    one = Simulation.objects.get(pk=claim.params["simulation"])
    draft = drafts.read(drafts.encoded(one.draft))
    done = claim.checkpoint.get("done", 0)
    claim.progress(done, replay.count(draft.from_on, draft.to_on))
    sums = claim.checkpoint.get("sums") or totals.empty()
    for after, receipts, _sums in running.slices(draft, sums, after=claim.checkpoint.get("after", 0)):
        done += receipts
        with claim.slice(done=done) as kept:
            kept.update({"after": after, "done": done, "sums": sums})
    with claim.slice(done=done):
        Simulation.objects.filter(pk=one.pk).update(
            result=sums | {"worth": running.worth(draft)}, ended_at=timezone.now()
        )
