"""A receipt written as one writes it by the book: get what it refers to, then one object after the other."""

from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from crm.org.models import Store
from customers.models import Arrival, Identity, Line, Payment, Product, Purchase, Source, StaleState


def write(slip: dict[str, Any]) -> Purchase:
    """The rows that the product writes for the same receipt. In the caller's transaction."""
    source, _ = Source.objects.get_or_create(code=slip["source"])
    store = Store.objects.get(code=slip["store"])
    owner = Identity.objects.select_related("customer").get(**slip["customer"]).customer
    at = datetime.fromisoformat(slip["occurred_at"])
    amounts = [Decimal(line["amount"]) for line in slip["lines"]]
    arrival, is_new = Arrival.objects.get_or_create(
        kind=1, source=source, external_id=slip["external_id"],
        defaults={
            "customer_id": owner.pk, "store": store, "raw": slip,
            "fingerprint": blake2b(repr(slip).encode(), digest_size=16).digest(),
        },
    )  # fmt: skip
    if not is_new:
        return Purchase.objects.get(pk=arrival.purchase_id)
    purchase = Purchase.objects.create(
        customer=owner, store=store, source_id=source.pk, business_date=at.astimezone(store.zone).date(),
        occurred_at=at, amount=sum(amounts), external_id=slip["external_id"], staff_code=slip.get("staff", ""),
    )  # fmt: skip
    for line in slip["lines"]:
        Line.objects.create(
            customer=owner, purchase=purchase, number=line["line"], product=Product.objects.get(sku=line["product"]),
            quantity=Decimal(line["quantity"]), amount=Decimal(line["amount"]), discount=Decimal("0"),
        )  # fmt: skip
    for number, paid in enumerate(slip["payments"], start=1):
        Payment.objects.create(
            customer=owner,
            purchase=purchase,
            number=number,
            method=paid["method"],
            amount=Decimal(paid["amount"]),
        )
    arrival.purchase_id = purchase.pk
    arrival.save(update_fields=["purchase_id"])
    StaleState.objects.create(customer_id=owner.pk, since=purchase.business_date)
    return purchase
