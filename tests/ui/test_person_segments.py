"""On the customer page: the segments that somebody is in, and who may open why."""

from collections.abc import Callable

import pytest
from django.test import Client

from crm.org.models import Staff
from customers.models import Customer
from segmentation.following import looking
from segmentation.segments import lists

pytestmark = pytest.mark.django_db
Browser = Callable[[Staff], Client]


def test_only_who_may_open_why_has_a_link(
    ana: Staff, marta: Staff, chen: Staff, irina: Customer, signed_in: Browser
) -> None:
    """Chen is a clerk: the Segments section is not his, the names are."""
    made = lists.create(by=ana, name="Tea friends", customers=[irina.pk])
    looking.look()
    why = f"/segments/saved/{made.public_id}/customers/{irina.public_id}/"
    for who, has_link in ((marta, True), (chen, False)):
        theirs = signed_in(who)
        html = theirs.get(f"/customers/{irina.public_id}/").content.decode()
        assert "Tea friends" in html
        assert (why in html) is has_link
        assert (theirs.get(why).status_code == 200) is has_link
