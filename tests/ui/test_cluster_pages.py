"""Clusters and look-alikes on pages and in the API: numbers open their people, names are the chain's, all is scoped."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client

from crm.audit.models import Entry
from crm.jobs import runner
from crm.lib.refusals import Refusal
from crm.org.models import Staff, Store
from customers.models import Customer
from segmentation.clusters import limits, settings
from segmentation.models import Cluster, ClusterMember, ClusterSettings, LookAlike, LookAlikeMatch
from tests.night.helpers import run_night
from tests.segmentation import crowds

ON = date(2026, 3, 9)
Browser = Callable[[Staff], Client]


@pytest.fixture
def groups(harbour: Store, uptown: Store, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[int]]:
    """Forty of each of three groups at Harbour, of whom ten early birds are Uptown's now."""
    monkeypatch.setattr(limits, "FEWEST", 60)
    found = crowds.crowd(40, of=harbour, until=ON)
    run_night(ON)
    Customer.objects.filter(pk__in=found["early"][:10]).update(home_store=uptown)
    return found


def test_every_number_opens_its_people(
    groups: dict[str, list[int]], max_: Staff, marta: Staff, uma: Staff, signed_in: Browser
) -> None:
    for who, counts in ((max_, [40, 40, 40]), (marta, [40, 40, 30]), (uma, [10, 0, 0])):
        theirs = signed_in(who)
        page = theirs.get("/segments/clusters/")
        assert page.status_code == 200
        assert [card.customers for card, _link, _bars in page.context["cards"]] == counts
        for card, link, _bars in page.context["cards"]:
            assert theirs.get(link).context["count"] == card.customers
        assert sum(card.share_of_customers for card, *_rest in page.context["cards"]) == pytest.approx(1)


def test_one_store_is_told_what_is_the_whole_chains(
    groups: dict[str, list[int]], max_: Staff, marta: Staff, harbour: Store, signed_in: Browser
) -> None:
    for who, query, times in ((max_, "", 0), (marta, "", 5), (max_, f"?store={harbour.pk}", 5)):
        said = signed_in(who).get(f"/segments/clusters/{query}").content.decode()
        assert (
            said.count("of the whole chain") == times
        )  # the bars of three cards, the chart, how they came about


def test_the_card_says_what_sets_a_cluster_apart(
    groups: dict[str, list[int]], max_: Staff, signed_in: Browser
) -> None:
    page = signed_in(max_).get("/segments/clusters/")
    of = {
        card.typical[0].trait.label: (card, bars) for card, _link, bars in page.context["cards"]
    }  # by what they buy
    assert set(of) == {"Bread", "Meat", "Toys"}
    card, bars = of["Toys"]
    told = {str(label): (value, everybody, more) for label, value, everybody, _length, more in bars}
    assert told["Online"] == ("100.0%", "33.3%", True)
    assert card.typical[0].value == 1.0
    said = page.content.decode()
    assert "3 clusters: the highest silhouette" in said
    assert [chosen for _k, _s, _again, chosen in page.context["numbers"]] == [True, *[False] * 7]


def test_too_few_says_so(harbour: Store, max_: Staff, signed_in: Browser) -> None:
    theirs = signed_in(max_)
    assert "No night yet" in theirs.get("/segments/clusters/").content.decode()
    crowds.crowd(1, of=harbour, until=ON)
    run_night(ON)
    assert "3 customers bought in the window" in theirs.get("/segments/clusters/").content.decode()
    assert theirs.get("/segments/clusters/export/").status_code == 200


def test_a_cluster_is_named_by_the_chain(
    groups: dict[str, list[int]], max_: Staff, signed_in: Browser
) -> None:
    theirs = signed_in(max_)
    cluster = Cluster.objects.order_by("pk").first()
    assert cluster is not None
    form = {"name_en": "Our best", "name_zh-hans": "", "name_zh-hant": "", "colour": "#123456"}
    assert theirs.post(f"/segments/clusters/{cluster.pk}/", form).status_code == 303
    assert "Our best" in theirs.get("/segments/clusters/").content.decode()
    entry = Entry.objects.filter(action="cluster.name").get()
    assert entry.actor == f"staff:{max_.pk}"
    theirs.post(f"/segments/clusters/{cluster.pk}/", form | {"name_en": ""})
    assert "Our best" not in theirs.get("/segments/clusters/").content.decode()


def test_settings_are_versions(max_: Staff, marta: Staff, signed_in: Browser) -> None:
    theirs = signed_in(max_)
    assert (
        theirs.post("/segments/clusters/settings/", {"wanted": "5", "relearn_days": "14"}).status_code == 303
    )
    assert (
        theirs.post("/segments/clusters/settings/", {"wanted": "1", "relearn_days": "0"}).status_code == 422
    )
    assert theirs.post("/segments/clusters/learning/").status_code == 303
    told = list(ClusterSettings.objects.order_by("pk").values_list("wanted", "relearn_days", "created_by"))
    assert told == [(None, 7, "system"), (5, 14, f"staff:{max_.pk}"), (5, 14, f"staff:{max_.pk}")]
    assert signed_in(marta).post("/segments/clusters/learning/").status_code == 403
    with pytest.raises(Refusal):
        settings.change(by=max_, wanted=13)
    assert ClusterSettings.objects.count() == 3


