"""Birthday gifts: on which day, to whom, once a year whatever happens; 29 February; points and coupons."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction

from crm.org.models import Staff, Store
from customers import merging
from customers.models import Customer
from loyalty.coupons import defining
from loyalty.models import (
    Benefit,
    BenefitKind,
    BirthdayGift,
    Coupon,
    CouponKind,
    CouponTally,
    Kind,
    Movement,
    Tier,
    TierScheme,
)
from loyalty.tiers import birthdays, changing
from tests import cast
from tests.loyalty.test_tiers import at_noon, ladder

pytestmark = pytest.mark.django_db


def gives(before: int = 0, tier: str = "member", points: int = 100, coupon: Any = None) -> TierScheme:
    scheme = TierScheme.objects.filter(birthday_days=before).first() or ladder(birthday_days=before)
    found = Tier.objects.get(scheme=scheme, code=tier)
    Benefit.objects.create(tier=found, kind=BenefitKind.BIRTHDAY_GIFT, value=points, coupon=coupon)
    return scheme


def born(who: Customer, on: str) -> None:
    Customer.objects.filter(pk=who.pk).update(birthday=on)


def morning(on: str) -> int:
    at = at_noon(on)
    gifts, before = birthdays.gifts_on(date.fromisoformat(on), at)
    with transaction.atomic():
        return birthdays.give(gifts, date.fromisoformat(on), before, low=1, high=2**40, at=at) if gifts else 0


@pytest.mark.parametrize(
    ("birthday", "before", "too_early", "first", "last"),
    [
        ("1990-05-20", 0, "2026-05-19", "2026-05-20", "2026-05-27"),
        ("1990-05-20", 10, "2026-05-09", "2026-05-10", "2026-05-27"),
        ("1990-01-03", 7, "2026-12-26", "2026-12-27", "2027-01-10"),  # of the year of the birthday
        ("1992-02-29", 0, "2027-02-27", "2027-02-28", "2027-03-07"),
        ("1992-02-29", 0, "2028-02-28", "2028-02-29", "2028-03-07"),
    ],
)
def test_it_comes_on_its_day_and_once(
    irina: Customer, birthday: str, before: int, too_early: str, first: str, last: str
) -> None:
    gives(before)
    born(irina, birthday)
    assert morning(too_early) == 0
    assert [morning(first), morning(first), morning(last)] == [1, 0, 0]
    movement = Movement.objects.get(customer=irina, kind=Kind.EARN)
    year = BirthdayGift.objects.get(customer=irina).year
    assert (movement.points, movement.source) == (100, f"birthday:{year}:{irina.pk}")
    over = (date.fromisoformat(last) + timedelta(days=1)).isoformat()
    Customer.objects.filter(pk=irina.pk).update(
        birthday=f"1991{birthday[4:]}" if "02-29" not in birthday else birthday
    )
    assert morning(over) == 0


def test_a_birthday_that_is_told_anew_gives_nothing_more_that_year(irina: Customer) -> None:
    gives()
    born(irina, "1990-05-20")
    assert morning("2026-05-20") == 1
    born(irina, "1990-09-20")
    assert [morning("2026-09-20"), morning("2027-09-20")] == [0, 1]


def test_a_coupon_with_the_terms_of_its_moment(irina: Customer, yusuf: Customer, max_: Staff) -> None:
    terms = {"kind": CouponKind.AMOUNT, "amount": 10, "days": 30}
    cake = defining.define(code="cake", name="Cake", terms=terms, by=max_, at=at_noon("2026-01-01"))
    gives(coupon=cake, points=1)
    for who in (irina, yusuf):
        born(who, "1990-05-20")
    assert morning("2026-05-20") == 2
    got = Coupon.objects.get(customer=irina)
    assert (got.definition, got.source) == (cake, f"birthday:2026:{irina.pk}")
    assert CouponTally.objects.get(pk=cake.pk).issued == 2
    assert not Movement.objects.exists()
    defining.end(cake, by=max_, at=at_noon("2026-06-01"))
    assert morning("2027-05-20") == 0


def test_only_who_is_there_and_on_a_tier_that_gives(
    irina: Customer, yusuf: Customer, lin: Customer, harbour: Store, marta: Staff
) -> None:
    gives(tier="gold")
    for who in (irina, yusuf, lin):
        born(who, "1990-05-20")
    changing.change(irina, "gold", cause="goodwill", by=marta, at=at_noon("2026-05-01"))
    changing.change(lin, "gold", cause="goodwill", by=marta, at=at_noon("2026-05-01"))
    Customer.objects.filter(pk=lin.pk).update(erased_at=at_noon("2026-05-02"))
    cast.customer("Nobody", of=harbour)  # has told no birthday
    assert morning("2026-05-20") == 1
    assert list(BirthdayGift.objects.values_list("customer_id", "tier", "points")) == [
        (irina.pk, "gold", 100)
    ]


def test_a_merge_gives_nothing_twice(irina: Customer, yusuf: Customer, ana: Staff) -> None:
    gives()
    born(irina, "1990-05-20")
    born(yusuf, "1990-08-20")
    assert morning("2026-05-20") == 1
    done = merging.merge(yusuf, irina, by=ana, at=at_noon("2026-06-01"), reason="one", is_confirmed=True)
    assert BirthdayGift.objects.get().customer_id == yusuf.pk
    assert morning("2026-08-20") == 0
    merging.unmerge(done, by=ana, at=at_noon("2026-08-21"))
    assert BirthdayGift.objects.get().customer_id == irina.pk
    assert [morning("2026-08-21"), morning("2026-08-22")] == [1, 0]


def test_a_missed_night_gives_late_only_to_who_stood_there_on_the_birthday(
    irina: Customer, yusuf: Customer, lin: Customer, marta: Staff
) -> None:
    gives(tier="gold")
    for who, since in ((irina, "2026-05-20"), (yusuf, "2026-05-21"), (lin, "2026-05-01")):
        born(who, "1990-05-20")
        Customer.objects.filter(pk=who.pk).update(created_at=at_noon("2026-01-01"))
        changing.change(who, "gold", cause="goodwill", by=marta, at=at_noon(since))
    Customer.objects.filter(pk=lin.pk).update(enrolled_at=at_noon("2026-05-22"))
    assert morning("2026-05-25") == 1
    assert BirthdayGift.objects.get().customer_id == irina.pk
