"""What is sold: products in a category tree, with brands. Reference tables: small, shared, never a customer's."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Category(models.Model):
    """A node of the tree. `path` is the codes from the root, joined by "/", and is unique."""

    path = models.CharField(max_length=240, unique=True, db_collation="C")
    name = models.CharField(_("name"), max_length=120)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")

    class Meta:
        verbose_name = _("category")
        ordering = ["path"]

    def __str__(self) -> str:
        return self.name


class Brand(models.Model):
    name = models.CharField(_("name"), max_length=120, unique=True)

    class Meta:
        verbose_name = _("brand")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Product(models.Model):
    """A stub was named by a receipt before the catalogue knew it."""

    sku = models.CharField(_("SKU"), max_length=64, unique=True, db_collation="C")
    name = models.CharField(_("name"), max_length=200)
    category = models.ForeignKey(Category, models.PROTECT, null=True, blank=True, related_name="products")
    brand = models.ForeignKey(Brand, models.PROTECT, null=True, blank=True, related_name="products")
    size = models.CharField(max_length=40, blank=True, default="")
    is_stub = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("product")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name
