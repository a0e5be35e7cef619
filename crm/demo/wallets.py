"""Stored value of the demo chain: settings, three offers, and some members who have topped up and paid. Made once."""

from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from customers.models import Customer
from loyalty import storedvalue
from loyalty.ledger import Cause
from loyalty.models import StoredTerms, TopUpOffer
from loyalty.storedvalue.refusals import StoredRefused

BY = "system:load_demo"
DAYS = 60
# code, name, paid in, bonus, how long it lasts
OFFERS = (
    ("start", "Pay 100, get 5", 100, 5, 90),
    ("five-hundred", "Pay 500, get 50", 500, 50, 180),
    ("thousand", "Pay 1000, get 150", 1000, 150, None),
)
HOW = ("wechat", "alipay", "card", "cash")


def make(most: int) -> int:
    """Returns how many acts; 0 where there is stored value already."""
    if StoredTerms.objects.exists():
        return 0
    at = timezone.now() - timedelta(days=DAYS)
    StoredTerms.objects.create(valid_from=at.date(), created_by=BY)
    for code, name, pay, bonus, days in OFFERS:
        TopUpOffer.objects.create(
            code=code, name=name, pay=Decimal(pay), bonus=Decimal(bonus), bonus_days=days, valid_from=at.date(),
            created_by=BY,
        )  # fmt: skip
    rows = Customer.objects.filter(merged_into=None, erased_at=None, home_store__isnull=False).order_by("pk")
    people = list(rows.filter(is_stub=False).values_list("pk", "home_store")[: most * 7 : 7])
    with transaction.atomic():
        return sum(_live(number, pk, store_id) for number, (pk, store_id) in enumerate(people))


def _live(number: int, customer_id: int, store_id: int) -> int:
    """One member tops up and pays some times; the same on every machine."""
    began = timezone.now() - timedelta(days=DAYS - 1 - number % 50, hours=number % 9)

    def why(name: str, days: int) -> Cause:
        return Cause(f"demo:{name}", min(began + timedelta(days=days), timezone.now()), BY, store_id)

    amount = (100, 500, 200, 1000)[number % 4] * 100
    storedvalue.top_up(customer_id, amount, why("up", 0), how=HOW[number % 4], receipt_number=f"T{number:05}")
    done = 1
    for step in range(number % 5):
        price = 1290 + 770 * ((number * 7 + step * 3) % 13)
        try:
            storedvalue.pay(
                customer_id, price, why(f"pay{step}", 2 + 2 * step), receipt_number=f"R{number:05}{step}"
            )
        except StoredRefused:
            break
        done += 1
    return done
