"""Stored value in the browser and over the API: in two steps at the till, once a form, taken back by the notice."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from crm.lib import prepared
from crm.notices.models import Notice
from crm.org.models import Staff, Store
from customers.models import Customer
from loyalty import glance, storedvalue
from loyalty.ledger import Cause
from loyalty.liability import days
from loyalty.models import Balance, StoredKind, StoredOperation, StoredState, StoredTerms, TopUpOffer, Unit
from loyalty.storedvalue import reading
from tests.loyalty import member
from tests.loyalty.test_till import form_of

pytestmark = pytest.mark.django_db
Browser = Callable[[Staff], Client]


@pytest.fixture
def opened(chain: Any) -> None:
    began = timezone.now().date() - timedelta(days=30)
    StoredTerms.objects.create(valid_from=began)
    TopUpOffer.objects.create(code="five", name="Five", pay=500, bonus=50, valid_from=began)


def why(source: str, store: Store, days: int = 0) -> Cause:
    return Cause(source, timezone.now() - timedelta(days=days), "till:1", store.pk)


def there(who: Customer) -> tuple[int, int]:
    found = dict(Balance.objects.filter(customer=who.pk).values_list("unit", "available"))
    return found.get(Unit.STORED, 0), found.get(Unit.BONUS, 0)


def at(who: Customer, place: str) -> str:
    return f"/customers/{who.public_id}/stored-value/{place}/"


def test_topped_up_paid_and_taken_back_at_the_till(
    chen: Staff, irina: Customer, opened: None, signed_in: Browser
) -> None:
    theirs = signed_in(chen)
    form = form_of(theirs, at(irina, "top-ups")) | {"amount": "500", "how": "wechat", "receipt_number": "7"}
    first, again = (theirs.post(at(irina, "top-ups"), form) for _ in range(2))
    assert (first.status_code, again.status_code, there(irina)) == (200, 200, (500_00, 50_00))
    assert "topped up ¥500.00, ¥50.00 bonus on top" in first.content.decode()
    paid = theirs.post(at(irina, "payments"), form_of(theirs, at(irina, "payments")) | {"amount": "110"})
    assert "paid ¥110.00: ¥100.00 paid in before, ¥10.00 bonus" in paid.content.decode()
    short = theirs.post(at(irina, "payments"), form_of(theirs, at(irina, "payments")) | {"amount": "440.01"})
    assert (short.status_code, "There is only ¥440.00 to pay with." in short.content.decode()) == (409, True)
    undo = re.findall(r'hx-post="([^"]*/acts/[^"]*/undoing/)"', paid.content.decode())[0]
    assert "Given back: ¥110.00." in theirs.post(undo).content.decode()
    assert theirs.post(undo).status_code == 200  # the same answer
    undo = re.findall(r'hx-post="([^"]*/acts/[^"]*/undoing/)"', first.content.decode())[0]
    assert "Top-up undone: give ¥500.00 back." in theirs.post(undo).content.decode()
    assert there(irina) == (0, 0)


def test_the_history_gives_back_in_parts(
    chen: Staff, marta: Staff, irina: Customer, harbour: Store, opened: None, signed_in: Browser
) -> None:
    storedvalue.top_up(irina.pk, 500_00, why("t", harbour, 3), how="cash")
    paid = storedvalue.pay(irina.pk, 110_00, why("p", harbour, 2))
    theirs = signed_in(marta)
    page = theirs.get(f"/customers/{irina.public_id}/stored-value/").content.decode()
    assert "¥440.00" in page and "¥100.00 paid in, ¥10.00 bonus" in page and "−¥110.00" in page
    token = re.findall(r'name="token" value="(\w+)"', page)[0]
    part = {"from": "history", "amount": "33.00", "token": token}
    address = at(irina, f"acts/{paid.public_id}/undoing")
    assert [theirs.post(address, part).status_code for _ in range(2)] == [303, 303]
    assert there(irina) == (430_00, 43_00)
    assert signed_in(chen).post(address, part).status_code == 404  # a clerk takes back what is of today
    file = b"".join(theirs.get(at(irina, "export")).streaming_content).decode()
    assert "-100,-10" in file.replace(".00", "") and "30,3" in file.replace(".00", "")


def test_the_rest_is_paid_out_by_two(
    chen: Staff, marta: Staff, irina: Customer, harbour: Store, opened: None, signed_in: Browser
) -> None:
    storedvalue.top_up(irina.pk, 500_00, why("t", harbour), how="cash")
    theirs = signed_in(chen)
    form = form_of(theirs, at(irina, "pay-out")) | {"how": "cash", "note": "moves", "store": str(harbour.pk)}
    assert theirs.post(at(irina, "pay-out"), form).status_code == 303
    wait = StoredOperation.objects.get(kind=StoredKind.PAY_OUT)
    assert (wait.state, there(irina)) == (StoredState.WAITING, (500_00, 50_00))
    leads = signed_in(marta)
    assert list(Notice.objects.values_list("staff", "kind")) == [(marta.pk, "stored.approve")]
    assert "A pay-out waits for approval: ¥500.00" in leads.get("/notices/").content.decode()
    assert wait.public_id in leads.get("/loyalty/stored-value/").content.decode()
    leads.post(f"/loyalty/stored-value/pay-outs/{wait.public_id}/", {"decision": "approve"})
    assert there(irina) == (0, 0)
    assert "Approved: pay out ¥500.00" in theirs.get("/notices/").content.decode()


def test_offers_and_settings_are_versions(max_: Staff, chen: Staff, chain: Any, signed_in: Browser) -> None:
    theirs = signed_in(max_)
    today = timezone.now().astimezone().date()
    day = {"valid_from": (today + timedelta(days=1)).isoformat()}
    settings = day | {"is_on": "on", "pay_order": "proportion", "most_top_up": "800", "most_balance": "900",
                      "pay_out_alone": "0", "pay_out_lead": "5"}  # fmt: skip
    assert theirs.post("/loyalty/stored-value/settings/", settings | {"most_balance": "1"}).status_code == 422
    assert theirs.post("/loyalty/stored-value/settings/", settings).status_code == 303
    offer = day | {"code": "five", "name": "Five", "pay": "500", "bonus": "50", "bonus_days": "90"}
    new = "/loyalty/stored-value/offers/"
    assert [theirs.post(new, offer).status_code for _ in range(2)] == [303, 422]  # the code is taken
    assert theirs.post(f"{new}five/", offer | {"bonus": "60"}).status_code == 303
    theirs.post(f"{new}five/end/")
    assert list(TopUpOffer.objects.order_by("version").values_list("version", "bonus", "is_ended")) == [
        (1, 50, False),
        (2, 60, False),
        (3, 60, True),
    ]
    assert StoredTerms.objects.get().most_top_up == 800
    assert signed_in(chen).get("/loyalty/stored-value/").status_code == 200
    assert signed_in(chen).post(new, offer).status_code == 403


def test_what_is_owed_is_what_the_ledger_says(
    marta: Staff, rosa: Staff, irina: Customer, yusuf: Customer, harbour: Store, uptown: Store, opened: None,
    signed_in: Browser,
) -> None:  # fmt: skip
    """Read up to now and not read yet; by store, and only one's own."""
    storedvalue.top_up(irina.pk, 500_00, why("t1", harbour), how="cash")
    storedvalue.top_up(yusuf.pk, 300_00, why("t2", uptown), how="cash")
    days.bring_forward()
    storedvalue.pay(irina.pk, 110_00, why("p", uptown))
    on = timezone.now().astimezone(harbour.zone).date()
    total, stores = reading.owed(rosa, on)
    rows = Balance.objects.filter(unit__in=(Unit.STORED, Unit.BONUS)).values_list("unit", "available")
    sums = [sum(n for unit, n in rows if unit == of) for of in (Unit.STORED, Unit.BONUS)]
    assert [total.principal, total.bonus] == sums == [700_00, 40_00]
    assert [(one.name, one.principal, one.bonus) for one in stores] == [
        ("Harbour", 400_00, 40_00),
        ("Uptown", 300_00, 0),
    ]
    assert reading.owed(rosa, on - timedelta(days=9))[0].principal == 0
    assert [one.name for one in reading.owed(marta, on)[1]] == ["Harbour"]
    page = signed_in(marta).get("/loyalty/stored-value/").content.decode()
    assert "¥400.00" in page and "Uptown" not in page


