"""Which coupons a customer can use, in one statement: for the Counter, the customer's page and the basket."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm.lib import prepared
from crm.lib.statements import Statement
from loyalty.coupons import rules
from loyalty.coupons.rules import Rules
from loyalty.tiers import EARLY


@dataclass(frozen=True)
class Held:
    """A coupon that is good at a moment and in a store. Whether a basket fits is for `fitting.misfit` to say."""

    coupon_id: int
    definition_id: int
    code: str
    name: str
    valid_to: datetime | None
    rules: Rules
    terms_id: int
    is_early: bool = False  # others cannot use it yet


def usable(customer_id: int, at: datetime, store_id: int | None) -> list[Held]:
    """What is neither used, reserved, void nor over, and is taken in this store (None: in any). First to end first."""
    found = prepared.rows(USABLE.sql, {"customer": customer_id, "at": at, "store": store_id})
    return [_held(row) for row in found]


def _held(row: tuple[Any, ...]) -> Held:
    pk, definition, code, name, valid_to, terms_id, is_early, *terms = row
    told = rules.from_values(dict(zip(rules.NAMES, terms, strict=True)))
    return Held(pk, definition, code, name, valid_to, told, terms_id, is_early)


_TERMS = ", ".join(f"t.{name}" for name in rules.NAMES)
USABLE = Statement(
    "coupons.usable",
    f"""
SELECT c.id, c.definition_id, c.code, d.name, c.valid_to, c.terms_id, c.valid_from > %(at)s AS is_early, {_TERMS}
FROM loyalty_coupon c
JOIN loyalty_coupondefinition d ON d.id = c.definition_id
JOIN loyalty_couponterms t ON t.id = c.terms_id
WHERE c.customer_id = %(customer)s AND c.voided_at IS NULL
    AND (c.valid_from <= %(at)s OR (
        c.issued_at <= %(at)s AND c.valid_from <= %(at)s::timestamptz + make_interval(days => {EARLY})
    ))
    AND (c.valid_to IS NULL OR c.valid_to > %(at)s)
    AND (%(store)s::bigint IS NULL OR (
        (t.only_stores = '{{}}' OR %(store)s::bigint = ANY(t.only_stores)) AND %(store)s::bigint <> ALL(t.not_stores)
    ))
    AND NOT EXISTS (
        SELECT FROM loyalty_couponuse u
        WHERE u.customer_id = %(customer)s AND u.coupon_id = c.id
            AND u.released_at IS NULL AND u.reversed_at IS NULL
            AND (u.redeemed_at IS NOT NULL OR u.reserved_until > %(at)s)
    )
ORDER BY c.valid_to NULLS LAST, c.id
""",  # noqa: S608  names of columns
    {"customer": 1, "at": datetime(2026, 1, 1, 12), "store": 1},
)
STATEMENTS = [USABLE]
