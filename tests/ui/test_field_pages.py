"""Settings → Customer fields: making, changing, ordering and archiving what the chain asks of customers."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from crm.audit.models import Entry
from crm.org.models import Staff
from customers import fieldrules
from customers.models import Customer, CustomField
from tests.ui.forms import filled

pytestmark = pytest.mark.django_db
Browser = Callable[[Staff], Client]
NEW = {"code": "size", "label": "Size", "kind": "choice", "choices": "Small\nl: Large", "is_personal": "on"}


@pytest.fixture
def size(ana: Staff, signed_in: Browser) -> CustomField:
    assert signed_in(ana).post("/settings/customer-fields/new/", NEW).status_code == 303
    return CustomField.objects.get()


def test_a_field_is_made_and_its_choices_get_codes(size: CustomField) -> None:
    assert size.choices == [{"code": "small", "label": "Small"}, {"code": "l", "label": "Large"}]
    assert (size.kind, size.is_personal, size.is_required, size.roles) == ("choice", True, False, [])
    assert Entry.objects.latest("pk").details == {"code": "size", "kind": "choice"}


@pytest.mark.parametrize(
    ("told", "place"),
    [
        ({"code": "Shoe size"}, "code"),
        ({"label": ""}, "label"),
        ({"choices": ""}, "choices"),
        ({"choices": "a: A\na: B"}, "choices"),
    ],
)
def test_a_wrong_field_is_refused_at_its_place(
    ana: Staff, signed_in: Browser, told: dict[str, str], place: str
) -> None:
    answer = signed_in(ana).post("/settings/customer-fields/new/", NEW | told)
    assert answer.status_code == 422
    assert place in answer.context["form"].errors
    assert not CustomField.objects.exists()


def test_a_choice_that_goes_is_retired_and_one_is_renamed(
    ana: Staff, size: CustomField, signed_in: Browser
) -> None:
    theirs, address = signed_in(ana), f"/settings/customer-fields/{size.pk}/"
    form = filled(theirs.get(address))
    assert "small: Small\nl: Large" in theirs.get(address).content.decode()
    assert theirs.post(address, form | {"choices": "small: Tiny"}).status_code == 303
    size.refresh_from_db()
    assert size.options() == {"small": "Tiny"}
    assert size.options(retired=True) == {"small": "Tiny", "l": "Large"}


def test_the_kind_stays_once_somebody_has_a_value(
    ana: Staff, size: CustomField, irina: Customer, signed_in: Browser
) -> None:
    theirs, address = signed_in(ana), f"/settings/customer-fields/{size.pk}/"
    form = filled(theirs.get(address))
    irina.custom = {"size": "l"}
    irina.save()
    answer = theirs.post(address, form | {"kind": "text"})
    assert answer.status_code == 422
    assert "kind" in answer.context["form"].errors
    Customer.objects.update(custom={})
    assert theirs.post(address, form | {"kind": "text"}).status_code == 303


def test_archived_and_in_use_again_with_its_values(
    ana: Staff, size: CustomField, irina: Customer, signed_in: Browser
) -> None:
    irina.custom = {"size": "l"}
    irina.save()
    theirs, address = signed_in(ana), f"/settings/customer-fields/{size.pk}/archive/"
    theirs.post(address)
    assert "Large" not in theirs.get(f"/customers/{irina.public_id}/").content.decode()
    theirs.post(address, {"_method": "DELETE"})
    assert "Large" in theirs.get(f"/customers/{irina.public_id}/").content.decode()


def test_a_field_in_lists_is_a_column_and_a_filter(
    ana: Staff, marta: Staff, size: CustomField, irina: Customer, yusuf: Customer, signed_in: Browser
) -> None:
    irina.custom = {"size": "l"}
    irina.save()
    theirs = signed_in(ana)
    assert "Size" not in theirs.get("/customers/").context["labels"]
    CustomField.objects.update(is_listed=True)
    page = theirs.get("/customers/?custom.size=l")
    assert page.context["labels"][-1] == "Size"
    assert [(row.customer.name, row.more[-1]) for row in page.context["rows"]] == [
        ("Irina Petrova", ("Large", ""))
    ]
    assert theirs.get("/customers/?custom.size=small").context["rows"] == []
    assert len(theirs.get("/customers/").context["rows"]) == 2
    export = b"".join(theirs.get("/customers/export/?custom.size=l").streaming_content).decode()
    assert ("Size" in export, "Large" in export, "Yusuf" in export) == (True, True, False)
    CustomField.objects.update(roles=["administrator"])
    assert "Size" not in signed_in(marta).get("/customers/").context["labels"]


def test_fields_are_moved(ana: Staff, size: CustomField, signed_in: Browser) -> None:
    other: Any = fieldrules.create(
        "dog",
        {name: getattr(CustomField(kind="text", label="Dog"), name) for name in fieldrules.CHANGEABLE},
        by=ana,
    )
    signed_in(ana).post(f"/settings/customer-fields/{other.pk}/move/", {"way": "up"})
    assert list(CustomField.objects.order_by("order").values_list("code", flat=True)) == ["dog", "size"]
