"""Goods, where people choose them: the tree of categories, brands, products, channels."""

from collections.abc import Mapping
from typing import Any

from customers.attributes.choosing import Rows
from customers.models import Brand, Category, Channel, Product

# A category stands for itself and all below it. Paths are codes from the root ("food/dairy/milk").
BELOW = """SELECT below.id FROM customers_category chosen JOIN customers_category below
        ON below.id = chosen.id OR starts_with(below.path, chosen.path || '/')
        WHERE chosen.id = ANY({chosen})"""


def categories() -> Mapping[str, Any]:
    return Rows(Category.objects.all(), "path")


def brands() -> Mapping[str, Any]:
    return Rows(Brand.objects.all())


def products() -> Mapping[str, Any]:
    return Rows(Product.objects.all())


def channels() -> Mapping[str, Any]:
    return {str(value): label for value, label in Channel.choices}
