"""Stored value: members pay money in and pay with it later; the chain may give a bonus on top.

    storedvalue.top_up(customer_id, 500_00, Cause("till:9", at, by, store.pk), how="cash")    the best offer adds bonus
    paid = storedvalue.pay(customer_id, 120_00, cause)         taken from both accounts, by the published order
    storedvalue.refund(customer_id, paid.pk, cause, amount=40_00)       what was taken, to the same lots with their ends
    storedvalue.pay_out(customer_id, cause)          the rest in cash; what of the bonus was not earned goes back
    storedvalue.undo(customer_id, top_up.pk, cause)             nothing of it was spent yet

Each is one transaction over both accounts and answers the same to the same source for ever
(docs/algorithms/stored-value.md).
"""

from loyalty.storedvalue.paying import pay, refund
from loyalty.storedvalue.payingout import decide, pay_out, worked_out
from loyalty.storedvalue.topping import top_up, undo

__all__ = ["decide", "pay", "pay_out", "refund", "top_up", "undo", "worked_out"]
