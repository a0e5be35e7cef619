"""Changing how clusters are made, and what they are called. A change holds from the next night on."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib import edits
from crm.lib.edits import ChangedMeanwhile
from crm.lib.refusals import Fault, Refusal
from segmentation.models import Cluster, ClusterSettings
from segmentation.models.clusters import FEWEST_CLUSTERS, MOST_CLUSTERS, MOST_DAYS


class ClusterSettingsInvalid(Refusal):
    code = "cluster_settings_invalid"


def change(*, by: Any, based_on: dict[str, Any] | None = None, **settings: Any) -> ClusterSettings:
    """A new version of the settings; the present one when nothing changes.

    `based_on`: what the author saw. Refuses what could not be, naming each field, and what somebody else changed
    meanwhile.
    """
    with transaction.atomic():
        now = _latest()
        before = now.values()
        wanted = before | _changes(before, settings, based_on)
        if wanted == before:
            return now
        if faults := tuple(_faults(wanted)):
            raise ClusterSettingsInvalid(_("Clusters cannot be made like this."), faults=faults)
        version = ClusterSettings.objects.create(**wanted, created_by=trail.actor_name(by))
        changed = {name: (before[name], value) for name, value in wanted.items() if value != before[name]}
        trail.record("clusters.change", version, by=by, details={"from": now.pk}, changes=changed)
    return version


def relearn(*, by: Any) -> ClusterSettings:
    """Ask the next night to learn anew, with the settings as they are: a new version with the same values."""
    with transaction.atomic():
        now = _latest()
        version = ClusterSettings.objects.create(**now.values(), created_by=trail.actor_name(by))
        trail.record("clusters.relearn", version, by=by, details={"from": now.pk})
    return version


def name(
    cluster: Cluster, *, by: Any, names: dict[str, str], colour: str, based_on: dict[str, Any] | None = None
) -> None:
    """Give a cluster names of the chain's own (none: it is called by what sets it apart) and a colour.

    `based_on`: what the author saw of the two. Raises ChangedMeanwhile; then nothing has changed.
    """
    own = {language: text.strip() for language, text in names.items() if text.strip()}
    wanted: dict[str, Any] = {"names": own, "colour": colour}
    with transaction.atomic():
        kept = Cluster.objects.select_for_update().get(pk=cluster.pk)
        now = {field: getattr(kept, field) for field in wanted}
        mine = edits.changes(now, wanted, based_on, kept)
        changed = {field: (now[field], value) for field, value in mine.items() if value != now[field]}
        if changed:
            for field in changed:
                setattr(kept, field, mine[field])
            kept.full_clean()
            kept.save(update_fields=sorted(changed))
            trail.record("cluster.name", kept, by=by, details={"fields": sorted(changed)}, changes=changed)


def _latest() -> ClusterSettings:
    """Versions are made one after another."""
    now = ClusterSettings.current()
    ClusterSettings.objects.select_for_update().order_by("pk").first()
    return ClusterSettings.objects.order_by("-pk").first() or now


def _changes(
    now: dict[str, Any], settings: dict[str, Any], based_on: dict[str, Any] | None
) -> dict[str, Any]:
    try:
        return edits.changes(now, settings, based_on)
    except ChangedMeanwhile as refusal:
        refusal.authors = edits.authors(ClusterSettings.objects.order_by("-pk")[:50], refusal.now)
        raise


def _faults(wanted: dict[str, Any]) -> list[Fault]:
    faults = []
    number, days = wanted["wanted"], wanted["relearn_days"]
    if number is not None and not FEWEST_CLUSTERS <= number <= MOST_CLUSTERS:
        limits = {"a": FEWEST_CLUSTERS, "b": MOST_CLUSTERS}
        faults.append(Fault("wanted", _("From %(a)s to %(b)s.") % limits))
    if days is None or not 1 <= days <= MOST_DAYS:
        faults.append(Fault("relearn_days", _("From %(a)s to %(b)s.") % {"a": 1, "b": MOST_DAYS}))
    return faults
