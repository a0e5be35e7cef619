"""After a merge life goes on. Undone, what named an identifier goes to whom the identifier belongs; the rest stays."""

import os
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import msgspec
import pytest
from django.db import transaction
from django.utils.timezone import now

from customers import consents, merging, notes, profile, receiving, statehash, work
from customers.consents.cells import NO_CONTACT
from customers.events import inbox
from customers.matching import keys
from customers.merging import contenthash
from customers.models import (
    Arrival,
    Customer,
    CustomerTag,
    Identity,
    Interaction,
    Note,
    ProvidedFact,
    Provider,
    Purchase,
    Return,
    Tag,
    WorkItem,
)
from customers.receiving import payloads
from tests import cast
from tests.customers import crowds
from tests.customers.crowds import crowd
from tests.customers.histories import body

pytestmark = pytest.mark.django_db

SURE: dict[str, Any] = {"is_confirmed": True, "reason": "one person"}
TILL = {"source": "pos-9", "store": "HARB", "occurred_at": "2026-03-11T12:00:00+08:00"}


@pytest.fixture
def second_card(irina: Customer, harbour: Any) -> Customer:
    """Irina's other card, which she got when she had forgotten the first."""
    person = cast.customer("I. Petrova", of=harbour, card="C2000002", phone="+8613900139009")
    cast.purchase(person, at=harbour, on="2026-03-02", external_id="before")
    return person


def buy(key: str, kind: str, value: str, amount: str = "5.00") -> receiving.ReceiptOutcome:
    receipt = TILL | {
        "external_id": key, "customer": {"kind": kind, "value": value},
        "lines": [{"line": 1, "product": "TEA", "quantity": "3", "amount": amount}],
    }  # fmt: skip
    return receiving.receive_receipt(payloads.receipt_of(body(receipt)), by="test")


def bring_back(key: str, of: str, amount: str = "2.00") -> None:
    lines = [{"line": 1, "quantity": "1", "amount": amount}]
    told = TILL | {"external_id": key, "receipt": {"source": "pos-9", "external_id": of}, "lines": lines}
    receiving.receive_return(payloads.return_of(body(told)), by="test")


def bought(who: Customer) -> list[str]:
    return sorted(Purchase.objects.filter(customer=who).values_list("external_id", flat=True))


def test_a_receipt_by_the_second_card_goes_with_the_second_card(irina, second_card, ana, noon) -> None:
    done = merging.merge(irina, second_card, by=ana, at=noon)
    buy("by-first", "card", "C1000001")
    buy("by-second", "card", "c2000002")  # as a till writes it
    bring_back("back", "by-second")
    assert bought(irina) == ["before", "by-first", "by-second"]
    assert bought(second_card) == []

    merging.unmerge(done, by=ana, at=noon)
    assert bought(irina) == ["by-first"]
    assert bought(second_card) == ["before", "by-second"]
    assert Return.objects.get().customer_id == second_card.pk
    assert Purchase.objects.get(external_id="by-second").returned == Decimal("2.00")
    known = Arrival.objects.filter(external_id__in=["by-second", "back", "before"])
    assert set(known.values_list("customer_id", flat=True)) == {second_card.pk}
    bring_back("back again", "by-second", "1.00")  # the receipt is found where it is now
    assert Return.objects.filter(customer=second_card).count() == 2


def test_the_same_receipts_from_a_batch_go_the_same_way(irina, second_card, ana, noon) -> None:
    """As a file brings them: their raw form is not kept, only by which identifier they came."""
    from customers.receiving import engine
    from customers.receiving.batch import _columns
    from customers.receiving.database import in_transaction

    done = merging.merge(irina, second_card, by=ana, at=noon)

    def work(cur: Any) -> None:
        from customers.receiving import events, references
        from customers.receiving.batch import _Good

        told = [
            payloads.receipt_of(body(TILL | {
                "external_id": key, "customer": {"kind": "card", "value": card},
                "lines": [{"line": 1, "product": "TEA", "quantity": "1", "amount": "5.00"}],
            })) for key, card in (("first", "C1000001"), ("second", "C2000002"))
        ]  # fmt: skip
        good = [_Good(n, one, events.receipt(one)) for n, one in enumerate(told)]
        sources = references.sources(cur, {"pos-9"}, by="test")
        stores, products = (
            references.stores(cur, {"HARB"}, make_stubs=False),
            references.products(cur, {"TEA"}),
        )
        columns = _columns(good, sources, stores, products)
        columns.raw = [None, None]
        engine.apply(cur, columns)

    in_transaction(work)
    assert Arrival.objects.get(external_id="second").raw == {
        "customer": {"kind": "card", "value": "C2000002"}
    }
    merging.unmerge(done, by=ana, at=noon)
    assert (bought(irina), bought(second_card)) == (["first"], ["before", "second"])


