"""Following: whatever changes of a customer is looked at again within seconds, and the night need not wait for it.

*Touched*: triggers on the tables that attributes rest on note whose rows changed (`watching.py`). The follower takes
the notes, asks every segment about these customers, and writes who came and went (`looking.py`). *Changed* remembers
them until the next night has read everybody anew, so that counts from the shelf can be put right meanwhile.
"""
