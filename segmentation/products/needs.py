"""Who needs something again this week, and what stores will need for them: the published night, as far as it holds."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils.timezone import localdate

from crm.org.scope import Viewer
from customers import consents
from customers.models import Category, Customer, Line, Product
from segmentation.models import DueGood, ProductFit, StockFigure
from segmentation.products import ages
from segmentation.products.recommending import Reason, Suggestion

LISTED = 500  # lines of the stock list that a page shows


def goods(found: ProductFit, *, kind: int | None = None, product: int | None = None) -> QuerySet[DueGood]:
    """What is due, was not bought since the night, and may be suggested to the customer by the age limits of now."""
    since = Line.objects.filter(
        customer=OuterRef("customer"), product=OuterRef("product"), purchase__business_date__gt=found.night.on,
        returned_quantity__lt=F("quantity"),
    )  # fmt: skip
    rows = DueGood.objects.filter(ages.old_enough(localdate()), ~Exists(since), night=found.night_id)
    if kind is not None:
        rows = rows.filter(kind=kind)
    return rows.filter(product=product) if product is not None else rows


def people(found: ProductFit, viewer: Viewer, **what: int | None) -> QuerySet[Customer]:
    """Customers of the viewer who need something; nobody who has said no to a profile meanwhile."""
    due = goods(found, **what).filter(customer=OuterRef("pk"))
    objects = consents.refusal(None, "profiling", customer="customers_customer")
    rows = Customer.objects.visible_to(viewer).living().select_related("home_store").filter(Exists(due))
    return rows.extra(where=[f"NOT {objects}"])  # noqa: S610  # nosec B610  our own names and numbers


def of_customers(found: ProductFit, ids: Iterable[int], **what: int | None) -> dict[int, list[Suggestion]]:
    """What each of these needs, the soonest first."""
    rows = (
        goods(found, **what)
        .filter(customer__in=list(ids))
        .select_related("product")
        .order_by("due_on", "product")
    )
    told: dict[int, list[Suggestion]] = {}
    today = localdate()
    for row in rows:
        ago = (today - row.last_on).days
        one = Suggestion(
            row.product_id, row.product.sku, row.product.name, Reason.RHYTHM, gap=row.gap, ago=ago
        )
        told.setdefault(row.customer_id, []).append(one)
    return told


def stock(
    found: ProductFit, viewer: Viewer, *, kind: int | None = None, words: str = ""
) -> QuerySet[StockFigure]:
    """What the viewer's stores will need, most first."""
    rows = (
        StockFigure.objects.visible_to(viewer).filter(night=found.night_id).select_related("store", "product")
    )
    if kind is not None:
        rows = rows.filter(kind=kind)
    if words:
        rows = rows.filter(product__in=Product.objects.filter(name__icontains=words))
    return rows.order_by("-due", "store__name", "product__name", "pk")


def kinds(found: ProductFit) -> list[tuple[int, str]]:
    """The types of goods that somebody needs, by name."""
    used = StockFigure.objects.filter(night=found.night_id).values("kind").distinct()
    rows: Any = Category.objects.filter(pk__in=used).order_by("name", "pk").values_list("pk", "name")
    return list(rows)
