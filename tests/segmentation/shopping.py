"""A little shop: Irina buys tea every ten days; eight others bought tea and milk, and honey lately."""

from datetime import UTC, date, datetime, timedelta

from crm.org.models import Store
from customers import consents
from customers.models import Category, Customer, Product
from tests import cast

NIGHT = date(2026, 3, 9)


def refuse(who: Customer) -> None:
    """They say no to a profile."""
    consents.record(
        who, channel=None, purpose="profiling", is_given=False, wording=None, source="test", by="system:test",
        at=datetime(2026, 3, 1, tzinfo=UTC),
    )  # fmt: skip


def day(back: int) -> date:
    return NIGHT - timedelta(days=back)


def shop(harbour: Store) -> dict[str, int]:
    """Tea every ten days by Irina; eight others buy tea and milk, and honey lately."""
    drinks = Category.objects.create(path="food/drinks", name="Drinks")
    for sku in ("TEA", "MILK", "HONEY", "WINE"):
        cast.product(sku, sku.title(), category=drinks)
    return {product.sku: product.pk for product in Product.objects.all()}
