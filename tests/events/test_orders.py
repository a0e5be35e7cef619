"""A shop's orders become receipts and returns by a mapping that is data; what does not fit is kept with the reason."""

import base64
import copy
import hmac
import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from crm.org.models import Staff, Store
from customers.models import Connector, Customer, KeptOrder, Line, Purchase, Return
from customers.orders import connecting, mapping, paths, presets, signing

ORDER = presets.SAMPLE


def order(**other: Any) -> dict[str, Any]:
    return copy.deepcopy(ORDER) | other


# Paths ---------------------------------------------------------------------------------------------------------------

DOCUMENT = {"a": {"b": [{"n": "x", "v": 1}, {"n": "y", "v": 2}, "odd", None]}, "c": None}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b[*].v", [1, 2]), ("a.b[0].v", [1]), ("a.b[9].v", []), ("a.b[n=y].v", [2]), ("a.b[n=z].v", []), ("c", []),
        ("c.d.e", []), ("a.b[2]", ["odd"]), ("a.b.v", []), ("nothing", []),
    ],
)  # fmt: skip
def test_paths_lead_to_values(path: str, found: list[Any]) -> None:
    assert paths.values(DOCUMENT, path) == found


@pytest.mark.parametrize("path", ["", ".", "a..b", "a[", "a]", "[0]", "a[*]b", "x" * 121])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(paths.Malformed):
        paths.parse(path)


# Mappings ------------------------------------------------------------------------------------------------------------


def read(document: dict[str, Any], how: dict[str, Any] | None = None) -> mapping.Draft:
    return mapping.read(document, mapping.parsed(how or presets.SHOPIFY), source="shop:x", store="HARB")


def test_an_order_as_shopify_writes_it() -> None:
    draft = read(order())
    assert draft.receipt == {
        "source": "shop:x", "external_id": "450789469", "store": "HARB", "channel": "online",
        "occurred_at": "2026-03-09T11:00:00+08:00", "customer": {"kind": "phone", "value": "+8613800138000"},
        "lines": [
            {"line": 1, "product": "SKU1", "quantity": "2.000", "amount": "35.80", "discount": "4.20"},
            {"line": 2, "product": "SKU2", "quantity": "1.000", "amount": "5.00", "discount": "0.00"},
            {"line": 3, "product": "SHIPPING", "quantity": "1.000", "amount": "6.00", "discount": "0.00"},
        ],
        "payments": [{"method": "alipay", "amount": "46.80"}],
    }  # fmt: skip
    assert draft.returns == [{
        "source": "shop:x", "store": "HARB", "receipt": {"source": "shop:x", "external_id": "450789469"},
        "external_id": "9001", "occurred_at": "2026-03-12T09:00:00+08:00",
        "lines": [{"line": 1, "quantity": "1.000", "amount": "17.90"}],
    }]  # fmt: skip


def test_cents_become_money() -> None:
    how = presets.GENERIC | {"minor_units": True}
    told = {
        "number": "A-1", "ordered_at": "2026-03-09T11:00:00+08:00",
        "items": [{"id": "x", "sku": "SKU1", "quantity": "1.5", "total": 1999, "discount": 1}],
    }  # fmt: skip
    draft = read(told, how)
    assert draft.receipt is not None
    assert draft.receipt["lines"] == [
        {"line": 1, "product": "SKU1", "quantity": "1.500", "amount": "19.99", "discount": "0.01"}
    ]
    assert draft.receipt["customer"] is None


def test_an_order_that_is_not_paid_is_no_sale() -> None:
    assert read(order(financial_status="pending")).receipt is None


def test_a_cancelled_order_comes_back_whole() -> None:
    draft = read(order(cancelled_at="2026-03-10T09:00:00+08:00", refunds=[]))
    (back,) = draft.returns
    assert (back["external_id"], [line["amount"] for line in back["lines"]]) == (
        "450789469-cancelled",
        ["35.80", "5.00", "6.00"],
    )


