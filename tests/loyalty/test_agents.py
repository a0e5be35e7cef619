"""Dedicated agents: dealt where the tier promises one, to the nearest with the fewest; by hand; what ends them."""

from datetime import date
from typing import Any

import pytest
from django.db import transaction

from crm.audit.models import Entry
from crm.lib.edits import ChangedMeanwhile
from crm.org.audience import who_see
from crm.org.models import Region, Staff, Store
from crm.org.permissions import Permission, Role
from crm.privacy import erasing, exporting
from crm.privacy.subjects import people
from customers import merging
from customers.models import Customer
from customers.present import Erased
from loyalty.ledger import Cause
from loyalty.models import Benefit, BenefitKind, DedicatedAgent, Tier, TierScheme
from loyalty.tiers import agents, changing, dealing, memberships, minding
from tests import cast
from tests.loyalty.test_tiers import at_noon, club, grow, ladder, look
from tests.night.helpers import run_night

pytestmark = pytest.mark.django_db
DAY = "2026-03-10"


def promises(*tiers: str) -> TierScheme:
    scheme = ladder()
    for code in tiers or ("gold",):
        tier = Tier.objects.get(scheme=scheme, code=code)
        Benefit.objects.create(tier=tier, kind=BenefitKind.AGENT, value=1)
    return scheme


def put(who: Customer, tier: str, on: str = DAY) -> None:
    changing.change(who, tier, cause="goodwill", by="system:test", at=at_noon(on))


def night(on: str = DAY) -> tuple[int, int]:
    """Everybody, as the night's step does it."""
    promise = agents.promised(date.fromisoformat(on))
    with transaction.atomic():
        roster = dealing.Roster(agents.able())
        every = {"low": 1, "high": 2**40}
        done = dealing.deal(promise, roster, dealing.SLICE, every, at=at_noon(on), is_night=True)
    return tuple(done)


def agent_of(who: Customer) -> str | None:
    found = DedicatedAgent.objects.filter(customer=who).select_related("staff").first()
    return found.staff.name if found else None


# --- Who may be one -------------------------------------------------------------------------------------------------


def test_who_may_be_one_are_those_who_see_the_store_and_do_follow_ups(
    marta: Staff, chen: Staff, agnes: Staff, uma: Staff, milo: Staff, rosa: Staff, max_: Staff, noor: Staff,
    ana: Staff, harbour: Store, uptown: Store, mill: Store,
) -> None:  # fmt: skip
    cast.staff("Gone", Role.AGENT, stores=[harbour], is_active=False)
    cast.staff("Ivo", Role.INTEGRATION)
    Staff.objects.create(code="X1", name="No sign-in", role=Role.AGENT).stores.set([harbour])
    told = {
        store: [one.name for one in agents.able([store])] for store in (harbour.pk, uptown.pk, mill.pk, None)
    }
    assert told == {
        harbour.pk: ["Agnes", "Chen", "Marta", "Rosa", "Ana"],
        uptown.pk: ["Uma", "Rosa", "Ana"],
        mill.pk: ["Milo", "Ana"],
        None: ["Ana"],
    }
    for store in (harbour.pk, uptown.pk, mill.pk, None):
        seeing = (
            who_see(store, Permission.WORK_ITEMS).exclude(role=Role.INTEGRATION).filter(user__isnull=False)
        )
        assert set(told[store]) == set(seeing.values_list("name", flat=True))
        assert {one.name for one in agents.able() if one.sees(store)} == set(told[store])


# --- Dealing --------------------------------------------------------------------------------------------------------


def test_an_agent_comes_with_the_tier_that_promises_one(irina: Customer, agnes: Staff, chen: Staff) -> None:
    promises()
    grow(irina, 2_999, "receipt:1", at_noon(DAY))
    look(irina, DAY)
    assert agent_of(irina) is None
    grow(irina, 1, "receipt:2", at_noon(DAY))
    look(irina, DAY)
    kept = DedicatedAgent.objects.get()
    assert (kept.customer, kept.staff, kept.since, kept.by) == (irina, agnes, at_noon(DAY), "system:agents")
    assert night() == (0, 0)


def test_the_nearest_circle_is_asked(
    irina: Customer, yusuf: Customer, lin: Customer, agnes: Staff, chen: Staff, rosa: Staff, ana: Staff
) -> None:
    """Service agents of the store, then its other staff, then who leads the region, then the chain."""
    promises()
    for who in (irina, yusuf, lin):
        put(who, "gold")
    assert [agent_of(who) for who in (irina, yusuf, lin)] == ["Agnes", "Rosa", "Ana"]
    Staff.objects.filter(pk=agnes.pk).update(role=Role.ANALYST)
    assert night() == (1, 1)
    assert agent_of(irina) == "Chen"


