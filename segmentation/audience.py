"""Groups for loyalty, as people stand in the published night: coupons for a group, what a simulation gives each."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from customers import nights
from loyalty.coupons.audiences import Audience, offer
from loyalty.simulation import groups
from segmentation.models import Group, Segment
from segmentation.segments import uses

_MEMBERS = """
SELECT customer_id FROM segmentation_standing
WHERE group_id = (SELECT id FROM segmentation_group WHERE code = %(group)s) AND night_id <= %(night)s
    AND (ended_night IS NULL OR ended_night > %(night)s)
"""
_GROUPS = """
SELECT s.customer_id, g.code FROM segmentation_standing s JOIN segmentation_group g ON g.id = s.group_id
WHERE s.customer_id = ANY(%(ids)s::bigint[]) AND s.night_id <= %(night)s
    AND (s.ended_night IS NULL OR s.ended_night > %(night)s)
"""


_SAVED = (
    "SELECT customer_id FROM segmentation_segmentspell WHERE segment_id = %(segment)s AND ended_at IS NULL"
)


def fill() -> None:
    offer(Audience("segment", _("Groups"), _groups, _members, _take_group))
    offer(Audience("saved", _("Segments"), saved_segments, members_of_saved, _take_saved))
    groups.use(_groups_of, lambda: dict(_groups()))


def _groups() -> Sequence[tuple[str, Any]]:
    return [(group.code, group.name) for group in Group.objects.order_by("position", "pk")]


def _groups_of(customer_ids: Sequence[int]) -> Mapping[int, str]:
    night = nights.published()
    with connection.cursor() as cursor:
        cursor.execute(_GROUPS, {"ids": list(customer_ids), "night": night.pk if night else 0})
        return dict(cursor.fetchall())


def saved_segments() -> list[tuple[str, str]]:
    """Those for everybody, by name."""
    rows = Segment.objects.filter(is_shared=True).in_use().order_by("name", "pk")
    return [(str(pk), name) for pk, name in rows.values_list("pk", "name")]


def members_of_saved(key: str) -> tuple[str, dict[str, Any]]:
    """Who is in it now."""
    return _SAVED, {"segment": int(key) if key.isascii() and key.isdigit() else 0}


def _take_saved(key: str, used_for: str, by: str) -> tuple[str, dict[str, Any]]:
    sql, values = members_of_saved(key)
    segment = Segment.objects.filter(pk=values["segment"]).first()
    return _taken(segment, "" if segment else f"saved={key}", (sql, values), used_for, by)


def _take_group(key: str, used_for: str, by: str) -> tuple[str, dict[str, Any]]:
    return _taken(None, f"group={key}", _members(key), used_for, by)


def _taken(
    segment: Segment | None, part: str, members: tuple[str, dict[str, Any]], used_for: str, by: str
) -> tuple[str, dict[str, Any]]:
    """Exactly those of whom it is remembered."""

    def ids() -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute(*members)
            return [row[0] for row in cursor.fetchall()]

    _record, found = uses.take(segment, ids, used_for=used_for, by=by, part=part)
    return "SELECT unnest(%(taken)s::bigint[])", {"taken": found}


def _members(key: str) -> tuple[str, dict[str, Any]]:
    night = nights.published()
    return _MEMBERS, {"group": key, "night": night.pk if night else 0}
