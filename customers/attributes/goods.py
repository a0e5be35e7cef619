"""Goods, where people choose them: the tree of categories, brands, products, channels."""

from collections.abc import Mapping
from typing import Any

from customers.models import Brand, Category, Channel, Product

# A category stands for itself and all below it. Paths are codes from the root ("food/dairy/milk").
BELOW = """SELECT below.id FROM customers_category chosen JOIN customers_category below
        ON below.id = chosen.id OR starts_with(below.path, chosen.path || '/')
        WHERE chosen.id = ANY({chosen})"""


def categories() -> Mapping[str, Any]:
    return {str(pk): name for pk, name in Category.objects.order_by("path").values_list("pk", "name")}


def brands() -> Mapping[str, Any]:
    return {str(pk): name for pk, name in Brand.objects.order_by("name", "pk").values_list("pk", "name")}


def products() -> Mapping[str, Any]:
    return {str(pk): name for pk, name in Product.objects.order_by("name", "pk").values_list("pk", "name")}


def channels() -> Mapping[str, Any]:
    return {str(value): label for value, label in Channel.choices}
