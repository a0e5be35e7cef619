"""Migration over several nights: who stood where at each of them, as flows between one night and the next.

*Up* is a move to a group that stands higher in the chain's own order of groups, *down* one to a lower.
"""

from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from crm.org.scope import Viewer
from segmentation.models import Group
from segmentation.movement import Movement, movement


@dataclass(frozen=True)
class Summary:
    """Of a movement: those who stood somewhere at both nights, how many moved, up and down."""

    both: int
    up: int
    down: int
    largest: tuple[Group, Group, int] | None

    @property
    def moved(self) -> int:
        return self.up + self.down

    @property
    def share(self) -> float:
        return self.moved / self.both if self.both else 0.0


def through(viewer: Viewer, days: list[date]) -> list[Movement]:
    """The movements between each of the days and the next; days that share a night make none."""
    found = [movement(viewer, before, after) for before, after in pairwise(days)]
    return [one for one in found if one and one.from_night.pk != one.to_night.pk]


def chosen(dates: list[date], since: date, until: date, nights: int) -> list[date]:
    """At most `nights` of the published dates from `since` to `until`, both ends among them, evenly spread."""
    inside = sorted({since, until, *(day for day in dates if since < day < until)})
    if len(inside) <= nights:
        return inside
    places = [round(i * (len(inside) - 1) / (nights - 1)) for i in range(nights)]
    return [inside[place] for place in places]


def month_ends(dates: list[date], since: date, until: date) -> list[date]:
    """The last published date of each month from `since` to `until`; `since` itself begins."""
    inside = sorted(day for day in dates if since <= day <= until)
    last = {(day.year, day.month): day for day in inside}
    return sorted({since, until, *last.values()})


def summed(moved: Movement) -> Summary:
    place = {group.code: i for i, group in enumerate(moved.groups)}
    named = {group.code: group for group in moved.groups}
    flows = moved.flows()
    up = sum(n for a, b, n in flows if place[b] < place[a])
    both = sum(n for (a, b), n in moved.counts.items() if a and b)
    largest = (named[flows[0][0]], named[flows[0][1]], flows[0][2]) if flows else None
    return Summary(both, up, sum(n for _a, _b, n in flows) - up, largest)
