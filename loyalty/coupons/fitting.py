"""Whether a coupon may be used for a basket, and what is missing. Pure, but for the names in a refusal."""

from django.utils import formats
from django.utils.dates import WEEKDAYS

from crm.org.models import Chain, Store
from crm.ui import words
from loyalty.baskets import Basket
from loyalty.coupons.discounts import applies_to, discount_of
from loyalty.coupons.refusals import (
    CouponExpired,
    CouponNotYet,
    CouponRefused,
    MinimumNotMet,
    NothingApplies,
    WrongDay,
    WrongStore,
    WrongTier,
)
from loyalty.coupons.rules import Rules, money


def misfit(rules: Rules, basket: Basket) -> CouponRefused | None:
    """Why these rules do not fit the basket, its store, member and day; None: they fit. Windows: see `window`."""
    if (
        rules.only_stores and basket.store_id not in rules.only_stores
    ) or basket.store_id in rules.not_stores:
        return _wrong_store(rules)
    if rules.tiers and basket.tier not in rules.tiers:
        return WrongTier(", ".join(sorted(rules.tiers)))
    if rules.weekdays and basket.on.isoweekday() not in rules.weekdays:
        return WrongDay(", ".join(str(WEEKDAYS[day - 1]) for day in sorted(rules.weekdays)))
    mine = applies_to(rules, basket)
    counted = sum(line.amount for line, counts in zip(basket.lines, mine, strict=True) if counts)
    if counted < rules.minimum:
        return _below(rules.minimum, counted)
    found = discount_of(rules, basket)
    return None if found.taken_off or found.gifts else NothingApplies()


def window(rules: Rules, basket: Basket) -> CouponRefused | None:
    """Of a shared code: whether the basket's day lies within its own. A coupon bears its window itself."""
    if rules.from_on and basket.on < rules.from_on:
        return CouponNotYet(formats.date_format(rules.from_on, "DATE_FORMAT"))
    if rules.to_on and basket.on > rules.to_on:
        return CouponExpired(formats.date_format(rules.to_on, "DATE_FORMAT"))
    return None


def _wrong_store(rules: Rules) -> WrongStore:
    stores = Store.objects.filter(is_active=True).exclude(pk__in=rules.not_stores)
    if rules.only_stores:
        stores = stores.filter(pk__in=rules.only_stores)
    return WrongStore(", ".join(stores.values_list("name", flat=True)[:5]))


def _below(minimum: int, counted: int) -> MinimumNotMet:
    currency = Chain.current().currency
    missing = minimum - counted
    return MinimumNotMet(
        words.money(money(minimum), currency), words.money(money(missing), currency), missing
    )