def test_a_night_deals_evenly_to_who_has_the_fewest(harbour: Store, agnes: Staff) -> None:
    guests = [cast.customer(f"Guest {n}", of=harbour) for n in range(12)]
    promises()
    for one in guests[:4]:
        put(one, "gold")
    bea = cast.staff("Bea", Role.AGENT, stores=[harbour])
    cleo = cast.staff("Cleo", Role.AGENT, stores=[harbour])
    assert agents.loads([agnes.pk, bea.pk, cleo.pk]) == {agnes.pk: 4, bea.pk: 0, cleo.pk: 0}
    Benefit.objects.create(tier=Tier.objects.get(code="member"), kind=BenefitKind.AGENT, value=1)
    assert night() == (0, 8)
    assert agents.loads([agnes.pk, bea.pk, cleo.pk]) == {agnes.pk: 4, bea.pk: 4, cleo.pk: 4}
    assert night() == (0, 0)


def test_the_night_moves_members_to_a_nearer_circle_when_there_is_one_by_then(
    irina: Customer, harbour: Store, uptown: Store, coast: Region, ana: Staff
) -> None:
    others = [cast.customer(f"Guest {n}", of=harbour) for n in range(2)]
    far, homeless = cast.customer("Pavel", of=uptown), cast.customer("Zoe", of=harbour)
    Customer.objects.filter(pk=homeless.pk).update(home_store=None)
    promises()
    told = [irina, *others, far, homeless]
    for who in told:
        put(who, "gold")
    assert [agent_of(who) for who in told] == ["Ana"] * 5
    assert night() == (0, 0)
    rosa = cast.staff("Rosa", Role.REGIONAL_MANAGER, of=coast)
    assert (night("2026-03-11"), [agent_of(who) for who in told]) == ((4, 4), [*["Rosa"] * 4, "Ana"])
    bea = cast.staff("Bea", Role.AGENT, stores=[harbour])
    assert dealing.at_once([one.pk for one in told], at=at_noon("2026-03-12")) == (
        0,
        0,
    )  # only the night moves
    assert night("2026-03-12") == (3, 3)
    assert [agent_of(who) for who in told] == ["Bea", "Bea", "Bea", "Rosa", "Ana"]
    assert agents.loads([ana.pk, rosa.pk, bea.pk]) == {ana.pk: 1, rosa.pk: 1, bea.pk: 3}
    kept = list(DedicatedAgent.objects.order_by("pk").values())
    cast.staff("Cleo", Role.AGENT, stores=[harbour])  # who stands in the same circle gets who comes
    assert (night("2026-03-13"), list(DedicatedAgent.objects.order_by("pk").values())) == ((0, 0), kept)


def test_who_was_chosen_by_hand_is_not_moved(
    irina: Customer, harbour: Store, chen: Staff, marta: Staff, ana: Staff
) -> None:
    promises()
    put(irina, "gold")
    minding.choose(irina, ana.code, by=marta, at=at_noon(DAY))
    cast.staff("Bea", Role.AGENT, stores=[harbour])
    assert (night("2026-03-11"), agent_of(irina)) == ((0, 0), "Ana")


def test_the_job_of_the_night_moves_them_in_its_own_step(irina: Customer, harbour: Store, ana: Staff) -> None:
    promises("member")
    run_night(date.fromisoformat(DAY))
    assert agent_of(irina) == "Ana"
    cast.staff("Bea", Role.AGENT, stores=[harbour])
    second = run_night(date(2026, 3, 11))
    assert second.steps.get(name="agents").counts == {"agents_parted": 1, "agents_given": 1}
    assert agent_of(irina) == "Bea"


def test_an_administrator_is_asked_where_nobody_else_sees_the_whole_chain(
    harbour: Store, ana: Staff, max_: Staff, rosa: Staff
) -> None:
    """No other role of the chain may do follow-ups today; should one, it comes before the administrators."""
    head = agents.Able(max_.pk, max_.code, "Max", Role.MARKETER, None)
    found = agents.able()
    assert dealing.Roster([*found, head]).near(None) == [max_.pk]
    assert dealing.Roster([*found, head]).near(harbour.pk) == [rosa.pk]
    assert dealing.Roster(found).near(None) == [ana.pk]


