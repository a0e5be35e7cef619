"""Groups for loyalty, as people stand in the published night: coupons for a group, what a simulation gives each."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from customers import nights
from loyalty.coupons.audiences import Audience, offer
from loyalty.simulation import groups
from segmentation.models import Group

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


def fill() -> None:
    offer(Audience("segment", _("Segments"), _groups, _members))
    groups.use(_groups_of, lambda: dict(_groups()))


def _groups() -> Sequence[tuple[str, Any]]:
    return [(group.code, group.name) for group in Group.objects.order_by("position", "pk")]


def _groups_of(customer_ids: Sequence[int]) -> Mapping[int, str]:
    night = nights.published()
    with connection.cursor() as cursor:
        cursor.execute(_GROUPS, {"ids": list(customer_ids), "night": night.pk if night else 0})
        return dict(cursor.fetchall())


def _members(key: str) -> tuple[str, dict[str, Any]]:
    night = nights.published()
    return _MEMBERS, {"group": key, "night": night.pk if night else 0}
