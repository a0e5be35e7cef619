"""Target markets (S8): which segments are worth serving, how good we are at it, and what was decided about each.

*Candidates* are the RFM groups and the saved segments. The night measures them (`counting`, `step`), a manager judges
competition and fit and decides (`editing`), the *weights* (`weighing`) turn figures and judgements into two scores
between 0 and 100 (`scoring`): how attractive a segment is, and how strong we are in it.
"""
