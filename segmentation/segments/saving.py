"""Saving segments: making, changing, sharing, archiving, copying them.

A description is never changed: the next version is added, and says from which one its author started. Who may change
what says `owning.py`; whoever sees a segment may copy it. Circles (`asking.py`) are refused here, so that everything
else can follow `member_of` without a look.
"""

from datetime import datetime
from typing import Any, ClassVar

from django.db import connection, transaction
from django.db.models import Func, Value
from django.db.models.functions import Lower, Trim
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib import edits
from crm.lib.edits import ChangedMeanwhile
from crm.lib.refusals import Fault, Refusal
from crm.org.models import Staff
from segmentation.models import Segment, SegmentKind, SegmentVersion
from segmentation.segments import asking, membership, owning
from segmentation.segments.members import newest
from segmentation.segments.reading import InvalidSegment, read
from segmentation.segments.tree import MemberOf, Node, conditions, to_json

DESCRIBED = ("name", "about", "is_shared")


class NameTaken(Refusal):
    code: ClassVar[str] = "segment_name_taken"
    status: ClassVar[int] = 409


class InUse(Refusal):
    """Others ask this segment. `names` are those that the asker sees."""

    code: ClassVar[str] = "segment_in_use"
    status: ClassVar[int] = 409


class Archived(Refusal):
    code: ClassVar[str] = "segment_archived"
    status: ClassVar[int] = 409


@transaction.atomic
def create(
    *,
    by: Any,
    name: str,
    definition: Any,
    about: str = "",
    is_shared: bool = True,
    kind: str = SegmentKind.RULES,
    saved: Any = None,
) -> Segment:
    """A new segment with its first version. `definition`: JSON or a tree; {} of a list. `saved`: that of which it is a
    copy.

    Raises InvalidSegment, NameTaken, Circular.
    """
    _one_after_another()
    tree = _tree(definition, by, kind, saved)
    owner = by if isinstance(by, Staff) else None
    made = Segment(
        name=_free(name), about=about.strip(), kind=kind, owner=owner, is_shared=is_shared or owner is None,
        created_by=trail.actor_name(by),
    )  # fmt: skip
    made.save(force_insert=True)
    _add(made, 1, tree, "", by)
    trail.record("segment.create", made, by=by, details={"kind": str(kind), "shared": made.is_shared})
    return made


@transaction.atomic
def change(
    segment: Segment, definition: Any, *, by: Any, seen: int | None = None, remark: str = ""
) -> SegmentVersion:
    """The next version. `seen`: the number that the author started from. The same description again adds nothing.

    Raises OfTheChain, InvalidSegment, Circular, Archived, and ChangedMeanwhile when there is a newer one than was seen.
    """
    kept, now = _held(segment, seen, by)
    tree = _tree(definition, by, kept.kind, now.definition)
    if tree is None or to_json(tree) == now.definition:
        return now
    asking.refuse_circles(kept.pk, tree)
    return _next(kept, now, tree, remark, by)


@transaction.atomic
def next_list(segment: Segment, *, by: Any, seen: int | None = None, remark: str = "") -> SegmentVersion:
    """The next version of a list, without customers yet (`lists.replace`). Raises as `change` does."""
    kept, now = _held(segment, seen, by)
    return _next(kept, now, None, remark, by)


@transaction.atomic
def describe(segment: Segment, *, by: Any, based_on: dict[str, Any] | None = None, **wanted: Any) -> Segment:
    """Change the name, what it is for, and whether it is for everybody.

    Raises OfTheChain, NameTaken, ChangedMeanwhile.
    """
    kept = _kept(segment, by)
    now = {name: getattr(kept, name) for name in DESCRIBED}
    cleaned = {name: value.strip() if isinstance(value, str) else value for name, value in wanted.items()}
    cleaned |= {"name": _single_spaced(wanted["name"])} if "name" in wanted else {}
    mine = edits.changes(now, {name: cleaned[name] for name in DESCRIBED if name in cleaned}, based_on, kept)
    changed = {name: (now[name], value) for name, value in mine.items() if value != now[name]}
    if "is_shared" in changed and not mine["is_shared"]:
        _refuse_hiding(kept, by)
    if "name" in changed and kept.archived_at is None:
        _free(mine["name"], but=kept.pk)
    if changed:
        for name, (_before, value) in changed.items():
            setattr(kept, name, value)
        kept.save(update_fields=sorted(changed))
        trail.record("segment.describe", kept, by=by, details={"fields": sorted(changed)}, changes=changed)
    return kept


@transaction.atomic
def archive(segment: Segment, *, by: Any, at: datetime) -> None:
    """Take it out of use: its history stays, and nobody is in it any more, for nobody would look after it.

    Raises OfTheChain, and InUse while another in use asks it.
    """
    with connection.cursor() as cursor:
        since = membership.lock(cursor, segment.pk)  # before its row, as whoever settles it does
        kept = _kept(segment, by)
        if kept.archived_at is not None:
            return
        membership.close(cursor, segment.pk, since)
    if others := asking.askers(kept):
        raise InUse(_("Other segments ask this one: %(names)s.") % {"names": asking.names_of(others, by)})
    kept.archived_at = at
    kept.save(update_fields=["archived_at"])
    trail.record("segment.archive", kept, by=by)


