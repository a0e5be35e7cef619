"""The demo chain's members spend: points while they shop, all through the year, and of late rewards and coupons.

Everything goes through the doors of the domain, after the first night has earned the year. Made once, and the same on
every installation: who spends, when and how much follows from what they bought.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import cycle, islice
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils import timezone

from crm.lib.refusals import Refusal
from crm.org.models import Store
from loyalty import coupons, ledger, rewards
from loyalty.baskets import MILLI, Basket, BasketLine
from loyalty.ledger import Cause
from loyalty.models import Coupon, CouponCode, Kind, Movement, RedemptionState, Reward, Unit
from loyalty.rewards import fulfilment

BY = "system:load_demo"
EACH = 7  # each seventh member spends points
MOST = 4  # times a member does
WAITS = (300, 500, 800, 1200)  # points at which somebody spends: one sort of member each
REWARDS, COUPONS = 60, 60
DAYS = 40  # of late
WAITING = 5  # of these: what is taken in the last days is still to be handed over


class Receipt(NamedTuple):
    """What a purchase earned, when it was, and from when on its points can be spent."""

    at: datetime
    store_id: int
    points: int
    vests_at: datetime


def make() -> int:
    """How often somebody spent something; 0 where somebody has before."""
    if Movement.objects.filter(kind=Kind.REDEEM, unit=Unit.POINTS).exists():
        return 0
    with transaction.atomic():
        return _points() + _rewards(timezone.now()) + _coupons(timezone.now())


def _points() -> int:
    done = 0
    for number, (customer_id, receipts) in enumerate(_earned()):
        for step, (one, points) in enumerate(islice(_spends(receipts, WAITS[number % len(WAITS)]), MOST)):
            ledger.redeem(customer_id, points, Cause(f"demo:spent:{step}", one.at, BY, one.store_id))
            done += 1
    return done


def _spends(receipts: list[Receipt], wait: int) -> Iterator[tuple[Receipt, int]]:
    """At which purchases somebody spends how much: whole hundreds, once enough can be spent."""
    spent, at = 0, 0
    ripe = sorted(receipts, key=lambda one: one.vests_at)
    there = 0
    for one in receipts:
        while at < len(ripe) and ripe[at].vests_at <= one.at:
            there += ripe[at].points
            at += 1
        points = (there - spent) // 100 * 100
        if points >= wait:
            spent += points
            yield one, points


def _earned() -> Iterator[tuple[int, list[Receipt]]]:
    """The receipts of each seventh member, as they came."""
    with connection.cursor() as cursor:
        cursor.execute(_EARNED, {"each": EACH})
        found: dict[int, list[Receipt]] = defaultdict(list)
        for customer_id, *receipt in cursor.fetchall():
            found[customer_id].append(Receipt(*receipt))
    yield from found.items()


def _rewards(at: datetime) -> int:
    """Members who have enough take one; what is handed over is, but that of the last days."""
    offers = list(Reward.objects.order_by("pk"))
    people = zip(cycle(offers), _people(since=at - timedelta(days=DAYS), least=1500), strict=False)

    def take(number: int, reward: Reward, customer_id: int, store_id: int) -> None:
        when = at - timedelta(days=number % DAYS, hours=number % 7)
        taken = rewards.redeem(customer_id, reward, Cause("demo:reward", when, BY, store_id)).redemption
        if taken.state == RedemptionState.READY and number % DAYS > WAITING:
            fulfilment.hand_over(customer_id, taken.pk, by=BY, at=when + timedelta(hours=2))

    acts = ((number, reward, *person) for number, (reward, person) in enumerate(people))
    return sum(_done(take, *act) for act in islice(acts, REWARDS))


def _coupons(at: datetime) -> int:
    """Own ones that were issued to all, and codes for everybody; on days on which they can be used."""
    own = dict(Coupon.objects.filter(definition__code="welcome").values_list("customer", "code"))
    shared = dict(
        CouponCode.objects.filter(definition__is_shared=True).values_list("definition__code", "code")
    )
    zones = {pk: ZoneInfo(zone) for pk, zone in Store.objects.values_list("pk", "timezone")}

    def use(number: int, customer_id: int, store_id: int) -> None:
        kind = ("welcome", "weekend", "delivery")[number % 3]
        when = at - timedelta(days=number % 15 + 1, hours=number % 5)
        if kind == "weekend":
            when -= timedelta(days=(when.astimezone(zones[store_id]).weekday() - 5) % 7)
        line = BasketLine(
            None, frozenset(), None, MILLI, 6200 + 710 * (number % 11) + 4000 * (kind == "delivery")
        )
        basket = Basket(store_id, when, (line,), zones[store_id], delivery=590 * (kind == "delivery"))
        code = own.get(customer_id, "") if kind == "welcome" else shared[kind]
        coupons.redeem(
            code, basket, Cause(f"demo:coupon:{number}", when, BY, store_id), customer_id=customer_id
        )

    people = enumerate(_people(since=at, least=1))
    return sum(_done(use, number, *person) for number, person in islice(people, COUPONS))


def _people(*, since: datetime, least: int) -> Iterator[tuple[int, int]]:
    """Members and their home stores: a few of each ten of those with so many points before a moment."""
    with connection.cursor() as cursor:
        cursor.execute(_HAVING, {"since": since, "least": least})
        rows = cursor.fetchall()
    yield from rows[3::10]
    yield from rows[6::10]


def _done(act: Callable[..., Any], *args: Any) -> bool:
    """Whether the domain let it be: whose points are spent, or whose store has no stock left, goes without."""
    try:
        with transaction.atomic():
            act(*args)
    except Refusal:
        return False
    return True


_EARNED = """
SELECT m.customer_id, m.occurred_at, m.store_id, l.points, coalesce(l.vests_at, m.occurred_at + interval '14 days')
FROM loyalty_movement m
JOIN loyalty_lot l ON l.customer_id = m.customer_id AND l.movement_id = m.id
JOIN (
    SELECT id, row_number() OVER (ORDER BY id) AS number FROM customers_customer
    WHERE merged_into_id IS NULL AND erased_at IS NULL AND NOT is_stub
) c ON c.id = m.customer_id AND c.number %% %(each)s = 0
WHERE m.kind = 1 AND m.unit = 1 AND m.purchase_id IS NOT NULL
ORDER BY m.customer_id, m.occurred_at, m.id
"""
_HAVING = """
SELECT c.id, c.home_store_id FROM customers_customer c
JOIN (
    SELECT customer_id FROM loyalty_lot WHERE unit = 1 AND coalesce(vests_at, earned_at) <= %(since)s
    GROUP BY customer_id HAVING sum(points) >= %(least)s
) l ON l.customer_id = c.id
WHERE c.home_store_id IS NOT NULL AND c.merged_into_id IS NULL AND c.erased_at IS NULL AND NOT c.is_stub
ORDER BY c.id
"""