def test_what_names_no_identifier_stays_with_the_survivor(irina, second_card, ana, noon) -> None:
    done = merging.merge(irina, second_card, by=ana, at=noon)
    notes.write(irina, "asked for green tea", by=ana, at=noon)
    CustomerTag.objects.create(customer=irina, tag=Tag.objects.create(name="tea"))
    profile.change(irina.pk, {"occupation": "baker"}, by=ana)
    merging.unmerge(done, by=ana, at=noon)
    irina.refresh_from_db()
    assert irina.occupation == "baker"
    assert [Note.objects.get().customer_id, CustomerTag.objects.get().customer_id] == [irina.pk] * 2


SMS, EMAIL = consents.cell("sms", "marketing"), consents.cell("email", "marketing")


def say(who: Customer, where: consents.Cell, word: bool | None, source: str = "test") -> None:
    consents.record(who, channel=where.channel, purpose=where.purpose, is_given=word, wording="unknown/test",
                    source=source, by="system:test", at=None)  # fmt: skip


def test_a_refusal_that_came_after_the_merge_holds_for_both(irina, second_card, yusuf, ana, noon) -> None:
    """By the loser's own link it was written to the survivor; nobody knows whose it was."""
    for one in (irina, second_card):
        say(one, SMS, True)
        say(one, EMAIL, True)
    say(second_card, consents.cell(None, "profiling"), False)
    say(yusuf, EMAIL, True)
    done = merging.merge(irina, second_card, by=ana, at=noon)
    say(second_card, SMS, False, source="unsubscribe")
    say(irina, SMS, True)
    say(irina, EMAIL, None)
    say(irina, consents.cell(None, "profiling"), None)
    say(yusuf, NO_CONTACT, False)
    other = merging.merge(irina, yusuf, by=ana, at=noon, **SURE)
    merging.unmerge(done, by=ana, at=noon)
    theirs = consents.state_of(second_card)
    assert theirs.cells[SMS].is_given is False
    assert theirs.cells[SMS].source == f"unmerge:{done.pk}"
    assert theirs.cells[EMAIL].is_given is None
    assert theirs.cells[consents.cell(None, "profiling")].is_given is False  # a no is not lifted
    assert not theirs.do_not_contact  # another one's word, who came later
    assert consents.state_of(irina).do_not_contact
    merging.unmerge(other, by=ana, at=noon)
    assert consents.state_of(irina).cells[SMS].is_given is True
    assert not consents.state_of(irina).do_not_contact


def test_do_not_contact_since_the_merge_holds_for_both(irina, second_card, ana, noon) -> None:
    done = merging.merge(irina, second_card, by=ana, at=noon)
    say(second_card, NO_CONTACT, False)
    merging.unmerge(done, by=ana, at=noon)
    assert consents.state_of(irina).do_not_contact
    assert consents.state_of(second_card).do_not_contact


def test_a_filled_blank_that_was_edited_since_stays_and_one_that_was_not_goes(
    irina, second_card, ana, noon
) -> None:
    Customer.objects.filter(pk=second_card.pk).update(occupation="baker", household="H1")
    done = merging.merge(irina, second_card, by=ana, at=noon)
    irina.refresh_from_db()
    assert (irina.occupation, irina.household) == ("baker", "H1")
    profile.change(irina.pk, {"occupation": "chef"}, by=ana)
    merging.unmerge(done, by=ana, at=noon)
    irina.refresh_from_db()
    second_card.refresh_from_db()
    assert (irina.occupation, irina.household) == ("chef", "")
    assert (second_card.occupation, second_card.household) == ("baker", "H1")


