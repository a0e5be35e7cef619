"""The choices that descriptions name. Stores close, tags and products go: what was saved keeps what it names."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.utils.translation import pgettext

from customers.attributes.choosing import labels_of

Named = tuple[str, str]  # an attribute, or a behaviour and its field; and a code: ("bought/brand", "17")


def gone(asked: Any, codes: Iterable[str]) -> list[str]:
    """Those that an attribute or a field does not offer."""
    wanted = list(codes)
    labels = labels_of(asked, wanted)
    return [code for code in wanted if code not in labels]


def label(code: str, labels: Any) -> str:
    """The name of a choice; its code where there is no such choice any more, and says so."""
    if code in labels:
        return str(labels[code])
    return pgettext("choice", "%(code)s (no longer there)") % {"code": code}


def named(definition: Any) -> frozenset[Named]:
    """All choices that a saved description names, and the segments that it asks, as ("member_of", …)."""
    return frozenset(_named(definition))


def _named(node: Any) -> Iterator[Named]:
    if not isinstance(node, dict):
        return
    for how in ("all", "any", "none"):
        for child in node.get(how, ()):
            yield from _named(child)
    if isinstance(node.get("member_of"), str):
        yield "member_of", node["member_of"]
    if "attribute" in node:
        yield from _codes(node["attribute"], node)
    for deed in (node, node.get("first", {}), node.get("then", {})):
        for row in deed.get("where", ()):
            yield from _codes(f"{deed.get('did')}/{row.get('field')}", row)


def _codes(name: str, asked: dict[str, Any]) -> Iterator[Named]:
    told = asked.get("value")
    yield from ((name, code) for code in told if isinstance(code, str)) if isinstance(told, list) else ()
