"""What purchases earn, and why (docs/algorithms/accrual.md).

    accrual.earn_for([(customer_id, purchase_id), …], at=now)    a receipt or return, in its own transaction
    accrual.batch.earn_many(…)                                   many at once (numpy), with the same result

`rulesets` says which versions of programme and rules hold on a day, `arithmetic` is what they come to, in whole numbers
and without a database; `columns` is the same for many receipts. Tiers come from a slot (`facts`).
"""

from loyalty.accrual.single import earn_for

__all__ = ["earn_for"]
