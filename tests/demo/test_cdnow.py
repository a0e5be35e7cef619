"""A second real data set through the same importer: every purchase arrives, to the cent."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.db.models import Count, Max, Min, Sum

from customers import imports
from customers.models import Channel, Customer, Identity, Line, Product, Purchase
from tests.demo import cdnow

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return cdnow.write_import_file(tmp_path / "cdnow.csv")


def test_the_file_is_the_published_one() -> None:
    rows = cdnow.rows()
    assert len(rows) == cdnow.PURCHASES == 69_659
    assert len({customer for customer, *_ in rows}) == cdnow.CUSTOMERS == 23_570


def test_every_purchase_arrives_once_however_often_the_file_is_sent(file: Path) -> None:
    done = imports.run_now(file, "receipts", by="system:test")
    assert done.job is not None
    assert {name: done.job.counts[name] for name in ("rows", "applied", "duplicates", "rejected")} == {
        "rows": 69_659, "applied": 69_659, "duplicates": 0, "rejected": 0,
    }  # fmt: skip
    assert Purchase.objects.count() == Line.objects.count() == 69_659
    assert Customer.objects.count() == Identity.objects.filter(kind="account").count() == 23_570
    totals = Purchase.objects.aggregate(Sum("amount"), Min("business_date"), Max("business_date"))
    assert totals == {
        "amount__sum": Decimal("2500315.63"),
        "business_date__min": date(1997, 1, 1),
        "business_date__max": date(1998, 6, 30),
    }
    assert Line.objects.aggregate(Sum("quantity"))["quantity__sum"] == 167_881
    assert Purchase.objects.filter(amount=0).count() == 80
    assert Purchase.objects.filter(channel=Channel.ONLINE).count() == 69_659
    assert Product.objects.get().is_stub
    # customer 00001 bought once, for 11.77
    first = Identity.objects.get(kind="account", value="00001").customer
    assert list(Purchase.objects.filter(customer=first).values_list("amount")) == [(Decimal("11.77"),)]
    most = Purchase.objects.values("customer").annotate(n=Count("pk")).order_by("-n")[0]
    assert most["n"] == 217

    again = imports.run_now(file, "receipts", by="system:test")
    assert again.job is not None
    assert (again.job.counts["applied"], again.job.counts["duplicates"]) == (0, 69_659)
    assert Purchase.objects.count() == Line.objects.count() == 69_659
