"""Suggestions and what is due as rows of their tables."""

from typing import Any

import numpy as np

from crm.lib.copy import BOOL, DATE, FLOAT8, INT2, INT4, INT8, Type
from customers.persona.rows import array_of
from segmentation.generations import Scores
from segmentation.models import ProductFit
from segmentation.models.products import LISTED
from segmentation.products.pairs import Pairs

INT2_OID, INT4_OID, DATE_OID = 21, 23, 1082
SHORT = 32_767


def _type(oid: int) -> Type:
    return array_of(np.zeros((0, LISTED), dtype=np.int64), oid, LISTED)[1]


LISTS = {
    "again": INT4_OID, "again_gaps": INT2_OID, "again_days": INT2_OID, "again_last": DATE_OID,
    "fresh": INT4_OID, "goes_with": INT4_OID,
}  # fmt: skip
RECOMMENDATIONS = Scores(
    "segmentation_recommendation", ProductFit,
    {"customer_id": INT8, "store_id": INT8, **{name: _type(oid) for name, oid in LISTS.items()}},
)  # fmt: skip
DUE = Scores(
    "segmentation_duegood", ProductFit,
    {"customer_id": INT8, "product_id": INT8, "kind": INT4, "due_on": DATE, "gap": INT2, "last_on": DATE,
     "milli": INT8},
)  # fmt: skip
PAIR_TYPES = {
    "night_id": INT4, "level": INT2, "is_plain": BOOL, "first": INT4, "second": INT4, "first_baskets": INT4,
    "second_baskets": INT4, "both": INT4, "lift": FLOAT8, "confidence": FLOAT8,
}  # fmt: skip
STOCK_TYPES = {
    "night_id": INT4, "store_id": INT8, "product_id": INT8, "kind": INT4, "customers": INT4, "due": INT8, "week": INT8,
    "usual": INT8,
}  # fmt: skip


def recommendations(customer: Any, store: Any, lists: dict[str, Any]) -> dict[str, Any]:
    """Columns of the table; `lists` are tables of LISTED columns."""
    columns: dict[str, Any] = {"customer_id": customer, "store_id": np.ma.masked_equal(store, 0)}
    return columns | {name: array_of(lists[name], oid, LISTED)[0] for name, oid in LISTS.items()}


def pairs(found: Pairs, night: int, level: int, is_plain: bool, most: int) -> dict[str, Any]:
    """The pairs that stand in the most baskets, `most` of them."""
    top = np.argsort(-found.both, kind="stable")[:most]
    shared = {"night_id": night, "level": level, "is_plain": is_plain}
    return {name: np.full(len(top), value) for name, value in shared.items()} | {
        "first": found.a[top], "second": found.b[top], "first_baskets": found.of_a[top],
        "second_baskets": found.of_b[top], "both": found.both[top], "lift": found.lift[top],
        "confidence": found.confidence[top],
    }  # fmt: skip
