"""A segment in a sentence, in the reader's language.

"Customers who bought at least 3 times from Dairy in the last 90 days and are between 30 and 45 years old, but not those
who are in “Staff”". Each condition is a clause that begins with its pronoun; in English a second "who" is left out. In
languages without such clauses the translation of a clause begins with what it says.
"""

from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import npgettext, pgettext

from crm.org.models import Chain
from crm.ui import words
from customers.attributes import Kind, Operator, registry
from customers.attributes.choosing import labels_of
from segmentation.models import Segment
from segmentation.segments import choices, phrases
from segmentation.segments.rewriting import NOBODY, holds_of_nothing, narrowest, opposite, simplified
from segmentation.segments.tree import Deed, Did, Group, Is, MemberOf, Node, Then, Where, Window

_O = Operator
MOST_NAMED = 5  # choices that are named; of more, how many


def sentence(tree: Node, viewer: Any = None) -> str:
    """The whole tree. With a `viewer`: without what is kept from their role."""
    return _Teller(viewer).whole(tree)


def clause(node: Node, viewer: Any = None) -> str:
    """One condition or group: "who bought at least 3 times"."""
    return _Teller(viewer).clause(node)


class _Teller:
    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer

    @cached_property
    def currency(self) -> str:
        return Chain.current().currency

    def whole(self, tree: Node) -> str:
        tree = simplified(tree)
        if tree == NOBODY:
            return pgettext("segment", "Nobody")
        group = tree if isinstance(tree, Group) and tree.how == "all" else Group("all", (tree,))
        wanted = [child for child in group.of if not _is_none(child)]
        kept_out = [one for child in group.of if _is_none(child) for one in child.of]  # type: ignore[union-attr]
        told = self._wanted(wanted)
        if not wanted and len(kept_out) == 1 and (turned := self._turned(kept_out[0])):
            return pgettext("segment", "Customers %(clauses)s") % {"clauses": turned}
        if kept_out:
            out = {"told": told, "clauses": self._joined(kept_out, is_all=False)}
            told = pgettext("segment", "%(told)s, but not those %(clauses)s") % out
        return told

    def _wanted(self, nodes: Sequence[Node]) -> str:
        if not nodes:
            return pgettext("segment", "All customers")
        alone = nodes[0] if len(nodes) == 1 else None
        # An "any" beside which nothing stands needs no brackets.
        is_any = isinstance(alone, Group) and alone.how == "any"
        clauses = self._joined(alone.of if is_any else nodes, is_all=not is_any)  # type: ignore[union-attr]
        return pgettext("segment", "Customers %(clauses)s") % {"clauses": clauses}

    def clause(self, node: Node) -> str:
        match node:
            case Group():
                return self._group(node)
            case Is():
                return self._is(node)
            case Did():
                return self._did(node)
            case Then():
                return self._then(node)
            case MemberOf(segment):
                return pgettext("clause", "who are in “%(name)s”") % {"name": self._segment(segment)}

    def _group(self, group: Group) -> str:
        if not group.of:
            return pgettext("segment", "Nobody") if group == NOBODY else pgettext("segment", "All customers")
        if group.how == "none" and len(group.of) == 1 and (turned := self._turned(group.of[0])):
            return turned
        told = self._joined(group.of, is_all=group.how == "all")
        if len(group.of) > 1 or group.how == "none":
            told = pgettext("clause", "(%(clauses)s)") % {"clauses": told}
        if group.how == "none":
            return pgettext("clause", "who are not among those %(clauses)s") % {"clauses": told}
        return told

    def _turned(self, node: Node) -> str:
        """Of whom a condition does not hold; "" where that cannot be said in a clause of its own."""
        if isinstance(node, MemberOf):
            return pgettext("clause", "who are not in “%(name)s”") % {"name": self._segment(node.segment)}
        other = opposite(node)
        return self.clause(other) if other else ""

    def _joined(self, nodes: Sequence[Node], *, is_all: bool) -> str:
        """ "who bought and got in touch, and whose …": the pronoun once while it stays the same."""
        told = ""
        pronoun = ""
        for node in nodes:
            one = self.clause(node)
            mine, _blank, rest = one.partition(" ")
            short = rest if told and mine == pronoun == "who" else one
            if told:
                both = (
                    pgettext("clause", "%(a)s and %(b)s") if is_all else pgettext("clause", "%(a)s or %(b)s")
                )
                told = both % {"a": told, "b": short}
            else:
                told = one
            pronoun = mine
        return told

    # --- attributes

    def _is(self, one: Is) -> str:
        attribute = registry.attribute(one.attribute)
        if attribute is None or (self.viewer is not None and not attribute.is_asked_by(self.viewer)):
            return pgettext("clause", "about whom something is asked that is not shown to your role")
        own = attribute.label if attribute.heading == "custom" else _lowered(str(attribute.label))
        asked = {"name": attribute.noun or own, **self._value(attribute, one.operator, one.value)}
        operator = narrowest(attribute, one.operator, one.value)
        return str((attribute.phrases.get(operator) or phrases.ASKED[operator]) % asked)

    def _value(self, asked: Any, operator: Operator, value: Any) -> dict[str, Any]:
        """`n` is the number that decides between one and many."""
        match operator.takes:
            case "nothing":
                return {"n": 0}
            case "days":
                return {"value": words.number(value), "n": value}
            case "two":
                low, high = (self._scalar(asked, one) for one in value)
                return {"low": low, "high": high, "value": low, "n": _many(value[1])}
            case "many":
                return {"value": self._choices(asked, value, is_all=operator == _O.HAS_ALL), "n": len(value)}
        return {"value": self._scalar(asked, value), "n": _many(value)}

    def _scalar(self, asked: Any, value: Any) -> str:
        if asked.kind == Kind.MONEY:
            return words.money(value, self.currency)
        if asked.kind == Kind.DATE:
            return words.exact(value)
        if asked.kind == Kind.NUMBER:
            told = words.number(value, _places(value))
            return pgettext("value", "%(n)s%%") % {"n": told} if asked.unit == "percent" else told
        return pgettext("value", "“%(text)s”") % {"text": value}

    def _choices(self, asked: Any, codes: Sequence[str], *, is_all: bool = False) -> str:
        labels = labels_of(asked, codes)
        named = [choices.label(code, labels) for code in codes]
        if len(named) > MOST_NAMED:
            more = len(named) - MOST_NAMED
            told = (
                npgettext("value", "%(some)s and %(n)s other", "%(some)s and %(n)s others", more)
                if is_all
                else npgettext("value", "%(some)s or %(n)s other", "%(some)s or %(n)s others", more)
            )
            return told % {"some": _listed(named[:MOST_NAMED]), "n": words.number(more)}
        *first, last = named
        if not first:
            return last
        both = (
            pgettext("value", "%(some)s and %(last)s")
            if is_all
            else pgettext("value", "%(some)s or %(last)s")
        )
        return both % {"some": _listed(first), "last": last}

    # --- behaviours

    def _did(self, one: Did) -> str:
        behaviour = registry.behaviour(one.deed.did)
        assert behaviour is not None
        parts = self._parts(one.deed, has_object=one.measure != "quantity")
        if one.measure == behaviour.measures[0].code and one.operator == _O.AT_MOST and one.value == 0:
            return pgettext("clause", "who never %(verb)s%(what)s%(when)s") % parts
        measure = next(m for m in behaviour.measures if m.code == one.measure)
        is_once = (one.measure, one.operator) == ("times", _O.AT_LEAST) and one.value == 1
        much = "" if is_once else self._much(measure, one.operator, one.value)
        return pgettext("clause", "who %(verb)s%(much)s%(what)s%(when)s") % (parts | {"much": much})

    def _then(self, one: Then) -> str:
        first, then = self._parts(one.first), self._parts(one.then)
        parts = {f"first_{name}": text for name, text in first.items()}
        parts |= {f"then_{name}": text for name, text in then.items()}
        if one.within_days == 1:
            told = pgettext(
                "clause",
                "who %(first_verb)s%(first_what)s%(first_when)s and, on the next day,"
                " %(then_verb)s%(then_what)s%(then_when)s",
            )
            return told % parts
        told = pgettext(
            "clause",
            "who %(first_verb)s%(first_what)s%(first_when)s and, 1 to %(days)s days later,"
            " %(then_verb)s%(then_what)s%(then_when)s",
        )
        return told % (parts | {"days": words.number(one.within_days)})

    def _parts(self, deed: Deed, *, has_object: bool = True) -> dict[str, str]:
        behaviour = registry.behaviour(deed.did)
        assert behaviour is not None
        fields = {field.code: field for field in behaviour.fields}
        rows = list(deed.where)
        verb = _lowered(str(behaviour.label))
        first = next(
            (row for row in rows if has_object and (row.field, row.operator) in phrases.OBJECTS), None
        )
        if first:
            rows.remove(first)
            asked = self._value(fields[first.field], first.operator, first.value)
            verb += str(phrases.OBJECTS[first.field, first.operator] % asked)
        what = "".join(self._where(fields[row.field], row) for row in rows)
        return {"verb": verb, "what": what, "when": _when(deed.window)}

    def _where(self, field: Any, row: Where) -> str:
        """What it is narrowed by: the usual choices read as in a sentence, the rest stands in brackets."""
        asked = {"name": _lowered(str(field.label)), **self._value(field, row.operator, row.value)}
        if (field.code, row.operator) in phrases.PLACED:
            return str(phrases.PLACED[field.code, row.operator] % asked)
        told = phrases.FIELDS[narrowest(field, row.operator, row.value)] % asked
        return pgettext("goods", " (%(asked)s)") % {"asked": told}

    def _much(self, measure: Any, operator: Operator, value: Any) -> str:
        asked = self._value(measure, operator, value)
        amount = phrases.AMOUNTS[narrowest(measure, operator, value)] % (asked | {"n": asked["value"]})
        if measure.code not in phrases.MEASURED:
            return pgettext("measure", " (%(label)s: %(n)s)") % {"label": measure.label, "n": amount}
        told = str(phrases.MEASURED[measure.code] % {"much": amount, "n": asked["n"]})
        return (
            told + pgettext("measure", " (or never)")
            if measure.kind == Kind.MONEY and holds_of_nothing(operator, value)
            else told
        )

    def _segment(self, number: int) -> str:
        known = Segment.objects.all() if self.viewer is None else Segment.objects.visible_to(self.viewer)
        name = known.filter(pk=number).values_list("name", flat=True).first()
        return name or _("a segment that is not shown to you")


def _is_none(node: Node) -> bool:
    return isinstance(node, Group) and node.how == "none" and bool(node.of)


def _listed(names: Sequence[str]) -> str:
    return pgettext("list", ", ").join(names)


def _lowered(label: str) -> str:
    """A label within a sentence: "Home store" is "home store", but "SMS" stays."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def _places(value: Any) -> int:
    """As many as it has."""
    return max(0, -int(Decimal(value).normalize().as_tuple().exponent))


def _many(value: Any) -> int:
    """For the choice between one and many: what is no whole number is many."""
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else 2


def _when(window: Window) -> str:
    match window.kind:
        case "ever":
            return ""
        case "between":
            assert window.since and window.until
            kind = "on" if window.since == window.until else "between"
            both = {"since": words.exact(window.since), "until": words.exact(window.until)}
            return str(phrases.WINDOWS[kind] % both)
    return str(phrases.WINDOWS[window.kind] % {"days": words.number(window.days), "n": window.days})
