"""The catalogue loader: set-based, repeatable, completes stubs."""

import pytest

from customers.catalogue import CategoryStep, Loaded, ProductRow, load_products
from customers.models import Brand, Category, Product

pytestmark = pytest.mark.django_db

DAIRY = CategoryStep("dairy", "Dairy")
MILK = ProductRow("1", "Whole milk", (DAIRY, CategoryStep("milk", "Milk")), "Maker 7", "1 GA")
CHEESE = ProductRow("2", "Cheddar", (DAIRY, CategoryStep("cheese", "Cheese")), "Own label")
BAG = ProductRow("3", "Bag")


def test_products_come_with_their_tree_and_brands() -> None:
    assert load_products([MILK, CHEESE, BAG]) == Loaded(categories=3, brands=2, products=3)
    milk = Product.objects.get(sku="1")
    assert milk.category is not None
    assert milk.category.path == "dairy/milk"
    assert milk.category.parent == Category.objects.get(path="dairy")
    assert milk.brand == Brand.objects.get(name="Maker 7")
    assert Product.objects.get(sku="3").category is None


def test_the_same_rows_again_change_nothing() -> None:
    load_products([MILK, CHEESE, BAG])
    before = list(Product.objects.order_by("pk").values())
    assert load_products([BAG, CHEESE, MILK]) == Loaded(0, 0, 0)
    assert list(Product.objects.order_by("pk").values()) == before


def test_a_stub_is_completed_and_a_moved_product_moves() -> None:
    Product.objects.create(sku="1", name="1", is_stub=True)
    assert load_products([MILK]).products == 1
    assert not Product.objects.get(sku="1").is_stub
    assert load_products([MILK._replace(category=CHEESE.category)]) == Loaded(1, 0, 1)
    assert Product.objects.get(sku="1").category == Category.objects.get(path="dairy/cheese")


def test_the_order_of_two_rows_of_one_product_does_not_matter() -> None:
    other = MILK._replace(name="Milk, whole")
    load_products([MILK, other])
    name = Product.objects.get(sku="1").name
    Product.objects.all().delete()
    load_products([other, MILK])
    assert Product.objects.get(sku="1").name == name
