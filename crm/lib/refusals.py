"""Refusals: the domain says no.

A refusal is an expected answer, not a fault: it has a stable `code` for programs, a sentence for people and,
where it concerns fields, a list of places. Each concrete refusal stands beside the code that raises it; doors
(pages, API) turn it into a form error or problem+json in one place.
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Fault:
    """One wrong place in what was given: `pointer` is a JSON pointer ("/lines/0/quantity") or a field name."""

    pointer: str
    detail: str


class Refusal(Exception):
    """Base of all refusals. `status` is the HTTP status a door answers with."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 422

    def __init__(self, message: object = "", *, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.faults = faults

    def __str__(self) -> str:
        return str(self.message or self.code)
