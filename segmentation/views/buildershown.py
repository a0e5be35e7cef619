"""A description as the builder shows it: each group and condition with its place, its fields and its faults."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from customers.attributes import OPERATORS, Behaviour, registry
from segmentation.building.inputs import NEVER, is_never
from segmentation.building.shape import Json, below, children, how_of, kind_of
from segmentation.segments.reading import COUNTED
from segmentation.views.builderfields import Choice, Fields, Value, choices_of, days, fields_of
from segmentation.views.nameable import Nameable

Faults = dict[str, list[tuple[str, str]]]


@dataclass(frozen=True)
class Deed:
    """A behaviour's fields. `dids`: where another one can be chosen."""

    name: str
    label: str
    rows: list[Fields]
    narrow: list[Choice]
    whens: list[Choice]
    when: Value | None
    dids: list[Choice] = field(default_factory=list)


@dataclass(frozen=True)
class Shown:
    """A node. `acts`: what can be done to it, by the names of `editing.ACTS`."""

    place: str
    name: str
    kind: str  # "group", or what `shape.kind_of` says
    label: str
    faults: list[str]
    acts: frozenset[str]
    help: str = ""
    hows: list[Choice] = field(default_factory=list)
    of: list["Shown"] = field(default_factory=list)
    fields: Fields | None = None
    deeds: list[Deed] = field(default_factory=list)
    counts: list[Choice] = field(default_factory=list)
    within: Any = ""
    segments: list[Choice] = field(default_factory=list)

    @property
    def anchor(self) -> str:
        return f"n{self.place}"


class Page:
    """Shows a whole description; `others` are the segments that can be named in it."""

    def __init__(self, faults: Faults, others: Nameable) -> None:
        self.faults = faults
        self.others = others

    def node(self, node: Json, place: str = "", acts: frozenset[str] = frozenset()) -> Shown:
        if how_of(node):
            return self._group(node, place, acts)
        shown: dict[str, Any] = {
            "attribute": self._attribute, "did": self._did, "first": self._then, "member_of": self._member_of,
        }[kind_of(node)](node, f"c{place}")  # fmt: skip
        faults = [detail for _part, detail in self.faults.get(place, [])]
        return Shown(place=place, name=f"c{place}", kind=kind_of(node), faults=faults, acts=acts, **shown)

    def _group(self, node: Json, place: str, acts: frozenset[str]) -> Shown:
        row = children(node)
        of = [self.node(child, below(place, n), _acts(row, n, place)) for n, child in enumerate(row)]
        faults = [detail for _part, detail in self.faults.get(place, [])]
        hows = choices_of(hows_in_words(), {how_of(node)})
        label = hows_in_words()[how_of(node)]
        return Shown(place, f"c{place}", "group", label, faults, acts, hows=hows, of=of)

    def _attribute(self, node: Json, name: str) -> dict[str, Any]:
        attribute = registry.attribute(node["attribute"])
        if attribute is None:
            return {"label": _("No longer there: %(code)s") % {"code": node["attribute"]}}
        found = fields_of(node, name, attribute, OPERATORS[attribute.kind], of=attribute.code)
        return {"label": str(attribute.label), "help": str(attribute.help), "fields": found}

    def _did(self, node: Json, name: str) -> dict[str, Any]:
        behaviour = registry.behaviour(node["did"])
        if behaviour is None:
            return {"label": _("No longer there: %(code)s") % {"code": node["did"]}}
        measures = {one.code: str(one.label) for one in behaviour.measures}
        measure = next(
            (one for one in behaviour.measures if one.code == node.get("count")), behaviour.measures[0]
        )
        asked = fields_of(node, name, measure, COUNTED)
        never = [Choice(NEVER, pgettext("condition", "never"), is_never(node))]
        ops = [Choice(one.value, one.label, one.is_on and not is_never(node)) for one in asked.operators]
        value = None if is_never(node) else asked.value
        return {
            "label": str(behaviour.label), "help": str(behaviour.help), "deeds": [_deed(node, name, behaviour)],
            "fields": Fields(name, "", [*ops, *never], value),
            "counts": [] if is_never(node) else choices_of(measures, {measure.code}),
        }  # fmt: skip

    def _then(self, node: Json, name: str) -> dict[str, Any]:
        deeds = [
            _deed(node[part], f"{name}.{part}", behaviour, dids=_dids(behaviour.code))
            for part in ("first", "then")
            if (behaviour := registry.behaviour(node[part]["did"]))
        ]
        return {
            "label": _("First one, later the other"),
            "deeds": deeds,
            "within": node.get("within_days", ""),
        }

    def _member_of(self, node: Json, name: str) -> dict[str, Any]:
        names = self.others.names
        blank = {} if node["member_of"] in names else {"": _("Please choose")}
        return {"label": _("Is in the segment"), "segments": choices_of(blank | names, {node["member_of"]})}


def hows_in_words() -> dict[str, str]:
    return {"all": _("all of these"), "any": _("at least one of these"), "none": _("none of these")}


def _acts(row: list[Json], number: int, outer: str) -> frozenset[str]:
    """What the buttons offer. The first and the last of a nested group go out of it."""
    acts = {"copy", "remove", "wrap"}
    acts |= {"up"} if number or outer else set()
    acts |= {"down"} if number + 1 < len(row) or outer else set()
    acts |= {"into"} if number and how_of(row[number - 1]) else set()
    return frozenset(acts | ({"unwrap"} if how_of(row[number]) else set()))


def _dids(chosen: str) -> list[Choice]:
    return choices_of({one.code: str(one.label) for one in registry.behaviours()}, {chosen})


def _deed(node: Json, name: str, behaviour: Behaviour, dids: list[Choice] | None = None) -> Deed:
    known = {one.code: one for one in behaviour.fields}
    rows = [
        fields_of(
            row, f"{name}.where.{n}", one, OPERATORS[one.kind], of=f"{behaviour.code}/{one.code}", label=str(one.label)
        )
        for n, row in enumerate(node["where"])
        if (one := known.get(str(row.get("field"))))
    ]  # fmt: skip
    kind = next(iter(node["when"]), "ever")
    return Deed(
        name, str(behaviour.label), rows, choices_of({one.code: str(one.label) for one in behaviour.fields}, set()),
        choices_of(windows_in_words(), {kind}), _when(node["when"], name), dids or [],
    )  # fmt: skip


def windows_in_words() -> dict[str, str]:
    return {
        "ever": pgettext("window", "ever"),
        "last_days": pgettext("window", "in the last days"),
        "longer_ago": pgettext("window", "longer ago than days"),
        "between": pgettext("window", "between two days"),
    }


def _when(when: Json, name: str) -> Value | None:
    kind, told = next(iter(when.items()), ("ever", ""))
    if kind == "between":
        ends = told if isinstance(told, list) and len(told) == 2 else ["", ""]
        names = [f"{name}.when.since", f"{name}.when.until"]
        return Value("two", "date", names, [str(end or "") for end in ends])
    return None if kind == "ever" else days(f"{name}.when.days", str(told))
