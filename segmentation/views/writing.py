"""What a page of the builder holds while somebody writes: read from a form, changed by a button, shown again."""

import json
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from customers.attributes import Behaviour, registry
from segmentation.building import beginning, editing
from segmentation.building.inputs import absorbed
from segmentation.building.shape import Json, at, by_place, how_of, loaded, number_of
from segmentation.segments import reading
from segmentation.views.buildershown import Faults, Page
from segmentation.views.nameable import Nameable


@dataclass(frozen=True)
class Writing:
    """`before`: what an undo brings back, with `undone`, what it takes back in words. `focus`: the id of a field."""

    tree: Json
    before: str = ""
    undone: str = ""
    focus: str = ""
    into: str = ""
    is_picking: bool = False

    @classmethod
    def of(cls, told: QueryDict) -> "Writing":
        """With what stands in the fields."""
        return cls(absorbed(loaded(told.get("tree", "")), told), into=told.get("into", "")[:20])

    def after(self, told: QueryDict) -> "Writing":
        """After the button that was pressed."""
        if what := told.get("add"):
            return self._added(what[:200])
        name, _colon, place = told.get("do", "").partition(":")
        if name == "undo":
            return Writing(loaded(told.get("before", "")), focus="n")
        if name == "pick":
            return replace(self, into=place, is_picking=True)
        if name == "widen":
            return self._widened(place)
        tree, to = editing.act(self.tree, name, place)
        if tree is self.tree:
            return self
        words, text = _words().get(name, ""), json.dumps(self.tree) if name in _words() else ""
        return Writing(tree, text, words, f"n{to}")

    def _added(self, what: str) -> "Writing":
        node = beginning.begun(what)
        into = self.into if how_of(at(self.tree, self.into) or {}) else ""
        if node is None:
            return self
        place = editing.add(self.tree, into, node)
        return replace(self, focus=f"c{place}")

    def _widened(self, name: str) -> "Writing":
        """Without a field that a behaviour was narrowed by: "c0-1.where.2", or "c0.first.where.0"."""
        place, *way = name.removeprefix("c").split(".")
        node = at(self.tree, place) or {}
        deed = node.get(way[0], {}) if way and way[0] in ("first", "then") else node
        rows, number = deed.get("where", []), number_of(way[-1]) if way else None
        if number is None or number >= len(rows):
            return self
        before = json.dumps(self.tree)
        del rows[number]
        return replace(self, before=before, undone=_words()["widen"], focus=f"n{place}")

    def context(self, faults: Faults, others: Nameable) -> dict[str, Any]:
        """What `builder_steps.html` needs."""
        return {
            "root": Page(faults, others).node(self.tree),
            "tree": json.dumps(self.tree),
            "before": self.before,
            "undone": self.undone,
            "focus": self.focus,
            "into": self.into,
            "is_picking": self.is_picking,
            "steps": reverse("segmentation:build-steps"),
        }


def _words() -> dict[str, str]:
    """What an undo takes back; what is undone by pressing the opposite needs none."""
    return {
        "remove": _("Removed."),
        "unwrap": _("The group is dissolved."),
        "wrap": _("Put into a group."),
        "into": _("Moved into the group above."),
        "widen": _("The field is taken out."),
    }


def faults_of(tree: Json, viewer: Any, saved: Json) -> Faults:
    """What is wrong, by place; `saved` is what the segment means so far, {} of a new one."""
    try:
        reading.read(tree, viewer, saved)
    except reading.InvalidSegment as refusal:
        return by_place(refusal.faults)
    return {}


class Offered(NamedTuple):
    """What can be added; `also`: other words by which it is found."""

    value: str
    label: Any
    help: Any = ""
    also: Any = ""


def picked(others: Nameable, viewer: Any) -> list[tuple[Any, list[Offered]]]:
    """What this viewer can add: attributes by their headings, behaviours, other segments."""
    by_heading: dict[str, list[Offered]] = {code: [] for code, _label in registry.headings()}
    for one in registry.asked_by(viewer):
        offered = Offered(f"attribute:{one.code}", one.label, one.help, one.also)
        by_heading.setdefault(one.heading, []).append(offered)
    labels = dict(registry.headings())
    found = [(labels.get(code, code), choices) for code, choices in by_heading.items() if choices]
    did = [Offered(f"did:{one.code}", one.label, one.help, _also(one)) for one in registry.behaviours()]
    then = [
        Offered(
            f"then:{one.code}",
            _("%(did)s, and on a later day something else") % {"did": one.label},
            "",
            _also(one),
        )
        for one in registry.behaviours()
    ]
    segments = [Offered(f"member_of:{one.public_id}", one.name, one.about) for one in others.seen]
    more = [(_("What they did"), did + then), (_("Segments"), segments)]
    return found + [(heading, choices) for heading, choices in more if choices]


def _also(behaviour: Behaviour) -> str:
    """Its other words, and what it can be narrowed by: "bought category" is a way to look for it."""
    return " ".join([str(behaviour.also), *(str(one.label) for one in behaviour.fields)])