@transaction.atomic
def restore(segment: Segment, *, by: Any) -> None:
    """Bring an archived segment back, as a new version, so that it is settled anew.

    Raises OfTheChain, NameTaken; InvalidSegment when it asks an archived one.
    """
    kept = _kept(segment, by)
    if kept.archived_at is None:
        return
    _free(kept.name, but=kept.pk)
    version = newest(kept.pk)
    if version and version.definition:
        _refuse_archived(read(version.definition))
    kept.archived_at = None
    kept.save(update_fields=["archived_at"])
    if version:
        _again(kept, version, by)
    trail.record("segment.restore", kept, by=by)


def _again(kept: Segment, version: SegmentVersion, by: Any) -> None:
    from segmentation.segments import lists

    added = _add(kept, version.number + 1, read(version.definition) if version.definition else None, "", by)
    if kept.kind == SegmentKind.LIST:
        lists.copy_listed(version, added)


@transaction.atomic
def copy(segment: Segment, *, by: Any, name: str) -> Segment:
    """A segment of one's own with the same description; of a list, with the same customers."""
    from segmentation.segments import lists

    version = newest(segment.pk)
    assert version is not None
    made = create(
        by=by,
        name=name,
        about=segment.about,
        is_shared=False,
        kind=segment.kind,
        definition=version.definition,
        saved=version.definition,
    )
    if made.kind == SegmentKind.LIST:
        lists.copy_listed(version, made.versions.get(number=1))
    return made


def _one_after_another() -> None:
    """Segments are written in turn: a circle, or a name, could come of two that do not see each other."""
    Segment.objects.select_for_update(no_key=True).order_by("pk").first()


def _kept(segment: Segment, by: Any) -> Segment:
    """The segment, held until the end of the transaction, if it may be changed."""
    _one_after_another()
    kept = Segment.objects.select_for_update().get(pk=segment.pk)
    owning.require(kept, by)
    return kept


def _held(segment: Segment, seen: int | None, by: Any) -> tuple[Segment, SegmentVersion]:
    """The segment and its newest version, held until the end of the transaction."""
    kept = _kept(segment, by)
    if kept.archived_at is not None:
        raise Archived(_("This segment is archived."))
    now = newest(kept.pk)
    assert now is not None
    if seen is not None and seen != now.number:
        wrote = (now.created_by, now.created_at)
        raise ChangedMeanwhile({"definition": now.definition}, now, {"definition": wrote})
    return kept, now


def _next(kept: Segment, now: SegmentVersion, tree: Node | None, remark: str, by: Any) -> SegmentVersion:
    added = _add(kept, now.number + 1, tree, remark, by)
    trail.record("segment.change", kept, by=by, details={"version": added.number})
    return added


def _tree(definition: Any, by: Any, kind: str, saved: Any = None) -> Node | None:
    """The tree as its author may write it, after the one that was `saved`; None of a list."""
    if kind == SegmentKind.LIST:
        return None
    viewer = by if hasattr(by, "may") else None
    tree = read(to_json(definition) if not isinstance(definition, dict) else definition, viewer, saved)
    _refuse_archived(tree)
    return tree


def _refuse_archived(tree: Node) -> None:
    asked = [one.segment for one in conditions(tree) if isinstance(one, MemberOf)]
    gone = Segment.objects.filter(pk__in=asked, archived_at__isnull=False).order_by("pk").first()
    if gone is not None:
        detail = _("The segment “%(name)s” is archived.") % {"name": gone.name}
        raise InvalidSegment(detail, faults=(Fault("/", detail),))


def _single_spaced(name: str) -> str:
    """As a page shows it: how many spaces there are nobody sees."""
    return " ".join(name.split())


def _free(name: str, but: int | None = None) -> str:
    """A name that no segment in use has, of whatever case and spaces."""
    wanted = _single_spaced(name)
    if not wanted or len(wanted) > 80:
        detail = _("A name of 1 to 80 characters is wanted.")
        raise InvalidSegment(detail, faults=(Fault("/name", detail),))
    spaced = Func(Lower("name"), Value(r"\s+"), Value(" "), Value("g"), function="regexp_replace")
    taken = Segment.objects.in_use().annotate(low=Trim(spaced)).filter(low=wanted.lower())
    if taken.exclude(pk=but).exists():
        detail = _("There is a segment of this name already.")
        raise NameTaken(detail, faults=(Fault("/name", detail),))
    return wanted


def _refuse_hiding(segment: Segment, by: Any) -> None:
    """Who keeps a segment to oneself must own it, and nobody else's may rest on it."""
    if not isinstance(by, Staff) or segment.owner_id != by.pk:
        raise InUse(_("Only its owner can keep a segment to themselves."))
    if others := [one for one in asking.askers(segment) if one.owner_id != segment.owner_id]:
        raise InUse(_("Other segments ask this one: %(names)s.") % {"names": asking.names_of(others, by)})


def _add(segment: Segment, number: int, tree: Node | None, remark: str, by: Any) -> SegmentVersion:
    return SegmentVersion.objects.create(
        segment=segment, number=number, definition=to_json(tree) if tree is not None else {},
        remark=remark.strip()[:200], created_by=trail.actor_name(by),
    )  # fmt: skip
