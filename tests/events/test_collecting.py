"""The door of the tracking script: what it takes, what it refuses, what it keeps and what not."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from crm.org.models import Store
from customers.events import tokens
from customers.models import Customer, Event, EventState, Interaction, Site, SiteDay, VisitorMark

pytestmark = pytest.mark.django_db
ORIGIN = "https://shop.example.com"
CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
)
CLOCK = 1_700_000_000_000  # the browser's, years behind
VISITOR = "k3v9x2m4q7w8aaaa0000"


@pytest.fixture
def site(chain: Any) -> Site:
    return Site.objects.create(name="Shop", domains=["example.com"])


def event(number: int = 1, kind: str = "product", ago: int = 0, **data: Any) -> dict[str, Any]:
    told = data or {"product": "SKU1"}
    return {"i": f"event000{number}", "k": kind, "a": CLOCK - ago * 1000, "d": told}


def send(site: Site, *events: dict[str, Any], origin: str = ORIGIN, agent: str = CHROME, **other: Any) -> Any:
    body = {"k": site.key, "v": VISITOR, "s": CLOCK, "c": 1, "e": list(events)} | other
    return Client().post(
        "/t/", json.dumps(body), content_type="text/plain", headers={"origin": origin, "user-agent": agent}
    )


def day(site: Site) -> SiteDay:
    return SiteDay.objects.get(site=site)


def test_events_are_taken_and_the_page_may_read_the_answer(site: Site) -> None:
    answer = send(site, event(ago=60))
    assert (answer.status_code, answer["Access-Control-Allow-Origin"], answer.cookies) == (204, ORIGIN, {})
    kept = Event.objects.get()
    assert (kept.kind, kept.visitor, kept.state) == ("product", VISITOR, EventState.ANONYMOUS)
    assert kept.data == {"product": "SKU1", "agent": "Chrome"}
    assert abs(now() - timedelta(seconds=60) - kept.occurred_at) < timedelta(
        seconds=30
    )  # not by the browser's clock
    assert (day(site).events, day(site).last_kind) == (1, "product")


def test_events_of_a_site_are_of_its_store(site: Site, harbour: Store) -> None:
    Site.objects.update(store=harbour)
    send(site, event())
    assert Event.objects.get().store == harbour


def test_nothing_tells_where_the_visitor_is_or_which_machine(site: Site) -> None:
    send(site, event())
    everything = str(list(Event.objects.values())) + str(list(SiteDay.objects.values()))
    assert "127.0.0.1" not in everything
    assert "Mozilla" not in everything
    assert "Linux" not in everything


def test_the_same_events_again_count_once(site: Site) -> None:
    send(site, event(1), event(2))
    send(site, event(1), event(2), event(3), s=CLOCK + 5000)  # the answer was lost; sent again later
    assert Event.objects.count() == 3
    assert (day(site).events, day(site).duplicates, day(site).rejected) == (3, 2, 0)


@pytest.mark.parametrize(
    "origin", ["", "null", "https://example.com.evil.test", "https://evil.test", "https://notexample.com"]
)
def test_pages_of_other_domains_are_refused(origin: str, site: Site) -> None:
    answer = send(site, event(), origin=origin)
    assert answer.status_code == 403
    assert "Access-Control-Allow-Origin" not in answer
    assert not Event.objects.exists()


def test_a_site_that_is_off_and_a_key_that_nobody_has(site: Site) -> None:
    assert send(site, event(), k="nokey").status_code == 403
    Site.objects.update(is_on=False)
    assert send(site, event()).status_code == 403
    assert not Event.objects.exists()


def test_without_consent_nothing_is_kept(site: Site) -> None:
    assert send(site, event(), c=0).status_code == 204
    assert not Event.objects.exists()
    assert (day(site).events, day(site).without_consent) == (0, 1)
    Site.objects.update(requires_consent=False)
    send(site, event(), c=0)
    assert Event.objects.count() == 1


@pytest.mark.parametrize(
    "agent",
    ["", "Googlebot/2.1", "curl/8.0", "HeadlessChrome/120", "python-requests/2", "facebookexternalhit/1.1"],
)
def test_robots_are_counted_and_not_kept(agent: str, site: Site) -> None:
    assert send(site, event(), agent=agent).status_code == 204
    assert not Event.objects.exists()
    assert day(site).robots == 1


@pytest.mark.parametrize(
    "body", [b"", b"no json", b"{}", b'{"k":1}', b'{"k":"a","v":"b","s":1,"e":[]}', b'["\\u0000"]']
)
def test_what_is_no_batch_is_refused(body: bytes, site: Site) -> None:
    answer = Client().post(
        "/t/", body, content_type="text/plain", headers={"origin": ORIGIN, "user-agent": CHROME}
    )
    assert answer.status_code == 400
    assert not Event.objects.exists()


def test_a_body_too_large_is_refused(site: Site) -> None:
    assert send(site, event(product="x" * 70_000)).status_code == 413


def test_what_is_wrong_with_one_event_costs_no_other(site: Site) -> None:
    send(site, event(1), event(2, product=5), event(3, ago=31 * 86400), event(4, kind="teleport"), event(5))
    states = dict(Event.objects.values_list("external_id", "state"))
    assert states == {"event0001": 2, "event0004": EventState.QUARANTINED, "event0005": 2}
    assert (day(site).events, day(site).rejected, day(site).last_reason) == (2, 3, "unknown_kind")


def test_a_token_makes_the_visitor_known(site: Site, irina: Customer) -> None:
    token, _until = tokens.make(irina)
    send(site, event(1, ago=60), event(2, kind="identify", ago=30, token=token), event(3))
    assert sorted(Interaction.objects.filter(customer=irina).values_list("external_id", flat=True)) == [
        "event0001",
        "event0003",
    ]
    send(site, event(4, kind="identify", token=token))  # the next page says it again
    assert VisitorMark.objects.count() == 1


def test_a_token_holds_no_phone_and_cannot_be_made_up(site: Site, irina: Customer) -> None:
    token, _until = tokens.make(irina)
    assert "8000" not in token
    for wrong in ("", "x", token[:-1], irina.public_id, f"{irina.public_id}:a:b"):
        send(site, event(1, kind="identify", token=wrong))
    assert not VisitorMark.objects.exists()
    assert day(site).last_reason == "invalid_token"


def test_an_old_token_works_no_more(site: Site, irina: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    token, _until = tokens.make(irina)
    monkeypatch.setattr(tokens, "KEPT", timedelta(0))
    assert tokens.customer_of(token) is None


def test_too_many_calls_of_one_visitor_are_held_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from customers.views import collect

    monkeypatch.setattr(collect, "A_VISITOR", 2)
    visitor = {"v": f"flood{now().timestamp():.0f}xx"}
    assert [send(site, event(n), **visitor).status_code for n in range(3)] == [204, 204, 429]
    assert Event.objects.count() == 2


def test_the_api_makes_tokens(calling: Any, irina: Customer) -> None:
    client = calling("events:write")
    ask = lambda value: client.post(  # noqa: E731
        "/api/v1/events/tokens/",
        {"customer": {"kind": "phone", "value": value}},
        content_type="application/json",
    )
    answer = ask("138 0013 8000")
    assert answer.status_code == 200
    assert tokens.customer_of(answer.json()["token"]) == irina.pk
    assert ask("138 0013 8009").status_code == 404


def test_somebody_who_refuses_a_profile_leaves_no_touch(site: Site, irina: Customer) -> None:
    from customers import consents

    consents.record(
        irina, channel=None, purpose="profiling", is_given=False, wording=None, source="test", by="system:test",
        at=now(),
    )  # fmt: skip
    token, _until = tokens.make(irina)
    send(site, event(1, ago=60), event(2, kind="identify", ago=30, token=token), event(3))
    assert not Interaction.objects.exists()
    assert set(Event.objects.values_list("state", "visitor", "customer_id")) == {
        (EventState.WITHHELD, "", None)
    }
    assert [row.data for row in Event.objects.all()] == [{}, {}]
