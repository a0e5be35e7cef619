"""Searching in the background. A search that is killed begins again; its matches are written at once, at its end."""

from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.audit import trail
from crm.jobs import queue
from crm.jobs.claim import Claim
from crm.jobs.registry import job
from crm.lib.refusals import Fault, Refusal
from crm.org.scope import Viewer
from customers import nights
from segmentation import generations
from segmentation.lookalikes import seeds
from segmentation.models import Among, LookAlike, LookAlikeMatch

KIND = "lookalikes"
MOST = range(1, 50_001)


class SearchInvalid(Refusal):
    code = "search_invalid"


def start(viewer: Viewer, *, seed: str, key: str, among: str, most: int, by: Any) -> LookAlike:
    """Search in the viewer's stores. Raises SeedUnknown, and SearchInvalid where there was no night to go by."""
    title = seeds.title_of(seed, key)
    if most not in MOST:
        limits = {"a": MOST.start, "b": MOST.stop - 1}
        raise SearchInvalid(
            _("This cannot be searched."), faults=(Fault("most", str(_("From %(a)s to %(b)s.") % limits)),)
        )
    if nights.published() is None:
        raise SearchInvalid(_("The first night has not run yet; there is nothing to compare people by."))
    own = viewer.scope().store_ids
    with transaction.atomic():
        one = LookAlike.objects.create(
            seed=seed, key=key, title=title, among=Among(among), most=most,
            stores=None if own is None else sorted(own), created_by=trail.actor_name(by),
        )  # fmt: skip
        one.job = queue.enqueue(KIND, key=str(one.pk), params={"search": one.pk}, by=by)
        one.save(update_fields=["job"])
        trail.record(
            "lookalikes.start", one, by=by, details={"seed": f"{seed}:{key}", "among": among, "most": most}
        )
    return one


def remove(one: LookAlike, *, by: Any) -> None:
    """Stop a search if it runs, and forget whom it found."""
    with transaction.atomic():
        kept = LookAlike.objects.select_for_update(of=("self",)).select_related("job").get(pk=one.pk)
        if kept.job is not None and not kept.job.is_ended:
            queue.cancel(kept.job, by=by)
        LookAlikeMatch.objects.filter(lookalike=kept).delete()
        trail.record("lookalikes.remove", kept, by=by, details={"seed": f"{kept.seed}:{kept.key}"})
        kept.delete()


@job(KIND)
def run(claim: Claim) -> None:
    from segmentation.lookalikes.searching import Search  # numpy

    one = LookAlike.objects.filter(pk=claim.params["search"]).first()
    night = nights.published()
    if one is None or night is None:
        return  # removed meanwhile
    search = Search(one, night.on, night.window_days, settings.HOME.path / "tmp", tell=claim.progress)
    found = search.run()
    with claim.slice(done=1 if found is None else None), connection.cursor() as cursor:
        cursor.execute("DELETE FROM segmentation_lookalikematch WHERE lookalike_id = %s", [one.pk])
        if found is not None:
            _write(one, found)
        figures = search.figures | {"night": night.on.isoformat(), "ended_at": timezone.now().isoformat()}
        LookAlike.objects.filter(pk=one.pk).update(figures=figures)


def _write(one: LookAlike, found: Any) -> None:
    """Who was erased, or has said no, while the search looked at others is left out."""
    with connection.cursor() as cursor:
        is_gone, objects = generations.barred(cursor, found.customer)
    told = zip(
        found.customer.tolist(), found.scores.tolist(), found.is_profile.tolist(), found.shared, strict=True
    )
    rows = [row for row, is_barred in zip(told, (is_gone | objects).tolist(), strict=True) if not is_barred]
    LookAlikeMatch.objects.bulk_create(
        (
            LookAlikeMatch(
                customer_id=pk, lookalike=one, rank=rank, score=int(100 * score + 0.5), is_profile=is_profile,
                shared=shared,
            )
            for rank, (pk, score, is_profile, shared) in enumerate(rows, start=1)
        ),
        batch_size=2000,
    )  # fmt: skip
