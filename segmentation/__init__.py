"""Segments and scores: who the regulars are, who is about to leave, who brings the money.

*Scheme*: how RFM is scored (window, buckets, method, grid); versions are kept. *Group*: a named part of the grid
(champions … lost). *Standing*: a customer's scores, group and value class, as spells. *Cell count*: customers and
revenue by cell of the grid and store, a night. Everything is computed by the night (`steps.py`) and read through
functions that take a viewer: `heatmap.py`, `movement.py`, `standings.py`.
"""
