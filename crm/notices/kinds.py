"""The kinds of notices. Apps register theirs from `AppConfig.ready()`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from crm.notices.models import Notice
from crm.org.models import Staff

Shown = tuple[str, str]  # the sentence, and the address it leads to


@dataclass(frozen=True)
class Kind:
    """`show(reader, notices)` says each notice in the reader's words, for a page of them at once: {notice id: Shown}.

    It looks names up through `visible_to(reader)`. A notice that it leaves out is about something that the reader may
    not see any more, or that is gone.
    """

    name: str
    label: Any  # translatable: what the preferences call it
    icon: str
    show: Callable[[Staff, list[Notice]], dict[int, Shown]]
    order: int = 100


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Enter a kind; the same name replaces."""
    _kinds[kind.name] = kind


def known() -> list[Kind]:
    return sorted(_kinds.values(), key=lambda one: one.order)


def named(name: str) -> Kind | None:
    return _kinds.get(name)


def shown(reader: Staff, notices: Iterable[Notice]) -> dict[int, Shown]:
    """All of them in words: as many questions as there are kinds among them."""
    by_kind: dict[str, list[Notice]] = {}
    for notice in notices:
        by_kind.setdefault(notice.kind, []).append(notice)
    found: dict[int, Shown] = {}
    for name, some in by_kind.items():
        if kind := _kinds.get(name):
            found |= kind.show(reader, some)
    return found
