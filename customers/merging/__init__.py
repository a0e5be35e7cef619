"""Merging two customers who are one person, and taking it back.

Everything that the loser owns becomes the survivor's, by the rule that each model states (`Owned.on_merge`): rows are
deleted and inserted again under the survivor with their ids kept, for the customer of a row never changes.
Identifiers point to the survivor, and so do the inbox and earlier merges. The loser stays as a signpost: old public
ids go on working. Undone, both are what they were (docs/algorithms/merging.md).

    preview(survivor, loser)                               field by field, what moves, what conflicts
    merge(survivor, loser, by=ana, at=now, choices={"name": "loser"})
    unmerge(merge, by=ana, at=now)

A merge waits until no applier is at work and keeps them out while it runs (the gate of `receiving.database`), so no
receipt can be written to the loser after its identifiers have moved, and two merges come one after the other.
"""

from customers.merging.joining import merge
from customers.merging.preview import Preview, preview
from customers.merging.refusals import CannotMerge, CannotUndo, IdentifiersConflict, InvalidChoice
from customers.merging.tables import owned_models
from customers.merging.undoing import unmerge
from customers.models import Customer

__all__ = [
    "CannotMerge", "CannotUndo", "IdentifiersConflict", "InvalidChoice", "Preview", "merge", "owned_models",
    "preview", "survivor_of", "unmerge",
]  # fmt: skip


def survivor_of(customer: Customer) -> Customer:
    """Whom a signpost points to; anybody else is themselves."""
    return customer if customer.merged_into_id is None else Customer.objects.get(pk=customer.merged_into_id)
