"""What the chain owes in points: as of any day, by store and month (docs/algorithms/liability.md).

days.bring_forward()                 read what the ledger booked since into sums by day
figures.of(viewer, unit, on)         what stood on a day, and how it came to that
breakage.estimate(…)                 how much of it nobody will ever spend
"""
