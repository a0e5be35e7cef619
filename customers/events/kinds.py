"""The kinds of events and what each may say. A chain adds kinds of its own (`EventKind`)."""

import re
from datetime import timedelta
from functools import cache
from typing import Annotated, Any

import msgspec
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from msgspec import Meta

from customers import interactions
from customers.models import EventKind

CODE = re.compile(r"[a-z][a-z0-9_]{1,31}")
Sku = Annotated[str, Meta(min_length=1, max_length=64)]
Name = Annotated[str, Meta(max_length=120)]
Money = Annotated[str, Meta(pattern=r"^\d{1,10}(\.\d{1,2})?$")]
Quantity = Annotated[str, Meta(pattern=r"^\d{1,9}(\.\d{1,3})?$")]
Path = Annotated[str, Meta(max_length=300)]
Code = Annotated[str, Meta(max_length=64)]


class Data(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Nothing more to say."""

    agent: Annotated[str, Meta(max_length=16)] = ""  # family of the browser, from the script


class Page(Data, kw_only=True):
    path: Path
    title: Name = ""
    referrer: Annotated[str, Meta(max_length=120)] = ""  # the host only


class Product(Data, kw_only=True):
    product: Sku
    name: Name = ""
    price: Money = ""
    category: Name = ""


class Search(Data, kw_only=True):
    query: Annotated[str, Meta(max_length=80)]
    results: Annotated[int, Meta(ge=0, le=10_000_000)] = 0


class Cart(Data, kw_only=True):
    product: Sku
    name: Name = ""
    quantity: Quantity = "1"
    price: Money = ""


class Checkout(Data, kw_only=True):
    amount: Money = ""
    items: Annotated[int, Meta(ge=0, le=100_000)] = 0


class Purchase(Data, kw_only=True):
    source: Annotated[str, Meta(max_length=40)] = ""
    external_id: Annotated[str, Meta(min_length=1, max_length=120)]
    amount: Money = ""


class App(Data, kw_only=True):
    version: Annotated[str, Meta(max_length=24)] = ""


class Message(Data, kw_only=True):
    message: Code
    link: Path = ""


class Call(Data, kw_only=True):
    direction: Annotated[str, Meta(pattern="^(in|out)$")] = "in"
    seconds: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    result: Annotated[str, Meta(pattern="^[a-z0-9_]{0,32}$")] = ""


def _kind(shape: type[Data], label: Any, *, icon: str, group: str) -> tuple[type[Data], Any, str, str]:
    return shape, label, icon, group


BUILT_IN = {
    "page": _kind(Page, _("Page seen"), icon="file", group="web"),
    "product": _kind(Product, _("Product seen"), icon="eye", group="web"),
    "search": _kind(Search, _("Searched"), icon="search", group="web"),
    "cart_add": _kind(Cart, _("Put in the cart"), icon="shopping-cart-plus", group="web"),
    "cart_remove": _kind(Cart, _("Taken from the cart"), icon="shopping-cart-minus", group="web"),
    "checkout": _kind(Checkout, _("Went to the till"), icon="shopping-cart", group="web"),
    "purchase": _kind(Purchase, _("Bought on the web"), icon="receipt", group="web"),
    "sign_up": _kind(Data, _("Signed up"), icon="user-plus", group="account"),
    "sign_in": _kind(Data, _("Signed in"), icon="login", group="account"),
    "app_open": _kind(App, _("App opened"), icon="device-mobile", group="web"),
    "message_opened": _kind(Message, _("Message opened"), icon="mail-opened", group="message"),
    "message_clicked": _kind(Message, _("Link in a message followed"), icon="click", group="message"),
    "call": _kind(Call, _("Call"), icon="phone", group="service"),
    "visit": _kind(Data, _("Visit to the store"), icon="walk", group="store"),
    "check_in": _kind(Data, _("Checked in"), icon="map-pin", group="store"),
}
SHAPES = {name: shape for name, (shape, *_rest) in BUILT_IN.items()}
_OWN = dict[
    Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,31}$")],
    Annotated[str, Meta(max_length=200)] | int | float | bool | None,
]  # of a chain's own kind
MOST_FIELDS = 20


def fill() -> None:
    for name, (_shape, label, icon, group) in BUILT_IN.items():
        interactions.register_kind(name, label, icon, group)


@cache
def forgotten() -> list[str]:
    """The kinds whose touches are kept for a limited time only: what was looked at on the web."""
    return [name for name, (_shape, _label, _icon, group) in BUILT_IN.items() if group == "web"]


def known() -> frozenset[str]:
    """All kinds that are accepted now: ours and the chain's own. One query; make the set once a batch."""
    return frozenset(SHAPES) | frozenset(EventKind.objects.filter(is_on=True).values_list("code", flat=True))


def cleaned(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    """The data of an event in clean form, without what could tell a person. Raises msgspec.ValidationError."""
    shape = SHAPES.get(kind)
    if shape is None:
        clean: dict[str, Any] = msgspec.convert(data, _OWN)
        if len(clean) > MOST_FIELDS:
            raise msgspec.ValidationError(f"At most {MOST_FIELDS} fields")
    else:
        clean = msgspec.to_builtins(msgspec.convert(data, shape))
    return {name: _clean(name, value) for name, value in clean.items()}


def web_days() -> timedelta:
    """How long these are kept."""
    return timedelta(days=settings.WEB_EVENTS_DAYS)


# Addresses carry what people typed behind "?" and "#"; what looks like a phone or a mail address is nobody's business.
_TELLING = re.compile(r"[^\s@/]+@[^\s@/]+\.[^\s@/]+|\+?\d(?:[\s().-]?\d){7,}")
_PLACES = ("path", "link")
_EXACT = ("product", "external_id", "source", "message")


def _clean(name: str, value: Any) -> Any:
    if not isinstance(value, str) or name in _EXACT:
        return value
    if name in _PLACES:
        value = re.split(r"[?#;]", value, maxsplit=1)[0]
    return _TELLING.sub("…", value)
