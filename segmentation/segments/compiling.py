"""Compiling: from a tree to one parametrised statement.

Every relation that the tree asks is joined to the customers once, and every behaviour is counted in one grouped
sub-select: so any nest of conditions is an expression over one row a customer, and the plan is a row of hash joins.
Nothing that anybody wrote is part of a statement: its text comes from the registry and from here, values go as
parameters. A value that is not known makes a condition NULL, which is no; what is the opposite of a question says so
itself (`customers.attributes.Operator`). So `all` is AND, `any` is OR, `none` is "is not true".
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from customers.attributes import PERSON, Attribute, Field, Kind, Moment, Operator, registry
from segmentation.segments import members
from segmentation.segments.tree import (
    Condition,
    Deed,
    Did,
    Group,
    Is,
    MemberOf,
    Node,
    Then,
    Where,
    conditions,
)

_TYPES = {Kind.NUMBER: "numeric", Kind.MONEY: "numeric", Kind.DATE: "date"}
_TOMORROW = "%(on)s::date + 1"  # a store east of the chain's zone may be a day ahead of it
_DAYS = {
    Operator.LAST_DAYS: "({it} > %(on)s::date - {n} AND {it} <= %(on)s::date)",
    Operator.NEXT_DAYS: "({it} >= %(on)s::date AND {it} < %(on)s::date + {n})",
    Operator.LONGER_AGO: "{it} < %(on)s::date - {n}",
}
_COMPARED = {
    Operator.IS: "{it} = {a}",
    Operator.IS_NOT: "{it} IS DISTINCT FROM {a}",
    Operator.AT_LEAST: "{it} >= {a}",
    Operator.AT_MOST: "{it} <= {a}",
    Operator.ON: "{it} = {a}",
    Operator.BEFORE: "{it} < {a}",
    Operator.AFTER: "{it} > {a}",
}
_TEXTS = {
    Operator.IS: "lower({it}) = lower({a})",
    Operator.IS_NOT: "lower({it}) IS DISTINCT FROM lower({a})",
    Operator.CONTAINS: "position(lower({a}) IN lower({it})) > 0",
    Operator.STARTS_WITH: "starts_with(lower({it}), lower({a}))",
}
_CHOSEN = {
    Operator.ANY_OF: "{it} = ANY({many})",
    Operator.NONE_OF: "({it} = ANY({many})) IS NOT TRUE",
    Operator.HAS_ANY: "{it} && {many}",
    Operator.HAS_NONE: "({it} && {many}) IS NOT TRUE",
}
_PLAIN = {
    Operator.KNOWN: "{it} IS NOT NULL",
    Operator.UNKNOWN: "{it} IS NULL",
    Operator.YES: "{it} IS TRUE",
    Operator.NO: "{it} IS NOT TRUE",
}


class Query(NamedTuple):
    """A statement and its values."""

    sql: str
    params: dict[str, Any]


class Asked(NamedTuple):
    """A condition compiled: what it looks at, and whether it holds (NULL: no)."""

    value: str
    holds: str


@dataclass(frozen=True)
class Reach:
    """Of whom a statement is: `among` these numbers alone, and of these stores alone; None: all."""

    among: Sequence[int] | None = None
    store_ids: frozenset[int] | None = None


EVERYBODY = Reach()


def ids(tree: Node, moment: Moment, reach: Reach = EVERYBODY) -> Query:
    """The row numbers of the living customers for whom the tree holds, rising."""
    build = Builder(moment, reach)
    holds = build.holds(tree)
    return build.query("person.id", f"({holds})", " ORDER BY person.id")


def counts(trees: Sequence[Node], moment: Moment, reach: Reach = EVERYBODY) -> Query:
    """One row: of each tree how many. What several trees ask is joined once."""
    build = Builder(moment, reach)
    if len(trees) == 1:  # the planner may leave out who cannot be in it
        holds = build.holds(trees[0])
        return build.query("count(*)", f"({holds})")
    columns = [f"count(*) FILTER (WHERE {build.holds(tree)})" for tree in trees]
    return build.query(", ".join(columns), "true")


def some(tree: Node, moment: Moment, reach: Reach, size: int) -> Query:
    """A few of them, in the order of a digest of their numbers."""
    build = Builder(moment, reach)
    holds = build.holds(tree)
    few = build.param(size, "int")
    return build.query("person.id", f"({holds})", f" ORDER BY hashint8(person.id), person.id LIMIT {few}")


def answers(tree: Node, moment: Moment, reach: Reach) -> Query:
    """A row a customer, whoever they are: the number, then of each condition its value and whether it holds."""
    build = Builder(moment, reach)
    asked = [build.condition(one) for one in conditions(tree)]
    columns = [column for one in asked for column in (one.value, f"({one.holds}) IS TRUE")]
    return build.query(", ".join(["person.id", *columns]), "true")


@dataclass
class Builder:
    """Joins and values of one statement."""

    moment: Moment
    reach: Reach = EVERYBODY
    params: dict[str, Any] = field(default_factory=dict)
    joins: dict[str, str] = field(default_factory=dict)
    _counted: dict[Any, str] = field(default_factory=dict)

    def query(self, columns: str, holds: str, end: str = "") -> Query:
        joins = "\n".join(self.joins.values())
        return Query(
            f"SELECT {columns} FROM customers_customer person\n{joins}\n"  # noqa: S608  see above
            f"WHERE {self._living()} AND {holds}{end}",
            self.moment.params() | self.params,
        )

    def holds(self, node: Node) -> str:
        """An expression that is true where the node holds; NULL is no."""
        if not isinstance(node, Group):
            return f"({self.condition(node).holds})"
        parts = [self.holds(child) for child in node.of]
        if node.how == "all":
            return f"({' AND '.join(parts)})" if parts else "true"
        some = f"({' OR '.join(parts)})" if parts else "false"
        return some if node.how == "any" else f"({some} IS NOT TRUE)"

    def condition(self, one: Condition) -> Asked:
        match one:
            case Is():
                return self._is(one)
            case Did():
                return self._did(one)
            case Then():
                return self._then(one)
            case MemberOf(segment):
                return self._member_of(segment)

    def param(self, value: Any, kind: str) -> str:
        """A place for a value, of a type of PostgreSQL."""
        name = f"p{len(self.params)}"
        self.params[name] = value
        return f"%({name})s::{kind}"

    def compared(self, asked: Attribute | Field, it: str, operator: Operator, value: Any) -> str:
        """The question of a value: of an attribute, or of a behaviour's field."""
        if operator in _PLAIN:
            return _PLAIN[operator].format(it=it)
        if operator in _DAYS:
            return _DAYS[operator].format(it=it, n=self.param(value, "int"))
        if operator == Operator.HAS_ALL:
            return " AND ".join(f"{it} && {self._chosen(asked, (one,))}" for one in value)
        if operator in _CHOSEN:
            return _CHOSEN[operator].format(it=it, many=self._chosen(asked, value))
        if asked.kind == Kind.TEXT:
            return _TEXTS[operator].format(it=it, a=self.param(value, "text"))
        return self._amount(it, operator, value, _TYPES[asked.kind])

    def _amount(self, it: str, operator: Operator, value: Any, kind: str) -> str:
        if operator == Operator.BETWEEN:
            low, high = (self.param(one, kind) for one in value)
            return f"{it} BETWEEN {low} AND {high}"
        return _COMPARED[operator].format(it=it, a=self.param(value, kind))

    def _chosen(self, asked: Attribute | Field, codes: Sequence[Any]) -> str:
        """What was chosen, as an array; a code that cannot be one of a number is nobody's."""
        if asked.is_numbered:
            numbers = [int(code) for code in codes if code.isascii() and code.isdigit() and len(code) < 19]
            many = self.param(numbers, "bigint[]")
        else:
            many = self.param(list(codes), "text[]")
        return f"ARRAY({asked.spread.format(chosen=many)})" if asked.spread else many

    def _is(self, one: Is) -> Asked:
        attribute = registry.attribute(one.attribute)
        if attribute is None:  # a field that was archived since: nobody's value is known
            return Asked("NULL", "false")
        relation = attribute.relation
        if relation is not PERSON and relation.name not in self.joins:
            on = relation.on or self._on(relation.name)
            self.joins[relation.name] = f"LEFT JOIN {relation.sql} {relation.name} ON {on}"
        it = f"({attribute.sql})"
        if attribute.kind == Kind.CHOICES and attribute.is_numbered:
            it = f"{it}::bigint[]"
        return Asked(it, self.compared(attribute, it, one.operator, one.value))

    def _did(self, one: Did) -> Asked:
        behaviour = registry.behaviour(one.deed.did)
        assert behaviour is not None
        measure = next(m for m in behaviour.measures if m.code == one.measure)
        key = (one.deed, one.measure)
        if key not in self._counted:
            rows = self._rows(one.deed, f"customer_id, {measure.sql} AS n")
            self._counted[key] = self._join(f"{rows} GROUP BY customer_id")
        it = f"coalesce({self._counted[key]}.n, 0)"
        return Asked(it, self._amount(it, one.operator, one.value, "numeric"))

    def _then(self, one: Then) -> Asked:
        """Each later day looks at the last earlier one: one pass over both, in the order of days."""
        if one not in self._counted:
            first = self._rows(one.first, "customer_id, day, false AS is_then")
            then = self._rows(one.then, "customer_id, day, true AS is_then")
            within = self.param(one.within_days, "int")
            self._counted[one] = self._join(_THEN.format(first=first, then=then, within=within))
        name = self._counted[one]
        return Asked(f"{name}.day", f"{name}.day IS NOT NULL")

    def _member_of(self, segment: int) -> Asked:
        found = members.of(segment)
        if found is None:
            return Asked("NULL", "false")
        if isinstance(found, str):
            if segment not in self._counted:
                self._counted[segment] = self._join(found.format(number=self.param(segment, "bigint")))
            name = self._counted[segment]
            return Asked(f"{name}.since", f"{name}.customer_id IS NOT NULL")
        return Asked("NULL", self.holds(found))

    def _join(self, rows: str) -> str:
        name = f"j{len(self.joins)}"
        self.joins[name] = f"LEFT JOIN ({rows}) {name} ON {self._on(name)}"
        return name

    def _on(self, name: str) -> str:
        """Of a few customers their rows alone: PostgreSQL takes the second part into what is grouped, not the first."""
        on = f"{name}.customer_id = person.id"
        return on if self.reach.among is None else f"{on} AND {name}.customer_id = ANY({self._among()})"

    def _rows(self, deed: Deed, columns: str) -> str:
        """The rows of a behaviour, narrowed."""
        behaviour = registry.behaviour(deed.did)
        assert behaviour is not None
        fields = {one.code: one for one in behaviour.fields}
        held = [self._window(deed), *(self._where(fields[row.field], row) for row in deed.where)]
        if self.reach.among is not None:
            held.append(f"customer_id = ANY({self._among()})")
        return f"SELECT {columns} FROM {behaviour.sql} did WHERE {' AND '.join(held)}"  # noqa: S608  see above

    def _where(self, asked: Field, row: Where) -> str:
        return f"({self.compared(asked, f'({asked.sql})', row.operator, row.value)})"

    def _window(self, deed: Deed) -> str:
        """What is dated later than tomorrow has not happened yet; where the sun is first, it is tomorrow already."""
        window = deed.window
        match window.kind:
            case "last_days":
                return f"did.day > %(on)s::date - {self.param(window.days, 'int')} AND did.day <= {_TOMORROW}"
            case "longer_ago":
                return f"did.day < %(on)s::date - {self.param(window.days, 'int')}"
            case "between":
                since, until = self.param(window.since, "date"), self.param(window.until, "date")
                return f"did.day BETWEEN {since} AND least({until}, {_TOMORROW})"
        return f"did.day <= {_TOMORROW}"

    def _living(self) -> str:
        held = ["person.merged_into_id IS NULL", "person.erased_at IS NULL"]
        if self.reach.among is not None:
            held.append(f"person.id = ANY({self._among()})")
        if self.reach.store_ids is not None:
            self.params["stores"] = sorted(self.reach.store_ids)
            held.append("person.home_store_id = ANY(%(stores)s::bigint[])")
        return " AND ".join(held)

    def _among(self) -> str:
        self.params["among"] = list(self.reach.among or ())
        return "%(among)s::bigint[]"


_THEN = """SELECT customer_id, max(day) AS day FROM (
        SELECT customer_id, day, is_then, max(day) FILTER (WHERE NOT is_then) OVER (
            PARTITION BY customer_id ORDER BY day RANGE BETWEEN UNBOUNDED PRECEDING AND '1 day'::interval PRECEDING
        ) AS before FROM ({first} UNION ALL {then}) days
    ) pairs WHERE is_then AND day - before <= {within} GROUP BY customer_id"""