def test_the_page_of_a_customer_costs_no_statement_more(
    irina: Customer, harbour: Store, opened: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    storedvalue.top_up(irina.pk, 500_00, why("t", harbour), how="cash")
    asked: list[str] = []
    rows = prepared.rows
    monkeypatch.setattr(prepared, "rows", lambda sql, values=(): asked.append(sql) or rows(sql, values))
    told = glance.read(irina.pk, timezone.now()).stored
    assert (told.principal, told.bonus, told.tops_up, len(asked)) == (500, 50, True, 1)


def post(client: Client, address: str, **body: Any) -> Any:
    return client.post(f"/api/v1/{address}", body, content_type="application/json")


def test_over_the_api(calling: Any, irina: Customer, harbour: Store, opened: None) -> None:
    client = calling("points:read", "points:write")
    who = {"customer": irina.public_id, "source": "pos", "store": "HARB"}
    up = {**who, "amount": "500", "how": "card", "external_id": "1"}
    first, again = (post(client, "top-ups/", **up) for _ in range(2))
    assert (first.status_code, first.json()) == (201, again.json())
    assert [first.json()[name] for name in ("principal", "bonus", "money", "offer")] == [
        "500.00", "50.00", "500.00", "five",
    ]  # fmt: skip
    paid = post(client, "stored-payments/", **who, amount="110.00", external_id="2").json()
    assert (paid["principal"], paid["bonus"]) == ("-100.00", "-10.00")
    part = {"source": "pos", "external_id": "3", "amount": "11"}
    assert post(client, f"stored-payments/{paid['id']}/refunds/", **part).json()["bonus"] == "1.00"
    told = client.get(f"/api/v1/accounts/{irina.public_id}/stored-value/").json()
    assert (told["principal"], told["bonus"], told["total"]) == ("410.00", "41.00", "451.00")
    short = post(client, "stored-payments/", **who, amount="451.01", external_id="4")
    assert (short.status_code, short.json()["code"]) == (409, "insufficient_stored_value")
    spent = post(client, f"top-ups/{first.json()['id']}/undoing/", source="pos", external_id="5")
    assert (spent.status_code, spent.json()["code"]) == (409, "top_up_spent")
    assert post(client, "redemptions/", **who, unit="stored", points=1, external_id="6").status_code == 422


def test_the_member_reads_it(irina: Customer, harbour: Store, opened: None) -> None:
    storedvalue.top_up(irina.pk, 500_00, why("t", harbour), how="cash")
    page = member.signed_in("irina@example.com").get("/member/stored-value/").content.decode()
    assert "¥550.00" in page and "¥500.00 paid in, ¥50.00 bonus" in page
