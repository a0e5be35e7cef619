"""Terms in words, in the language that is active."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.org.models import Chain, Store
from crm.ui import words
from customers.models import Brand, Category, Product
from loyalty.coupons.rules import Rules, money
from loyalty.models import CouponKind
from loyalty.models.coupons import WHOLE_BP

SHOWN = 4  # names of one list


def worth(rules: Rules, names: Mapping[int, str] | None = None) -> str:
    """What the coupon gives: "¥5.00 off", "10% off, ¥20.00 at most". `names` of products, where they are known."""
    kind = CouponKind(rules.kind)
    if kind is CouponKind.GIFT:
        gift = (names or {}).get(rules.gift_id or 0) or _product(rules.gift_id)
        return _("%(n)s × %(name)s as a gift") % {"n": rules.get or 1, "name": gift}
    if kind is CouponKind.BUY_GET:
        return _capped(rules, _bought(rules))
    off = _off(rules)
    if kind is CouponKind.DELIVERY:
        said = _("%(off)s off the delivery") % {"off": off} if off else _("free delivery")
    elif kind is CouponKind.NEXT_ORDER:
        said = _("%(off)s off the next order") % {"off": off}
    else:
        said = _("%(off)s off") % {"off": off}
    return _capped(rules, said)


def sentence(rules: Rules) -> str:
    """All of the terms: what, on what, from which amount, when, where, how often."""
    parts = [worth(rules), *_goods(rules)]
    if rules.minimum:
        parts.append(_("from %(money)s on") % {"money": _money(rules.minimum)})
    if rules.issued_from:
        parts.append(_("issued by a receipt of %(money)s or more") % {"money": _money(rules.issued_from)})
    parts += _time(rules) + _place(rules) + _limits(rules)
    said = "; ".join(part for part in parts if part)
    return f"{said[:1].upper()}{said[1:]}."


def _bought(rules: Rules) -> str:
    told = {"buy": rules.buy, "get": rules.get}
    if rules.share_bp in (None, WHOLE_BP):
        return _("buy %(buy)s, get %(get)s free") % told
    return _("buy %(buy)s, get %(get)s at %(off)s off") % {**told, "off": _off(rules)}


def _off(rules: Rules) -> str:
    if rules.share_bp is not None:
        share = rules.share_bp / 100
        return f"{words.number(share, 0 if share == int(share) else 2)}%"
    return _money(rules.amount) if rules.amount else ""


def _capped(rules: Rules, said: str) -> str:
    return (
        said
        if rules.most is None
        else _("%(what)s, %(money)s at most") % {"what": said, "money": _money(rules.most)}
    )


def _goods(rules: Rules) -> list[str]:
    only = _names(Category, rules.only_categories) + _names(Brand, rules.only_brands)
    only += _names(Product, rules.only_products)
    but = _names(Category, rules.not_categories) + _names(Brand, rules.not_brands)
    but += _names(Product, rules.not_products)
    parts = []
    if only:
        parts.append(_("on %(names)s") % {"names": _some(only)})
    if but:
        parts.append(_("not on %(names)s") % {"names": _some(but)})
    if rules.skips_discounted:
        parts.append(_("not on goods already reduced"))
    return parts


def _time(rules: Rules) -> list[str]:
    parts = []
    if rules.from_on and rules.to_on:
        told = {"first": _day(rules.from_on), "last": _day(rules.to_on)}
        parts.append(_("from %(first)s to %(last)s") % told)
    elif rules.from_on:
        parts.append(_("from %(day)s") % {"day": _day(rules.from_on)})
    elif rules.to_on:
        parts.append(_("until %(day)s") % {"day": _day(rules.to_on)})
    if rules.days is not None:
        day = ngettext(
            "until %(n)s day after it is issued", "until %(n)s days after it is issued", rules.days
        )
        parts.append(day % {"n": rules.days})
    if rules.weekdays:
        days = [str(WEEKDAYS[day - 1]) for day in sorted(rules.weekdays)]
        parts.append(_("only on %(days)s") % {"days": ", ".join(days)})
    return parts


def _place(rules: Rules) -> list[str]:
    parts = []
    if rules.only_stores:
        parts.append(_("only in %(names)s") % {"names": _some(_names(Store, rules.only_stores))})
    if rules.not_stores:
        parts.append(_("not in %(names)s") % {"names": _some(_names(Store, rules.not_stores))})
    if rules.tiers:
        parts.append(_("only for %(names)s") % {"names": _some(sorted(rules.tiers))})
    return parts


def _limits(rules: Rules) -> list[str]:
    parts = []
    if rules.per_customer:
        n = rules.per_customer
        parts.append(ngettext("%(n)s time a customer", "%(n)s times a customer", n) % {"n": n})
    if rules.per_day:
        n = rules.per_day
        parts.append(
            ngettext("%(n)s time a day and customer", "%(n)s times a day and customer", n) % {"n": n}
        )
    if rules.total:
        parts.append(_("%(n)s in all") % {"n": words.number(rules.total)})
    if rules.budget:
        parts.append(_("%(money)s in all") % {"money": _money(rules.budget)})
    if rules.stacking:
        parts.append(_("one of the group “%(name)s” a basket") % {"name": rules.stacking})
    return parts


def _names(model: Any, ids: frozenset[int]) -> list[str]:
    return (
        list(model.objects.filter(pk__in=ids).order_by("name").values_list("name", flat=True)) if ids else []
    )


def _some(names: Sequence[str]) -> str:
    more = len(names) - SHOWN
    shown = ", ".join(names[:SHOWN])
    return _("%(names)s and %(n)s more") % {"names": shown, "n": more} if more > 0 else shown


def _product(pk: int | None) -> str:
    return (pk and Product.objects.filter(pk=pk).values_list("name", flat=True).first()) or ""


def _money(cents: int | None) -> str:
    return words.money(money(cents or 0), Chain.current().currency)


def _day(day: date) -> str:
    return words.day(day)
