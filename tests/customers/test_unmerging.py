"""Un-merging gives both back exactly, whatever was merged in between; random crowds own rows in every owned table."""

import os
from random import Random
from typing import Any

import pytest
from django.apps import apps

from crm.lib.owned import Owned
from customers import merging
from customers.merging import contenthash, facts
from customers.models import Customer, Merge
from tests.customers.crowds import crowd, uncovered

pytestmark = pytest.mark.django_db

PAIRS = int(os.environ.get("MERGE_PAIRS", "100"))
SURE: dict[str, Any] = {"is_confirmed": True, "reason": "one person"}


def _living(people: list[Customer]) -> list[Customer]:
    known = Customer.objects.in_bulk([person.pk for person in people])
    return [person for person in known.values() if person.merged_into_id is None]


def _undoable() -> list[Merge]:
    """Those whose survivor was not merged since."""
    gone = set(Merge.objects.standing().values_list("loser_id", flat=True))
    standing = Merge.objects.standing().defer("before").order_by("pk")
    return [merge for merge in standing if merge.survivor_id not in gone]


def _choices(chance: Random) -> dict[str, str]:
    names = [
        name for name in facts.columns() if name not in ("is_stub", "enrolled_at", "first_seen_at", "custom")
    ]
    names += ["main.phone", "main.email", "main.card"]
    return {name: chance.choice(("survivor", "loser")) for name in names if chance.random() < 0.2}


def test_the_crowd_owns_rows_in_every_owned_table(chain) -> None:
    assert uncovered(crowd(30, seed=1)) == []


PRIVACY = ("Request", "Certificate", "Reveal")
# Rows that name a customer without being theirs: "model.column" to how merging treats them.
POINTERS = {
    "customers.Customer.merged_into": "signposts, turned round",
    "customers.Identity.customer": "carried, with what was main",
    "customers.Arrival.customer_id": "follows the purchase",
    "customers.SignUp.customer_id": "what a form did, and with whom then",
    "customers.StaleState.customer_id": "a queue; both are put in",
    "customers.PersonaDue.customer_id": "a queue of the night; it follows the purchases",
    "customers.Merge.loser_id": "history",
    "customers.Merge.survivor_id": "history",
    "customers.Event.customer_id": "found through the signpost",
    "customers.VisitorMark.customer_id": "found through the signpost",
    "customers.DuplicatePair.first": "a queue; it leaves out signposts",
    "customers.DuplicatePair.second": "a queue; it leaves out signposts",
    **{f"privacy.{name}.customer_id": "what a person asked for, under their own number" for name in PRIVACY},
}


def test_every_other_table_that_names_a_customer_is_thought_of() -> None:
    """A table that is not owned and names customers must say here what a merge and its undoing do to it."""
    found = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if (not issubclass(model, Owned) and (field.name == "customer_id" or field.related_model is Customer))
        or field.name in ("loser_id", "survivor_id")
    }
    assert found == set(POINTERS)


def test_merge_and_unmerge_of_random_pairs_gives_identical_hashes(ana, noon) -> None:
    """Pairs and chains: each round merges two living customers or undoes any merge that may be undone."""
    chance = Random(7)
    people = crowd(max(20, PAIRS // 4), seed=2)
    ids = [person.pk for person in people]
    before, tables = contenthash.of(ids), contenthash.by_table()
    merged = 0
    while merged < PAIRS:
        living, undoable = _living(people), _undoable()
        if len(living) > 1 and chance.random() < 0.6:
            survivor, loser = chance.sample(living, 2)
            merging.merge(survivor, loser, by=ana, at=noon, choices=_choices(chance), **SURE)
            merged += 1
        elif undoable:
            merging.unmerge(chance.choice(undoable), by=ana, at=noon)
    while undoable := _undoable():
        merging.unmerge(chance.choice(undoable), by=ana, at=noon)
    after = contenthash.by_table()
    assert {label: value for label, value in after.items() if value != tables[label]} == {}
    assert contenthash.of(ids) == before
