"""What members get without asking: the night's birthday gifts, and coupons for the next order for many receipts.

The floor of each is a bare INSERT … SELECT of the rows that it wrote into tables of the same form, with their indexes;
that of a birthday also reads who has one.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from benchmarks.figure import Figure, ratio_at_least, ratio_at_most
from benchmarks.lab import Lab, timed
from crm.demo import earning
from customers.models import Customer
from customers.receiving import database
from customers.receiving.followers import Changed
from loyalty.coupons import defining, thanks
from loyalty.models import (
    Benefit,
    BenefitKind,
    Coupon,
    CouponDefinition,
    CouponKind,
    Programme,
    Tier,
    TierScheme,
)
from loyalty.tiers import birthdays

TITLE = "birthdays among 200,000 members, coupons for the next order of 100,000 receipts"
CUSTOMERS, RECEIPTS, PART = 200_000, 100_000, 5_000
FIRST, LATER = date(2026, 3, 10), date(2026, 6, 10)
AT = datetime(2026, 3, 9, 18, tzinfo=UTC)
BORN = "SELECT count(*) FROM customers_customer WHERE to_char(birthday, 'MM-DD') BETWEEN %s AND %s"


def run(lab: Lab) -> Iterable[Figure]:
    name = lab.database("gifts")
    fill(lab)
    offer = defining.define(code="birthday", name="Birthday", by="bench", at=AT,
                            terms={"kind": CouponKind.AMOUNT, "amount": Decimal(5), "days": 30})  # fmt: skip
    yield _birthdays(FIRST, None, {"movement": "true", "lot": "true", "trace": "true"})
    yield _birthdays(LATER, offer, of(offer))
    yield _next_orders()
    lab.forget(name)


def fill(lab: Lab) -> None:
    """Birthdays are spread evenly over the year. Of receipts that are known already nothing is due."""
    call_command(
        "create_synthetic", customers=lab.scaled(CUSTOMERS), receipts=lab.scaled(RECEIPTS), lines=3, days=60,
        until=timezone.now().date() - timedelta(days=1), no_arrivals=True,
    )  # fmt: skip
    if not Programme.objects.exists():
        earning.make()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE customers_customer SET birthday = date '1990-01-01' + (id %% 365)::int", [])
        cursor.execute("VACUUM (ANALYZE)")


def of(offer: CouponDefinition) -> dict[str, str]:
    return dict.fromkeys(("coupon", "couponcode"), f"definition_id = {offer.pk}")


def _birthdays(on: date, offer: CouponDefinition | None, rows: Mapping[str, str]) -> Figure:
    """One morning; the days of before that are made up for are with it."""
    base = Tier.objects.create(
        scheme=TierScheme.objects.create(valid_from=on), code="member", rank=0, names={"en": "Member"}
    )
    Benefit.objects.create(tier=base, kind=BenefitKind.BIRTHDAY_GIFT, value=1 if offer else 100, coupon=offer)
    at = datetime(on.year, on.month, on.day, tzinfo=UTC)
    with timed() as ours:
        gifts, before = birthdays.gifts_on(on, at)
        with transaction.atomic():
            given = birthdays.give(gifts, on, before, low=0, high=2**62, at=at)
    assert given
    days = [f"{one:%m-%d}" for one in (on - timedelta(days=birthdays.LATE), on + timedelta(days=before))]
    with timed() as bare, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(BORN, days)
        again(cursor, {**rows, "birthdaygift": f"given_on = '{on}'"})
    what = "birthday gifts, a coupon" if offer else "birthday gifts, points"
    return Figure(
        what, 1000 * ours.seconds, "ms", "reading who has one, bare INSERT … SELECT of the same rows",
        1000 * bare.seconds, ratio_at_most(12), note=f"{given:,} of {Customer.objects.count():,} members",
    )  # fmt: skip


def _next_orders() -> Figure:
    terms = {"kind": CouponKind.NEXT_ORDER, "amount": Decimal(5), "issued_from": Decimal("0.01"), "days": 30}
    offer = defining.define(
        code="next", name="Next", terms=terms, by="bench", at=datetime(2020, 1, 1, tzinfo=UTC)
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT customer_id, id FROM customers_purchase ORDER BY customer_id, id")
        changed = [Changed(*row) for row in cursor.fetchall()]
    with timed() as ours:
        for start in range(0, len(changed), PART):
            with transaction.atomic():
                cur = database.cursor()
                database.enter(cur)
                thanks.note(cur, changed[start : start + PART])
    issued = Coupon.objects.filter(source__startswith="receipt:").count()
    with timed() as bare, transaction.atomic(), connection.cursor() as cursor:
        again(cursor, of(offer))
    return Figure(
        "coupons for the next order, in bulk", issued / ours.seconds, "/s", "bare INSERT … SELECT of the same rows",
        issued / bare.seconds, ratio_at_least(0.01), note=f"{issued:,} of {len(changed):,} receipts",
    )  # fmt: skip


def again(cursor: Any, tables: Mapping[str, str]) -> None:
    """Rows of these tables, those of whom it is said, into tables of the same form."""
    for table, whose in tables.items():
        cursor.execute(
            f"CREATE TEMP TABLE bare_{table} (LIKE loyalty_{table} INCLUDING DEFAULTS INCLUDING INDEXES) ON COMMIT DROP"
        )
        cursor.execute(f"INSERT INTO bare_{table} SELECT * FROM loyalty_{table} WHERE {whose}")
