"""Members bring members: a code each, and points for both when the friend's first purchase can no longer be returned.

code = codes.make(customer_id); codes.of(customer_id); codes.owner(code)
coming.take(friend_id, code, at, by)           where the friend was enrolled
settling.settle(referral, on=night, at=now)    waits, is paid, is flagged for a look, or came to nothing
deciding.pay(referral, note=…, by=…, at=…); deciding.refuse(…)
terms.change(…)                                what it is worth, in versions
"""
