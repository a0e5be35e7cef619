"""A segment in a sentence, in the reader's language.

"Customers who bought at least 3 times from Dairy in the last 90 days and whose age is between 30 and 45, but not those
who are in “Staff”". Each condition is a clause that begins with its pronoun; in English a second "who" is left out. In
languages without such clauses the translation of a clause begins with what it says.
"""

from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from crm.org.models import Chain
from crm.ui import words
from customers.attributes import Kind, Operator, registry
from customers.attributes.choosing import labels_of
from segmentation.models import Segment
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
        group = tree if isinstance(tree, Group) and tree.how == "all" else Group("all", (tree,))
        wanted = [child for child in group.of if not _is_none(child)]
        kept_out = [one for child in group.of if _is_none(child) for one in child.of]  # type: ignore[union-attr]
        if not wanted:
            told = pgettext("segment", "All customers")
        else:
            told = pgettext("segment", "Customers %(clauses)s") % {
                "clauses": self._joined(wanted, is_all=True)
            }
        if kept_out:
            out = {"told": told, "clauses": self._joined(kept_out, is_all=False)}
            told = pgettext("segment", "%(told)s, but not those %(clauses)s") % out
        return told

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
            nobody = group.how == "any"
            return pgettext("clause", "who are nobody") if nobody else pgettext("clause", "who are anybody")
        told = self._joined(group.of, is_all=group.how == "all")
        if group.how == "none":
            return pgettext("clause", "who are none of those %(clauses)s") % {"clauses": told}
        return told if len(group.of) == 1 else pgettext("clause", "(%(clauses)s)") % {"clauses": told}

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
        name = attribute.label if attribute.heading == "custom" else _lowered(str(attribute.label))
        value = self._value(attribute, one.operator, one.value)
        said = attribute.phrases.get(one.operator) or _ASKED[one.operator]()
        return str(said) % {"name": name, **value}

    def _value(self, asked: Any, operator: Operator, value: Any) -> dict[str, Any]:
        match operator.takes:
            case "nothing":
                return {}
            case "days":
                return {"value": words.number(value)}
            case "two":
                return {"low": self._scalar(asked, value[0]), "high": self._scalar(asked, value[1])}
            case "many":
                return {"value": self._choices(asked, value, is_all=operator == _O.HAS_ALL)}
        return {"value": self._scalar(asked, value)}

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
        named = [str(labels.get(code, code)) for code in codes]
        if len(named) > MOST_NAMED:
            more = {"some": _listed(named[:MOST_NAMED]), "n": len(named) - MOST_NAMED}
            return pgettext("value", "%(some)s or %(n)s others") % more
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
        parts = self._parts(one.deed)
        if one.operator == _O.AT_MOST and one.value == 0:
            return pgettext("clause", "who never %(verb)s%(what)s%(when)s") % parts
        measure = next(m for m in behaviour.measures if m.code == one.measure)
        is_once = (one.measure, one.operator) == ("times", _O.AT_LEAST) and one.value == 1
        much = "" if is_once else self._much(measure, one.operator, one.value)
        return pgettext("clause", "who %(verb)s%(much)s%(what)s%(when)s") % (parts | {"much": much})

    def _then(self, one: Then) -> str:
        first, then = self._parts(one.first), self._parts(one.then)
        parts = {f"first_{name}": text for name, text in first.items()}
        parts |= {f"then_{name}": text for name, text in then.items()}
        days = {"days": words.number(one.within_days)}
        return pgettext(
            "clause",
            "who %(first_verb)s%(first_what)s%(first_when)s and, on a later day, at most %(days)s days on,"
            " %(then_verb)s%(then_what)s%(then_when)s",
        ) % (parts | days)

    def _parts(self, deed: Deed) -> dict[str, str]:
        behaviour = registry.behaviour(deed.did)
        assert behaviour is not None
        fields = {field.code: field for field in behaviour.fields}
        what = "".join(self._where(fields[row.field], row) for row in deed.where)
        return {"verb": _lowered(str(behaviour.label)), "what": what, "when": _when(deed.window)}

    def _where(self, field: Any, row: Where) -> str:
        """What it is narrowed by: the usual choices read as in a sentence, the rest stands in brackets."""
        value = self._value(field, row.operator, row.value)
        if row.operator == _O.ANY_OF and field.code in _PLACED:
            return _PLACED[field.code]() % value
        if field.code == "is_discounted":
            is_with = row.operator == _O.YES
            return (
                pgettext("goods", " with a discount") if is_with else pgettext("goods", " without a discount")
            )
        asked = _FIELDS[row.operator]() % {"name": _lowered(str(field.label)), **value}
        return pgettext("goods", " (%(asked)s)") % {"asked": asked}

    def _much(self, measure: Any, operator: Operator, value: Any) -> str:
        if operator == _O.BETWEEN:
            n = _AMOUNTS[operator]() % {
                "low": self._scalar(measure, value[0]),
                "high": self._scalar(measure, value[1]),
            }
        else:
            n = _AMOUNTS[operator]() % {"n": self._scalar(measure, value)}
        told = _MEASURED.get(measure.code)
        return (
            told() % {"n": n}
            if told
            else pgettext("measure", " (%(label)s: %(n)s)") % {"label": measure.label, "n": n}
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


def _when(window: Window) -> str:
    match window.kind:
        case "last_days":
            return pgettext("time", " in the last %(n)s days") % {"n": words.number(window.days)}
        case "longer_ago":
            return pgettext("time", " more than %(n)s days ago") % {"n": words.number(window.days)}
        case "between":
            assert window.since and window.until
            both = {"since": words.exact(window.since), "until": words.exact(window.until)}
            return pgettext("time", " between %(since)s and %(until)s") % both
    return ""


# Texts are looked up when they are told: the language is the reader's.
_ASKED = {
    _O.IS: lambda: pgettext("clause", "whose %(name)s is %(value)s"),
    _O.IS_NOT: lambda: pgettext("clause", "whose %(name)s is not %(value)s"),
    _O.AT_LEAST: lambda: pgettext("clause", "whose %(name)s is at least %(value)s"),
    _O.AT_MOST: lambda: pgettext("clause", "whose %(name)s is at most %(value)s"),
    _O.BETWEEN: lambda: pgettext("clause", "whose %(name)s is between %(low)s and %(high)s"),
    _O.ON: lambda: pgettext("clause", "whose %(name)s is on %(value)s"),
    _O.BEFORE: lambda: pgettext("clause", "whose %(name)s is before %(value)s"),
    _O.AFTER: lambda: pgettext("clause", "whose %(name)s is after %(value)s"),
    _O.LAST_DAYS: lambda: pgettext("clause", "whose %(name)s is in the last %(value)s days"),
    _O.NEXT_DAYS: lambda: pgettext("clause", "whose %(name)s is in the next %(value)s days"),
    _O.LONGER_AGO: lambda: pgettext("clause", "whose %(name)s is more than %(value)s days ago"),
    _O.ANY_OF: lambda: pgettext("clause", "whose %(name)s is %(value)s"),
    _O.NONE_OF: lambda: pgettext("clause", "whose %(name)s is not %(value)s"),
    _O.HAS_ANY: lambda: pgettext("clause", "among whose %(name)s is %(value)s"),
    _O.HAS_ALL: lambda: pgettext("clause", "among whose %(name)s are %(value)s"),
    _O.HAS_NONE: lambda: pgettext("clause", "among whose %(name)s is not %(value)s"),
    _O.YES: lambda: pgettext("clause", "whose “%(name)s” is yes"),
    _O.NO: lambda: pgettext("clause", "whose “%(name)s” is not yes"),
    _O.CONTAINS: lambda: pgettext("clause", "whose %(name)s contains %(value)s"),
    _O.STARTS_WITH: lambda: pgettext("clause", "whose %(name)s starts with %(value)s"),
    _O.KNOWN: lambda: pgettext("clause", "whose %(name)s is known"),
    _O.UNKNOWN: lambda: pgettext("clause", "whose %(name)s is not known"),
}
_FIELDS = {
    _O.IS: lambda: pgettext("field", "%(name)s %(value)s"),
    _O.IS_NOT: lambda: pgettext("field", "%(name)s not %(value)s"),
    _O.AT_LEAST: lambda: pgettext("field", "%(name)s at least %(value)s"),
    _O.AT_MOST: lambda: pgettext("field", "%(name)s at most %(value)s"),
    _O.BETWEEN: lambda: pgettext("field", "%(name)s between %(low)s and %(high)s"),
    _O.ANY_OF: lambda: pgettext("field", "%(name)s %(value)s"),
    _O.NONE_OF: lambda: pgettext("field", "%(name)s not %(value)s"),
    _O.YES: lambda: pgettext("field", "%(name)s"),
    _O.NO: lambda: pgettext("field", "not %(name)s"),
    _O.KNOWN: lambda: pgettext("field", "%(name)s known"),
    _O.UNKNOWN: lambda: pgettext("field", "%(name)s not known"),
}
_PLACED = {
    "category": lambda: pgettext("goods", " from %(value)s"),
    "brand": lambda: pgettext("goods", " of the brand %(value)s"),
    "product": lambda: pgettext("goods", " of %(value)s"),
    "store": lambda: pgettext("goods", " in %(value)s"),
    "region": lambda: pgettext("goods", " in the region %(value)s"),
    "channel": lambda: pgettext("goods", " by %(value)s"),
    "coupon": lambda: pgettext("goods", " of “%(value)s”"),
}
_AMOUNTS = {
    _O.AT_LEAST: lambda: pgettext("amount", "at least %(n)s"),
    _O.AT_MOST: lambda: pgettext("amount", "at most %(n)s"),
    _O.IS: lambda: pgettext("amount", "exactly %(n)s"),
    _O.BETWEEN: lambda: pgettext("amount", "between %(low)s and %(high)s"),
}
_MEASURED = {
    "times": lambda: pgettext("measure", " %(n)s times"),
    "days": lambda: pgettext("measure", " on %(n)s days"),
    "quantity": lambda: pgettext("measure", " %(n)s pieces"),
    "amount": lambda: pgettext("measure", " for %(n)s in all"),
    "points": lambda: pgettext("measure", " (%(n)s points)"),
}
