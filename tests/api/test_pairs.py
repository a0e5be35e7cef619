"""The queue of duplicates over the API: what the page shows and does, once, and in the trail."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from crm.audit.models import Entry
from crm.org.models import Staff, Store
from customers.matching import pairs
from customers.models import Customer, DuplicatePair, MatchRules, Merge
from tests import cast

pytestmark = pytest.mark.django_db
Calling = Callable[..., Client]
QUEUE = "/api/v1/duplicates/"
REASONS = [["name", "same", 40], ["birthday", "same", 30]]


def pair(shop: Store, name: str, score: int, other: Store | None = None) -> DuplicatePair:
    one, two = cast.customer(name, of=shop), cast.customer(name, of=other or shop)
    return DuplicatePair.objects.create(
        first=one, second=two, score=score, reasons=REASONS, rules=MatchRules.current(), digest=b"0" * 16
    )


def id_of(one: DuplicatePair) -> str:
    return f"{one.first.public_id}.{one.second.public_id}"


def listed(client: Client, **query: Any) -> list[str]:
    answer = client.get(QUEUE, query)
    assert answer.status_code == 200, answer.content
    return [one["id"] for one in answer.json()["results"]]


def decide(client: Client, one: DuplicatePair, decision: str) -> Any:
    return client.post(
        f"{QUEUE}{id_of(one)}/decision/", {"decision": decision}, content_type="application/json"
    )


def test_the_surest_first_by_state_and_score(calling: Calling, harbour: Store, ana: Staff) -> None:
    client = calling("customers:merge")
    low, high, gone = (pair(harbour, f"N{score}", score) for score in (61, 93, 70))
    assert decide(client, gone, "dismissed").status_code == 200
    assert listed(client) == [id_of(high), id_of(low)]
    assert listed(client, min_score=62) == [id_of(high)]
    assert listed(client, state="dismissed") == [id_of(gone)]
    assert listed(client, state="merged") == []
    (shown, *_rest) = client.get(QUEUE).json()["results"]
    assert (shown["score"], shown["first"]["home_store"]) == (93, "HARB")
    assert shown["reasons"][0] == {"field": "name", "outcome": "same", "points": 40}
    assert b"N93" not in client.get(QUEUE).content, "a name is read with customers:read"


def test_pages_of_equal_scores_neither_repeat_nor_lose(calling: Calling, harbour: Store) -> None:
    client = calling("customers:merge")
    wanted = [id_of(pair(harbour, f"P{n}", score)) for n, score in enumerate((80, 80, 80, 70, 70))]
    found, address, query = [], QUEUE, {"limit": 2}
    while address:
        page = client.get(address, query).json()
        found += [one["id"] for one in page["results"]]
        address, query = page["next"], {}
    assert found == wanted


def test_deciding_twice_is_deciding_once(calling: Calling, harbour: Store) -> None:
    client, one = calling("customers:merge"), pair(harbour, "Ida", 90)
    first, again = decide(client, one, "dismissed"), decide(client, one, "dismissed")
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json() and first.json()["state"] == "dismissed"
    assert Entry.objects.get(action="duplicate.dismiss").actor.startswith("key:")
    other = decide(client, one, "merged")
    assert (other.status_code, other.json()["code"]) == (409, "pair_decided")
    assert not Merge.objects.exists()


def test_one_person_and_back(calling: Calling, harbour: Store) -> None:
    client, one = calling("customers:merge"), pair(harbour, "Ida", 90)
    joined = decide(client, one, "merged")
    assert (joined.status_code, joined.json()["state"]) == (200, "merged")
    assert decide(client, one, "merged").status_code == 200
    assert Merge.objects.count() == Customer.objects.exclude(merged_into=None).count() == 1
    assert listed(client) == []
    address = f"{QUEUE}{id_of(one)}/decision/"
    back, again = client.delete(address), client.delete(address)
    assert (back.status_code, back.json()["state"], again.status_code) == (200, "open", 200)
    assert not Customer.objects.exclude(merged_into=None).exists()
    assert listed(client) == [id_of(one)]
    assert Entry.objects.filter(action="duplicate.reopen").count() == 1


def test_who_was_a_moment_slower_with_the_same_decision_is_told_it_stands(
    calling: Calling, harbour: Store, ana: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, right = pair(harbour, "Ida", 90), pairs.dismiss

    def slow(found: DuplicatePair, **more: Any) -> None:
        right(DuplicatePair.objects.get(pk=found.pk), by=ana, at=more["at"])
        right(found, **more)

    monkeypatch.setattr(pairs, "dismiss", slow)
    told = decide(calling("customers:merge"), one, "dismissed")
    assert (told.status_code, told.json()["decided_by"]) == (200, f"staff:{ana.pk}")


def test_a_pair_is_for_who_sees_both_sides(calling: Calling, harbour: Store, uptown: Store) -> None:
    one = pair(harbour, "Ida", 90, uptown)
    half = calling("customers:merge", stores=[harbour])
    assert listed(half) == []
    assert decide(half, one, "merged").status_code == 404
    assert half.delete(f"{QUEUE}{id_of(one)}/decision/").status_code == 404
    one.refresh_from_db()
    assert one.state == "open"
    assert listed(calling("customers:merge", stores=[harbour, uptown])) == [id_of(one)]


@pytest.mark.parametrize("token", ["cus_x.cus_y", "cus_000000000000", "a.b.c"])
def test_what_is_no_pair_is_not_there(calling: Calling, token: str) -> None:
    client = calling("customers:merge")
    told = client.post(f"{QUEUE}{token}/decision/", {"decision": "merged"}, content_type="application/json")
    assert told.status_code == 404
