"""Asking the shelf: who is in a tree, exactly as the database would say it.

Each condition is answered by a column where one lies on the shelf, by receipts and lines, or else by the database; the
nest is put together from arrays of truth. Of customers whose values changed since the shelf was laid the database is
asked in any case, and its answer stands.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection

from customers.attributes import Attribute, Kind, Moment, registry
from segmentation.models import Changed, ChangedTable, ShelfPointer, Touched
from segmentation.segments import compiling, evaluating, members
from segmentation.segments.compiling import Reach
from segmentation.segments.tree import Condition, Did, Group, Is, MemberOf, Node, Then
from segmentation.shelf import behaving
from segmentation.shelf.behaving import Purchases
from segmentation.shelf.columns import Choice, Choices, Column, Days, Flags, Numbers
from segmentation.shelf.purchases import Rows

MOST_CHANGED = (
    50_000  # beyond it the database is asked about everybody: it would be asked about too many one by one
)
KEPT_OPEN = 2
NODES = (Group, Is, Did, Then, MemberOf)
# What the shelf holds of a row: its product and its store.
_NUMBERS_OF = {
    "region": "SELECT id FROM org_store WHERE region_id IN ({chosen})",
    "category": "SELECT id FROM customers_product WHERE category_id IN ({chosen})",
    "brand": "SELECT id FROM customers_product WHERE brand_id IN ({chosen})",
}


def home() -> Path:
    """Where the shelves of this database are."""
    return Path(settings.HOME.path) / "shelf" / str(connection.settings_dict["NAME"])


def standing(moment: Moment) -> "Standing | None":
    """The shelf that readers take, with who changed since; None: there is none here, or too much has changed."""
    pointer = ShelfPointer.objects.first()
    if pointer is None or not (home() / pointer.name / "shelf.json").exists():
        return None
    # The follower makes the one of the other in one commit: read in this order, nobody is missed in between.
    changed = set(Touched.objects.values_list("customer_id", flat=True)[: MOST_CHANGED + 1])
    changed |= set(Changed.objects.values_list("customer_id", flat=True)[: MOST_CHANGED + 1])
    if len(changed) > MOST_CHANGED:
        return None
    tables = frozenset(ChangedTable.objects.values_list("name", flat=True).distinct())
    return Standing(opened(pointer.name), moment, sorted(changed), tables)


@lru_cache(KEPT_OPEN)
def opened(name: str) -> "Opened":
    """A shelf of this process; its files are mapped when they are first asked for."""
    return Opened(home() / name)


class Opened:
    """The files of a shelf."""

    def __init__(self, place: Path) -> None:
        self.place = place
        told = json.loads((place / "shelf.json").read_text())
        self.on, self.night, self.columns = date.fromisoformat(told["on"]), told["night"], told["columns"]

    @cached_property
    def customers(self) -> Any:
        return self._load("customers")

    @cached_property
    def stores(self) -> Any:
        return self._load("stores")

    @cached_property
    def goods(self) -> tuple[Rows, Rows, Any] | None:
        """Receipts, lines, and whose each receipt is."""
        file = self.place / "purchases.json"
        if not file.exists():
            return None
        told = json.loads(file.read_text())
        rows = [Rows(self.place, name, told[name]) for name in ("receipts", "lines")]
        return rows[0], rows[1], self._load("receipt_place")

    def column(self, attribute: Attribute, moment: Moment) -> Column | None:
        """The column of an attribute, if what lies here holds at the moment and is still of its kind."""
        code = attribute.code
        told = self.columns.get(code)
        if told is None or told["kind"] != attribute.kind:
            return None
        is_of_then = told["reads_today"] and moment.on != self.on
        if is_of_then or (told["reads_night"] and moment.night != self.night):
            return None
        kind, values = Kind(told["kind"]), self._load(code)
        if kind is Kind.CHOICE:
            return Choice(values, told["codes"])
        if kind is Kind.CHOICES:
            return Choices(values, told["starts"], told["codes"], len(self.customers))
        plain: dict[Kind, type[Days | Flags | Numbers]] = {Kind.DATE: Days, Kind.FLAG: Flags}
        return plain.get(kind, Numbers)(values)

    def _load(self, name: str) -> Any:
        return np.load(self.place / f"{name}.npy", mmap_mode="r", allow_pickle=False)


@dataclass
class Standing:
    """A shelf at a moment. `changed`: whose values on it may be out of date, rising; `tables`: about everybody, and
    changed since, so columns that rest on them are not taken."""

    shelf: Opened
    moment: Moment
    changed: list[int]
    tables: frozenset[str] = frozenset()
    masks: dict[Node, Any] = field(
        default_factory=dict
    )  # what has been asked already: trees share their branches

    def ids(self, tree: Node, store_ids: frozenset[int] | None = None) -> Any:
        """The row numbers of those in it, rising."""
        held = self.shelf.customers[self._unchanged(self.mask(tree), store_ids)]
        fresh = self._fresh(tree, store_ids)
        return np.sort(np.concatenate([held, np.array(fresh, dtype=np.int64)])) if fresh else held

    def counts(self, trees: Sequence[Node], store_ids: frozenset[int] | None = None) -> list[int]:
        """How many are in each."""
        held = [int(np.count_nonzero(self._unchanged(self.mask(tree), store_ids))) for tree in trees]
        if not self.changed:
            return held
        query = compiling.counts(trees, self.moment, Reach(self.changed, store_ids))
        fresh = evaluating.rows(query)[0]
        return [a + int(b) for a, b in zip(held, fresh, strict=True)]

    def mask(self, node: Node) -> Any:
        """Truth by the shelf alone, one a customer on it."""
        if node not in self.masks:
            self.masks[node] = self._group(node) if isinstance(node, Group) else self._condition(node)
        return self.masks[node]

    def _group(self, node: Group) -> Any:
        found = np.full(len(self.shelf.customers), node.how == "all")
        for child in node.of:
            if node.how == "all":
                found &= self.mask(child)
            else:
                found |= self.mask(child)
        return ~found if node.how == "none" else found

    def _condition(self, one: Condition) -> Any:
        if isinstance(one, Is) and (found := self._is(one)) is not None:
            return found
        goods = self._purchases
        if isinstance(one, Did) and goods and behaving.answers(one.deed, one.measure):
            return goods.did(one)
        if isinstance(one, Then) and goods and behaving.answers(one.first) and behaving.answers(one.then):
            return goods.then(one)
        if isinstance(one, MemberOf) and isinstance(
            tree := members.of(one.segment), Group | Is | Did | Then | MemberOf
        ):
            return self.mask(tree)
        return self._of_database(one)

    def _is(self, one: Is) -> Any:
        attribute = registry.attribute(one.attribute)
        if attribute is None or not self.tables.isdisjoint(attribute.relation.watches):
            return None
        column = self.shelf.column(attribute, self.moment)
        if column is None:
            return None
        value = one.value
        if attribute.spread and isinstance(value, tuple):
            if not isinstance(column, Choice):
                return None
            value = tuple(str(number) for number in _spread(attribute.spread, map(str, value)))
        return column.answer(one.operator, value, self.moment.on)

    def _of_database(self, one: Condition) -> Any:
        query = compiling.ids(Group("all", (one,)), self.moment)
        found = np.zeros(len(self.shelf.customers), dtype=bool)
        ids = np.array([row[0] for row in evaluating.rows(query)], dtype=np.int64)
        if len(ids) and len(found):
            place = np.minimum(np.searchsorted(self.shelf.customers, ids), len(found) - 1)
            found[place[self.shelf.customers[place] == ids]] = True
        return found

    @cached_property
    def _purchases(self) -> Purchases | None:
        goods = self.shelf.goods
        if goods is None:
            return None
        return Purchases(*goods, len(self.shelf.customers), _numbers, self.moment.on)

    def _unchanged(self, mask: Any, store_ids: frozenset[int] | None) -> Any:
        customers = self.shelf.customers
        if store_ids is not None:
            mask = mask & np.isin(self.shelf.stores, sorted(store_ids))
        if self.changed and len(customers):
            mask = mask.copy()
            place = np.minimum(np.searchsorted(customers, self.changed), len(customers) - 1)
            mask[place[customers[place] == self.changed]] = False
        return mask

    def _fresh(self, tree: Node, store_ids: frozenset[int] | None) -> list[int]:
        """Those of the changed who are in it, by the database."""
        if not self.changed:
            return []
        query = compiling.ids(tree, self.moment, Reach(self.changed, store_ids))
        return [row[0] for row in evaluating.rows(query)]


def _numbers(did: str, field: str, value: Sequence[str]) -> list[int]:
    """What chosen codes of a field stand for: numbers of stores, channels, weekdays or products."""
    behaviour = registry.behaviour(did)
    assert behaviour is not None
    asked = next(one for one in behaviour.fields if one.code == field)
    numbers = (
        _spread(asked.spread, value) if asked.spread else [int(code) for code in value if _is_number(code)]
    )
    if field not in _NUMBERS_OF or not numbers:
        return numbers
    places = ", ".join(["%s"] * len(numbers))
    with connection.cursor() as cursor:
        cursor.execute(_NUMBERS_OF[field].format(chosen=places), numbers)
        return [row[0] for row in cursor.fetchall()]


def _spread(sql: str, value: Iterable[str]) -> list[int]:
    with connection.cursor() as cursor:
        chosen = [int(code) for code in value if _is_number(code)]
        cursor.execute(sql.format(chosen="%(chosen)s::bigint[]"), {"chosen": chosen})
        return [row[0] for row in cursor.fetchall()]


def _is_number(code: str) -> bool:
    return code.isascii() and code.isdigit() and len(code) < 19
