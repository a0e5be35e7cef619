"""Fields of the chain's own that are personal: hidden from roles that see people masked, on pages and in files."""

from collections.abc import Callable

import pytest
from django.test import Client

from crm.org.models import Staff, Store
from crm.privacy.masking import Sight, What, sight
from customers import customfields, masks
from customers.attributes import registry
from customers.models import Customer, CustomField

pytestmark = pytest.mark.django_db


@pytest.fixture
def fields(irina: Customer) -> None:
    CustomField.objects.create(code="allergy", label="Allergy", kind="text", is_personal=True, is_listed=True)
    CustomField.objects.create(code="tier", label="Tier", kind="text", is_personal=False, is_listed=True)
    values = {"allergy": "ALLERGYWORD", "tier": "TIERWORD"}
    Customer.objects.filter(pk=irina.pk).update(custom=values, address="9 ADDRESSWORD Street")


def test_the_flag_hides_from_who_sees_people_masked(fields: None, noor: Staff, marta: Staff) -> None:
    assert (sight(noor, What.OWN), sight(marta, What.OWN)) == (Sight.HIDDEN, Sight.FULL)
    assert [one.code for one in customfields.definitions(noor)] == ["tier"]
    assert [one.code for one in customfields.definitions(marta)] == ["allergy", "tier"]
    assert [one.code for one in customfields.definitions()] == ["allergy", "tier"]
    asked = [one.code for one in registry.asked_by(noor) if customfields.is_custom(one.code)]
    assert asked == [f"{customfields.PREFIX}tier"]


def test_an_address_is_hidden_with_them(fields: None, irina: Customer, noor: Staff, marta: Staff) -> None:
    irina.refresh_from_db()
    assert masks.seen_by(noor, irina).address == ""
    assert masks.seen_by(marta, irina).address == "9 ADDRESSWORD Street"
    assert irina.address == "9 ADDRESSWORD Street"


@pytest.mark.parametrize("kind", ["csv", "page", "list"])
def test_pages_and_files_of_an_analyst(
    fields: None, kind: str, irina: Customer, harbour: Store, noor: Staff, ana: Staff,
    signed_in: Callable[[Staff], Client],
) -> None:  # fmt: skip
    address = {
        "csv": "/customers/export/?format=csv", "page": f"/customers/{irina.public_id}/", "list": "/customers/",
    }[kind]  # fmt: skip

    def told(person: Staff) -> str:
        answer = signed_in(person).get(address)
        assert answer.status_code == 200
        return (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode()

    hers, theirs = told(noor), told(ana)
    assert "TIERWORD" in hers
    assert "ALLERGYWORD" not in hers
    assert "ADDRESSWORD" not in hers
    assert {"TIERWORD", "ALLERGYWORD"} <= {word for word in ("TIERWORD", "ALLERGYWORD") if word in theirs}
