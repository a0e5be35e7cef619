"""A mapping: where in a shop's order each part of a receipt stands, and reading an order with it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from crm.lib.refusals import Fault, Refusal
from customers.orders import paths

CENT, GRAM = Decimal("0.01"), Decimal("0.001")


class InvalidMapping(Refusal):
    """The mapping itself is wrong; `faults` name its parts."""

    code = "invalid_mapping"


class Unmapped(Refusal):
    """The order lacks what the mapping looks for; the fault names the part of the receipt."""

    code = "unmapped"

    def __init__(self, part: str, detail: str) -> None:
        super().__init__(detail, faults=(Fault(part, detail),))
        self.part = part


class Who(msgspec.Struct, forbid_unknown_fields=True):
    kind: str
    path: str


class LineMap(msgspec.Struct, forbid_unknown_fields=True):
    """`amount` is the line after discount; without it, `price` × `quantity` − `discount` (several are summed)."""

    product: str
    quantity: str
    key: str = ""  # what refunds name the line by
    amount: str = ""
    price: str = ""
    discount: str = ""


class RefundMap(msgspec.Struct, forbid_unknown_fields=True):
    """Refunds within the order. `line` is the refunded line's key."""

    each: str
    id: str
    at: str
    lines: str
    line: str
    quantity: str
    amount: str


class Mapping(msgspec.Struct, forbid_unknown_fields=True):
    """`counts`: values of `state` that make a sale; empty: every order is one."""

    id: str
    at: str
    lines: str
    line: LineMap
    customer: list[Who] = []
    state: str = ""
    counts: list[str] = []
    cancelled_at: str = ""
    shipping: str = ""  # amounts; they become one line
    shipping_product: str = "SHIPPING"
    payments: str = ""  # names of the ways of paying; the first is taken for all
    refunds: RefundMap | None = None
    visitor: str = ""
    minor_units: bool = False  # amounts in cents


@dataclass
class Draft:
    """What an order says. `receipt` None: it is no sale (yet)."""

    external_id: str
    receipt: dict[str, Any] | None = None
    returns: list[dict[str, Any]] = field(default_factory=list)
    visitor: str = ""


def parsed(data: Any) -> Mapping:
    """The mapping of its data. Raises InvalidMapping."""
    try:
        found = msgspec.convert(data, Mapping)
        for path in _paths(msgspec.to_builtins(found)):
            paths.parse(path)
    except paths.Malformed as error:
        raise InvalidMapping(_("“%(path)s” is no path.") % {"path": error}) from None
    except msgspec.ValidationError as error:
        raise InvalidMapping(str(error)) from None
    return found


_NO_PATHS = ("kind", "counts", "shipping_product", "minor_units")


def _paths(data: Any, name: str = "") -> Iterator[str]:
    if isinstance(data, dict):
        for key, value in data.items():
            if key not in _NO_PATHS:
                yield from _paths(value, key)
    elif isinstance(data, list):
        for value in data:
            yield from _paths(value, name)
    elif isinstance(data, str) and data:
        yield data


def read(order: Any, how: Mapping, *, source: str, store: str) -> Draft:
    """The receipt and returns of an order. Raises Unmapped."""
    number = str(_needed(order, how.id, "id"))[:120]
    draft = Draft(number, visitor=str(paths.first(order, how.visitor) or "") if how.visitor else "")
    if how.state and how.counts and str(paths.first(order, how.state)) not in how.counts:
        return draft
    lines, keys = _lines(order, how)
    draft.receipt = {
        "source": source, "external_id": number, "store": store, "channel": "online",
        "occurred_at": str(_needed(order, how.at, "at")), "lines": lines, "customer": _customer(order, how),
        "payments": _payments(order, how, lines),
    }  # fmt: skip
    around = {"source": source, "store": store, "receipt": {"source": source, "external_id": number}}
    draft.returns = [around | each for each in _refunds(order, how, keys)]
    cancelled = how.cancelled_at and paths.first(order, how.cancelled_at)
    if cancelled and not draft.returns:
        back = [{name: line[name] for name in ("line", "quantity", "amount")} for line in lines]
        draft.returns = [
            around
            | {"external_id": f"{number[:100]}-cancelled", "occurred_at": str(cancelled), "lines": back}
        ]
    return draft


