"""Stores as the API shows them."""

from typing import Any

import msgspec

from crm.org.models import Store
from crm.org.permissions import Permission
from crm.rest import pages
from crm.rest.endpoints import endpoint
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView


class StoreShape(msgspec.Struct):
    code: str
    name: str
    region: str | None
    timezone: str
    is_online: bool
    is_active: bool
    is_stub: bool


class StorePage(msgspec.Struct):
    results: list[StoreShape]
    next: str | None


class Stores(ApiView):
    """The stores that the key may see."""

    permission = Permission.VIEW_CATALOGUE
    scope = KeyScope.CATALOGUE_READ

    @endpoint("List stores", answers={200: StorePage}, query=pages.PageQuery)
    def get(self) -> Any:
        """In the order in which they were entered. A stub was named by a receipt before anybody entered it."""
        after = pages.position(self.query.cursor, pages.RowNumber)
        rows = Store.objects.visible_to(self.caller).select_related("region").order_by("pk")
        found = list(rows.filter(pk__gt=after[0] if after else 0)[: self.query.limit + 1])
        shown = [
            StoreShape(
                code=store.code, name=store.name, region=store.region.code if store.region else None,
                timezone=store.timezone,
                is_online=store.is_online, is_active=store.is_active, is_stub=store.is_stub,
            )
            for store in found[: self.query.limit]
        ]  # fmt: skip
        return pages.page(
            self.request, shown, pages.cursor_after(found, self.query.limit, lambda store: (store.pk,))
        )
