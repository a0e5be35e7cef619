"""The shelf: what can be asked of customers, as columns on disk, so that a segment of millions is counted at once.

A night lays a new shelf (`laying.py`): an array a value, in the order of the customers' row numbers, and the purchases
sorted for quick answers. Readers map the files, so all processes of a machine share one copy. An answer is exact: what
changed since the shelf was laid is asked of the database and put in its place (`answering.py`), and what is not on the
shelf (texts, rare behaviours) is asked of the database altogether. Without a shelf everything is.

numpy is imported where a segment is counted, on the web path too; the decision and its price are written down in
docs/decisions/0024-the-shelf.md.
"""
