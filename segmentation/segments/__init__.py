"""Segments: sets of customers that somebody described, or listed, and gave a name.

*Tree*: the description, a nest of all / any / none over conditions (`tree.py` reads and checks it). *Compiling* makes
one SQL statement of it. *Version*: a description is never changed, the next one is added. *Spell*: who was in a segment
from when until when.
"""
