"""A batch statement with a name and example values, so that its plan can be examined without running the job.

Statements of the night keep to what a database spread over machines can push down to each of them: grouped and
joined by customer, whole-number dates and cents to the outside, no window over all customers, no customer-sized CTE.
`crm.scaleout` explains every registered statement on the partition twin.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Statement:
    """`example` are values for the named parameters, good enough for EXPLAIN."""

    name: str
    sql: str
    example: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.sql
