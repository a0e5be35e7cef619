"""Dedicated agents on pages and in the API: choosing, one's own members, the form of the tiers."""

import base64
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from crm.audit.models import Entry
from crm.org.models import Staff, Store
from crm.rest import keys
from crm.rest.scopes import KeyScope
from crm.scaleout.recording import recording
from customers.models import Customer
from loyalty.models import Benefit, BenefitKind, DedicatedAgent, TierScheme
from loyalty.tiers import changing
from tests import cast
from tests.loyalty.test_agents import agent_of, promises
from tests.loyalty.test_tier_pages import draft

pytestmark = pytest.mark.django_db
SignIn = Callable[[Staff], Client]


@pytest.fixture
def golden(irina: Customer, agnes: Staff) -> Customer:
    """Irina stands on a tier that promises an agent; it is Agnes."""
    promises()
    changing.change(irina, "gold", cause="goodwill", by="system:test", at=now())
    return irina


def page_of(who: Customer, rest: str = "agent/") -> str:
    return f"/customers/{who.public_id}/{rest}"


def test_a_manager_chooses_another_one_and_back(
    golden: Customer, agnes: Staff, chen: Staff, marta: Staff, signed_in: SignIn
) -> None:
    theirs = signed_in(marta)
    shown = theirs.get(page_of(golden)).content.decode()
    for words in (
        "Agnes · Service agent · 1 member<",
        "Chen · Clerk · 0 members",
        "Marta · Store manager · 0 members",
    ):
        assert words in shown
    sent = {"agent": chen.code, "initial-agent": agnes.code}
    assert theirs.post(page_of(golden), sent).status_code == 303
    assert agent_of(golden) == "Chen"
    after = theirs.get(page_of(golden, "")).content.decode()
    assert "Chen is their dedicated agent." in after
    assert "<b>Chen</b>" in after
    theirs.post(page_of(golden), {"agent": agnes.code, "initial-agent": chen.code})
    assert agent_of(golden) == "Agnes"
    assert Entry.objects.filter(action="agent.choose", actor=f"staff:{marta.pk}").count() == 2


def test_two_managers_do_not_overwrite_each_other(
    golden: Customer, agnes: Staff, chen: Staff, marta: Staff, signed_in: SignIn
) -> None:
    theirs = signed_in(marta)
    theirs.post(page_of(golden), {"agent": chen.code, "initial-agent": agnes.code})
    late = theirs.post(page_of(golden), {"agent": marta.code, "initial-agent": agnes.code})
    assert (late.status_code, agent_of(golden)) == (409, "Chen")
    assert "Marta changed this" in late.content.decode()
    assert theirs.post(page_of(golden), {"agent": "nobody"}).status_code == 422
    assert agent_of(golden) == "Chen"


def test_who_may_not_give_work_to_others_does_not_choose(
    golden: Customer, agnes: Staff, chen: Staff, uma: Staff, signed_in: SignIn
) -> None:
    for who, status in ((chen, 403), (agnes, 403), (uma, 404)):
        theirs = signed_in(who)
        assert theirs.get(page_of(golden)).status_code == status
        assert theirs.post(page_of(golden), {"agent": chen.code}).status_code == status
    html = signed_in(chen).get(page_of(golden, "")).content.decode()
    assert "<b>Agnes</b>" in html
    assert page_of(golden) not in html
    assert agent_of(golden) == "Agnes"


def test_a_tier_that_promises_none_says_so(irina: Customer, marta: Staff, signed_in: SignIn) -> None:
    promises()
    theirs = signed_in(marta)
    html = theirs.get(page_of(irina)).content.decode()
    assert "Member does not promise a dedicated agent." in html
    assert "Choose as agent" not in html
    assert theirs.post(page_of(irina), {"agent": marta.code}).status_code == 422
    assert "Dedicated agent" not in theirs.get(page_of(irina, "")).content.decode()
    assert not DedicatedAgent.objects.exists()


def test_their_page_takes_no_statement_more(golden: Customer, chen: Staff, signed_in: SignIn) -> None:
    theirs, counts = signed_in(chen), []
    theirs.get(page_of(golden, ""))
    for shown in (True, False):
        with recording() as kept:
            html = theirs.get(page_of(golden, "")).content.decode()
        assert ("<b>Agnes</b>" in html, "nobody yet" in html) == (shown, not shown)
        counts.append(len(kept.queries))
        DedicatedAgent.objects.all().delete()
    assert counts[0] == counts[1]


# --- My members -----------------------------------------------------------------------------------------------------


@pytest.fixture
def four(golden: Customer, harbour: Store) -> list[Customer]:
    """Agnes' members: Irina, Anna, Boris, Cora; the last two have bought something."""
    people = [cast.customer(name, of=harbour) for name in ("Anna", "Boris", "Cora")]
    for one in people:
        changing.change(one, "gold", cause="goodwill", by="system:test", at=now())
    cast.purchase(people[1], at=harbour, on="2026-03-02")
    cast.purchase(people[2], at=harbour, on="2026-02-02")
    cast.purchase(people[2], at=harbour, on="2026-03-03", returned="10.00")  # nothing of it was kept
    return [golden, *people]