def _needed(document: Any, path: str, part: str) -> Any:
    found = paths.first(document, path) if path else None
    if found is None or found == "":
        raise Unmapped(part, _("Nothing stands at “%(path)s”.") % {"path": path})
    return found


def _customer(order: Any, how: Mapping) -> dict[str, str] | None:
    for who in how.customer:
        found = paths.first(order, who.path)
        if found not in (None, ""):
            return {"kind": who.kind, "value": str(found)}
    return None


def _lines(order: Any, how: Mapping) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The lines of the receipt, and by what refunds call a line its number."""
    lines, keys = [], {}
    for number, entry in enumerate(paths.values(order, how.lines), start=1):
        quantity = _number(_needed(entry, how.line.quantity, "line.quantity"), "line.quantity")
        discount = _money(entry, how.line.discount, how, "line.discount")
        if how.line.amount:
            amount = _cents(_needed(entry, how.line.amount, "line.amount"), how, "line.amount")
        else:
            price = _cents(_needed(entry, how.line.price, "line.price"), how, "line.price")
            amount = price * quantity - discount
        product = str(_needed(entry, how.line.product, "line.product"))
        lines.append(_line(number, product, quantity, amount, discount))
        if how.line.key:
            keys[str(_needed(entry, how.line.key, "line.key"))] = number
    if not lines:
        raise Unmapped("lines", _("Nothing stands at “%(path)s”.") % {"path": how.lines})
    shipping = _money(order, how.shipping, how, "shipping")
    if shipping:
        lines.append(_line(len(lines) + 1, how.shipping_product, Decimal(1), shipping, Decimal(0)))
    return lines, keys


def _line(number: int, product: str, quantity: Decimal, amount: Decimal, discount: Decimal) -> dict[str, Any]:
    return {
        "line": number, "product": product, "quantity": str(quantity.quantize(GRAM)),
        "amount": str(_rounded(amount)), "discount": str(_rounded(discount)),
    }  # fmt: skip


def _payments(order: Any, how: Mapping, lines: list[dict[str, Any]]) -> list[dict[str, str]]:
    method = paths.first(order, how.payments) if how.payments else None
    total = sum((Decimal(line["amount"]) for line in lines), Decimal(0))
    return [{"method": str(method)[:24], "amount": str(total)}] if method else []


def _refunds(order: Any, how: Mapping, keys: dict[str, int]) -> Iterator[dict[str, Any]]:
    if how.refunds is None:
        return
    for refund in paths.values(order, how.refunds.each):
        lines = [
            _refunded(entry, how.refunds, how, keys) for entry in paths.values(refund, how.refunds.lines)
        ]
        if lines:  # money back without goods is no return
            yield {
                "external_id": str(_needed(refund, how.refunds.id, "refunds.id"))[:120],
                "occurred_at": str(_needed(refund, how.refunds.at, "refunds.at")), "lines": lines,
            }  # fmt: skip


def _refunded(entry: Any, refunds: RefundMap, how: Mapping, keys: dict[str, int]) -> dict[str, Any]:
    key = str(_needed(entry, refunds.line, "refunds.line"))
    if key not in keys:
        raise Unmapped("refunds.line", _("The order has no line “%(key)s”.") % {"key": key[:60]})
    quantity = _number(_needed(entry, refunds.quantity, "refunds.quantity"), "refunds.quantity")
    amount = _cents(_needed(entry, refunds.amount, "refunds.amount"), how, "refunds.amount")
    return {"line": keys[key], "quantity": str(quantity.quantize(GRAM)), "amount": str(_rounded(amount))}


def _money(document: Any, path: str, how: Mapping, part: str) -> Decimal:
    """The sum of the amounts at a path; nothing where there is none."""
    found = paths.values(document, path) if path else []
    return sum((_cents(value, how, part) for value in found), Decimal(0))


def _cents(value: Any, how: Mapping, part: str) -> Decimal:
    return _number(value, part) / (100 if how.minor_units else 1)


def _number(value: Any, part: str) -> Decimal:
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        number = Decimal("NaN")
    if isinstance(value, bool) or not number.is_finite() or number.copy_abs() > 10**9:
        raise Unmapped(part, _("No number stands there."))
    return number


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)
