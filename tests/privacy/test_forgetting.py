"""The retention rule that erases customers who never enrolled."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from crm.org.models import Store
from crm.privacy import erasing, retention
from crm.privacy.models import Certificate
from customers.models import Customer
from tests import cast

pytestmark = pytest.mark.django_db


def test_stubs_are_erased_at_the_real_moment_and_those_in_use_are_left_for_later(
    harbour: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy, idle = (cast.customer("", of=harbour, phone=f"+861391111333{n}") for n in (1, 2))
    began, before = timezone.now(), timezone.now() - timedelta(days=1095)
    Customer.objects.filter(pk__in=[busy.pk, idle.pk]).update(
        is_stub=True, enrolled_at=None, created_at=before - timedelta(days=1)
    )
    erase = erasing.erase

    def in_use(customer_id: int, **how: Any) -> Certificate:
        if customer_id == busy.pk:
            raise erasing.StillInUse
        return erase(customer_id, **how)

    monkeypatch.setattr(erasing, "erase", in_use)
    (rule,) = [one.rule for one in retention.rules() if one.rule.name == "stubs"]
    assert rule.remove(before, retention.SLICE) == 1
    certificate = Certificate.objects.get()
    assert certificate.customer_id == idle.pk
    assert certificate.erased_at >= began
    assert rule.remove(before, retention.SLICE) == 0
