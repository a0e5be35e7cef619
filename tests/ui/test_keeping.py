"""Whom a page lists, kept as a list."""

from collections.abc import Callable

import pytest
from django.test import Client

from crm.org.models import Staff, Store
from customers.models import Customer
from segmentation.models import SegmentListed
from tests import cast
from tests.segmentation import walked

pytestmark = pytest.mark.django_db
Browser = Callable[[Staff], Client]


@pytest.mark.parametrize("page", ["/segments/customers/", "/segments/clusters/{cluster}/customers/"])
def test_people_of_a_part_are_kept_as_far_as_one_sees_them(
    page: str, irina: Customer, yusuf: Customer, harbour: Store, uptown: Store, marta: Staff, max_: Staff,
    signed_in: Browser,
) -> None:  # fmt: skip
    """Irina is of Harbour, Yusuf of Uptown; Marta manages Harbour."""
    for who, store in ((irina, harbour), (yusuf, uptown)):
        cast.purchase(who, at=store, on="2026-02-20", amount="20.00")
    cast.night("2026-03-09")
    address = page.format(cluster=walked.cluster().pk)
    for who, name, kept in ((marta, "Ours", [irina.pk]), (max_, "All", [irina.pk, yusuf.pk])):
        theirs = signed_in(who)
        shown = theirs.get(address).context
        assert (shown["count"], shown["keep"]) == (len(kept), f"{address}list/")
        asked = theirs.get(shown["keep"]).context
        assert asked["count"] == len(kept)
        assert asked["form"].initial["name"]
        assert theirs.post(shown["keep"], {"name": name}).status_code == 303
        listed = SegmentListed.objects.filter(version__segment__name=name).order_by("customer")
        assert list(listed.values_list("customer", flat=True)) == sorted(kept)
