"""Whatever the ORM derives from a link between owned rows names the customer on both sides."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import Count
from django.test.utils import CaptureQueriesContext

from crm.org.models import Store
from customers.models import Customer, Line, Product, Purchase


@pytest.fixture
def purchase(irina: Customer, harbour: Store) -> Purchase:
    product = Product.objects.create(sku="MILK", name="Milk")
    bought = Purchase.objects.create(
        customer=irina,
        store=harbour,
        source_id=1,
        business_date=date(2026, 3, 10),
        occurred_at=datetime(2026, 3, 10, 4, tzinfo=UTC),
        amount=Decimal("3.00"),
        external_id="1",
    )
    for number in (1, 2):
        Line.objects.create(
            customer=irina,
            purchase=bought,
            number=number,
            product=product,
            quantity=1,
            amount=Decimal("1.50"),
        )
    return bought


def sql_of(queries: CaptureQueriesContext) -> str:
    return queries.captured_queries[-1]["sql"]


def test_joins_name_the_customer_in_both_directions() -> None:
    both = '"customers_purchase"."customer_id" = ("customers_line"."customer_id")'
    assert both in str(Line.objects.select_related("purchase").query)
    assert both in str(Line.objects.filter(purchase__amount__gt=1).query)
    assert both in str(Purchase.objects.filter(lines__product=1).query)
    assert both in str(Purchase.objects.annotate(n=Count("lines")).query)


def test_descriptors_name_the_customer(purchase: Purchase) -> None:
    line = Line.objects.filter(customer=purchase.customer_id).first()
    with CaptureQueriesContext(connection) as queries:
        assert line is not None
        assert line.purchase == purchase
    assert f'"customers_purchase"."customer_id" = {purchase.customer_id}' in sql_of(queries)
    with CaptureQueriesContext(connection) as queries:
        assert sorted(purchase.lines.values_list("number", flat=True)) == [1, 2]
    assert f'"customers_line"."customer_id" = {purchase.customer_id}' in sql_of(queries)


def test_prefetching_names_the_customers(purchase: Purchase) -> None:
    with CaptureQueriesContext(connection) as queries:
        (bought,) = Purchase.objects.prefetch_related("lines")
        assert [line.number for line in bought.lines.all()] == [1, 2]
    assert f'"customers_line"."customer_id" IN ({purchase.customer_id})' in sql_of(queries)
    with CaptureQueriesContext(connection) as queries:
        lines = list(Line.objects.prefetch_related("purchase"))
        assert {line.purchase for line in lines} == {purchase}
    assert f'"customers_purchase"."customer_id" IN ({purchase.customer_id})' in sql_of(queries)
    assert len(queries) == 2
