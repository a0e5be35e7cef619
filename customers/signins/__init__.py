"""Customers sign in to their own pages by a one-time code (docs/algorithms/member-sign-in.md).

key = codes.ask("irina@example.com", language="en", at=now)     the same for everybody, member or not
sending.send_due(now)                                           apart from the request
codes.redeem(key, "123456", at=now)                             Proven, or None; a few tries, once
token = sessions.begin(proven, at=now); sessions.of(token, at=now); sessions.end(token)
"""
