"""Scores as attributes: where a customer stands as of the published night.

Scores of a night (`generations.py`) come by the same door: a relation over their table and the night that serves.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.attributes import Attribute, Kind, Relation, registry
from segmentation.models import Group, ValueClass

STANDING = Relation(
    "standing",
    """(SELECT s.customer_id, g.code, s.r, s.f, s.m, s.value_class
    FROM segmentation_standing s JOIN segmentation_group g ON g.id = s.group_id
    WHERE s.night_id <= %(night)s AND (s.ended_night IS NULL OR s.ended_night > %(night)s))""",
)


def _groups() -> Mapping[str, Any]:
    return {group.code: group.name for group in Group.objects.order_by("position", "pk")}


def _score(code: str, label: Any) -> Attribute:
    return Attribute(f"rfm.{code}", label, "scores", Kind.NUMBER, STANDING, f"nullif(standing.{code}, 0)")


ATTRIBUTES = (
    Attribute("rfm.group", _("Group"), "scores", Kind.CHOICE, STANDING, "standing.code", _groups),
    _score("r", _("Score of recency")),
    _score("f", _("Score of frequency")),
    _score("m", _("Score of money")),
    Attribute(
        "rfm.value_class", _("Value class"), "scores", Kind.CHOICE, STANDING, "standing.value_class",
        lambda: {str(value): label for value, label in ValueClass.choices}, is_numbered=True,
    ),
)  # fmt: skip


def fill() -> None:
    registry.offer_heading("scores", pgettext_lazy("attributes", "Scores"), 90)
    registry.offer(*ATTRIBUTES)
