"""Coupons for the people of a group, as they stand in the published night."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from customers import nights
from loyalty.coupons.audiences import Audience, offer
from segmentation.models import Group

_MEMBERS = """
SELECT customer_id FROM segmentation_standing
WHERE group_id = (SELECT id FROM segmentation_group WHERE code = %(group)s) AND night_id <= %(night)s
    AND (ended_night IS NULL OR ended_night > %(night)s)
"""


def fill() -> None:
    offer(Audience("segment", _("Segments"), _groups, _members))


def _groups() -> Sequence[tuple[str, Any]]:
    return [(group.code, group.name) for group in Group.objects.order_by("position", "pk")]


def _members(key: str) -> tuple[str, dict[str, Any]]:
    night = nights.published()
    return _MEMBERS, {"group": key, "night": night.pk if night else 0}
