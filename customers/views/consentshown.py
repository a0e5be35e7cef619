"""What a form about consent showed: of each cell the state and the wording, carried hidden beside the choice.

A page may be open for long. Only what differs from what it showed is a word, and the text that it showed is what was
agreed to (docs/decisions/0011-nobody-overwrites-unseen.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from customers.consents import CELLS, Cell, Choice, State, wordings
from customers.models import Wording

SAID = {True: "yes", False: "no", None: ""}


@dataclass(frozen=True)
class Shown:
    """`said`: "yes", "no", or "" for not asked."""

    said: str
    text: Wording

    @property
    def carried(self) -> str:
        return f"{self.said}:{self.text.code}"


def now(state: State, text: Wording) -> Shown:
    return Shown(SAID[state.is_given], text)


def name(cell: Cell) -> str:
    """Of the hidden field."""
    return f"shown-{cell.code}"


def read(data: Mapping[str, str]) -> dict[Cell, Shown]:
    """What was carried, where it is whole and the wording is one of this cell's."""
    told = {cell: data.get(name(cell), "").partition(":") for cell in CELLS}
    codes = {cell: code for cell, (said, _colon, code) in told.items() if code and said in SAID.values()}
    return {cell: Shown(told[cell][0], text) for cell, text in wordings.shown(codes).items()}


def choice(cell: Cell, said: str, seen: Shown | None, state: State) -> Choice | None:
    """The word, if it is one. Where nobody knows what was shown, only the end of a yes is."""
    if said == SAID[state.is_given]:
        return None
    if seen is None:
        return Choice(cell, False) if said == "no" and state.is_given else None
    return Choice(cell, said == "yes", seen.text) if said != seen.said else None
