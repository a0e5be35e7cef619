"""Knowing the customer: who they are, what they bought, where they stand in their life with the chain.

*Customer*: a person. *Identity*: one way to recognise them (phone, e-mail, member number, card, openid).
*Purchase*: a receipt of a known customer, with *lines*. *Return*: goods brought back. *Arrival*: what another system
told us, kept raw. *Purchase state*: a customer's history in a few numbers. *Lifecycle*: where they stand, over time.
"""
