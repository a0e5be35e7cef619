"""A segment before it is saved: how many, how many of them can be reached, what each condition alone would find, who.

Everything is of the stores that the viewer sees. The way from "it holds for them" to "a message goes out" is a funnel:
each stage is part of the one before. Campaigns add theirs (`add_stage`): not contacted too often, not held out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.org.scope import Viewer
from customers.attributes import Moment, Operator
from customers.attributes.consents import code_of
from customers.consents.cells import CELLS, Cell
from customers.models import ContactChannel, Customer, Purpose
from segmentation.segments import evaluating
from segmentation.segments.tree import Group, Is, Node

SAMPLE = 20
# What reaching by a channel takes beside consent. A push needs the app: what it knows comes with campaigns.
_REACHED_BY = {
    ContactChannel.SMS: "person.has_phone",
    ContactChannel.PHONE: "person.has_phone",
    ContactChannel.EMAIL: "person.has_email",
    ContactChannel.WECHAT: "person.has_wechat",
}


@dataclass(frozen=True)
class Stage:
    """One stage of the funnel. `of` is the tree of those who are still in it."""

    code: str
    label: Any
    of: Callable[[Node], Node]


@dataclass(frozen=True)
class Reach:
    code: str
    label: str
    customers: int


@dataclass(frozen=True)
class Preview:
    """`funnel`: the stages in their order; `channels`: those who may be written to, and can be, by each channel.

    `parts`: what each condition of the outermost group finds by itself.
    """

    customers: int
    funnel: list[Reach]
    channels: list[Reach]
    parts: list[int]
    sample: list[Customer] = field(default_factory=list)


def _both(tree: Node, more: Node) -> Node:
    return Group("all", (tree, more))


def _yes(code: str) -> Is:
    return Is(code, Operator.YES)


def may_be_written_to(cell: Cell) -> Node:
    """Consent, and something to write to."""
    known = _REACHED_BY.get(cell.channel)
    asked = (_yes(code_of(cell)), _yes(known)) if known else (_yes(code_of(cell)),)
    return Group("all", asked)


MARKETING = tuple(cell for cell in CELLS if cell.purpose == Purpose.MARKETING)
_CONSENTED = Group("any", tuple(_yes(code_of(cell)) for cell in MARKETING))
_REACHABLE = Group("any", tuple(may_be_written_to(cell) for cell in MARKETING if cell.channel in _REACHED_BY))
_stages: list[Stage] = [
    Stage("consented", _("agreed to offers"), lambda tree: _both(tree, _CONSENTED)),
    Stage("reachable", _("can be reached"), lambda tree: _both(tree, _REACHABLE)),
]


def add_stage(stage: Stage) -> None:
    """Slot: a further stage, after those that are there."""
    _stages.append(stage)


def preview(tree: Node, viewer: Viewer, at: Moment | None = None, *, sample: int = SAMPLE) -> Preview:
    """What a builder shows while somebody edits."""
    at = at or evaluating.moment()
    stages = [tree]
    for stage in _stages:
        stages.append(stage.of(stages[-1]))
    channels = [_both(tree, may_be_written_to(cell)) for cell in MARKETING]
    parts = list(tree.of) if isinstance(tree, Group) else [tree]
    numbers = iter(evaluating.counts([*stages, *channels, *parts], viewer, at))
    named = [("matched", _("in the segment")), *((stage.code, stage.label) for stage in _stages)]
    funnel = [Reach(code, str(label), next(numbers)) for code, label in named]
    by_channel = [Reach(cell.channel.code, str(cell.channel.label), next(numbers)) for cell in MARKETING]
    people = sample_of(tree, viewer, at, sample) if funnel[0].customers and sample else []
    return Preview(funnel[0].customers, funnel, by_channel, list(numbers), people)


def sample_of(tree: Node, viewer: Viewer, at: Moment, size: int = SAMPLE) -> list[Customer]:
    """Some of them, for a look: the same ones as long as the segment is the same."""
    chosen = evaluating.some(tree, viewer, at, size)
    found: Mapping[int, Customer] = Customer.objects.visible_to(viewer).living().in_bulk(chosen)
    return [found[pk] for pk in chosen if pk in found]
