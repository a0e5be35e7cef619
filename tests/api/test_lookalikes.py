"""Searches for look-alikes over the API: listed page by page, each key the searches in its own stores."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from crm.org.models import Store
from segmentation.models import LookAlike

pytestmark = pytest.mark.django_db
LOOKALIKES = "/api/v1/lookalikes/"


def search(title: str, stores: list[Store] | None) -> str:
    own = None if stores is None else sorted(store.pk for store in stores)
    made = LookAlike.objects.create(seed="group", key="new", title=title, among="new", most=10, stores=own)
    return made.public_id


def listed(till: Client, address: str = LOOKALIKES) -> Any:
    answer = till.get(address).json()
    return [row["id"] for row in answer["results"]], answer["next"]


def test_searches_are_listed_the_newest_first_page_by_page(
    calling: Callable[..., Client], harbour: Store, uptown: Store
) -> None:
    whole, ours, theirs = search("Whole", None), search("Harbour", [harbour]), search("Uptown", [uptown])
    till = calling("segments:read")
    shown, more = listed(till, f"{LOOKALIKES}?limit=2")
    assert shown == [theirs, ours]
    assert listed(till, more) == ([whole], None)
    assert listed(calling("segments:read", stores=[harbour])) == ([ours], None)
    (row,) = till.get(more).json()["results"]
    assert (row["state"], row["key"], row["found"]) == ("cancelled", "new", None)
    assert till.post(LOOKALIKES, {}, content_type="application/json").status_code == 403
