"""Coupons in bulk: everybody meant gets one, once, whatever happens on the way."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from crm.jobs import runner
from crm.jobs.models import Job, State
from crm.org.models import Staff, Store
from customers import merging
from customers.models import Customer
from loyalty import coupons
from loyalty.coupons import audiences, defining, holding, issuing
from loyalty.coupons.refusals import CouponEnded, SharedCode
from loyalty.models import Coupon, CouponCode, CouponDefinition, CouponDue, CouponKind, CouponTally
from tests import cast
from tests.loyalty.test_coupons import goods, why

pytestmark = pytest.mark.django_db


def define(at: datetime, *, is_shared: bool = False, **terms: Any) -> CouponDefinition:
    five = {"kind": CouponKind.AMOUNT, "amount": Decimal(5), **terms}
    return defining.define(code="five", name="Five", is_shared=is_shared, terms=five, by="test", at=at)


def run(batch: Any) -> Job:
    return runner.run_until_ended(batch.job)


def test_all_members_each_with_the_midnight_of_the_home_store(
    irina: Customer, yusuf: Customer, harbour: Store, max_: Staff, noon: datetime
) -> None:
    abroad = cast.store("PARI", "Paris", timezone="Europe/Paris")
    nora = cast.customer("Nora", of=abroad)
    cast.customer("Guest", of=harbour, enrolled_at=None)
    batch = issuing.start(define(noon, days=0), audience="members:all", by=max_, at=noon)
    done = run(batch)
    assert (done.state, done.done, done.counts) == (State.DONE, 3, {"issued": 3, "left_out": 0})
    ends = dict(Coupon.objects.values_list("customer_id", "valid_to"))
    assert ends == {
        irina.pk: datetime(2026, 3, 10, 16, tzinfo=UTC), yusuf.pk: datetime(2026, 3, 10, 16, tzinfo=UTC),
        nora.pk: datetime(2026, 3, 10, 23, tzinfo=UTC),
    }  # fmt: skip
    assert CouponTally.objects.get().issued == 3
    assert not CouponDue.objects.exists()
    (held,) = holding.usable(nora.pk, noon, None)
    assert coupons.redeem(held.code, goods(harbour, noon), why("till:1", noon)).use.amount == 5
    assert CouponCode.objects.count() == 3


def test_a_list_goes_on_where_it_was(
    irina: Customer, yusuf: Customer, lin: Customer, max_: Staff, ana: Staff, noon: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(issuing, "SLICE", 1)
    ids = [irina.pk, yusuf.pk, lin.pk, irina.pk, 10**9]
    batch = issuing.start(define(noon), audience=audiences.LIST, by=max_, at=noon, customer_ids=ids)
    copy, calls = issuing.copy_in, []

    def once(*told: Any, **more: Any) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("killed")
        copy(*told, **more)

    monkeypatch.setattr(issuing, "copy_in", once)
    runner.run(batch.job.pk)
    assert (Coupon.objects.count(), CouponDue.objects.count()) == (1, 3)
    merging.merge(irina, lin, by=ana, at=noon, is_confirmed=True, reason="showed both cards")
    done = run(batch)
    assert (done.state, done.counts["issued"], done.counts["left_out"]) == (State.DONE, 2, 2)
    assert CouponTally.objects.get().issued == Coupon.objects.count() == 2


def test_what_is_refused_and_what_ends_meanwhile(irina: Customer, max_: Staff, noon: datetime) -> None:
    five = define(noon)
    with pytest.raises(issuing.NobodyMeant):
        issuing.start(five, audience=audiences.LIST, by=max_, at=noon)
    batch = issuing.start(five, audience=audiences.LIST, by=max_, at=noon, customer_ids=[irina.pk])
    defining.end(five, by=max_, at=noon)
    assert run(batch).counts == {"issued": 0, "left_out": 1}
    with pytest.raises(CouponEnded):
        issuing.start(five, audience="members:all", by=max_, at=noon)
    CouponDefinition.objects.update(is_shared=True)
    with pytest.raises(SharedCode):
        issuing.start(CouponDefinition.objects.get(), audience="members:all", by=max_, at=noon)
    assert not Coupon.objects.exists()
