"""The kinds of events and what each may say. A chain adds kinds of its own (`EventKind`)."""

import re
from typing import Annotated, Any

import msgspec
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


# Name, shape of the data, label, icon, group.
BUILT_IN: list[tuple[str, type[Data], Any, str, str]] = [
    ("page", Page, _("Page seen"), "file", "web"),
    ("product", Product, _("Product seen"), "eye", "web"),
    ("search", Search, _("Searched"), "search", "web"),
    ("cart_add", Cart, _("Put in the cart"), "shopping-cart-plus", "web"),
    ("cart_remove", Cart, _("Taken from the cart"), "shopping-cart-minus", "web"),
    ("checkout", Checkout, _("Went to the till"), "shopping-cart", "web"),
    ("purchase", Purchase, _("Bought on the web"), "receipt", "web"),
    ("sign_up", Data, _("Signed up"), "user-plus", "account"),
    ("sign_in", Data, _("Signed in"), "login", "account"),
    ("app_open", App, _("App opened"), "device-mobile", "web"),
    ("message_opened", Message, _("Message opened"), "mail-opened", "message"),
    ("message_clicked", Message, _("Link in a message followed"), "click", "message"),
    ("call", Call, _("Call"), "phone", "service"),
    ("visit", Data, _("Visit to the store"), "walk", "store"),
    ("check_in", Data, _("Checked in"), "map-pin", "store"),
]
SHAPES = {name: shape for name, shape, *_rest in BUILT_IN}
_OWN = dict[
    Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,31}$")],
    Annotated[str, Meta(max_length=200)] | int | float | bool | None,
]  # of a chain's own kind
MOST_FIELDS = 20


def fill() -> None:
    for name, _shape, label, icon, group in BUILT_IN:
        interactions.register_kind(name, label, icon, group)


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
