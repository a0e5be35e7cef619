"""What callers tell of a customer, checked against what they may see."""

from typing import Any

import msgspec
from django.utils.timezone import localdate

from crm.org.models import Store
from crm.org.scope import Viewer
from crm.rest.problems import InvalidInput
from customers import customfields
from customers.api.shapes import FactsIn

EARLIEST_YEAR = 1900


def of(told: FactsIn, viewer: Viewer) -> dict[str, Any]:
    """The fields that were named, as the domain takes them."""
    fields = {
        name: value
        for name in FactsIn.__struct_fields__
        if (value := getattr(told, name)) is not msgspec.UNSET and name not in ("home_store", "custom")
    }
    if told.custom is not msgspec.UNSET:
        fields |= {f"{customfields.PREFIX}{code}": value for code, value in told.custom.items()}
    born = fields.get("birthday")
    if born is not None and not (born.year >= EARLIEST_YEAR and born <= localdate()):
        raise InvalidInput.at("/birthday", f"A birthday lies between {EARLIEST_YEAR} and today.")
    if told.home_store is not msgspec.UNSET:
        store = (
            Store.objects.visible_to(viewer).filter(code=told.home_store).values_list("pk", flat=True).first()
        )
        if store is None:
            raise InvalidInput.at(
                "/home_store", "This is no store of the chain, or not one that this key sees."
            )
        fields["home_store_id"] = store
    return fields


def own_store(viewer: Viewer) -> int:
    """The store of a key that has just one; a key with more must say which."""
    stores = viewer.scope().store_ids
    if stores is None or len(stores) != 1:
        raise InvalidInput.at("/home_store", "Say which store the customer belongs to.")
    return next(iter(stores))
