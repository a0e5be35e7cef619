"""Lifetime value: who will come again, how often, and what that is worth.

*BG/NBD* (`bgnbd.py`) says when people buy and when they leave, *Gamma-Gamma* (`gammagamma.py`) how much they spend.
`grouping.py` makes of the histories what the two look at, `fitting.py` decides which model may speak, `step.py` is
the step of the night, `reading.py` what pages read.
"""

HORIZONS = (30, 90, 365)  # days after a night that are told of
