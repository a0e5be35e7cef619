"""For whom coupons can be issued in bulk. Apps above offer theirs (segments, …) from `AppConfig.ready()`.

An audience has parts that one chooses from ("champions"); a part is told by a statement that gives customers' numbers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

LIST = "list"  # named one by one


@dataclass(frozen=True)
class Audience:
    """`parts()`: (key, label) of each; `members(key)`: SQL of one column, customers who are there, and its values.

    `take(key, used_for, by)`: the same for whoever acts on them, where it is remembered whom they took.
    """

    name: str
    label: Any  # translatable
    parts: Callable[[], Sequence[tuple[str, Any]]]
    members: Callable[[str], tuple[str, dict[str, Any]]]
    take: Callable[[str, str, str], tuple[str, dict[str, Any]]] | None = None


_audiences: dict[str, Audience] = {}


def offer(audience: Audience) -> None:
    """The same name replaces."""
    _audiences[audience.name] = audience


def choices() -> list[tuple[str, list[tuple[str, Any]]]]:
    """Groups of choices for a form: "segment:champions" and its label."""
    return [
        (one.label, [(f"{one.name}:{key}", label) for key, label in one.parts()])
        for one in _audiences.values()
    ]


def members(text: str) -> tuple[str, dict[str, Any]]:
    """The statement behind "segment:champions"."""
    name, _colon, key = text.partition(":")
    return _audiences[name].members(key)


def take(text: str, *, used_for: str, by: str) -> tuple[str, dict[str, Any]]:
    """The statement behind it, for acting on these people in the caller's transaction."""
    name, _colon, key = text.partition(":")
    audience = _audiences[name]
    return audience.take(key, used_for, by) if audience.take else audience.members(key)


def label_of(text: str) -> str:
    if text == LIST:
        return str(_("A list"))
    named = {key: f"{group}: {label}" for group, parts in choices() for key, label in parts}
    return named.get(text, text)


_ENROLLED = "SELECT id FROM customers_customer WHERE enrolled_at IS NOT NULL"
offer(Audience("members", _("Members"), lambda: [("all", _("All members"))], lambda _key: (_ENROLLED, {})))