def test_nobody_gets_one_who_is_not_there(
    irina: Customer, yusuf: Customer, lin: Customer, ana: Staff, harbour: Store
) -> None:
    promises("member")
    Customer.objects.filter(pk=yusuf.pk).update(erased_at=at_noon(DAY))
    Customer.objects.filter(pk=lin.pk).update(is_stub=True)
    assert night() == (0, 1)
    assert list(DedicatedAgent.objects.values_list("customer_id", flat=True)) == [irina.pk]


def test_without_anybody_they_wait_for_the_night_that_finds_somebody(irina: Customer, harbour: Store) -> None:
    promises()
    put(irina, "gold")
    assert (night(), agent_of(irina)) == ((0, 0), None)
    cast.staff("Bea", Role.AGENT, stores=[harbour])
    assert (night(), agent_of(irina)) == ((0, 1), "Bea")


def test_the_job_of_the_night_deals_in_its_own_step(irina: Customer, yusuf: Customer, agnes: Staff) -> None:
    promises("member")
    Customer.objects.filter(pk=yusuf.pk).update(home_store=None)  # nobody sees the whole chain
    first = run_night(date.fromisoformat(DAY))
    assert [agent_of(irina), agent_of(yusuf)] == ["Agnes", None]
    steps = list(first.steps.order_by("position").values_list("name", flat=True))
    assert steps[steps.index("tier_review") + 1] == "agents"
    assert first.steps.get(name="agents").counts == {"agents_parted": 0, "agents_given": 1}
    Staff.objects.filter(pk=agnes.pk).update(is_active=False)
    second = run_night(date(2026, 3, 11))
    assert second.steps.get(name="agents").counts == {"agents_parted": 1, "agents_given": 0}
    assert not DedicatedAgent.objects.exists()


# --- What ends them -------------------------------------------------------------------------------------------------


def test_who_loses_the_tier_loses_the_agent(irina: Customer, agnes: Staff) -> None:
    promises("gold", "platinum")
    put(irina, "gold")
    since = DedicatedAgent.objects.get().since
    put(irina, "platinum", "2026-03-11")
    assert DedicatedAgent.objects.get().since == since  # who keeps an agent keeps the same
    put(irina, "silver", "2026-03-12")
    assert not DedicatedAgent.objects.exists()


def test_a_version_that_promises_none_takes_them_away_by_night(irina: Customer, agnes: Staff) -> None:
    promises()
    put(irina, "gold")
    ladder(valid_from=date(2026, 4, 1))
    assert [night("2026-03-31"), night("2026-04-01")] == [(0, 0), (1, 0)]


@pytest.mark.parametrize("way", ["leaves", "moves", "role", "customer moves"])
def test_an_agent_who_may_not_be_theirs_any_more_loses_the_member(
    way: str, irina: Customer, agnes: Staff, marta: Staff, uptown: Store, harbour: Store, uma: Staff
) -> None:
    promises()
    put(irina, "gold")
    assert agent_of(irina) == "Agnes"
    if way == "leaves":
        Staff.objects.filter(pk=agnes.pk).update(is_active=False)
        assert agents.of(irina.pk) is None  # at once for readers, though the row waits for the night
    elif way == "moves":
        agnes.stores.set([uptown])
    elif way == "role":
        Staff.objects.filter(pk=agnes.pk).update(role=Role.MARKETER)
    else:
        Customer.objects.filter(pk=irina.pk).update(home_store=uptown)
    assert night() == (1, 1)
    assert agent_of(irina) == ("Uma" if way == "customer moves" else "Marta")
    assert night() == (0, 0)


def test_a_member_without_a_home_store_keeps_nobody_of_a_store(irina: Customer, agnes: Staff) -> None:
    promises()
    put(irina, "gold")
    Customer.objects.filter(pk=irina.pk).update(home_store=None)
    assert night() == (1, 0)


def test_an_erasure_ends_it_and_an_export_tells_no_name(irina: Customer, agnes: Staff) -> None:
    promises()
    put(irina, "gold")
    subject = people().subject(irina.pk)
    assert subject is not None
    shown = {part.name: len(list(part.rows)) for part in exporting.parts(subject)}
    assert shown["loyalty.DedicatedAgent"] == 1
    assert "Agnes" not in "".join(exporting.as_json(subject, at=at_noon(DAY)))
    erasing.erase(irina.pk, by="system:test", at=at_noon(DAY))
    assert not DedicatedAgent.objects.exists()
    assert agents.loads([agnes.pk]) == {agnes.pk: 0}


# --- By hand --------------------------------------------------------------------------------------------------------


