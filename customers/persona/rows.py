"""Personas as rows of their table: the form of each column, the digest by which they are told apart, writing."""

from typing import Any

import numpy as np

from crm.lib import spells
from crm.lib.arrays import array_text
from crm.lib.copy import DATE, INT2, INT4, INT8, MONEY, Type
from customers.models.persona import FAVOURITES
from customers.persona.measures import NONE

TABLE = "customers_persona"
_INT2_OID, _INT4_OID, _DATE_OID = 21, 23, 1082
_PG_EPOCH_DAY = 10957
_PLAIN = {
    "visits": INT4, "price_level": INT2, "discount_share": INT2, "deal_share": INT2, "online_share": INT2,
    "weekday": INT2, "daypart": INT2, "basket_amount": MONEY, "basket_lines": INT2, "digest": INT8,
}  # fmt: skip
_MAYBE = {"brand_loyalty": INT2, "price_place": INT2, "cycle_days": INT2, "next_on": DATE}  # NULL where NONE
_LISTS = {
    "categories": (_INT4_OID, FAVOURITES), "category_shares": (_INT2_OID, FAVOURITES),
    "brands": (_INT4_OID, FAVOURITES), "brand_shares": (_INT2_OID, FAVOURITES),
    "weekday_shares": (_INT2_OID, 7), "daypart_shares": (_INT2_OID, 6),
    "refill_categories": (_INT4_OID, FAVOURITES), "refill_days": (_INT2_OID, FAVOURITES),
    "refill_on": (_DATE_OID, FAVOURITES),
}  # fmt: skip
FORGET = "DELETE FROM customers_persona WHERE customer_id = ANY(%(ids)s)"
_SHORTS = 32_767


def write(cursor: Any, columns: dict[str, Any], night: int) -> None:
    """Add these personas as open spells of a night."""
    size = len(columns["customer_id"])
    rows: dict[str, Any] = {name: columns[name] for name in ("customer_id", *_PLAIN)}
    types: dict[str, Type] = {"customer_id": INT8, "night_id": INT4, **_PLAIN, **_MAYBE}
    rows |= {name: np.ma.masked_equal(columns[name], NONE) for name in _MAYBE} | {
        "night_id": np.full(size, night)
    }
    rows["cycle_days"] = np.ma.minimum(rows["cycle_days"], _SHORTS)
    for name, (oid, length) in _LISTS.items():
        rows[name], types[name] = array_of(columns[name], oid, length)
    spells.write(cursor, TABLE, types, rows)


def forget(cursor: Any, ids: Any) -> int:
    """Remove all personas of these customers, earlier nights' too; how many there were."""
    if not len(ids):
        return 0
    cursor.execute(FORGET, {"ids": array_text(ids)})
    return int(cursor.rowcount)


def digest(columns: dict[str, Any]) -> Any:
    """A 64-bit number of all that a persona says: a polynomial over its numbers, mixed as in SplitMix64."""
    named = [columns[name] for name in (*_PLAIN, *_MAYBE, *_LISTS) if name != "digest"]
    matrix = np.column_stack(named).astype(np.uint64)
    found = np.zeros(len(matrix), dtype=np.uint64)
    for column in matrix.T:
        found = _mixed(found * np.uint64(0x100000001B3) + column)
    return found.view(np.int64)


def _mixed(z: Any) -> Any:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def array_of(values: Any, oid: int, length: int) -> tuple[Any, Type]:
    """Lists of one length on the wire: dimensions, NULL flag, element type, length, lower bound, then each by its size.

    PostgreSQL manual and `array_send` in its source; see also `crm/lib/copy.py`.
    """
    width = 2 if oid == _INT2_OID else 4
    form = [("head", ">i4", 5), ("items", [("size", ">i4"), ("value", f">i{width}")], length)]
    record = np.zeros(len(values), dtype=form)
    record["head"] = (1, 0, oid, length, 1)
    record["items"]["size"] = width
    record["items"]["value"] = (
        values - _PG_EPOCH_DAY if oid == _DATE_OID else np.minimum(values, _most(width))
    )
    return record.view(f"V{record.itemsize}").reshape(-1), Type(
        "array", f"V{record.itemsize}", record.itemsize
    )


def _most(width: int) -> int:
    return _SHORTS if width == 2 else 2**31 - 1
