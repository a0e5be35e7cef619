"""Persona (画像): what a customer's purchases say about the person, computed in the night.

*Window*: the year up to the customer's last purchase, so a persona changes only when purchases do, and somebody who was
lost is still known. *Favourite*: a category or brand by its share of spending. *Refill*: a kind of goods that they buy
at regular intervals. `measures` is the arithmetic, `reading` what it looks at, `prices` the thirds by price, `step` the
night's step, `pictures` what pages and the API show, `attributes` what segments can ask.
"""