def test_a_tag_that_both_had_is_both_of_theirs_again(irina, second_card, ana, noon) -> None:
    vip = Tag.objects.create(name="vip")
    for who in (irina, second_card):
        CustomerTag.objects.create(customer=who, tag=vip)
    keys.index([second_card.pk])  # which the undoing derives anew
    before = contenthash.of([irina.pk, second_card.pk])
    done = merging.merge(irina, second_card, by=ana, at=noon)
    CustomerTag.objects.get().delete()  # taken from the survivor later: that stays, the other one's was never touched
    merging.unmerge(done, by=ana, at=noon)
    assert list(CustomerTag.objects.values_list("customer_id", flat=True)) == [second_card.pk]
    assert contenthash.of([second_card.pk])[second_card.pk] == before[second_card.pk]


def test_events_go_to_whom_they_named_and_browsers_to_who_used_them(irina, second_card, ana, noon) -> None:
    at = (now() - timedelta(hours=1)).isoformat()

    def event(number: int, visitor: str, card: str = "") -> bytes:
        told: dict[str, Any] = {"id": f"e{number}", "kind": "sign_in" if card else "product", "visitor": visitor,
                                "occurred_at": at, "data": {} if card else {"product": "SKU1"}}  # fmt: skip
        return msgspec.json.encode(told | ({"customer": {"kind": "card", "value": card}} if card else {}))

    done = merging.merge(irina, second_card, by=ana, at=noon)
    events = [event(1, "browser-1", "C1000001"), event(2, "browser-2", "C2000002"), event(3, "browser-2"),
              event(4, "browser-1")]  # fmt: skip
    inbox.receive("shop", events, by="system:test")
    assert Interaction.objects.filter(customer=irina).count() == 4
    merging.unmerge(done, by=ana, at=noon)
    told = {who.pk: sorted(Interaction.objects.filter(customer=who).values_list("external_id", flat=True))
            for who in (irina, second_card)}  # fmt: skip
    assert told == {irina.pk: ["e1", "e4"], second_card.pk: ["e2", "e3"]}


# As if it had never been ---------------------------------------------------------------------------------------------


def _told(people: list[Customer]) -> dict[str, Any]:
    """What can be compared between two worlds in which later rows have other numbers."""
    ids = [person.pk for person in people]
    plain = list(Customer.objects.filter(pk__in=ids).order_by("pk").values())
    for row in plain:
        del row["updated_at"]
    return {
        "customers": plain,
        "receipts": statehash.whole(),
        "identities": sorted(Identity.objects.values_list("customer_id", "kind", "value", "is_primary")),
        "tags": sorted(CustomerTag.objects.values_list("customer_id", "tag__name")),
        "notes": sorted(Note.objects.values_list("customer_id", "text")),
    }


@pytest.mark.parametrize("seed", range(int(os.environ.get("MERGE_WORLDS", "6"))))
def test_an_undone_merge_might_never_have_been(seed: int, ana: Any, noon: Any) -> None:
    """Two worlds with the same later life: in one a merge is done and undone again, in the other it never was."""
    people = crowd(8, seed=100 + seed)
    chance = Random(seed)
    survivor, loser, third, fourth = chance.sample(people, 4)
    plan = chance.choice(["alone", "sibling", "sibling before", "outer"])
    told = []
    for is_done in (True, False):
        with transaction.atomic():
            life = Random(seed * 7 + 1)
            if plan == "sibling before":
                merging.merge(survivor, third, by=ana, at=noon, choices=_some(Random(seed)), **SURE)
            choices, done = _some(life), None
            if is_done:
                done = merging.merge(survivor, loser, by=ana, at=noon, choices=choices, **SURE)
            _live(life, people, survivor)
            if plan == "sibling":
                merging.merge(survivor, third, by=ana, at=noon, choices=_some(Random(seed)), **SURE)
                _live(life, people, survivor)
            outer = merging.merge(fourth, survivor, by=ana, at=noon, **SURE) if plan == "outer" else None
            if outer:
                buy(f"outer-{seed}", *_identifier(people[0]))
                merging.unmerge(outer, by=ana, at=noon)
            if done:
                merging.unmerge(done, by=ana, at=noon)
            told.append(_told(people))
            transaction.set_rollback(True)
    assert told[0] == told[1], plan


