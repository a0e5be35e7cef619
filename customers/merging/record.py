"""What a merge remembers so that it can be undone: the content of `Merge.before`."""

from dataclasses import asdict, dataclass, field
from typing import Any

from customers.merging.facts import Facts
from customers.merging.moves import Key
from customers.models import Merge

VERSION = 2  # 1: merges before undoing existed


@dataclass
class Record:
    """`seen` and `left`: the survivor's facts before and after. `choices`: what the person decided, by field.

    `moved`: the keys of the loser's rows by model. `rows`: rows that had to be given up, whole: what may be united
    (`kept` names those that both had), and what is derived. `mains`: the loser's main identifiers; `demoted`: the
    survivor's that gave way to a chosen one. `since`: the database's clock; what is recorded later is later activity.
    `memos`: what each follower wants to be told when the merge is undone.
    """

    since: str
    seen: Facts
    left: Facts
    choices: dict[str, str]
    mains: list[int] = field(default_factory=list)
    demoted: list[int] = field(default_factory=list)
    moved: dict[str, list[Key]] = field(default_factory=dict)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    kept: dict[str, list[Key]] = field(default_factory=dict)
    memos: dict[str, Any] = field(default_factory=dict)
    version: int = VERSION

    @property
    def changed(self) -> list[str]:
        """The survivor's fields that the merge changed."""
        names = self.seen.keys() | self.left.keys()
        return sorted(name for name in names if self.seen.get(name) != self.left.get(name))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, merge: Merge) -> "Record | None":
        """None: it cannot be undone."""
        return cls(**merge.before) if merge.before.get("version") == VERSION else None
