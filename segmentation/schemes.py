"""Changing how RFM is scored, and the groups. A change holds from the next night on (or run one now)."""

from itertools import pairwise
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.audit import trail
from crm.lib import edits
from crm.lib.edits import ChangedMeanwhile
from crm.lib.refusals import Fault, Refusal
from segmentation import grid
from segmentation.models import Group, Method, Scheme

MEASURES = ("recency", "frequency", "monetary")
BUCKETS = range(3, 11)
WINDOW_DAYS = range(1, 3661)
MOST_CUT = 10**12  # whole currency: more than any amount that is kept
MOST_PERCENT = 99  # of the high and the medium class together


class SchemeInvalid(Refusal):
    code = "scheme_invalid"


def groups() -> list[Group]:
    """All groups in their order; the product's eleven are made on first use."""
    if not Group.objects.exists():
        rows = [
            Group(code=c, colour=k, position=10 * i) for i, (c, k) in enumerate(grid.COLOURS.items(), start=1)
        ]
        with trail.first_use("segmentation.group"):
            Group.objects.bulk_create(rows, ignore_conflicts=True)
    return list(Group.objects.all())


def change(*, by: Any, based_on: dict[str, Any] | None = None, **settings: Any) -> Scheme:
    """A new version of the scheme with these settings changed (see `Scheme.settings`).

    The present one when nothing changes. A new number of buckets without a new grid takes the default grid of that
    size. `based_on`: the settings that the author saw. Refuses what could not be scored, naming each field, and what
    somebody else changed meanwhile.
    """
    with transaction.atomic():
        Scheme.objects.select_for_update().order_by("pk").first()  # versions are made one after another
        now = Scheme.current()
        mine = _changes(now, settings, based_on)
        if mine.get("buckets", now.buckets) != now.buckets and "grid" not in mine:
            mine["grid"] = grid.default_grid(mine["buckets"])
        wanted = now.settings() | mine
        if wanted == now.settings():
            return now
        if faults := tuple(_faults(wanted)):
            raise SchemeInvalid(_("The scheme cannot be used like this."), faults=faults)
        scheme = Scheme.objects.create(**wanted, created_by=trail.actor_name(by))
        before = now.settings()
        changed = {name: (before[name], value) for name, value in wanted.items() if value != before[name]}
        trail.record("scheme.change", scheme, by=by, details={"from": now.pk}, changes=changed)
    return scheme


def _changes(now: Scheme, settings: dict[str, Any], based_on: dict[str, Any] | None) -> dict[str, Any]:
    try:
        return edits.changes(now.settings(), settings, based_on)
    except ChangedMeanwhile as refusal:
        refusal.authors = edits.authors(Scheme.objects.order_by("-pk")[:50], refusal.now)
        raise


def set_cell(*, by: Any, r: int, x: int, group: str) -> Scheme:
    """Give one cell of the grid to another group."""
    drawn = [list(row) for row in Scheme.current().grid]
    if not (1 <= r <= len(drawn) and 1 <= x <= len(drawn)):
        raise SchemeInvalid(_("The grid has no such cell."), faults=(Fault("grid", str(_("No such cell."))),))
    drawn[r - 1][x - 1] = group
    return change(by=by, grid=drawn)


def edit_group(
    group: Group,
    *,
    by: Any,
    based_on: dict[str, Any] | None = None,
    names: dict[str, str],
    colour: str,
    position: int,
) -> None:
    """Rename, colour or move a group; its code stays, because history names it.

    `based_on`: what the author saw of the three. Raises ChangedMeanwhile; then nothing has changed.
    """
    own = {language: name.strip() for language, name in names.items() if name.strip()}
    wanted: dict[str, Any] = {"names": own, "colour": colour, "position": position}
    with transaction.atomic():
        kept = Group.objects.select_for_update().get(pk=group.pk)
        now = {name: getattr(kept, name) for name in wanted}
        mine = edits.changes(now, wanted, based_on, kept)
        changed = {name: (now[name], value) for name, value in mine.items() if value != now[name]}
        if changed:
            for name in changed:
                setattr(kept, name, mine[name])
            kept.full_clean()
            kept.save(update_fields=sorted(changed))
            trail.record("group.edit", kept, by=by, details={"fields": sorted(changed)}, changes=changed)


def add_group(*, by: Any, code: str, names: dict[str, str], colour: str, position: int = 200) -> Group:
    """A group of the chain's own; it holds nobody until a cell of the grid names it."""
    with transaction.atomic():
        group = Group(code=code, names=names, colour=colour, position=position)
        group.full_clean()
        group.save()
        trail.record("group.add", group, by=by, details={"code": code})
    return group


def _faults(s: dict[str, Any]) -> list[Fault]:
    buckets, faults = s["buckets"], []
    if buckets not in BUCKETS:
        return [Fault("buckets", str(_("From 3 to 10.")))]
    if s["window_days"] not in WINDOW_DAYS:
        faults.append(Fault("window_days", str(_("From 1 to 3660 days."))))
    shares = s["high_percent"], s["medium_percent"]
    if min(shares) < 1 or sum(shares) > MOST_PERCENT:
        faults.append(
            Fault("high_percent", str(_("High and medium together must leave something to the low class.")))
        )
    if s["method"] == Method.FIXED:
        faults += [
            fault for measure in MEASURES if (fault := _cuts_fault(measure, s["cuts"].get(measure), buckets))
        ]
    codes = {group.code for group in groups()}
    if len(s["grid"]) != buckets or any(len(row) != buckets for row in s["grid"]):
        faults.append(Fault("grid", str(_("The grid needs as many rows and columns as there are scores."))))
    elif unknown := {code for row in s["grid"] for code in row} - codes:
        faults.append(
            Fault("grid", str(_("Unknown group: %(codes)s.") % {"codes": ", ".join(sorted(unknown))}))
        )
    if s["lapsed_group"] not in codes:
        faults.append(
            Fault("lapsed_group", str(_("Unknown group: %(codes)s.") % {"codes": s["lapsed_group"]}))
        )
    return faults


def _cuts_fault(measure: str, cuts: Any, buckets: int) -> Fault | None:
    """Limits rise, are whole, not negative and not larger than money can be, and are one fewer than the buckets."""
    whole = isinstance(cuts, list) and all(isinstance(cut, int) and cut >= 0 for cut in cuts)
    if whole and max(cuts, default=0) > MOST_CUT:
        return Fault(f"cuts.{measure}", str(_("Limits have twelve digits at most.")))
    if whole and len(cuts) == buckets - 1 and all(a < b for a, b in pairwise(cuts)):
        return None
    return Fault(f"cuts.{measure}", str(_("%(n)s rising whole numbers are needed.") % {"n": buckets - 1}))
