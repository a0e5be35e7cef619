"""The model lint: the schema passes, and every rule catches a fault that was put there for it."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.core.management import call_command
from django.db import models
from django.db.models import F
from django.db.models.functions import Lower

from crm.jobs.models import Job
from crm.lib.owned import Owned, OwnedForeignKey
from crm.org.models import Staff, Store
from crm.scaleout import placement
from crm.scaleout.lint import broken_rules, faults
from crm.scaleout.placement import Place, Placement, Unclassified, distribution, parse, placement_of
from customers.models import Customer, Identity, Product, Purchase

OWNED = Placement(Place.OWNED, "customer_id")
KEYED = Placement(Place.KEYED, "value")
REFERENCE = Placement(Place.REFERENCE)
LOCAL = Placement(Place.LOCAL)


@pytest.fixture(autouse=True)
def _forget_seeded() -> Iterator[None]:
    """Seeded models belong to no installed app, so nothing else sees them; only their names must go."""
    yield
    apps.all_models.pop("seeded", None)


def ids(model: type[models.Model], place: Placement) -> list[str]:
    return [str(message.id).removeprefix("scaleout.") for message in broken_rules(model, place)]


def test_the_schema_can_be_spread() -> None:
    call_command("check", tags=["scaleout"])


def test_every_table_has_its_place() -> None:
    places = distribution()
    assert places["customers_customer"] == Placement(Place.ROOT, "id")
    assert places["customers_purchase"] == OWNED
    assert places["customers_identity"] == KEYED
    assert places["customers_arrival"] == Placement(Place.KEYED, "external_id")
    assert places["org_store"] == REFERENCE
    assert places["org_staff_stores"] == LOCAL  # a hidden link table stands where its model stands
    assert places["auth_user"] == LOCAL


def test_a_good_owned_model_passes() -> None:
    class Good(Owned):
        pk = models.CompositePrimaryKey("customer", "purchase")
        purchase = OwnedForeignKey(Purchase, related_name="+")
        store = models.ForeignKey(Store, models.PROTECT, related_name="+")
        staff = models.ForeignKey(Staff, models.PROTECT, related_name="+", db_constraint=False)
        code = models.CharField(max_length=9)

        class Meta:
            app_label = "seeded"
            constraints = [
                models.UniqueConstraint(fields=["customer", "code"], name="good_once"),
                models.UniqueConstraint(Lower("code"), F("customer"), name="good_once_lower"),
            ]

    assert ids(Good, OWNED) == []


def test_e001_a_model_without_a_placement() -> None:
    class Nowhere(models.Model):
        class Meta:
            app_label = "seeded"

    assert [message.id for message in faults(Nowhere)] == ["scaleout.E001"]


def test_e001_a_new_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placement, "LIBRARIES", placement.LIBRARIES - {"axes"})
    found = [message for model in apps.get_app_config("axes").get_models() for message in faults(model)]
    assert {message.id for message in found} == {"scaleout.E001"}


@pytest.mark.parametrize("text", ["nowhere", "keyed", "keyed:colour", "owned", "local:id"])
def test_e001_a_placement_that_cannot_be_read(text: str) -> None:
    with pytest.raises(Unclassified):
        parse(text, Identity)


def test_e001_a_hidden_link_table_of_customers(monkeypatch: pytest.MonkeyPatch) -> None:
    class Club(Owned):
        products = models.ManyToManyField(Product, related_name="+")

        class Meta:
            app_label = "seeded"

    with pytest.raises(Unclassified, match="model of its own"):
        placement_of(Club.products.through)


def test_e002_unique_field() -> None:
    class Card(Owned):
        code = models.CharField(max_length=9, unique=True)

        class Meta:
            app_label = "seeded"

    assert ids(Card, OWNED) == ["E002"]


def test_e002_unique_together_constraint_and_exclusion() -> None:
    class Card(Owned):
        code = models.CharField(max_length=9)
        kind = models.CharField(max_length=9)

        class Meta:
            app_label = "seeded"
            unique_together = [("code", "kind")]
            constraints = [
                models.UniqueConstraint(fields=["kind"], name="card_kind", condition=models.Q(code="")),
                models.UniqueConstraint(Lower("code"), name="card_code"),
                ExclusionConstraint(name="card_overlap", expressions=[("customer", "<>"), ("code", "=")]),
            ]

    assert ids(Card, OWNED) == ["E002"] * 4


def test_e002_keyed_table_without_its_key() -> None:
    class Token(models.Model):
        value = models.CharField(max_length=9)
        name = models.CharField(max_length=9, unique=True)

        class Meta:
            app_label = "seeded"

    assert ids(Token, KEYED) == ["E002"]
    assert ids(Token, LOCAL) == []


def test_e003_primary_keys() -> None:
    class ByCode(Owned):
        code = models.CharField(max_length=9, primary_key=True)

        class Meta:
            app_label = "seeded"

    class ByParent(Owned):
        pk = models.CompositePrimaryKey("purchase", "number")
        purchase = OwnedForeignKey(Purchase, related_name="+")
        number = models.SmallIntegerField()

        class Meta:
            app_label = "seeded"

    assert ids(ByCode, OWNED) == ["E003"]
    assert ids(ByParent, OWNED) == ["E003"]


def test_e004_a_plain_link_between_owned_rows() -> None:
    class Gift(Owned):
        purchase = models.ForeignKey(Purchase, models.PROTECT, related_name="+")

        class Meta:
            app_label = "seeded"

    assert ids(Gift, OWNED) == ["E004"]


def test_e004_a_second_customer() -> None:
    class Referral(Owned):
        friend = models.ForeignKey(Customer, models.PROTECT, related_name="+")

        class Meta:
            app_label = "seeded"

    assert ids(Referral, OWNED) == ["E004"]


def test_e004_an_owned_link_on_a_local_row() -> None:
    class Ticket(models.Model):
        purchase = OwnedForeignKey(Purchase, related_name="+", db_constraint=False)

        class Meta:
            app_label = "seeded"

    assert ids(Ticket, LOCAL) == ["E004"]


def test_e005_owned_to_sign_in_and_to_job() -> None:
    class Note(Owned):
        author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
        job = models.ForeignKey(Job, models.PROTECT, related_name="+")

        class Meta:
            app_label = "seeded"

    assert ids(Note, OWNED) == ["E005", "E005"]


@pytest.mark.parametrize("place", [LOCAL, KEYED, REFERENCE])
def test_e005_to_customers_rows(place: Placement) -> None:
    class Pointer(models.Model):
        value = models.CharField(max_length=9)
        customer = models.ForeignKey(Customer, models.PROTECT, related_name="+")
        purchase = models.ForeignKey(Purchase, models.PROTECT, related_name="+")
        loose = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_constraint=False)

        class Meta:
            app_label = "seeded"

    assert ids(Pointer, place) == ["E005", "E005"]


def test_e005_reference_tables_point_to_reference_tables_only() -> None:
    class Calendar(models.Model):
        store = models.ForeignKey(Store, models.PROTECT, related_name="+")
        keeper = models.ForeignKey(Staff, models.PROTECT, related_name="+")

        class Meta:
            app_label = "seeded"

    assert ids(Calendar, REFERENCE) == ["E005"]
    assert ids(Calendar, LOCAL) == []


def test_e006_an_owned_link_set_to_null() -> None:
    class Visit(Owned):
        purchase = OwnedForeignKey(Purchase, models.SET_NULL, null=True, related_name="+")

        class Meta:
            app_label = "seeded"

    assert ids(Visit, OWNED) == ["E006"]


def test_e007_an_owner_who_may_be_missing() -> None:
    class Basket(Owned):
        customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", null=True)

        class Meta:
            app_label = "seeded"

    assert ids(Basket, OWNED) == ["E007"]