def _some(chance: Random) -> dict[str, str]:
    names = ("name", "occupation", "household", "birthday", "main.phone", "main.email", "main.card")
    return {name: chance.choice(("survivor", "loser")) for name in names if chance.random() < 0.4}


def _identifier(person: Customer) -> tuple[str, str]:
    known = Identity.objects.filter(value__contains=f"{person.pk:07}").order_by("kind", "value")
    return known.values_list("kind", "value")[0]


def _live(chance: Random, people: list[Customer], survivor: Customer) -> None:
    """Receipts by anybody's identifiers, some brought back; what is said about the survivor is new and names nobody."""
    for person in people:
        known = Identity.objects.filter(value__contains=f"{person.pk:07}").order_by("kind", "value")
        for kind, value in known.values_list("kind", "value"):
            if chance.random() < 0.4:
                key = f"later-{value}-{chance.randrange(10**6)}"
                buy(key, kind, value)
                if chance.random() < 0.5:
                    bring_back(f"back-{key}", key)
    number = chance.randrange(10**6)
    tag, _is_new = Tag.objects.get_or_create(name=f"new-{number}")
    CustomerTag.objects.get_or_create(customer=survivor, tag=tag)
    Note.objects.create(customer=survivor, text=f"said {number}", created_by="test")
    profile.change(survivor.pk, {"income_band": f"band {number}"}, by="test")


# Stubs: their home store is that of their earliest receipt ---------------------------------------------------------


def _stub(card: str, store: str, at: str) -> Customer:
    receipt = {
        "source": "pos-9", "store": store, "occurred_at": at, "external_id": f"{card}-{at}",
        "customer": {"kind": "card", "value": card},
        "lines": [{"line": 1, "product": "TEA", "quantity": "1", "amount": "5.00"}],
    }  # fmt: skip
    done = receiving.receive_receipt(payloads.receipt_of(body(receipt)), by="test")
    return Customer.objects.get(pk=done.customer_id)


def _where(*people: Customer) -> list[str]:
    return [Customer.objects.get(pk=person.pk).home_store.code for person in people]  # type: ignore[union-attr]


def test_two_stubs_that_are_parted_have_the_stores_of_their_own_earliest_receipts(
    harbour, uptown, mill, ana, noon
) -> None:
    one, other = _stub("S1", "HARB", "2026-03-05T12:00:00Z"), _stub("S2", "UPTN", "2026-03-04T12:00:00Z")
    done = merging.merge(one, other, by=ana, at=noon)
    assert _where(one) == ["UPTN"]  # the earlier sight
    _stub("S2", "MILL", "2026-03-02T12:00:00Z")  # late from a till: earlier still, and the second one's
    assert _where(one) == ["MILL"]
    merging.unmerge(done, by=ana, at=noon)
    assert _where(one, other) == ["HARB", "MILL"]


def test_a_store_that_a_person_chose_meanwhile_stays(harbour, uptown, mill, ana, noon) -> None:
    one, other = _stub("S1", "HARB", "2026-03-05T12:00:00Z"), _stub("S2", "UPTN", "2026-03-04T12:00:00Z")
    done = merging.merge(one, other, by=ana, at=noon)
    profile.change(one.pk, {"home_store_id": mill.pk}, by=ana)
    merging.unmerge(done, by=ana, at=noon)
    assert _where(one, other) == ["MILL", "UPTN"]


def test_an_enrolled_ones_word_counts_over_what_receipts_told(irina, harbour, uptown, ana, noon) -> None:
    stub = _stub("S2", "UPTN", "2026-03-04T12:00:00Z")
    done = merging.merge(stub, irina, by=ana, at=noon)
    assert _where(stub) == ["HARB"]
    assert not Customer.objects.get(pk=stub.pk).is_stub
    merging.unmerge(done, by=ana, at=noon)
    assert _where(stub, irina) == ["UPTN", "HARB"]
    assert Customer.objects.get(pk=stub.pk).is_stub


# Merges side by side, and rows of which only one could be kept -------------------------------------------------------


