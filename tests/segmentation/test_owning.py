"""Whose a segment is: a manager of one store changes nothing that is the chain's, and nobody's own is out of reach."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from crm.audit.models import Entry
from crm.org.models import Staff, Store
from customers.models import Category
from segmentation import schemes
from segmentation.models import AgeLimit, Segment, Target, Targeting
from segmentation.products import ages
from segmentation.segments import lists, owning, saving
from segmentation.segments.owning import OfTheChain
from segmentation.targets import editing, weighing

pytestmark = pytest.mark.django_db
Browser = Callable[[Staff], Client]
WOMEN = {"attribute": "person.gender", "is": "any_of", "value": ["f"]}
MEN = {"attribute": "person.gender", "is": "any_of", "value": ["m"]}


def state() -> list[Any]:
    return list(Segment.objects.order_by("pk").values_list("name", "is_shared", "archived_at", "owner"))


def test_the_chains_is_copied_by_others_and_changed_by_its_owner(
    max_: Staff, noor: Staff, marta: Staff, rosa: Staff, noon: datetime
) -> None:
    one = saving.create(by=max_, name="Women", definition=WOMEN)
    gone = saving.create(by=max_, name="Gone", definition=MEN)
    saving.archive(gone, by=max_, at=noon)
    listed = lists.create(by=max_, name="Listed", customers=[])
    before = state()
    for who in (marta, rosa):
        for change in (
            lambda who=who: saving.change(one, MEN, by=who),
            lambda who=who: saving.describe(one, by=who, name="Hijacked"),
            lambda who=who: saving.archive(one, by=who, at=noon),
            lambda who=who: saving.restore(gone, by=who),
            lambda who=who: lists.replace(listed, [], by=who),
            lambda who=who: owning.take(one, by=who),
        ):
            with pytest.raises(OfTheChain):
                change()
    assert state() == before
    assert (one.versions.count(), listed.versions.count()) == (1, 1)
    copied = saving.copy(one, by=marta, name="Women of Harbour")
    saving.describe(copied, by=marta, is_shared=True)
    assert saving.change(copied, MEN, by=marta).number == 2
    assert saving.change(copied, WOMEN, by=noor).number == 3  # everybody sees it: the chain's, too
    assert saving.change(one, MEN, by=noor).number == 2


def test_a_key_changes_what_it_made_and_with_the_whole_chain_everything(
    max_: Staff, harbour: Store, calling: Callable[..., Client]
) -> None:
    one = saving.create(by=max_, name="Women", definition=WOMEN)
    own, chain = calling("segments:write", stores=[harbour]), calling("segments:write")
    address = f"/api/v1/segments/{one.public_id}/"
    for told in ({"name": "Hijacked"}, {"is_archived": True}, {"definition": MEN}, {"about": "x"}):
        answer = own.patch(address, told, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (403, "of_the_chain")
        assert answer["Content-Type"] == "application/problem+json"
    assert state() == [("Women", True, None, max_.pk)]
    made = own.post("/api/v1/segments/", {"name": "M", "definition": MEN}, content_type="application/json")
    mine = f"/api/v1/segments/{made.json()['id']}/"
    assert own.patch(mine, {"name": "Men"}, content_type="application/json").json()["name"] == "Men"
    assert chain.patch(mine, {"name": "All men"}, content_type="application/json").status_code == 200
    schemes.groups()
    refused = own.patch("/api/v1/targets/loyal/", {"status": "dropped"}, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "of_the_chain")
    assert (
        chain.patch("/api/v1/targets/loyal/", {"fit": 3}, content_type="application/json").status_code == 200
    )
    assert Target.objects.get().status == "considered"


def test_markets_and_age_limits_are_the_chains(
    max_: Staff, marta: Staff, noon: datetime, signed_in: Browser
) -> None:
    one = saving.create(by=max_, name="Women", definition=WOMEN)
    drinks = Category.objects.create(name="Drinks", path="drinks")
    limit = ages.put(drinks, 18, by=max_)
    weights = Targeting.current().pk
    for change in (
        lambda: editing.edit(one, {"fit": 4}, by=marta, at=noon),
        lambda: weighing.change(by=marta, size=30, growth=10),
        lambda: ages.put(drinks, 16, by=marta),
        lambda: ages.remove(limit, by=marta),
    ):
        with pytest.raises(OfTheChain, match="whole chain"):
            change()
    theirs = signed_in(marta)
    for page in ("targets/how-we-choose/", "targets/loyal/edit/", "products/ages/"):
        assert theirs.get(f"/segments/{page}").status_code == 403
    assert theirs.post(f"/segments/products/ages/{limit.pk}/removal/").status_code == 403
    said = (
        theirs.get("/segments/targets/").content.decode() + theirs.get("/segments/products/").content.decode()
    )
    assert "how-we-choose" not in said
    assert "products/ages" not in said
    assert "Decide" not in theirs.get("/segments/targets/loyal/").content.decode()
    assert (Target.objects.count(), Targeting.current().pk) == (0, weights)
    assert AgeLimit.objects.get().minimum_age == 18


def test_pages_offer_what_is_allowed(max_: Staff, marta: Staff, signed_in: Browser) -> None:
    one = saving.create(by=max_, name="Women", definition=WOMEN)
    listed = lists.create(by=max_, name="Listed", customers=[])
    theirs, address = signed_in(marta), f"/segments/saved/{one.public_id}/"
    page = theirs.get(address).content.decode()
    for offered in ("edit/", "archive/", "sharing/", "owner/"):
        assert f"{address}{offered}" not in page
    assert f"?copy={one.public_id}" in page
    for place in (f"{address}edit/", f"/segments/saved/{listed.public_id}/list/"):
        sent = theirs.get(place, follow=True)
        assert sent.redirect_chain[0][1] == 302
        assert "You can copy it." in sent.content.decode()
    said = theirs.post(f"{address}archive/", follow=True).content.decode()
    assert "changed by its owner and by those who see all stores" in said
    assert state() == [("Women", True, None, max_.pk), ("Listed", True, None, max_.pk)]
    owners = signed_in(max_).get(address).content.decode()
    assert f"{address}edit/" in owners
    assert f"{address}archive/" in owners


def test_what_somebody_keeps_to_themselves_can_be_taken_over(
    max_: Staff, noor: Staff, ana: Staff, marta: Staff, signed_in: Browser
) -> None:
    own = saving.create(by=noor, name="Noor's own", definition=WOMEN, is_shared=False)
    mine = saving.create(by=ana, name="Ana's own", definition=WOMEN, is_shared=False)
    Staff.objects.filter(pk=noor.pk).update(is_active=False)
    anas, address = signed_in(ana), f"/segments/saved/{own.public_id}/"
    rows = {which: anas.get(f"/segments/saved/?which={which}").context["rows"] for which in ("", "others")}
    assert [row.segment for row in rows[""]] == [mine]
    assert [row.segment for row in rows["others"]] == [own]
    page = anas.get("/segments/saved/?which=others").content.decode()
    assert "only its owner" in page
    assert "no longer here" in page
    said = anas.get(address).content.decode()
    assert "Make “Noor&#x27;s own” yours?" in said
    assert f"{address}archive/" not in said
    for who in (max_, marta):
        assert signed_in(who).get(address).status_code == 404
        assert signed_in(who).post(f"{address}owner/").status_code == 403
        choices = signed_in(who).get("/segments/saved/").context["form"].fields["which"].choices
        assert [code for code, _label in choices] == ["", "mine", "shared", "archived"]
        assert not signed_in(who).get("/segments/saved/?which=others").context["rows"]
    assert anas.post(f"{address}sharing/", follow=True).status_code == 200
    assert not Segment.objects.get(pk=own.pk).is_shared  # not before it is hers
    assert "It is yours now." in anas.post(f"{address}owner/", follow=True).content.decode()
    assert Segment.objects.get(pk=own.pk).owner == ana
    act = Entry.objects.get(action="segment.take")
    assert (act.actor, act.details) == (f"staff:{ana.pk}", {"from": f"staff:{noor.pk}"})
    anas.post(f"{address}owner/")
    assert Entry.objects.filter(action="segment.take").count() == 1
    anas.post(f"{address}sharing/")
    assert signed_in(marta).get(address).status_code == 200
