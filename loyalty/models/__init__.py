"""The nouns of this app, one module a topic."""

from loyalty.models.ledger import Balance, Kind, Lot, Movement, Trace, Unit

__all__ = ["Balance", "Kind", "Lot", "Movement", "Trace", "Unit"]
