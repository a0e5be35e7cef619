"""Movement: who changed group between two nights."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery

from crm.org.scope import Viewer
from customers import nights
from customers.models import Customer, Night
from segmentation.models import Group, Standing

NOWHERE = ""  # no standing yet at that night, or no longer


@dataclass(frozen=True)
class Movement:
    """`counts[(from_code, to_code)]` customers; a code of None: no standing yet (or no longer) at that night.

    Pairs of equal codes are those who stayed. `groups` are all groups in their order.
    """

    from_night: Night
    to_night: Night
    groups: list[Group]
    counts: dict[tuple[str | None, str | None], int]

    def matrix(self) -> list[list[int]]:
        """Rows: the groups at the first night; columns: at the second; in the order of `groups`, in none last."""
        codes = [*(group.code for group in self.groups), None]
        return [[self.counts.get((a, b), 0) for b in codes] for a in codes]

    def flows(self) -> list[tuple[str, str, int]]:
        """(from, to, customers) of those who moved, the largest first."""
        moved = [(a, b, n) for (a, b), n in self.counts.items() if a and b and a != b]
        return sorted(moved, key=lambda flow: (-flow[2], flow[0], flow[1]))


def movement(viewer: Viewer, from_on: date, to_on: date) -> Movement | None:
    """How the customers of the viewer's stores moved between the latest nights up to the two dates.

    None when there is no night up to `from_on`. Home stores are those of now.
    """
    from_night, to_night = nights.night_of(from_on), nights.night_of(to_on)
    if from_night is None or to_night is None:
        return None
    groups = list(Group.objects.all())
    code = {group.pk: group.code for group in groups}
    counts = {
        (code.get(row["was"]), code.get(row["group_id"])): row["n"]
        for row in _pairs(viewer, from_night, to_night)
        .values("was", "group_id")
        .annotate(n=Count("customer_id"))
    }
    gone = _gone(viewer, from_night, to_night).values("group_id").annotate(n=Count("customer_id"))
    counts |= {(code.get(row["group_id"]), None): row["n"] for row in gone}
    return Movement(from_night, to_night, groups, counts)


def movers(viewer: Viewer, from_on: date, to_on: date, from_group: str, to_group: str) -> QuerySet[Customer]:
    """The customers behind one number of the matrix, in no order. NOWHERE is a group's name, too."""
    from_night, to_night = nights.night_of(from_on), nights.night_of(to_on)
    ids = {group.code: group.pk for group in Group.objects.all()} | {NOWHERE: None}
    if from_night is None or to_night is None or not {from_group, to_group} <= set(ids):
        return Customer.objects.none()
    was, is_ = ids[from_group], ids[to_group]
    if is_ is None:
        rows = _gone(viewer, from_night, to_night).filter(group=was)
    else:
        rows = _pairs(viewer, from_night, to_night).filter(was=was, group=is_)
    return Customer.objects.visible_to(viewer).filter(pk__in=rows.values("customer_id"))


def _pairs(viewer: Viewer, from_night: Night, to_night: Night) -> Any:
    """Standings at the second night, each with the group at the first as `was`."""
    before = Standing.objects.at(from_night.pk).filter(customer=OuterRef("customer"))
    rows = Standing.objects.at(to_night.pk).visible_to(viewer)
    return rows.annotate(was=Subquery(before.values("group_id")[:1]))


def _gone(viewer: Viewer, from_night: Night, to_night: Night) -> QuerySet[Standing]:
    """Standings at the first night of customers without one at the second (all returned, merged into another)."""
    now = Standing.objects.at(to_night.pk).values("customer_id")
    return Standing.objects.at(from_night.pk).visible_to(viewer).exclude(customer_id__in=now)
