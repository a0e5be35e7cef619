"""Amounts as people and programs write them."""

from decimal import Decimal

from crm.org.models import Chain
from crm.ui import words
from loyalty.coupons.rules import cents, money

__all__ = ["cents", "money", "said"]


def said(amount: int) -> str:
    """So many of the smallest coin, in the chain's currency."""
    return words.money(Decimal(amount).scaleb(-2), Chain.current().currency)