@pytest.mark.parametrize(
    ("other", "part"),
    [
        ({"id": None}, "id"), ({"created_at": ""}, "at"), ({"line_items": []}, "lines"), ({"line_items": 5}, "lines"),
        ({"line_items": [{"id": 1, "quantity": 1, "price": "1"}]}, "line.product"),
        ({"line_items": [{"id": 1, "sku": "S", "quantity": 1}]}, "line.price"),
        ({"line_items": [{"id": 1, "sku": "S", "quantity": "many", "price": "1"}]}, "line.quantity"),
        ({"line_items": [{"id": 1, "sku": "S", "quantity": True, "price": "1"}]}, "line.quantity"),
        ({"line_items": [{"id": 7, "sku": "S", "quantity": 1, "price": "1"}]}, "refunds.line"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named(other: dict[str, Any], part: str) -> None:
    with pytest.raises(mapping.Unmapped) as refused:
        read(order(**other))
    assert refused.value.part == part


@pytest.mark.parametrize(
    "broken", [{}, {"id": 5}, presets.GENERIC | {"surprise": "x"}, presets.GENERIC | {"id": "a["}]
)
def test_a_broken_mapping_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(mapping.InvalidMapping):
        mapping.parsed(broken)


# Taking orders -------------------------------------------------------------------------------------------------------


@pytest.fixture
def connector(harbour: Store) -> Connector:
    return Connector.objects.create(
        code="tea", name="Tea shop", store=harbour, mapping=presets.SHOPIFY, tested_at=now(), is_on=True
    )


@pytest.fixture
def send(calling: Callable[..., Client], connector: Connector) -> Callable[..., Any]:
    client = calling("receipts:write")
    return lambda document, code="tea": client.post(
        f"/api/v1/orders/{code}/", document, content_type="application/json"
    )


@pytest.mark.django_db
def test_an_order_becomes_a_receipt_and_its_refund_a_return(
    send: Callable[..., Any], irina: Customer
) -> None:
    answer = send(order())
    assert answer.json()["state"] == "applied"
    bought = Purchase.objects.get(customer=irina)
    assert (str(bought.amount), str(bought.returned), bought.get_channel_display()) == (
        "46.80",
        "17.90",
        "Online",
    )
    assert answer.json()["receipt"] == bought.public_id
    assert Line.objects.filter(customer=irina).count() == 3
    assert send(order()).json()["state"] == "duplicate"
    assert (Purchase.objects.count(), Return.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_a_later_refund_is_added_and_nothing_twice(send: Callable[..., Any], irina: Customer) -> None:
    refunds = ORDER["refunds"]
    assert send(order(refunds=[])).json()["returns"] == []
    assert send(order()).json()["state"] == "applied"
    more = {
        "id": 9002,
        "created_at": "2026-03-13T09:00:00+08:00",
        "refund_line_items": [{"line_item_id": 2, "quantity": 1, "subtotal": "5.00"}],
    }
    assert send(order(refunds=[*refunds, more])).json()["state"] == "applied"
    assert str(Purchase.objects.get(customer=irina).returned) == "22.90"


@pytest.mark.django_db
def test_what_does_not_fit_is_kept_and_can_be_tried_again(
    send: Callable[..., Any], connector: Connector, irina: Customer, ana: Staff
) -> None:
    Connector.objects.update(mapping=presets.SHOPIFY | {"id": "order_number"})
    answer = send(order(shipping_address={"name": "Irina"}, note="leave at the door", browser_ip="10.0.0.1"))
    assert (answer.json()["state"], answer.json()["reason"]) == ("set_aside", "unmapped")
    send(order())
    kept = KeptOrder.objects.get()
    assert kept.detail.startswith("id: ")
    assert not {"shipping_address", "note", "browser_ip"} & kept.raw.keys()
    assert not Purchase.objects.exists()
    assert connecting.replay(kept, by=ana).state == "set_aside"
    Connector.objects.update(mapping=presets.SHOPIFY)
    assert connecting.replay(KeptOrder.objects.get(), by=ana).state == "applied"
    assert not KeptOrder.objects.exists()
    assert Purchase.objects.filter(customer=irina).count() == 1


@pytest.mark.django_db
def test_an_order_that_says_something_else_later_is_a_conflict(
    send: Callable[..., Any], irina: Customer
) -> None:
    send(order())
    changed = order()
    changed["line_items"][1]["price"] = "9.00"
    assert send(changed).json()["reason"] == "receipt_conflict"
    assert str(Purchase.objects.get().amount) == "46.80"


@pytest.mark.django_db
def test_a_connector_that_is_off_or_of_another_store(
    send: Callable[..., Any], connector: Connector, calling: Callable[..., Client], uptown: Store
) -> None:
    elsewhere = calling("receipts:write", stores=[uptown])
    assert elsewhere.post("/api/v1/orders/tea/", order(), content_type="application/json").status_code == 404
    assert send(order(), "coffee").status_code == 404
    Connector.objects.update(is_on=False)
    assert (send(order()).status_code, send(order()).json()["code"]) == (409, "connector_off")
    assert not KeptOrder.objects.exists()


# Webhooks ------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("header", signing.HEADERS)
def test_a_signed_webhook_is_taken(header: str, connector: Connector, irina: Customer) -> None:
    body = json.dumps(ORDER).encode()
    digest = hmac.digest(signing.secret_of(connector).encode(), body, sha256)
    signed = {header: base64.b64encode(digest).decode()}
    post = lambda told, headers: Client().post(  # noqa: E731
        "/hooks/orders/tea/", told, content_type="application/json", headers=headers
    )
    assert post(body, signed).json() == {"state": "applied", "reason": ""}
    assert post(body, {header: f"sha256={digest.hex()}"}).json()["state"] == "duplicate"
    assert post(body + b" ", signed).status_code == 401
    assert post(body, {}).status_code == 401
    assert Purchase.objects.count() == 1


@pytest.mark.django_db
def test_the_secret_is_in_no_table(connector: Connector, monkeypatch: pytest.MonkeyPatch) -> None:
    assert signing.secret_of(connector) not in str(list(Connector.objects.values()))
    monkeypatch.setenv("ORDER_SECRET_TEA", "theirs")
    assert signing.secret_of(connector) == "theirs"


# The page ------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_it_is_switched_on_only_after_a_sample(
    harbour: Store, ana: Staff, signed_in: Callable[..., Client]
) -> None:
    browser = signed_in(ana)
    told = {"name": "Tea", "code": "tea", "store": harbour.pk, "mapping": json.dumps(presets.SHOPIFY)}
    assert browser.post("/settings/connectors/new/", told).status_code == 303
    connector = Connector.objects.get()
    page = f"/settings/connectors/{connector.pk}/"
    browser.post(f"{page}operation/")
    assert not Connector.objects.get().is_on

    shown = browser.post(f"{page}sample/", {"order": json.dumps(ORDER)})
    assert "35.80" in shown.content.decode()
    assert not Purchase.objects.exists()
    browser.post(f"{page}operation/")
    assert Connector.objects.get().is_on

    changed = told | {"mapping": json.dumps(presets.SHOPIFY | {"visitor": "token"})}
    browser.post(page, changed | {"initial-mapping": json.dumps(presets.SHOPIFY)})
    connector.refresh_from_db()
    assert (connector.is_on, connector.tested_at) == (False, None)


@pytest.mark.django_db
def test_a_sample_that_does_not_fit_says_what_is_missing(
    connector: Connector, ana: Staff, signed_in: Callable[..., Client]
) -> None:
    Connector.objects.update(tested_at=None, is_on=False)
    page = f"/settings/connectors/{connector.pk}/sample/"
    shown = signed_in(ana).post(page, {"order": json.dumps(order(line_items=[]))}).content.decode()
    assert "line_items[*]" in shown
    assert Connector.objects.get().tested_at is None
