"""Whether a receipt is the first of its customer, in SQL, the same for one, for many, and for a basket not yet paid.

What came back whole is as if it had not been bought: it is nobody's first once it is back.
"""


def is_back(purchase: str) -> str:
    """Whether all that was paid for a purchase was given back. `purchase`: what its table is called there."""
    return f"{purchase}.returned > 0 AND {purchase}.returned >= {purchase}.amount"


def is_first(customer: str, earlier: str, at: str) -> str:
    """`earlier`: what tells whether purchase `e` comes before the one in question, which is of the moment `at`.

    Of an earlier one that came back the return must have come before; one that was earned as the first and is back by
    now has nothing left of it.
    """
    return f"""NOT EXISTS (
        SELECT FROM customers_purchase e
        WHERE e.customer_id = {customer} AND {earlier} AND NOT (
            {is_back("e")} AND coalesce((
                SELECT max(r.occurred_at) FROM customers_return r
                WHERE r.customer_id = e.customer_id AND r.purchase_id = e.id
            ) <= {at}, FALSE)
        )
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
