"""Goods, where people choose them: the tree of categories, brands, products, channels."""

from collections.abc import Mapping
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, CharField, Func, OuterRef, QuerySet, Value
from django.db.models.functions import Concat, Length, Replace

from customers.attributes.choosing import Rows
from customers.models import Brand, Category, Channel, Product

# A category stands for itself and all below it. Paths are codes from the root ("food/dairy/milk").
BELOW = """SELECT below.id FROM customers_category chosen JOIN customers_category below
        ON below.id = chosen.id OR starts_with(below.path, chosen.path || '/')
        WHERE chosen.id = ANY({chosen})"""


# How deep a category stands: departments first, then what is in them.
_DEPTH = Length("path") - Length(Replace("path", Value("/"), Value("")))
_PRODUCT = Func(
    "category__name", "sku",
    function="array", template="%(function)s[%(expressions)s]", output_field=ArrayField(CharField()),
)  # fmt: skip


def _above(path: str) -> QuerySet:
    """The categories that one of this path stands in, the outermost first."""
    begins = Func(
        OuterRef(path), Concat("path", Value("/")), function="starts_with", output_field=BooleanField()
    )
    return Category.objects.filter(begins).order_by("path").values("name")


def categories() -> Mapping[str, Any]:
    return Rows(Category.objects.all(), (_DEPTH, "path"), ArraySubquery(_above("path")))


def brands() -> Mapping[str, Any]:
    return Rows(Brand.objects.all())


def products() -> Mapping[str, Any]:
    """By their numbers they are told apart where a category has two of the same name."""
    return Rows(Product.objects.all(), place=_PRODUCT)


def channels() -> Mapping[str, Any]:
    return {str(value): label for value, label in Channel.choices}
