"""What customers agreed to, and what may therefore be done (C6).

A *cell* is a purpose by a channel; profiling and sharing have no channel. A *word* is an event in a cell: yes, no, or
taken back. The *state* of a cell is its latest word. "Do not contact" is a word of its own that overrides all others.

Ask `allowed` (or put `condition` into your own statement) at the moment of acting; nothing here is cached.
"""

from customers.consents.cells import CELLS, Cell, UnknownCell, cell
from customers.consents.merging import lift_restriction, restrict_on_merge, share_refusals
from customers.consents.permission import allowed, allows, condition, refusal, refused
from customers.consents.recording import Choice, InvalidConsent, NotTheLatest, record, record_many, undo
from customers.consents.refusing import Refuses
from customers.consents.state import Standing, State, history, state_of

__all__ = [
    "CELLS", "Cell", "Choice", "InvalidConsent", "NotTheLatest", "Refuses", "Standing", "State", "UnknownCell",
    "allowed", "allows", "cell", "condition", "history", "lift_restriction", "record", "record_many", "refusal",
    "refused", "restrict_on_merge", "share_refusals", "state_of", "undo",
]  # fmt: skip
