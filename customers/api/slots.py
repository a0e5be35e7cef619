"""A slot in the profile: apps above add their part to the one statement that reads a customer.

An app offers from `AppConfig.ready()`: a name, an SQL expression that gives JSON (the customer's row is `customer`, its
id `%(id)s`, by which other tables are asked; nothing of it may come from a caller), and the shape of that JSON for the
OpenAPI document. So a profile stays one round trip however many apps speak of the customer, and this app knows none.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Part:
    name: str
    sql: str
    shape: Any


_parts: dict[str, Part] = {}


def offer(name: str, *, sql: str, shape: Any) -> None:
    """Add a part to every profile, under `name`."""
    _parts[name] = Part(name, sql, shape)


def parts() -> tuple[Part, ...]:
    """All parts, in the order of their names, so that answers do not change with the order of start-up."""
    return tuple(_parts[name] for name in sorted(_parts))
