"""Programmes and rules for tests, written straight into the tables."""

from datetime import date
from decimal import Decimal
from typing import Any

from loyalty.models import EarningRule, Programme

BEGIN = date(2025, 1, 1)


def programme(**more: Any) -> Programme:
    """One point for each unit of the currency, two weeks to bring goods back, points till the end of next year."""
    return Programme.objects.create(**{"valid_from": BEGIN, "money_per_point": Decimal(1)} | more)


def rule(code: str, **more: Any) -> EarningRule:
    values = {"valid_from": BEGIN, "name": code.title(), "version": 1} | more
    return EarningRule.objects.create(code=code, **values)
