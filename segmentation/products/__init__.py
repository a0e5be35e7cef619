"""What goes together and what comes next (S7): basket rules, and for each customer what to buy again and what is new.

The night (`step.py`) reads all histories in columns: pairs of goods with their measures (`pairs.py`), for each customer
ten goods to buy again (`again.py`) and ten that are new to them (`discovery.py`), and what is due this week. Pages, the
Counter and the API read the published night through `recommending.py`, `rules.py` and `needs.py`. The arithmetic stands
in docs/algorithms/products.md.
"""