def test_the_customer_page_names_the_cluster(
    groups: dict[str, list[int]], marta: Staff, max_: Staff, signed_in: Browser, noon: Any
) -> None:
    who = Customer.objects.get(pk=groups["online"][0])
    name = next(
        card.name
        for card, *_rest in signed_in(max_).get("/segments/clusters/").context["cards"]
        if card.typical[0].trait.label == "Toys"
    )
    theirs = signed_in(marta)
    assert f"Cluster: {name}" in theirs.get(f"/customers/{who.public_id}/").content.decode()
    crowds.refuse(who, noon)
    assert f"Cluster: {name}" not in theirs.get(f"/customers/{who.public_id}/").content.decode()


def test_clusters_by_program(
    groups: dict[str, list[int]], harbour: Store, uptown: Store, calling: Callable[..., Client]
) -> None:
    harbours = calling("segments:read", "customers:read", stores=[harbour])
    told = harbours.get("/api/v1/clusters/").json()
    assert [one["customers"] for one in told["results"]] == [40, 40, 30]
    assert told["learnt"] == told["night"] == "2026-03-09"
    assert told["silhouettes"]["3"] == max(told["silhouettes"].values())
    pk = told["results"][2]["id"]
    seen = harbours.get(f"/api/v1/clusters/{pk}/members/", {"limit": 20}).json()
    rest = harbours.get(seen["next"]).json()
    ids = {row["id"] for row in seen["results"] + rest["results"]}
    assert ids == {
        who.public_id for who in Customer.objects.filter(pk__in=groups["early"], home_store=harbour)
    }
    assert harbours.get("/api/v1/clusters/32000/members/").status_code == 404
    one = harbours.get(f"/api/v1/customers/{min(ids)}/").json()["cluster"]
    assert one == {"id": pk, "since": "2026-03-09"}
    assert calling("customers:read").get("/api/v1/clusters/").status_code == 403


def test_a_search_is_started_left_and_found_again(
    groups: dict[str, list[int]], max_: Staff, marta: Staff, noor: Staff, agnes: Staff, signed_in: Browser
) -> None:
    theirs = signed_in(max_)
    form = theirs.get("/segments/lookalikes/").context["form"]
    kinds = dict(form.fields["seed"].choices)
    assert set(kinds) == {"Group", "Value class", "Cluster"}
    seed = kinds["Cluster"][0][0]
    asked = {"seed": seed, "among": "all", "most": "50"}
    assert signed_in(agnes).post("/segments/lookalikes/new/", asked).status_code == 403
    assert theirs.post("/segments/lookalikes/new/", asked | {"seed": "cluster:0"}).status_code == 422
    answer = theirs.post("/segments/lookalikes/new/", asked)
    one = LookAlike.objects.get()
    assert answer["Location"] == f"/segments/lookalikes/{one.public_id}/"
    assert "You can leave this page" in theirs.get(answer["Location"]).content.decode()
    assert one.job is not None
    runner.run_until_ended(one.job)
    page = theirs.get(answer["Location"])
    assert page.context["count"] == 50
    assert "By what they buy" in page.content.decode()
    assert one.public_id in theirs.get("/segments/lookalikes/").content.decode()
    exported: Any = signed_in(noor).get(f"{answer['Location']}export/")
    sheet = b"".join(exported.streaming_content).decode()
    assert len(sheet.splitlines()) == 51
    assert signed_in(marta).get(answer["Location"]).status_code == 404
    assert theirs.post(f"{answer['Location']}removal/").status_code == 303
    assert not LookAlikeMatch.objects.exists()


def test_a_search_by_program(
    groups: dict[str, list[int]], harbour: Store, uptown: Store, calling: Callable[..., Client]
) -> None:
    key = calling("segments:read", "segments:write", stores=[harbour])
    body = {
        "seed": "cluster",
        "key": str(ClusterMember.objects.get(customer_id=groups["online"][0]).cluster_id),
        "among": "all",
    }
    told = [
        key.post("/api/v1/lookalikes/", body, "application/json", headers={"Idempotency-Key": "one"})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in told] == [202, 202]
    assert told[0].json() == told[1].json()
    one = LookAlike.objects.get()
    assert one.stores == [harbour.pk]
    assert one.job is not None
    runner.run_until_ended(one.job)
    done = key.get(f"/api/v1/lookalikes/{one.public_id}/").json()
    assert (done["state"], done["seed_size"]) == ("done", 40)
    found = key.get(f"/api/v1/lookalikes/{one.public_id}/customers/", {"limit": 5}).json()
    assert [row["rank"] for row in found["results"]] == [1, 2, 3, 4, 5]
    assert key.get(found["next"]).json()["results"][0]["rank"] == 6
    others = calling("segments:read", stores=[uptown])
    assert others.get(f"/api/v1/lookalikes/{one.public_id}/").status_code == 404
    unknown = key.post("/api/v1/lookalikes/", body | {"seed": "moon"}, "application/json")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "seed_unknown")
