"""The demo chain's programme: it begins with the year of receipts, so that the first night earns them all."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Min
from django.utils import timezone

from customers.models import Category, Purchase
from loyalty import programmes, rules
from loyalty.models import Ending, Programme

BY = "system:load_demo"


def make() -> bool:
    """Programme and rules, unless there is a programme."""
    begins = Purchase.objects.aggregate(first=Min("business_date"))["first"]
    if begins is None or Programme.objects.exists():
        return False
    at = timezone.now()
    for code, settings in _rules(begins).items():
        rules.publish(code, by=BY, at=at, **{"valid_from": begins} | settings)
    programmes.change(
        by=BY, at=at, valid_from=begins, ending=Ending.YEAR_END, ending_count=1, cap_day=5_000,
        point_worth=Decimal("0.01"),
        excluded={"categories": _below("miscellaneous", "charitable-cont", "coupon"), "products": []},
    )  # fmt: skip
    return True


def _rules(begins: date) -> dict[str, dict[str, Any]]:
    fresh = _below("produce", "seafood", "salad-bar")
    festival = begins + timedelta(days=180)
    return {
        "welcome": {
            "name": "Welcome", "kind": "bonus", "points": 100, "condition": {"is_first": True},
        },
        "fresh-week": {
            "name": "Fresh Tuesdays", "kind": "multiplier", "percent": 200, "cap_day": 200,
            "condition": {"weekdays": [1]} | ({"categories": fresh} if fresh else {}),
        },
        "birthday": {
            "name": "Birthday week", "kind": "multiplier", "percent": 200, "is_exclusive": True, "cap_month": 500,
            "condition": {"birthday_days": 3},
        },
        "festival": {
            "name": "Summer festival", "kind": "multiplier", "percent": 150, "is_exclusive": True,
            "condition": {"dates": [festival.isoformat(), (festival + timedelta(days=6)).isoformat()]},
        },
        "big-basket": {
            "name": "Big basket", "kind": "bonus", "points": 50, "cap_day": 50,
            "condition": {"minimum_cents": 10_000},
        },
        "review": {
            "name": "Review written", "kind": "action", "action": "review_written", "points": 20, "cap_month": 60,
        },
        "profile": {
            "name": "Profile completed", "kind": "action", "action": "profile_completed", "points": 50, "once": True,
        },
    }  # fmt: skip


def _below(*paths: str) -> list[str]:
    return list(Category.objects.filter(path__in=paths).order_by("path").values_list("path", flat=True))
