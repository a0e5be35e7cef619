"""Saved segments over the API: saving, changing, previewing, who is in them."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client

from crm.org.models import Store, public_id
from customers.models import Customer, Tag
from segmentation.models import Segment, SegmentNight, Standing
from segmentation.segments import saving, timetravel
from tests import cast
from tests.night.helpers import run_night

pytestmark = pytest.mark.django_db
Calling = Callable[..., Client]
SEGMENTS = "/api/v1/segments/"
PHONES = {"all": [{"attribute": "person.has_phone", "is": "yes"}]}
BOUGHT = {
    "all": [{"did": "purchase", "count": "times", "is": "at_least", "value": 1, "when": {"last_days": 90}}]
}
CARDS = {"all": [{"attribute": "person.has_card", "is": "yes"}]}


def post(till: Client, address: str, body: Any, **headers: Any) -> Any:
    return till.post(address, body, content_type="application/json", headers=headers)


def patch(till: Client, address: str, body: Any) -> Any:
    return till.patch(address, body, content_type="application/json")


@pytest.fixture
def till(calling: Calling) -> Client:
    return calling("segments:read", "segments:write")


def test_a_segment_is_saved_once_and_read(till: Client) -> None:
    told = {"name": "Phones", "definition": PHONES, "about": "To call"}
    made = post(till, SEGMENTS, told, idempotency_key="one")
    assert made.status_code == 201
    assert made.json() | {"id": ""} == {
        "id": "", "name": "Phones", "about": "To call", "kind": "rules", "version": 1, "is_archived": False,
        "customers": None, "definition": PHONES, "sentence": "Customers who have a phone number",
    }  # fmt: skip
    assert post(till, SEGMENTS, told, idempotency_key="one").json() == made.json()
    assert till.get(f"{SEGMENTS}{made.json()['id']}/").json() == made.json()
    assert [row["name"] for row in till.get(SEGMENTS).json()["saved"]] == ["Phones"]
    assert post(till, SEGMENTS, told).json()["code"] == "segment_name_taken"
    assert Segment.objects.count() == 1


def test_faults_say_where(till: Client) -> None:
    wrong = {
        "all": [{"attribute": "person.age", "is": "at_least", "value": "old"}, {"attribute": "x", "is": "is"}]
    }
    refused = post(till, SEGMENTS, {"name": "Old", "definition": wrong})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_segment")
    assert [one["pointer"] for one in refused.json()["errors"]] == [
        "/definition/all/0/value",
        "/definition/all/1",
    ]
    assert not Segment.objects.exists()


def test_a_change_says_what_was_seen(till: Client) -> None:
    address = SEGMENTS + post(till, SEGMENTS, {"name": "Phones", "definition": PHONES}).json()["id"] + "/"
    assert patch(till, address, {"definition": CARDS, "version": 1}).json()["version"] == 2
    late = patch(till, address, {"definition": PHONES, "version": 1, "name": "Mine"})
    assert (late.status_code, late.json()["code"]) == (409, "changed_meanwhile")
    assert till.get(address).json()["name"] == "Phones"
    assert patch(till, address, {"is_archived": True}).json()["is_archived"] is True
    assert till.get(SEGMENTS).json()["saved"] == []
    assert patch(till, address, {"definition": PHONES}).json()["code"] == "segment_archived"
    assert patch(till, address, {"is_archived": False, "name": "Cards"}).json()["name"] == "Cards"
    assert patch(till, f"{SEGMENTS}seg_000000000000/", {"name": "x"}).status_code == 404


def test_members_are_those_of_now_until_a_night_says(
    till: Client, calling: Calling, irina: Customer, yusuf: Customer, lin: Customer, harbour: Store
) -> None:
    made = post(till, SEGMENTS, {"name": "Phones", "definition": PHONES}).json()["id"]
    address = f"{SEGMENTS}{made}/members/"
    first = till.get(address, {"limit": 2}).json()
    rest = till.get(first["next"]).json()
    everybody = [one.public_id for one in sorted((irina, yusuf, lin), key=lambda one: one.pk)]
    assert [row["id"] for row in first["results"] + rest["results"]] == everybody
    own = calling("segments:read", stores=[harbour]).get(address).json()
    assert [row["id"] for row in own["results"]] == [irina.public_id]
    assert till.get(address, {"on": "2026-03-01"}).json()["results"] == []


def test_members_of_a_day_are_those_of_its_night_with_its_scores(
    till: Client, irina: Customer, yusuf: Customer, harbour: Store
) -> None:
    """As the pages have it: who was in it on the last night up to the day, beside the scores of that night."""
    made = saving.create(by="system:test", name="Bought", definition=BOUGHT)
    for day in (1, 2, 3):
        cast.purchase(irina, at=harbour, on=f"2026-03-0{day}", amount="50.00")
    run_night(date(2026, 3, 8))
    cast.purchase(yusuf, at=harbour, on="2026-07-01", amount="900.00")
    run_night(date(2026, 7, 2))

    def members(**asked: str) -> Any:
        answer = till.get(f"{SEGMENTS}{made.public_id}/members/", asked).json()
        return answer["night"], [(row["id"], row["m"]) for row in answer["results"]]

    first, last = (SegmentNight.objects.get(night__on=on) for on in ("2026-03-08", "2026-07-02"))
    for on, night in (
        ("2026-03-08", first),
        ("2026-04-01", first),
        ("2026-07-02", last),
        ("9999-12-31", last),
    ):
        scores = dict(Standing.objects.at(night.night_id).values_list("customer_id", "m"))
        people = timetravel.ids_at(made.pk, night.at)
        told = [(public_id("cus").encode(pk), scores[pk]) for pk in people]
        assert members(on=on) == (night.night.on.isoformat(), told)
        assert timetravel.moment_of(made, date.fromisoformat(on)) == night.at
    assert (members(on="2026-03-08")[1][0][0], members()[1][0][0]) == (irina.public_id, yusuf.public_id)
    assert members(on="2026-03-07") == members(on="0001-01-01") == (None, []), "nothing is known"
    assert members()[0] == "2026-07-02"


def test_a_preview_saves_nothing(calling: Calling, irina: Customer, yusuf: Customer) -> None:
    reader = calling("segments:read")
    found = post(reader, f"{SEGMENTS}preview/", {"definition": CARDS}).json()
    assert (found["customers"], found["conditions"], found["sample"]) == (1, [1], [irina.public_id])
    assert found["funnel"] == [
        {"code": "matched", "customers": 1}, {"code": "consented", "customers": 0},
        {"code": "reachable", "customers": 0},
    ]  # fmt: skip
    assert not Segment.objects.exists()
    assert post(reader, SEGMENTS, {"name": "x", "definition": CARDS}).status_code == 403


def test_the_registry_says_what_can_be_asked(calling: Calling) -> None:
    told = calling("segments:read").get(f"{SEGMENTS}attributes/").json()
    by_code = {one["code"]: one for one in told["attributes"]}
    assert by_code["person.gender"]["options"] == {"f": "Female", "m": "Male", "x": "Other"}
    assert by_code["person.age"]["operators"][2] == {"code": "between", "label": "is between", "takes": "two"}
    assert by_code["persona.category"]["options"] is None
    assert [one["code"] for one in told["behaviours"]] == [
        "purchase", "bought", "returned", "touch", "redeemed", "coupon_used",
    ]  # fmt: skip
    assert set(told["headings"]) >= {one["heading"] for one in told["attributes"]}


def test_a_group_is_read_as_what_it_stands_for(calling: Calling, irina: Customer, harbour: Store) -> None:
    cast.purchase(irina, at=harbour, on=date(2026, 3, 1))
    cast.night("2026-03-08")
    reader = calling("segments:read")
    group = reader.get(SEGMENTS).json()["results"][0]["id"]
    told = reader.get(f"{SEGMENTS}{group}/").json()
    assert (told["kind"], told["definition"]["value"]) == ("group", [group])
    assert reader.get(f"{SEGMENTS}dragons/").status_code == 404


def test_what_cannot_be_is_refused_with_its_place(till: Client) -> None:
    """Numbers that a value can never have, choices that there are none of, groups that mean nothing."""
    wrong = {"all": [
        {"attribute": "person.age", "is": "at_least", "value": -5},
        {"did": "bought", "where": [{"field": "store", "is": "any_of", "value": ["zzz"]}], "is": "is", "value": -1},
        {"any": []},
    ]}  # fmt: skip
    refused = post(till, SEGMENTS, {"name": "Wrong", "definition": wrong})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_segment")
    assert [(one["pointer"], one["detail"]) for one in refused.json()["errors"]] == [
        ("/definition/all/0/value", "A number from 0 to 150 is wanted here."),
        ("/definition/all/1/where/0/value", "There is no such choice: zzz."),
        ("/definition/all/1/value", "A number from 0 on is wanted here."),
        ("/definition/all/2/any", "A group needs a condition."),
    ]
    assert not Segment.objects.exists()


def test_a_choice_that_went_since_stays_where_it_was(till: Client) -> None:
    tag = Tag.objects.create(name="VIP")
    tagged = {"attribute": "person.tags", "is": "has_any", "value": [str(tag.pk)]}
    made = post(till, SEGMENTS, {"name": "VIP", "definition": tagged}).json()
    assert made["sentence"] == "Customers who are tagged VIP"
    number = tag.pk
    tag.delete()
    address = f"{SEGMENTS}{made['id']}/"
    changed = patch(till, address, {"definition": {"all": [tagged, *PHONES["all"]]}, "version": 1}).json()
    assert changed["version"] == 2
    assert changed["sentence"] == (
        f"Customers who are tagged {number} (no longer there) and have a phone number"
    )
    refused = post(till, SEGMENTS, {"name": "VIP again", "definition": tagged})
    assert refused.json()["errors"][0]["detail"] == f"There is no such choice: {number}."