def names(answer: Any) -> list[str]:
    return [row.customer.name for row in answer.context["rows"]]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("", ["Cora", "Boris", "Anna", "Irina Petrova"]),
        ("name", ["Anna", "Boris", "Cora", "Irina Petrova"]),
        ("last", ["Cora", "Boris", "Irina Petrova", "Anna"]),
        ("nonsense", ["Cora", "Boris", "Anna", "Irina Petrova"]),
    ],
)
def test_my_members_are_mine_and_sorted(
    four: list[Customer], agnes: Staff, signed_in: SignIn, sort: str, order: list[str]
) -> None:
    shown = signed_in(agnes).get("/loyalty/my-members/", {"sort": sort} if sort else {})
    assert (names(shown), shown.context["count"]) == (order, 4)
    assert [str(label) for label in shown.context["labels"]][-1] == "Points"


def test_pages_of_my_members_follow_each_other(
    four: list[Customer], agnes: Staff, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loyalty.views.agents.SIZE", 1)
    theirs, found, after = signed_in(agnes), [], ""
    for _page in range(4):
        shown = theirs.get("/loyalty/my-members/", {"sort": "last"} | ({"after": after} if after else {}))
        found += names(shown)
        after = shown.context["page"].next or ""
    assert (found, after) == (["Cora", "Boris", "Irina Petrova", "Anna"], "")


def test_nobody_sees_members_of_others_there(
    four: list[Customer], chen: Staff, marta: Staff, uptown: Store, agnes: Staff, signed_in: SignIn
) -> None:
    empty = signed_in(chen).get("/loyalty/my-members/")
    assert (names(empty), "No members yet" in empty.content.decode()) == ([], True)
    Customer.objects.filter(pk=four[0].pk).update(home_store=uptown)  # moved away; the night has not come yet
    assert names(signed_in(agnes).get("/loyalty/my-members/")) == ["Cora", "Boris", "Anna"]


def test_my_members_as_a_file(four: list[Customer], agnes: Staff, marta: Staff, signed_in: SignIn) -> None:
    DedicatedAgent.objects.filter(customer=four[1]).update(staff=marta)
    assert signed_in(agnes).get("/loyalty/my-members/export/").status_code == 403
    told = signed_in(marta).get("/loyalty/my-members/export/", {"format": "csv"})
    lines = b"".join(told.streaming_content).decode().strip().splitlines()  # type: ignore[attr-defined]
    assert [line.split(",")[1] for line in lines[1:]] == ["Anna"]
    entry = Entry.objects.get(action="customers.export")
    assert entry.details == {"format": "csv", "part": {"agent": marta.pk}}


def test_the_list_of_customers_leads_there(chen: Staff, noor: Staff, signed_in: SignIn) -> None:
    assert "/loyalty/my-members/" in signed_in(chen).get("/customers/").content.decode()
    assert "/loyalty/my-members/" not in signed_in(noor).get("/customers/").content.decode()


# --- The tiers, the API ---------------------------------------------------------------------------------------------


def test_a_version_promises_an_agent_with_a_tick(max_: Staff, signed_in: SignIn) -> None:
    theirs = signed_in(max_)
    assert (
        theirs.post("/loyalty/tiers/edit/", draft(t1_agent="on", valid_from="2026-01-01")).status_code == 303
    )
    assert [(one.kind, one.value) for one in Benefit.objects.order_by("kind")] == [
        (BenefitKind.MULTIPLIER, 1.5), (BenefitKind.AGENT, 1),
    ]  # fmt: skip
    assert TierScheme.objects.get().valid_from == date(2026, 1, 1)
    assert "A dedicated agent" in theirs.get("/loyalty/tiers/").content.decode()
    form = theirs.get("/loyalty/tiers/edit/").content.decode()
    ticks = [line for line in form.split("<input") if 'name="t1_agent"' in line or 'name="t0_agent"' in line]
    assert ["checked" in tick.split(">")[0] for tick in ticks] == [False, True]


def test_the_api_tells_the_agent(golden: Customer, yusuf: Customer, agnes: Staff, client: Client) -> None:
    _key, secret = keys.create_key(name="k", scopes=[KeyScope.POINTS_READ], by="system:test")
    for who, agent in ((golden, {"code": agnes.code, "name": "Agnes"}), (yusuf, None)):
        answer = client.get(
            f"/api/v1/accounts/{who.public_id}/membership/", headers={"Authorization": f"Bearer {secret}"}
        )
        assert (answer.status_code, answer.json()["agent"]) == (200, agent)


@pytest.mark.parametrize(
    "place", [["v", "abc", 1], ["n", "1", 1], ["v", True, 1], ["v", "\0", 1], ["d", "2026-01-01", 1]]
)
def test_a_bent_place_in_the_list_begins_it_again(agnes: Staff, signed_in: SignIn, place: list[Any]) -> None:
    after = base64.urlsafe_b64encode(json.dumps(place).encode()).decode()
    for sort in ("new", "last", "name"):
        answer = signed_in(agnes).get("/loyalty/my-members/", {"sort": sort, "after": after})
        assert answer.status_code == 200
