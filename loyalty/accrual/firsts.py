"""Whether a receipt is the first of its customer, in SQL, the same for one, for many, and for a basket not yet paid.

What came back whole is as if it had not been bought: it is nobody's first once it is back, and uses no limit.
"""


def is_back(purchase: str) -> str:
    """Whether all that was paid for a purchase was given back. `purchase`: what its table is called there."""
    return f"{purchase}.returned > 0 AND {purchase}.returned >= {purchase}.amount"


def back_at(purchase: str) -> str:
    """When the last goods of a purchase came back, if all of it did: in microseconds since 1970, or NULL."""
    return f"""CASE WHEN {is_back(purchase)} THEN (
        SELECT (extract(epoch FROM max(r.occurred_at)) * 1000000)::bigint FROM customers_return r
        WHERE r.customer_id = {purchase}.customer_id AND r.purchase_id = {purchase}.id
    ) END"""  # noqa: S608  our own words


def is_back_by(purchase: str, at: str) -> str:
    """Whether all of a purchase had come back by a moment."""
    return f"""{is_back(purchase)} AND coalesce((
            SELECT max(r.occurred_at) FROM customers_return r
            WHERE r.customer_id = {purchase}.customer_id AND r.purchase_id = {purchase}.id
        ) <= {at}, FALSE)"""  # noqa: S608  our own words


def is_first(customer: str, earlier: str, at: str) -> str:
    """`earlier`: what tells whether purchase `e` comes before the one in question, which is of the moment `at`.

    Of an earlier one that came back the return must have come before; one that was earned as the first and is back by
    now has nothing left of it.
    """
    return f"""NOT EXISTS (
        SELECT FROM customers_purchase e
        WHERE e.customer_id = {customer} AND {earlier} AND NOT ({is_back_by("e", at)})
    ) AND NOT EXISTS (
        SELECT FROM loyalty_accrual f
        JOIN customers_purchase k ON k.customer_id = f.customer_id AND k.id = f.purchase_id
        WHERE f.customer_id = {customer} AND f.is_first AND NOT ({is_back("k")})
    )"""  # noqa: S608  our own words


IS_FIRST = is_first(
    "p.customer_id",
    """e.business_date <= p.business_date
            AND (e.business_date, e.occurred_at, e.id) < (p.business_date, p.occurred_at, p.id)""",
    "p.occurred_at",
)
