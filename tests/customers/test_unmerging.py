"""Un-merging gives both back exactly, whatever was merged in between; random crowds own rows in every owned table."""

import os
from importlib import import_module
from random import Random
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction

from crm.audit.models import Entry
from crm.lib.owned import Owned, move_rows
from customers import consents, merging
from customers.consents.cells import NO_CONTACT
from customers.merging import contenthash, facts, moves
from customers.merging.tables import tables
from customers.models import Customer, DuplicatePair, Identity, MatchRules, Merge
from tests import cast
from tests.customers.crowds import crowd, uncovered

pytestmark = pytest.mark.django_db

ROUND = 100  # pairs in a round; a transaction with many more would spend its time on its own dead rows
ROUNDS = max(1, int(os.environ.get("MERGE_PAIRS", "100")) // ROUND)
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
    "customers.DuplicatePair.first": "a queue: it leaves out signposts, and asks again once they are two",
    "customers.DuplicatePair.second": "the same",
    "customers.SignInCode.customer_id": "good for minutes; who proves it is found through the signpost",
    "customers.MemberSession.customer_id": "found through the signpost",
    "loyalty.ReferralCode.customer_id": "found through the signpost",
    "loyalty.FamilyInvite.customer_id": "found through the signpost",
    "loyalty.AccrualDue.customer_id": "a queue; it looks up whose the purchase is by then",
    "loyalty.CouponCode.customer_id": "follows the coupon",
    "loyalty.CouponDue.customer_id": "a queue; found through the signpost",
    "segmentation.Touched.customer_id": "a queue; what merging writes notes both",
    "segmentation.Changed.customer_id": "a list until the night, which asks everybody",
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


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_merge_and_unmerge_of_random_pairs_gives_identical_hashes(seed: int, ana, noon) -> None:
    """Pairs and chains: each round merges two living customers or undoes any merge that may be undone."""
    chance = Random(seed)
    people = crowd(25, seed=200 + seed)
    ids = [person.pk for person in people]
    before, tables = contenthash.of(ids), contenthash.by_table()
    merged = 0
    while merged < ROUND:
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


# Sentences -----------------------------------------------------------------------------------------------------------


def test_two_member_numbers_are_never_joined_silently(irina, yusuf, ana, noon) -> None:
    before = contenthash.whole()
    for said in (
        {},
        {"is_confirmed": True},
        {"reason": "one person"},
        {"is_confirmed": True, "reason": "  "},
    ):
        with pytest.raises(merging.IdentifiersConflict) as refused:
            merging.merge(irina, yusuf, by=ana, at=noon, **said)
        assert refused.value.kinds == ("member",)
    assert contenthash.whole() == before
    done = merging.merge(irina, yusuf, by=ana, at=noon, is_confirmed=True, reason=" one person ")
    assert done.reason == "one person"


@pytest.mark.parametrize(
    ("mine", "theirs", "is_conflict"),
    [
        (("openid", "wx1:a"), ("openid", "wx1:b"), True),
        (("openid", "wx1:a"), ("openid", "wx2:b"), False),
        (("openid", "a"), ("openid", "b"), True),
        (("openid", "a"), ("openid", "wx2:b"), False),
        (("card", "C1"), ("card", "C2"), False),
        (("phone", "+8613700000001"), ("phone", "+8613700000002"), False),
        (("member", "M1"), ("card", "M2"), False),
    ],
)
def test_which_identifiers_conflict(mine: Any, theirs: Any, is_conflict: bool, harbour) -> None:
    people = [cast.customer(name, of=harbour) for name in "AB"]
    for who, (kind, value) in zip(people, (mine, theirs), strict=True):
        Identity.objects.create(customer=who, kind=kind, value=value)
    assert bool(merging.preview(*people).conflicts) is is_conflict


def test_the_preview_says_what_the_merge_does(ana, noon, chain) -> None:
    """Field by field, over random pairs with random choices; and nothing is written by looking."""
    chance = Random(11)
    people = crowd(24, seed=3)
    for survivor, loser in zip(people[::2], people[1::2], strict=True):
        choices = _choices(chance)
        before = contenthash.by_table()
        told = merging.preview(survivor, loser, choices)
        assert contenthash.by_table() == before
        merging.merge(survivor, loser, by=ana, at=noon, choices=choices, **SURE)
        now = facts.read(moves.cursor(), [survivor.pk])[survivor.pk]
        assert {one.name: one.result for one in told.fields} == {
            one.name: now.get(one.name) for one in told.fields
        }
        mains = set(Identity.objects.filter(customer=survivor, is_primary=True).values_list("pk", flat=True))
        assert {one.identity.pk for one in told.known if one.is_main} == mains
        allowed = consents.state_of(survivor)
        for one in told.consents:
            state = allowed.contact if one.cell == NO_CONTACT else allowed.cells[one.cell]
            assert state.is_given == one.result, one


def test_the_inner_merge_waits_for_the_outer(irina, yusuf, lin, ana, noon) -> None:
    inner = merging.merge(irina, yusuf, by=ana, at=noon, **SURE)
    outer = merging.merge(lin, irina, by=ana, at=noon, **SURE)
    before = contenthash.whole()
    with pytest.raises(merging.CannotUndo) as refused:
        merging.unmerge(inner, by=ana, at=noon)
    assert irina.public_id in str(refused.value)
    assert lin.public_id in str(refused.value)
    assert contenthash.whole() == before
    merging.unmerge(outer, by=ana, at=noon)
    assert Customer.objects.get(pk=yusuf.pk).merged_into_id == irina.pk
    merging.unmerge(inner, by=ana, at=noon)
    with pytest.raises(merging.CannotUndo):
        merging.unmerge(inner, by=ana, at=noon)
    entries = Entry.objects.filter(action="customer.unmerge").order_by("pk").values_list("details", flat=True)
    assert [told["loser"] for told in entries] == [irina.pk, yusuf.pk]


def test_somebody_merged_again_after_an_undoing_leads_to_whom_they_are_now(
    irina, yusuf, lin, ana, noon
) -> None:
    """A merge that was undone points nowhere: its survivor's next merge does not take the other one along."""
    merging.unmerge(merging.merge(irina, yusuf, by=ana, at=noon, **SURE), by=ana, at=noon)
    merging.merge(lin, irina, by=ana, at=noon, **SURE)
    yusuf.refresh_from_db()
    assert merging.survivor_of(yusuf) == yusuf


def test_what_an_erasure_took_cannot_be_undone(irina, yusuf, ana, noon) -> None:
    done = merging.merge(irina, yusuf, by=ana, at=noon, **SURE)
    Merge.objects.filter(pk=done.pk).update(before={})
    with pytest.raises(merging.CannotUndo):
        merging.unmerge(done, by=ana, at=noon)
    Customer.objects.filter(pk=irina.pk).update(erased_at=noon)
    with pytest.raises(merging.CannotMerge):
        merging.merge(cast.customer("New", of=None), irina, by=ana, at=noon)


def test_once_undone_nothing_is_kept_of_either(irina, yusuf, ana, noon) -> None:
    """What undoing needed holds facts of several people, so it would outlive the erasure of one of them."""
    done = merging.merge(irina, yusuf, by=ana, at=noon, **SURE)
    merging.unmerge(done, by=ana, at=noon)
    assert Merge.objects.get(pk=done.pk).before == {}
    Merge.objects.filter(pk=done.pk).update(before={"seen": {"name": "Irina Petrova"}})
    standing = merging.merge(irina, yusuf, by=ana, at=noon, **SURE)
    with connection.cursor() as cursor:
        cursor.execute(import_module("customers.migrations.0031_undone_merges").EMPTY)
    assert Merge.objects.get(pk=done.pk).before == {}
    assert Merge.objects.get(pk=standing.pk).before != {}


def test_custom_fields_are_merged_and_parted_field_by_field(irina, yusuf, ana, noon) -> None:
    Customer.objects.filter(pk=irina.pk).update(custom={"shoe": "42", "club": "red"})
    Customer.objects.filter(pk=yusuf.pk).update(custom={"shoe": "43", "coat": "L"})
    done = merging.merge(irina, yusuf, by=ana, at=noon, choices={"custom.shoe": "loser"}, **SURE)
    irina.refresh_from_db()
    assert irina.custom == {"shoe": "43", "club": "red", "coat": "L"}
    Customer.objects.filter(pk=irina.pk).update(custom=irina.custom | {"club": "blue"})
    merging.unmerge(done, by=ana, at=noon)
    irina.refresh_from_db()
    assert irina.custom == {"shoe": "42", "club": "blue"}
    with pytest.raises(merging.InvalidChoice):
        merging.merge(irina, yusuf, by=ana, at=noon, choices={"is_stub": "loser"}, **SURE)


def test_possible_duplicates_are_asked_about_again_once_they_are_two(irina, yusuf, ana, noon) -> None:
    done = merging.merge(irina, yusuf, by=ana, at=noon, **SURE)
    first, second = sorted([irina.pk, yusuf.pk])
    pair = DuplicatePair.objects.create(
        first_id=first, second_id=second, score=90, rules=MatchRules.current(), digest=b"0", state="merged",
        decided_at=noon, decided_by="staff:1",
    )  # fmt: skip
    merging.unmerge(done, by=ana, at=noon)
    pair.refresh_from_db()
    assert (pair.state, pair.decided_at) == ("open", None)


def test_the_hash_sees_every_table(chain) -> None:
    """A row more in any table changes the hash of its customer, and only that one."""
    people = crowd(4, seed=9)
    ids = [person.pk for person in people]
    for table in tables():
        before = contenthash.of(ids)
        with connection.cursor() as cursor, transaction.atomic():
            move_rows(cursor)
            cursor.execute(f"DELETE FROM {table.name} WHERE customer_id = %s", [ids[0]])
            gone = cursor.rowcount
            after = contenthash.of(ids)
            transaction.set_rollback(True)
        assert (after[ids[0]] != before[ids[0]]) is (gone > 0), table.label
        assert {pk: after[pk] for pk in ids[1:]} == {pk: before[pk] for pk in ids[1:]}, table.label
