"""The portable subset: words that a statement over all customers does without.

Each either needs all rows in one place or is not understood by a distributed planner. A few patterns over the text are
enough, because they look at our own statements; the plan is looked at elsewhere.
"""

import re
from collections.abc import Mapping

from crm.scaleout.placement import Placement

FORBIDDEN = {
    "ROLLUP, CUBE, GROUPING SETS": r"\b(ROLLUP|CUBE|GROUPING\s+SETS)\b",
    "DISTINCT ON": r"\bDISTINCT\s+ON\b",
    "width_bucket": r"\bwidth_bucket\s*\(",
    "percentile functions": r"\bWITHIN\s+GROUP\b",
    "a window without the customer": r"\bOVER\s*\(\s*(?!\s*PARTITION\s+BY\s+[^)]*\bcustomer_id\b)",
    "TABLESAMPLE": r"\bTABLESAMPLE\b",
    "WITH RECURSIVE": r"\bWITH\s+RECURSIVE\b",
}
CTE = re.compile(
    r"(?:\bWITH|,)\s+(?P<name>\w+)\s*(?:\([^)]*\))?\s+AS\s+(?:(?:NOT\s+)?MATERIALIZED\s*)?\(", re.IGNORECASE
)
NOISE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)


def faults(text: str, places: Mapping[str, Placement]) -> list[str]:
    """What the statement should do without. `places` tells which tables are as long as the list of customers."""
    text = NOISE.sub(" ", text)
    found = [name for name, pattern in FORBIDDEN.items() if re.search(pattern, text, re.IGNORECASE)]
    return found + [
        f"the CTE “{name}” is as long as the list of customers and named {count} times"
        for name, count in _repeated(text, places)
    ]


def _repeated(text: str, places: Mapping[str, Placement]) -> list[tuple[str, int]]:
    """CTEs over spread tables, directly or through each other, that are referred to more than once."""
    bodies = {match["name"]: _body(text, match.end()) for match in CTE.finditer(text)}
    spread = {name for name, placement in places.items() if placement.is_spread}
    large: set[str] = set()
    while fresh := {name for name, body in bodies.items() if _words(body) & (spread | large)} - large:
        large |= fresh
    counts = {
        name: len(re.findall(rf"\b(?:FROM|JOIN|,|USING)\s+{name}\b", text, re.IGNORECASE)) for name in large
    }
    return sorted((name, count) for name, count in counts.items() if count > 1)


def _body(text: str, start: int) -> str:
    """From the opening bracket to its closing one."""
    depth = 1
    for place in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return text[start:place]
    return text[start:]


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))
