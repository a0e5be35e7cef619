"""Merging on the pages and over the API: side by side, done, taken back."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from crm.org.models import Staff, Store
from customers import consents, merging
from customers.models import Customer, CustomerTag, CustomField, Merge, Tag
from customers.views import merging as merging_views
from tests import cast

Browser = Callable[[Staff], Client]


@pytest.fixture
def double(irina: Customer, harbour: Store) -> Customer:
    """Irina again, with another phone and a tag."""
    person = cast.customer("I. Petrova", of=harbour, phone="+8613900139009", gender="f", occupation="baker")
    cast.purchase(person, at=harbour, on="2026-03-02", external_id="U1")
    CustomerTag.objects.create(customer=person, tag=Tag.objects.create(name="tea"))
    return person


def page(survivor: Customer, loser: Customer) -> str:
    return f"/customers/{survivor.public_id}/merge/{loser.public_id}/"


def test_side_by_side_before_anything_happens(
    ana: Staff, irina: Customer, double: Customer, signed_in: Browser, noon: Any
) -> None:
    for who, word in ((irina, True), (double, False)):
        consents.record(who, channel="email", purpose="marketing", is_given=word, wording="unknown/test",
                        source="test", by="system:test", at=noon)  # fmt: skip
    answer = signed_in(ana).get(page(irina, double))
    html = answer.content.decode()
    shown = answer.context["shown"]
    rows = {row.field.name: row for row in shown.rows}
    assert (rows["name"].field.is_open, rows["name"].mine, rows["name"].theirs) == (
        True,
        "Irina Petrova",
        "I. Petrova",
    )
    assert (rows["gender"].result, str(rows["gender"].why)) == ("Female", "filled in, was blank")
    assert [(label, [row.field.name for row in part]) for label, part in shown.groups] == [
        ("Person", ["name", "gender", "occupation"]),
        ("With the chain", ["home_store_id", "enrolled_at"]),
    ]
    assert (rows["gender"].is_single, rows["gender"].keeps_theirs, rows["home_store_id"].is_same) == (
        True,
        True,
        True,
    )
    phone = next(one for one in shown.identifiers if one.kind == "phone")
    assert (phone.main, phone.main_of_theirs, phone.is_open) == ("+86 138****8000", "+86 139****9009", True)
    assert shown.to_choose == 2  # the name, the main phone
    assert shown.moves == "1 purchase, 1 tag, 1 word of consent"
    assert [told for told in shown.consents if "E-mail" in told[0]] == [
        ("Offers and news by E-mail", "yes", "no", "no")
    ]
    assert "+86 139****9009" in html
    assert "13900139009" not in html
    assert Customer.objects.get(pk=double.pk).merged_into_id is None


def test_whoever_has_no_name_is_called_by_what_they_are_reached_by(
    ana: Staff, irina: Customer, double: Customer, signed_in: Browser
) -> None:
    Customer.objects.filter(pk=double.pk).update(name="")
    answer = signed_in(ana).get(page(irina, double))
    assert answer.context["shown"].theirs.name == "+86 139****9009"
    assert not re.search(rf">[^<]*{double.public_id}", answer.content.decode())


def test_merge_and_undo_from_the_toast(
    ana: Staff, irina: Customer, double: Customer, signed_in: Browser
) -> None:
    theirs = signed_in(ana)
    answer = theirs.post(
        page(irina, double), {"choice.name": "loser", "choice.main.phone": "loser"}, follow=True
    )
    html = answer.content.decode()
    done = Merge.objects.get()
    undo = f"/customers/{irina.public_id}/merges/{done.public_id}/"
    irina.refresh_from_db()
    assert irina.name == "I. Petrova"
    assert html.count(undo) == 1  # the toast's
    assert "Merged: all of I. Petrova is here now." in html
    line = theirs.get(f"/customers/{irina.public_id}/merges/").content.decode()
    assert undo in line
    assert "merged with I. Petrova" in line
    assert " by Ana" in line
    old = theirs.get(f"/customers/{double.public_id}/", follow=True)
    assert old.redirect_chain == [(f"/customers/{irina.public_id}/", 303)]
    assert "This address was of somebody who was merged into this customer." in old.content.decode()

    again = theirs.post(undo, {"_method": "DELETE"}, follow=True)
    assert "Undone: I. Petrova is a customer of their own again." in again.content.decode()
    irina.refresh_from_db()
    assert irina.name == "Irina Petrova"
    assert theirs.get(f"/customers/{double.public_id}/").status_code == 200
    twice = theirs.post(undo, {"_method": "DELETE"}, follow=True)
    assert "This merge was undone before." in twice.content.decode()


def test_conflicting_member_numbers_ask_for_a_reason(
    ana: Staff, irina: Customer, yusuf: Customer, signed_in: Browser
) -> None:
    theirs = signed_in(ana)
    assert "How do you know?" in theirs.get(page(irina, yusuf)).content.decode()
    for told in ({}, {"confirmed": "yes"}, {"reason": "both cards"}):
        refused = theirs.post(page(irina, yusuf), told)
        assert refused.status_code == 422
        assert "Say why this is one person all the same." in refused.content.decode()
    assert not Merge.objects.exists()
    theirs.post(page(irina, yusuf), {"confirmed": "yes", "reason": "both cards"})
    assert Merge.objects.get().reason == "both cards"


def test_swapping_keeps_the_other_one(
    ana: Staff, irina: Customer, double: Customer, signed_in: Browser
) -> None:
    answer = signed_in(ana).get(page(irina, double))
    assert answer.context["swap"] == page(double, irina)


def test_whoever_merges_sees_both(
    rosa: Staff, marta: Staff, irina: Customer, yusuf: Customer, lin: Customer, signed_in: Browser
) -> None:
    """Harbour and Uptown are Rosa's; Mill is not. Marta may not merge at all."""
    theirs = signed_in(rosa)
    assert theirs.get(page(irina, yusuf)).status_code == 200
    for one, other in ((irina, lin), (lin, irina)):
        for call in (theirs.get, theirs.post):
            assert call(page(one, other)).status_code == 404
    assert theirs.get(page(irina, irina)).status_code == 404
    assert signed_in(marta).get(page(irina, yusuf)).status_code == 403
    assert not Merge.objects.exists()


