"""May we? The one rule in SQL, from the committed truth, at the moment of asking.

Order-free: only the latest yes and the latest no of a cell count, and of two at the same time the no. So the answer is
a function of the set of events, and once an opt-out is committed no statement that starts afterwards says yes.
"""

from collections.abc import Iterable
from typing import Any

from crm.lib import prepared
from crm.lib.statements import Statement
from customers.consents.cells import cell
from customers.models import Purpose

# The age from which people consent for themselves: the chain's setting, else the law of its country (China's personal
# information law: 14; the United States' COPPA and the United Kingdom: 13; otherwise the strictest of Europe: 16).
ADULT_AT = """coalesce((SELECT adult_at FROM customers_consentrules ORDER BY id DESC LIMIT 1),
    (SELECT CASE country WHEN 'CN' THEN 14 WHEN 'US' THEN 13 WHEN 'GB' THEN 13 ELSE 16 END FROM org_chain), 16)"""
_ZONE = "coalesce((SELECT timezone FROM org_chain), 'UTC')"


def condition(channel: str | int | None, purpose: str | int, *, customer: str = "c") -> str:
    """SQL that is true where the cell's consent may be acted on now. `customer` is the alias of customers_customer.

    Nothing in it comes from a caller but whole numbers; it has no parameters. Never NULL. The purpose "contact" asks
    only whether the customer may be contacted at all.
    """
    what, how = cell(channel, purpose)
    if what == Purpose.CONTACT:
        return f"NOT {_REFUSED.format(c=customer)}"
    of_age = "true" if what == Purpose.SERVICE else _OF_AGE.format(c=customer)
    return _RULE.format(c=customer, purpose=int(what), channel=int(how), of_age=of_age)


# One probe of the index "consent_by_cell" a customer. Purpose 0 is the word about any contact.
_RULE = """coalesce((
    SELECT max(word.occurred_at) FILTER (WHERE word.purpose = {purpose} AND word.is_given)
            > coalesce(max(word.occurred_at) FILTER (WHERE word.purpose = {purpose} AND word.is_given IS NOT TRUE),
                '-infinity'::timestamptz)
        AND (max(word.occurred_at) FILTER (WHERE word.purpose = 0 AND word.is_given = false) IS NULL
            OR max(word.occurred_at) FILTER (WHERE word.purpose = 0 AND word.is_given IS NOT FALSE)
                > max(word.occurred_at) FILTER (WHERE word.purpose = 0 AND word.is_given = false))
        AND {of_age}
    FROM customers_consent word
    WHERE word.customer_id = {c}.id AND word.purpose IN (0, {purpose}) AND word.channel IN (0, {channel})
), false)"""
_ASKED = """EXISTS (SELECT FROM customers_consent word
    WHERE word.customer_id = {c}.id AND word.purpose = {purpose} AND word.channel = {channel})"""
_REFUSED = """coalesce((
    SELECT max(word.occurred_at) FILTER (WHERE word.is_given = false)
        >= coalesce(max(word.occurred_at) FILTER (WHERE word.is_given IS NOT FALSE), '-infinity'::timestamptz)
    FROM customers_consent word WHERE word.customer_id = {c}.id AND word.purpose = 0 AND word.channel = 0
), false)"""
_OF_AGE = f"""({{c}}.birthday IS NULL
        OR date_part('year', age((max(word.occurred_at) FILTER (WHERE word.purpose <> 0 AND word.is_given)
            AT TIME ZONE {_ZONE})::date::timestamp, {{c}}.birthday::timestamp)) >= {ADULT_AT}
        OR EXISTS (SELECT FROM customers_guardian guardian WHERE guardian.customer_id = {{c}}.id
            AND guardian.ended_at IS NULL))"""


def refusal(channel: str | int | None, purpose: str | int, *, customer: str = "c") -> str:
    """SQL that is true where the customer was asked about the cell and has no yes that holds; the alias as above.

    For what may be done until somebody objects. Never NULL, no parameters.
    """
    what, how = cell(channel, purpose)
    asked = _ASKED.format(c=customer, purpose=int(what), channel=int(how))
    return f"({asked} AND NOT {condition(channel, purpose, customer=customer)})"


def allowed(customer_ids: Iterable[int], channel: str | int | None, purpose: str | int) -> set[int]:
    """Those of the customers whose consent may be acted on now. One statement, nothing cached.

    A customer who was merged away or erased is nobody: ask for the survivor.
    """
    return {row[0] for row in prepared.rows(_among(channel, purpose), {"ids": list(customer_ids)})}


def allows(customer_id: int, channel: str | int | None, purpose: str | int) -> bool:
    """The same for one customer, in a statement that names them by value."""
    rule = condition(channel, purpose)
    sql = f"SELECT {rule} FROM customers_customer c WHERE c.id = %(id)s"  # noqa: S608  our own names and numbers
    found = prepared.row(
        _by_value(sql) + " AND c.merged_into_id IS NULL AND c.erased_at IS NULL", {"id": customer_id}
    )
    return bool(found and found[0])


def refused(customer_ids: Iterable[int], channel: str | int | None, purpose: str | int) -> set[int]:
    """Those of the customers who were asked about the cell and have no yes that holds. One statement."""
    return {row[0] for row in prepared.rows(_refusing(channel, purpose), {"ids": list(customer_ids)})}


def _by_value(sql: str) -> str:
    """Sub-selects name the customer by value, so that a plan that is kept stays with one partition."""
    return sql.replace("customer_id = c.id", "customer_id = %(id)s")


def _among(channel: str | int | None, purpose: str | int) -> str:
    rule = condition(channel, purpose)
    chosen = "c.id = ANY(%(ids)s::bigint[]) AND c.merged_into_id IS NULL AND c.erased_at IS NULL"
    return f"SELECT c.id FROM customers_customer c WHERE {chosen} AND {rule}"  # noqa: S608  our own names and numbers


def _refusing(channel: str | int | None, purpose: str | int) -> str:
    rule = refusal(channel, purpose)
    return f"SELECT c.id FROM customers_customer c WHERE c.id = ANY(%(ids)s::bigint[]) AND {rule}"  # noqa: S608  our own names and numbers


_IDS: dict[str, Any] = {"ids": [1, 2, 3]}
STATEMENTS = [
    Statement("consent.allowed", _among("email", "marketing"), _IDS),
    Statement("consent.allowed_profiling", _among(None, "profiling"), _IDS),
    Statement("consent.refused_profiling", _refusing(None, "profiling"), _IDS),
    Statement("consent.may_be_contacted", _among(None, "contact"), _IDS),
]
