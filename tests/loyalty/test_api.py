"""Points over the API."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from crm.org.models import Store
from customers.models import Customer
from loyalty import holds, ledger
from loyalty.ledger import Cause, NewLot
from loyalty.models import Balance, Hold, Movement

pytestmark = pytest.mark.django_db
Calling = Callable[..., Client]


@pytest.fixture
def client(calling: Calling) -> Client:
    return calling("points:read", "points:write")


@pytest.fixture
def rich(irina: Customer) -> Customer:
    at = timezone.now() - timedelta(days=1)
    ledger.earn(irina.pk, [NewLot(100, at + timedelta(days=40))], Cause("receipt:1", at, "till:1"))
    ledger.earn(irina.pk, [NewLot(40, vests_at=at + timedelta(days=14))], Cause("receipt:2", at, "till:1"))
    return irina


def post(client: Client, address: str, **body: Any) -> Any:
    return client.post(f"/api/v1/{address}", body, content_type="application/json")


def redeem(client: Client, who: Customer, points: int, number: str = "1", **more: Any) -> Any:
    return post(
        client,
        "redemptions/",
        customer=who.public_id,
        points=points,
        source="pos",
        external_id=number,
        **more,
    )


def test_an_account_says_what_can_be_spent_and_until_when(client: Client, rich: Customer) -> None:
    found = client.get(f"/api/v1/accounts/{rich.public_id}/").json()["accounts"]
    assert [(one["unit"], one["spendable"], one["pending"], one["held"], one["debt"]) for one in found] == [
        ("points", 100, 40, 0, 0)
    ]
    assert [due["points"] for due in found[0]["ending"]] == [100]
    assert [due["points"] for due in found[0]["vesting"]] == [40]


def test_a_redemption_answers_the_same_for_ever(client: Client, rich: Customer, harbour: Store) -> None:
    first = redeem(client, rich, 30, store="HARB")
    assert (first.status_code, first.json()["points"]) == (201, 30)
    again = redeem(client, rich, 30, store="HARB")
    assert (again.status_code, again.json()) == (200, first.json())
    other = redeem(client, rich, 31, store="HARB")
    assert (other.status_code, other.json()["code"]) == (409, "source_conflict")
    assert Balance.objects.get().available == 70
    assert Movement.objects.get(source="pos:1").store == harbour


def test_what_is_not_there_is_not_spent(client: Client, rich: Customer) -> None:
    answer = redeem(client, rich, 101)
    assert (answer.status_code, answer.json()["code"]) == (409, "insufficient_points")
    assert answer.json()["detail"] == "There are 100 to spend."
    assert Balance.objects.get().available == 100


def test_a_reversal_in_parts(client: Client, rich: Customer) -> None:
    spent = redeem(client, rich, 30).json()["id"]
    part = post(client, f"redemptions/{spent}/reversal/", source="pos", external_id="2", points=10)
    assert (part.status_code, part.json()["points"]) == (201, 10)
    rest = post(client, f"redemptions/{spent}/reversal/", source="pos", external_id="3")
    assert rest.json()["points"] == 20
    none = post(client, f"redemptions/{spent}/reversal/", source="pos", external_id="4")
    assert (none.status_code, none.json()["code"]) == (409, "nothing_left")
    assert Balance.objects.get().available == 100


def test_a_hold_is_paid_with_and_the_rest_is_free(client: Client, rich: Customer) -> None:
    hold = post(client, "holds/", customer=rich.public_id, points=50, source="web", external_id="9").json()[
        "id"
    ]
    assert Balance.objects.get().held == 50
    paid = post(client, f"holds/{hold}/capture/", source="web", external_id="9/paid", points=20)
    assert (paid.status_code, paid.json()["points"]) == (201, 20)
    again = post(client, f"holds/{hold}/capture/", source="web", external_id="9/paid", points=20)
    assert (again.status_code, again.json()) == (200, paid.json())
    late = post(client, f"holds/{hold}/capture/", source="web", external_id="9/more", points=1)
    assert (late.status_code, late.json()["code"]) == (409, "hold_ended")
    found = Balance.objects.get()
    assert (found.available, found.held) == (80, 0)


def test_a_number_that_was_used_for_one_is_not_another(client: Client, rich: Customer) -> None:
    """Of two redemptions, of two holds, and of another number of points; what is refused changes nothing."""
    one, other = (
        redeem(client, rich, points, number).json()["id"] for points, number in ((30, "1"), (5, "2"))
    )
    back = {"source": "pos", "external_id": "9"}
    assert post(client, f"redemptions/{one}/reversal/", **back).json()["points"] == 30
    for told in (back, back | {"points": 5}, back | {"points": 30}):
        refused = post(client, f"redemptions/{other}/reversal/", **told)
        assert (refused.status_code, refused.json()["code"]) == (409, "source_conflict")
    first, second = (
        post(
            client, "holds/", customer=rich.public_id, points=points, source="web", external_id=number
        ).json()["id"]
        for points, number in ((20, "3"), (40, "4"))
    )
    paid = {"source": "web", "external_id": "p", "points": 20}
    assert post(client, f"holds/{first}/capture/", **paid).status_code == 201
    assert post(client, f"holds/{first}/capture/", **paid).status_code == 200
    for hold, told in ((first, paid | {"points": 19}), (second, paid), (second, paid | {"points": 40})):
        refused = post(client, f"holds/{hold}/capture/", **told)
        assert (refused.status_code, refused.json()["code"]) == (409, "source_conflict")
    found = Balance.objects.get()
    assert (found.available, found.held) == (35, 40)
    assert post(client, f"holds/{second}/capture/", source="web", external_id="q").json()["points"] == 40


def test_a_hold_is_released_once(client: Client, rich: Customer) -> None:
    hold = post(client, "holds/", customer=rich.public_id, points=50, source="web", external_id="9").json()[
        "id"
    ]
    for _ in range(2):
        assert client.delete(f"/api/v1/holds/{hold}/").json() == {"id": hold, "ended": True}
    assert Balance.objects.get().available == 100


def test_what_stands_too_long_is_free_again(client: Client, rich: Customer) -> None:
    post(client, "holds/", customer=rich.public_id, points=50, source="web", external_id="9", seconds=60)
    assert list(holds.release_due(at=timezone.now())) == []
    late = timezone.now() + timedelta(seconds=61)
    with pytest.raises(holds.HoldEnded):
        holds.capture(Hold.objects.get(), Cause("web:9/paid", late, "till:1"))
    assert list(holds.release_due(at=late)) == [1]
    assert (Balance.objects.get().available, Balance.objects.get().held) == (100, 0)


def test_a_till_serves_members_of_other_stores_who_stand_there(
    calling: Calling, rich: Customer, uptown: Store, mill: Store
) -> None:
    """By what they show; by id only whom the key sees. What it booked itself it can give back."""
    till, card = calling("points:write", stores=[uptown]), {"kind": "phone", "value": "138 0013 8000"}
    told = {"points": 30, "source": "pos", "external_id": "1", "store": uptown.code}
    assert post(till, "redemptions/", customer=rich.public_id, **told).status_code == 404
    assert post(till, "redemptions/", customer={"kind": "phone", "value": "1"}, **told).status_code == 422
    spent = post(till, "redemptions/", customer=card, **told)
    assert (spent.status_code, spent.json()["customer"]) == (201, rich.public_id)
    place, back = f"redemptions/{spent.json()['id']}/reversal/", {"source": "pos", "external_id": "2"}
    assert post(calling("points:write", stores=[mill]), place, **back).status_code == 404
    assert post(till, place, **back).status_code == 201
    hold = post(till, "holds/", customer=card, **told | {"external_id": "3"}).json()["id"]
    assert till.delete(f"/api/v1/holds/{hold}/").status_code == 200


def test_entries_come_in_pages_newest_first(client: Client, rich: Customer) -> None:
    redeem(client, rich, 30)
    address = f"/api/v1/accounts/{rich.public_id}/entries/?limit=2"
    first = client.get(address).json()
    second = client.get(first["next"]).json()
    shown = [(one["kind"], one["points"], one["source"]) for one in first["results"] + second["results"]]
    assert shown == [("redeem", -30, "pos:1"), ("earn", 40, "receipt:2"), ("earn", 100, "receipt:1")]
    assert second["next"] is None


def test_growth_points_are_not_spent(client: Client, rich: Customer) -> None:
    assert redeem(client, rich, 1, unit="growth").status_code == 422


def test_a_key_goes_on_with_what_it_booked_without_telling_a_store(
    yusuf: Customer, harbour: Store, uptown: Store, calling: Callable[..., Client]
) -> None:
    """For a member of another branch, too, who showed a card; another key of its stores does not."""
    ledger.earn(yusuf.pk, [NewLot(100)], Cause("receipt:1", timezone.now(), "till:1"))
    ours, others = (calling("points:read", "points:write", stores=[harbour]) for _each in range(2))
    told = {"customer": {"kind": "member", "value": "M0002"}, "points": 40, "source": "pos"}

    def post(key: Client, address: str, **body: Any) -> tuple[int, dict[str, Any]]:
        answer = key.post(f"/api/v1/{address}", body, content_type="application/json")
        return answer.status_code, answer.json()

    status, held = post(ours, "holds/", **told, external_id="1", seconds=60)
    assert status == 201
    assert post(others, f"holds/{held['id']}/capture/", source="pos", external_id="2")[0] == 404
    assert post(ours, f"holds/{held['id']}/capture/", source="pos", external_id="2")[0] == 201
    status, spent = post(ours, "redemptions/", **told, external_id="3")
    assert status == 201
    assert post(ours, f"redemptions/{spent['id']}/reversal/", source="pos", external_id="4")[0] == 201
    assert Balance.objects.get(customer=yusuf, unit=1).available == 60