def test_whoever_undoes_sees_both(
    rosa: Staff, ana: Staff, irina: Customer, lin: Customer, harbour: Store, signed_in: Browser,
    calling: Callable[..., Client], noon: Any,
) -> None:  # fmt: skip
    """Lin is of Mill: Rosa, and a key of the harbour, see who remained but not who would come back."""
    done = merging.merge(irina, lin, by=ana, at=noon, is_confirmed=True, reason="one person")
    line = f"/customers/{irina.public_id}/merges/"
    undo = f"{line}{done.public_id}/"
    assert signed_in(rosa).post(undo, {"_method": "DELETE"}).status_code == 404
    assert undo not in signed_in(rosa).get(line).content.decode()
    assert calling("customers:merge", stores=[harbour]).delete(f"/api/v1{undo}").status_code == 404
    done.refresh_from_db()
    assert done.undone_at is None
    assert undo in signed_in(ana).get(line).content.decode()
    assert calling("customers:merge").delete(f"/api/v1{undo}").status_code == 200


def test_finding_the_other_one(ana: Staff, rosa: Staff, irina: Customer, double: Customer, lin: Customer,
                               signed_in: Browser) -> None:  # fmt: skip
    address = f"/customers/{irina.public_id}/merge/"
    found = signed_in(ana).post(address, {"q": "petrova"}).content.decode()
    assert page(irina, double) in found
    assert page(irina, irina) not in found
    elsewhere = signed_in(rosa).post(address, {"q": "13700137000"}).content.decode()
    assert "Ask somebody who sees both." in elsewhere
    assert lin.public_id not in elsewhere


def test_what_the_pages_cost(
    ana: Staff, irina: Customer, double: Customer, signed_in: Browser, django_assert_max_num_queries: Any
) -> None:
    theirs = signed_in(ana)
    theirs.get(page(irina, double))
    with django_assert_max_num_queries(22):
        theirs.get(page(irina, double))
    with django_assert_max_num_queries(6):  # with the session and whose they are
        theirs.get(f"/customers/{irina.public_id}/merges/")
    with django_assert_max_num_queries(0):
        merging_views.panel(ana, irina)


def test_the_api_merges_once_and_undoes(
    irina: Customer, double: Customer, yusuf: Customer, calling: Callable[..., Client]
) -> None:
    system = calling("customers:merge")
    address = f"/api/v1/customers/{irina.public_id}/merges/"
    told = {"other": double.public_id, "choices": {"name": "loser"}}
    first, again = (
        system.post(address, told, content_type="application/json", headers={"idempotency-key": "one"})
        for _n in "12"
    )
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first.json()["merged"] == double.public_id
    assert [one["id"] for one in system.get(address).json()["results"]] == [first.json()["id"]]
    conflict = system.post(address, {"other": yusuf.public_id}, content_type="application/json")
    assert (conflict.status_code, conflict.json()["code"]) == (409, "identifiers_conflict")
    assert conflict["Content-Type"] == "application/problem+json"
    odd = system.post(address, told | {"choices": {"shoes": "loser"}, "other": yusuf.public_id, "confirmed": True,
                                       "reason": "x"}, content_type="application/json")  # fmt: skip
    assert (odd.status_code, odd.json()["code"]) == (422, "invalid_choice")

    undone = system.delete(f"{address}{first.json()['id']}/")
    assert undone.status_code == 200
    assert undone.json()["undone_at"]
    twice = system.delete(f"{address}{first.json()['id']}/")
    assert (twice.status_code, twice.json()["code"]) == (409, "cannot_undo_merge")
    double.refresh_from_db()
    assert merging.survivor_of(double) == double


def test_fields_of_other_roles_are_not_shown(
    rosa: Staff, ana: Staff, irina: Customer, double: Customer, signed_in: Browser
) -> None:
    CustomField.objects.create(code="limit", label="Credit limit", kind="text", roles=["administrator"])
    Customer.objects.filter(pk=irina.pk).update(custom={"limit": "4711"})
    assert "Credit limit" in signed_in(ana).get(page(irina, double)).content.decode()
    theirs = signed_in(rosa).get(page(irina, double)).content.decode()
    assert "Credit limit" not in theirs
    assert "4711" not in theirs
