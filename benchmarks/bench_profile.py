"""The page of one customer at 1 M customers: somebody with 5,000 receipts, through the whole server, one user."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import quote

from django.conf import settings

from benchmarks import bench_night
from benchmarks.bench_counter import CSRF, _signed_in, _staff
from benchmarks.figure import Figure, at_most
from benchmarks.lab import Lab
from benchmarks.server import load, request, serving
from crm.org.models import Chain, Store
from crm.org.permissions import Role
from customers import timeline
from customers.models import Customer, Product, Purchase, Source
from customers.models.purchases import Line
from customers.timeline import Asked
from customers.views.stream import token_of

TITLE = "one customer's page, 1 M customers, 5,000 receipts"
RECEIPTS = 5_000
BAR = 150  # milliseconds


def run(lab: Lab) -> Iterable[Figure]:
    lab.filled("night", lambda: bench_night.fill(lab))
    customer = _heavy()
    staff = _staff(Role.ADMINISTRATOR)
    page = f"/customers/{customer.public_id}/"
    deep = quote(_deep(staff, customer))
    cookies = f"{settings.SESSION_COOKIE_NAME}={_signed_in(staff)}; csrftoken={CSRF}"
    asked = {
        "page": page,
        "timeline, first page": f"{page}timeline/",
        "timeline, 4,000 touches down": f"{page}timeline/?t={deep}",
        "timeline, purchases of a store": f"{page}timeline/?kinds=purchase&channel=store",
        "timeline, filtered to a rare kind": f"{page}timeline/?kinds=life",
    }
    with serving(lab) as port:
        for name, address in asked.items():

            def make(_client: int, _n: int, address: str = address) -> bytes:
                return request(
                    "GET", address, cookie=cookies, hx_request="true" if "timeline" in address else ""
                )

            rate = load(port, make, max(2.0, 5.0 * lab.scale), clients=1)
            yield Figure(name, rate.p95, "ms p95", bar=at_most(BAR))


def _heavy() -> Customer:
    """A customer with 5,000 receipts of three years; their rows lie scattered, as time scatters them."""
    known = Customer.objects.filter(name="Bench Heavy").first()
    if known:
        return known
    customer = Customer.objects.create(
        name="Bench Heavy",
        home_store=Store.objects.order_by("pk").first(),
        enrolled_at=datetime(2023, 1, 1, tzinfo=UTC),
    )
    stores = list(Store.objects.order_by("pk")[:5])
    source = Source.objects.order_by("pk").first() or Source.objects.create(code="bench")
    start = datetime(2023, 1, 2, 3, tzinfo=UTC)
    receipts = [
        Purchase(
            customer=customer, store=stores[n % len(stores)], source_id=source.pk, external_id=f"HEAVY{n}",
            occurred_at=start + timedelta(hours=5 * n), business_date=(start + timedelta(hours=5 * n)).date(),
            amount=Decimal("12.50") + n % 40,
        )
        for n in range(RECEIPTS)
    ]  # fmt: skip
    made = Purchase.objects.bulk_create(receipts, batch_size=1000)
    product = Product.objects.order_by("pk").first()
    if product:
        lines = [
            Line(customer=customer, purchase=one, number=1, product=product, quantity=1, amount=one.amount)
            for one in made
        ]
        Line.objects.bulk_create(lines, batch_size=1000)
    return customer


def _deep(staff: object, customer: Customer) -> str:
    """The place after 4,000 touches."""
    asked = Asked(staff, Chain.current(), customer, limit=4_000)  # type: ignore[arg-type]
    after = timeline.page(asked).next
    assert after is not None
    return token_of(after)
