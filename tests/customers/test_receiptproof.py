"""The proof finds what is broken, and nothing where nothing is."""

import pytest
from django.db import connection

from customers import receiptproof
from tests import cast


@pytest.fixture
def purchase(irina, harbour):
    return cast.purchase(
        irina, at=harbour, on="2026-03-01", lines=[("TEA", "2", "12.00"), ("RICE", "1", "8.00")]
    )


def test_nothing_is_broken(purchase) -> None:
    assert list(receiptproof.faults()) == []


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        ("DELETE FROM customers_line WHERE number = 1", "lines do not add up"),
        ("UPDATE customers_line SET product_id = 0", "without its product"),
        # The twin refuses these two.
        pytest.param(
            "UPDATE customers_line SET purchase_id = 0", "line without its purchase", marks=pytest.mark.plain
        ),
        pytest.param(
            "UPDATE customers_payment SET purchase_id = 0",
            "payment without its purchase",
            marks=pytest.mark.plain,
        ),
        ("UPDATE customers_purchase SET store_id = 0", "without its store"),
        ("UPDATE customers_purchase SET returned = 1", "accepted returns do not add up"),
        ("UPDATE customers_arrival SET purchase_id = 0", "inbox without its purchase"),
    ],
)
def test_what_is_broken_is_named(purchase, harm, words) -> None:
    with connection.cursor() as cursor:
        cursor.execute(harm)
    assert any(words in fault for fault in receiptproof.faults())
