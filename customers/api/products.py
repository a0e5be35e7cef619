"""Products as the API shows them."""

from typing import Any

from crm.org.permissions import Permission
from crm.rest import pages
from crm.rest.endpoints import endpoint
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from customers.api.shapes import ProductOut, ProductPage
from customers.models import Product


class Products(ApiView):
    """What is sold. The catalogue is the chain's, so every key with the scope sees all of it."""

    permission = Permission.VIEW_CATALOGUE
    scope = KeyScope.CATALOGUE_READ

    @endpoint("List products", answers={200: ProductPage}, query=pages.PageQuery)
    def get(self) -> Any:
        """In the order in which they became known. A stub was named by a receipt before the catalogue knew it."""
        after = pages.position(self.query.cursor, pages.RowNumber)
        rows = Product.objects.order_by("pk").filter(pk__gt=after[0] if after else 0)
        fields = ("pk", "sku", "name", "brand__name", "category__path", "size", "is_stub")
        found = list(rows.values_list(*fields)[: self.query.limit + 1])
        shown = [ProductOut(*row[1:]) for row in found[: self.query.limit]]
        return pages.page(
            self.request, shown, pages.cursor_after(found, self.query.limit, lambda row: (row[0],))
        )