def test_another_one_is_chosen_by_hand_and_stays(
    irina: Customer, agnes: Staff, chen: Staff, marta: Staff
) -> None:
    promises()
    put(irina, "gold")
    told = {"agent": agnes.code}
    minding.choose(irina, chen.code, by=marta, at=at_noon("2026-03-11"), based_on=told)
    kept = DedicatedAgent.objects.get()
    assert (kept.staff, kept.since, kept.by) == (chen, at_noon("2026-03-11"), f"staff:{marta.pk}")
    entry = Entry.objects.get(action="agent.choose")
    assert (entry.subject, entry.details) == (
        f"customers.customer:{irina.pk}", {"from": agnes.pk, "to": chen.pk}
    )  # fmt: skip
    minding.choose(irina, chen.code, by=marta, at=at_noon("2026-03-12"))
    assert Entry.objects.filter(action="agent.choose").count() == 1
    assert (night(), agent_of(irina)) == ((0, 0), "Chen")


def test_a_choice_that_cannot_be_changes_nothing(
    irina: Customer, agnes: Staff, chen: Staff, marta: Staff, uma: Staff, noor: Staff
) -> None:
    promises()
    with pytest.raises(minding.NoAgentPromised):
        minding.choose(irina, chen.code, by=marta, at=at_noon(DAY))
    put(irina, "gold")
    for code in (uma.code, noor.code, "nobody", ""):
        with pytest.raises(minding.NotTheirAgent):
            minding.choose(irina, code, by=marta, at=at_noon(DAY))
    with pytest.raises(ChangedMeanwhile):
        minding.choose(irina, marta.code, by=marta, at=at_noon(DAY), based_on={"agent": chen.code})
    assert agent_of(irina) == "Agnes"
    Customer.objects.filter(pk=irina.pk).update(erased_at=at_noon(DAY))
    with pytest.raises(Erased):
        minding.choose(irina, chen.code, by=marta, at=at_noon(DAY))
    assert not Entry.objects.filter(action="agent.choose").exists()


def test_choices_come_by_circle_and_load(
    irina: Customer, harbour: Store, agnes: Staff, chen: Staff, marta: Staff, rosa: Staff
) -> None:
    promises()
    other = cast.customer("Pavel", of=harbour)
    for who in (irina, other):
        put(who, "gold")
    cast.staff("Bea", Role.AGENT, stores=[harbour])
    minding.choose(other, chen.code, by=marta, at=at_noon(DAY))
    told = [(one.who.name, one.load) for one in minding.choices(irina)]
    assert told == [("Bea", 0), ("Agnes", 1), ("Marta", 0), ("Chen", 1), ("Rosa", 0)]


# --- Merging --------------------------------------------------------------------------------------------------------


def merge(survivor: Customer, loser: Customer, by: Staff) -> Any:
    return merging.merge(survivor, loser, by=by, at=at_noon("2026-06-01"), reason="one", is_confirmed=True)


def test_a_survivor_without_an_agent_takes_the_others_over(
    irina: Customer, yusuf: Customer, agnes: Staff, ana: Staff, coast: Region
) -> None:
    promises()
    put(irina, "gold")
    before = list(DedicatedAgent.objects.order_by("pk").values())
    done = merge(yusuf, irina, ana)
    assert agent_of(yusuf) == "Agnes"
    assert agents.loads([agnes.pk]) == {agnes.pk: 1}  # the signpost's does not count
    merging.unmerge(done, by=ana, at=at_noon("2026-06-02"))
    assert list(DedicatedAgent.objects.order_by("pk").values()) == before


def test_a_survivor_with_an_agent_keeps_theirs(
    irina: Customer, yusuf: Customer, agnes: Staff, uma: Staff, ana: Staff
) -> None:
    promises()
    put(irina, "gold")
    put(yusuf, "gold")
    before = list(DedicatedAgent.objects.order_by("pk").values())
    done = merge(yusuf, irina, ana)
    Staff.objects.filter(pk=agnes.pk).update(is_active=False)  # what the signpost keeps waits, too
    assert (agent_of(yusuf), night("2026-06-01")) == ("Uma", (0, 0))
    merging.unmerge(done, by=ana, at=at_noon("2026-06-02"))
    assert list(DedicatedAgent.objects.order_by("pk").values()) == before


def test_a_tier_that_is_bought_deals_one_at_once_and_given_back_takes_it(
    irina: Customer, agnes: Staff, chen: Staff
) -> None:
    club(promises())
    Benefit.objects.create(tier=Tier.objects.get(code="club"), kind=BenefitKind.AGENT, value=1)
    sale = memberships.sell(irina.pk, "club", Cause("a", at_noon(DAY), chen), how="cash")
    assert agent_of(irina) == "Agnes"
    memberships.give_back(irina.pk, sale.pk, at=at_noon(DAY), by=chen)
    assert agent_of(irina) is None
