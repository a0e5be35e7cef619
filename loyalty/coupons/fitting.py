"""Whether a coupon may be used for a basket, and what is missing. Pure, but for the names in a refusal."""

from collections.abc import Collection
from datetime import timedelta
from functools import cached_property

from django.utils import formats
from django.utils.dates import WEEKDAYS

from crm.lib import prepared
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


class Names:
    """What sentences name, read when it is first needed and then kept."""

    @cached_property
    def currency(self) -> str:
        found = prepared.row("SELECT currency FROM org_chain WHERE id = 1")
        return str(found[0]) if found else Chain.current().currency

    @cached_property
    def _stores(self) -> dict[int, str]:
        rows = Store.objects.filter(is_active=True).order_by("name", "pk")
        return dict(rows.values_list("pk", "name"))

    def stores(self, only: Collection[int], but: Collection[int] = ()) -> str:
        """The first five of these, or of all without `only`."""
        return ", ".join(
            [name for pk, name in self._stores.items() if pk not in but and (not only or pk in only)][:5]
        )

    def money(self, cents: int) -> str:
        return words.money(money(cents), self.currency)


def misfit(rules: Rules, basket: Basket, names: Names | None = None) -> CouponRefused | None:
    """Why these rules do not fit the basket, its store, member and day; None: they fit. Windows: see `window`."""
    names = names or Names()
    if found := misplaced(rules, basket, names):
        return found
    mine = applies_to(rules, basket)
    counted = sum(line.amount for line, counts in zip(basket.lines, mine, strict=True) if counts)
    if counted < rules.minimum:
        return below(rules, counted, names)
    off = discount_of(rules, basket)
    return None if off.taken_off or off.gifts else NothingApplies()


def misplaced(rules: Rules, basket: Basket, names: Names) -> CouponRefused | None:
    """What of it the goods have no part in: the store, the member's tier, the weekday."""
    if (
        rules.only_stores and basket.store_id not in rules.only_stores
    ) or basket.store_id in rules.not_stores:
        return WrongStore(names.stores(rules.only_stores, rules.not_stores))
    if rules.tiers and basket.tier not in rules.tiers:
        return WrongTier(", ".join(sorted(rules.tiers)))
    if rules.weekdays and basket.on.isoweekday() not in rules.weekdays:
        return WrongDay(", ".join(str(WEEKDAYS[day - 1]) for day in sorted(rules.weekdays)))
    return None


def below(rules: Rules, counted: int, names: Names) -> MinimumNotMet:
    """`counted`: cents of what the coupon counts."""
    missing = rules.minimum - counted
    return MinimumNotMet(names.money(rules.minimum), names.money(missing), missing)


def window(rules: Rules, basket: Basket) -> CouponRefused | None:
    """Of a shared code: whether the basket's day lies within its own. A coupon bears its window itself."""
    if rules.from_on and basket.on < rules.from_on - timedelta(days=basket.early):
        return CouponNotYet(formats.date_format(rules.from_on, "DATE_FORMAT"))
    if rules.to_on and basket.on > rules.to_on:
        return CouponExpired(formats.date_format(rules.to_on, "DATE_FORMAT"))
    return None
