"""Writing a description step by step, as the builder does it: unfinished, with undo, from the fields of a form.

*Place*: the way to a node by numbers: "0-2" is the third of the first group, "" the outermost group. What is written
is the JSON of `segments/tree.py`, a group outermost, in which values may still be missing; only `segments/reading.py`
says whether it is right.
"""
