"""Limits that pages tell of, apart from the modules that compute."""

FEWEST = 100  # customers that clusters can be told of
WORSE = 1.25  # times the misfit of the learning
MOVED = 0.15  # of the customers, more or fewer in their clusters than at the learning
STABLE = 0.6  # the adjusted Rand index from which on groups count as the same
