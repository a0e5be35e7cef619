"""Where rows meet in a plan: what cannot be left to each machine.

A join, a grouping or a window over the rows of several partitions is fine when a machine alone could do it: below the
Append over the partitions; above it, when its key is the customer, so that only rows of one customer ever meet; or as
the second half of a total whose first half was made below. A CTE that is kept whole brings all its rows to one place.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crm.scaleout.placement import Place
from crm.scaleout.plans import Leaf, Map, Node, walk

JOINS = {"Nested Loop", "Hash Join", "Merge Join"}
GATHERS = {"Aggregate", "Group", "Unique", "WindowAgg", "SetOp"}
CONDITIONS = ("Hash Cond", "Merge Cond", "Join Filter", "Index Cond", "Recheck Cond", "Filter")
EQUAL = re.compile(r"\(?([\w.\"]+) = ([\w.\"]+)\)?")
NUMBERED = re.compile(r"_\d+$")  # the planner numbers what it splits: p, p_1, p_2


@dataclass(frozen=True)
class Meeting:
    """A place in a plan where rows of different partitions, or of tables placed by different keys, come together."""

    node: str
    tables: tuple[str, ...]
    groups: frozenset[str]

    def __str__(self) -> str:
        return f"{self.node} over partitions of {', '.join(self.tables)}"


def meetings(plan: Node, among: Map) -> list[Meeting]:
    """All of them; empty when every machine can do its part alone."""
    reader = _Reader(plan, among)
    reader.rows_of(plan)
    return list(dict.fromkeys(reader.found))


class _Reader:
    def __init__(self, plan: Node, among: Map) -> None:
        self.among = among
        self.found: list[Meeting] = []
        self.ctes: Mapping[str, Node] = {
            child["Subplan Name"].removeprefix("CTE "): child
            for each in walk(plan)
            for child in each.get("Plans", ())
            if child.get("Subplan Name", "").startswith("CTE ")
        }
        self.customers = {
            NUMBERED.sub("", each["Alias"])
            for each in walk(plan)
            if (leaf := self.leaf(each)) and among.places[leaf.table].place is Place.ROOT
        }

    def leaf(self, node: Node) -> Leaf | None:
        is_scan = "Scan" in node["Node Type"] and "Alias" in node
        return self.among.leaves.get(node.get("Relation Name", "")) if is_scan else None

    def rows_of(self, node: Node) -> frozenset[Leaf]:
        """The partitions whose rows come out of a node; notes meetings on the way up to it."""
        own = self.leaf(node)
        sides = [frozenset({own})] if own else []
        if node["Node Type"] == "CTE Scan" and node["CTE Name"] in self.ctes:
            sides.append(self.rows_of(self.ctes[node["CTE Name"]]))
        for child in node.get("Plans", ()):
            is_asked_by_row = child.get("Parent Relationship") == "SubPlan"
            if is_asked_by_row and self._is_of_one_customer(child):
                continue
            # What is asked for each row needs the others' rows each time, even for a total.
            rows = self.rows_of(child) | (self._spread(child) if is_asked_by_row else frozenset())
            # A CTE, or the one row of an uncorrelated subquery, goes in where it is named, not here.
            if child.get("Parent Relationship") != "InitPlan":
                sides.append(rows)
        together: frozenset[Leaf] = frozenset().union(*sides)
        if self._is_meeting(node, [side for side in sides if side], together):
            tables = tuple(sorted({leaf.table for leaf in together}))
            self.found.append(Meeting(_name(node), tables, frozenset(leaf.group for leaf in together)))
        # Totals over parts are a few rows, as good as a reference table to what is above.
        return frozenset() if _is_total(node) else together

    def _is_meeting(self, node: Node, sides: list[frozenset[Leaf]], together: frozenset[Leaf]) -> bool:
        if len({(leaf.group, leaf.number) for leaf in together}) <= 1:
            return False
        if node["Node Type"] == "CTE Scan":
            return True  # kept whole in one place, to be read from there
        is_one_group = len({leaf.group for leaf in together}) == 1
        if node["Node Type"] in GATHERS:
            return not (_is_total(node) or (is_one_group and self._is_grouped_by_customer(node)))
        is_joining = node["Node Type"] in JOINS or any(
            child.get("Parent Relationship") == "SubPlan" for child in node.get("Plans", ())
        )
        return is_joining and len(sides) > 1 and not (is_one_group and self._is_joined_by_customer(node))

    def _is_grouped_by_customer(self, node: Node) -> bool:
        keys = [*node.get("Group Key", ()), *_partitioned_by(node)]
        if node["Node Type"] == "Unique":
            keys += node["Plans"][0].get("Sort Key", ())
        return any(self._is_customer(key) for key in keys)

    def _is_joined_by_customer(self, node: Node) -> bool:
        """A nested loop shows its condition below, where the inner side looks rows up."""
        inner = [child for child in node.get("Plans", ()) if child.get("Parent Relationship") == "Inner"]
        places = [
            node,
            *(each for child in inner for each in walk(child) if node["Node Type"] == "Nested Loop"),
        ]
        return any(
            self._is_customer(left) and self._is_customer(right)
            for place in places
            for condition in CONDITIONS
            for left, right in EQUAL.findall(str(place.get(condition, "")))
        )

    def _spread(self, plan: Node) -> frozenset[Leaf]:
        return frozenset(leaf for each in walk(plan) if (leaf := self.leaf(each)))

    def _is_of_one_customer(self, subplan: Node) -> bool:
        """A subquery that is asked for each row: do all its rows belong to the customer of that row?"""
        spread = [each for each in walk(subplan) if self.leaf(each)]
        return bool(spread) and all(
            any(
                self._is_customer(left) and self._is_customer(right)
                for condition in CONDITIONS
                for left, right in EQUAL.findall(str(each.get(condition, "")))
            )
            for each in spread
        )

    def _is_customer(self, column: str) -> bool:
        table, _, name = column.strip("()").replace('"', "").rpartition(".")
        return name == "customer_id" or (name == "id" and NUMBERED.sub("", table) in self.customers)


def _is_total(node: Node) -> bool:
    """Whether the node only adds up what was made from each partition."""
    return node["Node Type"] == "Aggregate" and node.get("Partial Mode") == "Finalize"


def _partitioned_by(node: Node) -> Iterator[str]:
    """Columns of a window's PARTITION BY (told since PostgreSQL 18; before, by the order of the rows below)."""
    if node["Node Type"] != "WindowAgg":
        return
    if "Window" in node:
        match = re.search(r"PARTITION BY (.*?)(?: ORDER BY| ROWS| RANGE| GROUPS|\))", node["Window"])
        yield from match[1].split(", ") if match else ()
    else:
        yield from node["Plans"][0].get("Sort Key", ())[:1]


def _name(node: dict[str, Any]) -> str:
    kind = str(node["Node Type"])
    return f"{node['Strategy']} {kind}" if "Strategy" in node else kind