@pytest.mark.parametrize("first", [0, 1])
def test_the_main_phone_comes_back_in_any_order(first: int, irina, yusuf, lin, ana, noon) -> None:
    chosen = {"main.phone": "loser"}
    mains = {one.pk: one.identities.get(kind="phone").pk for one in (irina, yusuf, lin)}
    done = [merging.merge(irina, other, by=ana, at=noon, choices=chosen, **SURE) for other in (yusuf, lin)]

    def main() -> int:
        return irina.identities.get(kind="phone", is_primary=True).pk

    assert main() == mains[lin.pk]
    merging.unmerge(done[first], by=ana, at=noon)
    assert main() == mains[[lin, yusuf][first].pk]
    merging.unmerge(done[1 - first], by=ana, at=noon)
    for one in (irina, yusuf, lin):
        assert one.identities.get(kind="phone", is_primary=True).pk == mains[one.pk]


def test_a_providers_fact_that_was_edited_since_stays_and_the_other_one_has_theirs(
    irina, second_card, ana, noon
) -> None:
    theirs = ProvidedFact.objects.create(
        customer=second_card, provider=crowds.any_of(Provider, Random(1)), name="income", type=1, value="low",
        obtained_on="2026-01-01", valid_until="2027-01-01", basis=1, right="r", purpose="p",
    )  # fmt: skip
    done = merging.merge(irina, second_card, by=ana, at=noon)
    ProvidedFact.objects.filter(pk=theirs.pk).update(value="high")
    merging.unmerge(done, by=ana, at=noon)
    facts = ProvidedFact.objects.filter(name="income").values_list("customer_id", "value", "pk")
    assert {(owner, value) for owner, value, _pk in facts} == {(irina.pk, "high"), (second_card.pk, "low")}
    assert ProvidedFact.objects.get(customer=second_card).pk == theirs.pk


def test_an_event_finds_its_way_back_through_two_merges(irina, second_card, lin, ana, noon) -> None:
    """Lin ← Irina ← the second card: what names the second card is theirs when both are undone."""
    inner = merging.merge(irina, second_card, by=ana, at=noon)
    outer = merging.merge(lin, irina, by=ana, at=noon, **SURE)
    event = {"id": "e1", "kind": "sign_in", "visitor": "", "occurred_at": (now() - timedelta(hours=1)).isoformat(),
             "data": {}, "customer": {"kind": "card", "value": "C2000002"}}  # fmt: skip
    inbox.receive("shop", [msgspec.json.encode(event)], by="system:test")
    owners = [Interaction.objects.get(external_id="e1").customer_id]
    for done in (outer, inner):
        merging.unmerge(done, by=ana, at=noon)
        owners.append(Interaction.objects.get(external_id="e1").customer_id)
    assert owners == [lin.pk, irina.pk, second_card.pk]


def test_a_touch_about_a_task_about_a_receipt_goes_where_the_receipt_goes(
    irina, second_card, ana, noon
) -> None:
    done = merging.merge(irina, second_card, by=ana, at=noon)
    buy("theirs", "card", "C2000002")
    about = f"customers.purchase:{Purchase.objects.get(external_id='theirs').pk}"
    item = work.create(irina, kind="call", title="Ask", due_at=noon, by=ana, at=noon, about=about)
    other = work.create(irina, kind="call", title="Ask", due_at=noon, by=ana, at=noon)
    for one in (item, other):
        work.finish(one, result="reached", by=ana, at=noon)
    merging.unmerge(done, by=ana, at=noon)
    assert list(WorkItem.objects.filter(customer=second_card)) == [item]
    told = Interaction.objects.filter(kind="work.result").values_list("customer_id", "about")
    assert set(told) == {
        (second_card.pk, f"customers.workitem:{item.pk}"), (irina.pk, f"customers.workitem:{other.pk}"),
    }  # fmt: skip


def test_what_was_bought_before_the_merge_stays_though_the_card_has_a_new_owner(
    irina, second_card, ana, noon
) -> None:
    buy("old", "card", "C1000001")
    Identity.objects.filter(kind="card", value="C1000001").update(customer=second_card, is_primary=False)
    done = merging.merge(irina, second_card, by=ana, at=noon)
    buy("new", "card", "C1000001")
    merging.unmerge(done, by=ana, at=noon)
    assert bought(irina) == ["old"]
    assert bought(second_card) == ["before", "new"]
