"""Many customers at once, recognised by their identifiers: known ones are brought up to date, new ones enrolled.

A person told is who one of their identifiers belongs to; identifiers that belong to two customers are refused, never
joined, and so is a second member number or openid for somebody who has one, and a phone or e-mail under a clearly
different name (`matching.conflicts`). Blank values change nothing, and so does the same again.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import orjson

from customers import customfields, names
from customers.matching import conflicts, keys
from customers.receiving.database import Again

FIELDS = (
    "name", "gender", "birthday", "age_band", "income_band", "occupation", "household_size", "household",
    "household_code", "language", "address", "home_store_id", "enrolled_at", "custom",
)  # fmt: skip
_DEFAULTS = dict.fromkeys(
    (
        "name",
        "gender",
        "age_band",
        "income_band",
        "occupation",
        "household",
        "household_code",
        "language",
        "address",
    ),
    "",
)
_SEARCHED = ("name", "home_store_id")
Person = tuple[str, str]


class Told(Protocol):
    """What is told of a person: identifiers (kind, normalised value), values by field, tags."""

    @property
    def people(self) -> list[Person]: ...

    @property
    def fields(self) -> dict[str, Any]: ...

    @property
    def tags(self) -> list[str]: ...


class Fate(NamedTuple):
    """NEW, CHANGED, UNCHANGED or DISAGREE (nobody is joined; `why` is a code of `matching.conflicts`)."""

    what: str
    customer_id: int = 0
    why: str = ""


@dataclass(frozen=True)
class Trace:
    """What was written of one customer: enough to show it, and to undo it. `place`: the first that told of them.

    `before` and `after` hold the fields that changed, `after` all of a new customer; `identity_ids`, `tag_ids`: added.
    """

    customer_id: int
    place: int
    is_new: bool
    before: dict[str, Any]
    after: dict[str, Any]
    identity_ids: list[int]
    tag_ids: list[int]


NEW, CHANGED, UNCHANGED, DISAGREE = "new", "changed", "unchanged", "disagree"


@dataclass
class _State:
    """A customer as the database has it, and as it will be."""

    id: int
    is_new: bool
    is_stub: bool
    values: dict[str, Any]
    kinds: set[str] = field(default_factory=set)  # of the identifiers it has
    single: set[Person] = field(default_factory=set)  # those of which a person has one
    tags: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    before: dict[str, Any] = field(default_factory=dict)  # what a changed field held
    place: int = -1  # of the first that told something new

    def put(self, name: str, value: Any) -> None:
        self.before.setdefault(name, self.values[name])
        self.values[name] = value
        self.changed.add(name)


def upsert(
    cur: Any,
    told: Sequence[Told],
    *,
    source: str,
    at: datetime,
    traced: Callable[[list[Trace]], None] | None = None,
) -> list[Fate]:
    """Bring what is told into the tables; the fate of each. In a transaction, under the gate; may raise Again.

    `traced` is given what was written, one trace a customer.
    """
    work = _Upsert(cur, source, at)
    fates = work.run(told)
    if traced:
        traced(work.traces())
    return fates


class _Upsert:
    def __init__(self, cur: Any, source: str, at: datetime) -> None:
        self.cur = cur
        self.source = source
        self.at = at
        self.owner: dict[Person, int] = {}
        self.states: dict[int, _State] = {}
        self.identities: list[tuple[str, str, int, bool]] = []
        self.new_tags: list[tuple[int, str]] = []
        self.identity_ids: dict[int, list[int]] = defaultdict(list)

    def run(self, told: Sequence[Told]) -> list[Fate]:
        self._recognise({person for one in told for person in one.people})
        self._load(set(self.owner.values()), {tag for one in told for tag in one.tags})
        spare = iter(self._numbers(len(told)))
        fates = [self._one(one, spare, place) for place, one in enumerate(told)]
        self._write()
        return fates

    def traces(self) -> list[Trace]:
        """What was written, by customer."""
        tags: dict[int, list[int]] = defaultdict(list)
        for customer_id, tag in self.new_tags:
            tags[customer_id].append(self.tag_ids[tag])
        return [
            Trace(
                one.id, one.place, one.is_new, {} if one.is_new else one.before,
                {name: self._value(one, name) for name in (FIELDS if one.is_new else one.before)},
                self.identity_ids[one.id], tags[one.id],
            )
            for one in self.states.values() if one.place >= 0
        ]  # fmt: skip

    @staticmethod
    def _value(state: _State, name: str) -> Any:
        return state.is_stub if name == "is_stub" else state.values[name]

    # --- What is known ----------------------------------------------------------------------------------------------

    def _recognise(self, people: Iterable[Person]) -> None:
        wanted = sorted(people)
        self.cur.execute(_FIND, [[kind for kind, _ in wanted], [value for _, value in wanted]])
        self.owner = {(kind, value): customer for kind, value, customer in self.cur.fetchall()}

    def _load(self, ids: set[int], tags: set[str]) -> None:
        self.cur.execute(_LOAD, [sorted(ids)])
        for customer_id, is_stub, *values in self.cur.fetchall():
            known = dict(zip(FIELDS, values, strict=True))
            known["custom"] = orjson.loads(known["custom"])
            self.states[customer_id] = _State(customer_id, False, is_stub, known)
        self.cur.execute(_LOAD_KINDS, [list(conflicts.SINGLE), sorted(ids)])
        for customer_id, kind, value in self.cur.fetchall():
            self.states[customer_id].kinds.add(kind)
            if value:
                self.states[customer_id].single.add((kind, value))
        self.tag_ids = self._tag_ids(tags)
        if tags:
            self.cur.execute(_LOAD_TAGS, [sorted(ids)])
            for customer_id, tag in self.cur.fetchall():
                self.states[customer_id].tags.add(tag)

    def _tag_ids(self, tags: set[str]) -> dict[str, int]:
        if not tags:
            return {}
        self.cur.execute(_ADD_TAGS, [sorted(tags)])
        self.cur.execute("SELECT name, id FROM customers_tag WHERE name = ANY(%s)", [sorted(tags)])
        return dict(self.cur.fetchall())

    def _numbers(self, count: int) -> list[int]:
        if not count:
            return []
        self.cur.execute("SELECT nextval('customers_customer_id_seq') FROM generate_series(1, %s)", [count])
        return [row[0] for row in self.cur.fetchall()]

    # --- What is told -----------------------------------------------------------------------------------------------

    def _one(self, told: Told, spare: Any, place: int) -> Fate:
        owners = {self.owner[person] for person in told.people if person in self.owner}
        if len(owners) > 1:
            return Fate(DISAGREE, why=conflicts.OWNERS_DIFFER)
        if owners and (why := self._conflict(self.states[next(iter(owners))], told)):
            return Fate(DISAGREE, why=why)
        state = self.states[owners.pop()] if owners else self._new(next(spare))
        fate = self._tell(state, told)
        if fate != UNCHANGED and state.place < 0:
            state.place = place
        return Fate(NEW if not owners and state.is_new and fate == NEW else fate, state.id)

    def _conflict(self, state: _State, told: Told) -> str:
        """Two people who share a phone, not one: each with a number of their own, or with clearly different names."""
        shared = [person for person in told.people if person in self.owner]
        if why := conflicts.two_of_a_kind(told.people, state.single):
            return why
        if not shared:
            return ""
        names_ = (told.fields.get("name", ""), state.values["name"])
        return conflicts.other_person(shared, names_, (told.fields.get("birthday"), state.values["birthday"]))

    def _new(self, customer_id: int) -> _State:
        values = dict.fromkeys(FIELDS) | _DEFAULTS
        state = self.states[customer_id] = _State(
            customer_id, True, False, values | {"enrolled_at": self.at, "custom": {}}
        )
        state.changed.add("new")
        return state

    def _tell(self, state: _State, told: Told) -> str:
        is_first_word = "new" in state.changed
        changed = False
        if state.is_stub:  # named by receipts so far; now enrolled
            state.is_stub = False
            state.before["is_stub"] = True
            state.changed.add("is_stub")
            state.put("enrolled_at", state.values["enrolled_at"] or self.at)
            changed = True
        for name, said in told.fields.items():
            # Of the chain's own fields only those that are told change.
            value = customfields.merged(state.values[name], said) if name == "custom" else said
            if state.values[name] != value:
                state.put(name, value)
                changed = True
        for kind, value in told.people:
            if (kind, value) not in self.owner:
                self.owner[kind, value] = state.id
                self.identities.append((kind, value, state.id, kind not in state.kinds))
                state.kinds.add(kind)
                if kind in conflicts.SINGLE:
                    state.single.add((kind, value))
                changed = True
        for tag in told.tags:
            if tag not in state.tags:
                state.tags.add(tag)
                self.new_tags.append((state.id, tag))
                changed = True
        if is_first_word:
            state.changed.discard("new")
            return NEW
        return CHANGED if changed else UNCHANGED

    # --- Writing ----------------------------------------------------------------------------------------------------

    def _write(self) -> None:
        self._write_identities()
        new = [state for state in self.states.values() if state.is_new]
        changed = [state for state in self.states.values() if not state.is_new and state.changed]
        self._run(_INSERT, [self._row(state) for state in new])
        self._run(_UPDATE, [self._row(state) for state in changed])
        self._run(_TAG, [(customer, self.tag_ids[tag]) for customer, tag in self.new_tags])
        searched = [s.id for s in changed if s.changed.intersection(_SEARCHED)]
        names.index([*searched, *(state.id for state in new)])
        told_more = {customer for _kind, _value, customer, _main in self.identities}
        keys.index(sorted(told_more | {state.id for state in [*new, *changed]}))

    def _write_identities(self) -> None:
        rows = sorted(self.identities)
        if not rows:
            return
        self._run(_IDENTIFY, [(*row, self.source) for row in rows])
        made = self.cur.fetchall()
        if len(made) != len(rows):
            raise Again  # somebody else enrolled one of them meanwhile
        for identity_id, customer_id in made:
            self.identity_ids[customer_id].append(identity_id)

    def _row(self, state: _State) -> tuple[Any, ...]:
        values = {**state.values, "custom": orjson.dumps(state.values["custom"]).decode()}
        return state.id, state.is_stub, *(values[name] for name in FIELDS)

    def _run(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        if rows:
            self.cur.execute(statement, [list(column) for column in zip(*rows, strict=True)])


_FIND = """
SELECT i.kind, i.value, i.customer_id FROM unnest(%s::text[], %s::text[]) AS wanted (kind, value)
JOIN customers_identity i ON i.kind = wanted.kind AND i.value = wanted.value
"""
_COLUMNS = ", ".join(FIELDS)
_LOAD = f"""
SELECT id, is_stub, {_COLUMNS}::text FROM customers_customer WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE
"""  # noqa: S608
_LOAD_KINDS = """
SELECT DISTINCT customer_id, kind, CASE WHEN kind = ANY(%s) THEN value ELSE '' END FROM customers_identity
WHERE customer_id = ANY(%s)
"""
_LOAD_TAGS = """
SELECT given.customer_id, tag.name FROM customers_customertag given JOIN customers_tag tag ON tag.id = given.tag_id
WHERE given.customer_id = ANY(%s)
"""
_ADD_TAGS = """
INSERT INTO customers_tag (name) SELECT name FROM unnest(%s::text[]) AS new (name) ORDER BY name
ON CONFLICT (name) DO NOTHING
"""
_UNNESTED = f"""
FROM unnest(
    %s::bigint[], %s::bool[], %s::text[], %s::text[], %s::date[], %s::text[], %s::text[], %s::text[], %s::smallint[],
    %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::timestamptz[], %s::jsonb[]
) AS new (id, is_stub, {_COLUMNS})
"""
_INSERT = (
    f"INSERT INTO customers_customer (id, is_stub, {_COLUMNS}) SELECT id, is_stub, {_COLUMNS} {_UNNESTED}"
)
_UPDATE = f"""
UPDATE customers_customer c SET is_stub = new.is_stub, updated_at = now(),
    {", ".join(f"{name} = new.{name}" for name in FIELDS)}
{_UNNESTED} WHERE c.id = new.id
"""  # noqa: S608
_TAG = """
INSERT INTO customers_customertag (customer_id, tag_id) SELECT * FROM unnest(%s::bigint[], %s::bigint[])
ON CONFLICT DO NOTHING
"""
_IDENTIFY = """
INSERT INTO customers_identity (kind, value, customer_id, is_primary, source)
SELECT * FROM (
    SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::bool[], %s::text[])
        AS new (kind, value, customer_id, is_primary, source)
    ORDER BY kind, value
) AS new
ON CONFLICT (kind, value) DO NOTHING
RETURNING id, customer_id
"""
