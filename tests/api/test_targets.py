"""Target markets over the API: figures of the key's stores, decisions of the chain."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from crm.org.models import Staff, Store
from segmentation.models import Segment, Target, TargetDecision
from segmentation.targets import measures
from tests import cast
from tests.segmentation import markets

Calling = Callable[..., Client]
TARGETS = "/api/v1/targets/"
SOON = (now() + timedelta(days=300)).date().isoformat()


@pytest.fixture
def tea(harbour: Store, uptown: Store, monkeypatch: pytest.MonkeyPatch) -> Segment:
    monkeypatch.setattr(measures, "_sources", {})
    one, _people = markets.tea_people(harbour, uptown)
    cast.night(markets.ON)
    return one


def patch(client: Client, key: str, **told: Any) -> Any:
    return client.patch(f"{TARGETS}{key}/", told, content_type="application/json")


def test_before_the_first_night(calling: Calling, chain: Any) -> None:
    told = calling("segments:read").get(TARGETS).json()
    assert (told["night"], told["mode"], told["next"], len(told["results"])) == (None, "segments", None, 11)
    assert {(one["figures"], one["attractiveness"], one["status"]) for one in told["results"]} == {
        (None, None, "considered")
    }


def test_figures_are_of_the_keys_stores(tea: Segment, calling: Calling, harbour: Store) -> None:
    whole = calling("segments:read").get(f"{TARGETS}{tea.public_id}/").json()
    own = calling("segments:read", stores=[harbour]).get(f"{TARGETS}{tea.public_id}/").json()
    assert (whole["name"], whole["kind"], whole["figures"]["revenue"]) == ("Tea people", "segment", "810.00")
    assert own["figures"] == {
        "customers": 4, "share_of_customers": pytest.approx(4 / 3), "growth": pytest.approx(1 / 3),
        "revenue": "780.00", "share_of_revenue": 1.0, "value": 195.0, "churn": 0.5, "reach": 0.25,
        "breadth": 0.5, "rhythm": pytest.approx(60 / 91), "peers": None,
    }  # fmt: skip


def test_deciding(tea: Segment, calling: Calling, marta: Staff) -> None:
    key = calling("segments:write")
    told = patch(
        key, tea.public_id, status="chosen", fit=4, owner=marta.code, review_on=SOON, price="Low",
        remark="Close by", based_on={"status": "considered", "price": ""},
    )  # fmt: skip
    assert told.status_code == 200
    answer = told.json()
    assert (answer["status"], answer["fit"], answer["owner"], answer["review_on"], answer["price"]) == (
        "chosen", 4, marta.code, SOON, "Low",
    )  # fmt: skip
    assert TargetDecision.objects.get().remark == "Close by"
    late = patch(key, tea.public_id, price="High", based_on={"price": ""})
    assert (late.status_code, late.json()["code"]) == (409, "changed_meanwhile")
    assert Target.objects.get().price == "Low"


def test_what_is_refused(tea: Segment, calling: Calling, max_: Staff) -> None:
    key = calling("segments:write")
    past = patch(key, "loyal", review_on="2020-01-01")
    assert (past.status_code, past.json()["code"]) == (422, "invalid_target")
    assert patch(key, "loyal", owner="E9999").status_code == 422
    assert patch(key, "loyal", fit=6).status_code == 422
    assert patch(key, "dragons", fit=3).status_code == 404
    mine = markets.segment("Mine", owner=max_, is_shared=False)
    assert patch(key, mine.public_id, fit=3).status_code == 404
    assert patch(calling("segments:read"), "loyal", fit=3).status_code == 403
    assert not Target.objects.exists()
