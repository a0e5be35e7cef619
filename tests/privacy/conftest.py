"""Privacy's tests: a state folder and an erasure log of their own, and a person who left traces everywhere."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crm.org.models import Store
from customers.models import Customer
from tests.privacy.canary import Canary, plant


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Any) -> Path:
    settings.HOME = type("Home", (), {"path": tmp_path / "home"})()
    settings.MEDIA_ROOT = tmp_path / "home" / "media"
    settings.ERASURE_LOG = str(tmp_path / "log" / "erasures.ndjson")
    return tmp_path / "home"


@pytest.fixture
def canary(harbour: Store, calling: Callable[..., Any]) -> Canary:
    return plant(harbour, calling)


@pytest.fixture
def bystander(harbour: Store) -> Customer:
    """Somebody who must be untouched."""
    from tests import cast

    person = cast.customer("Boris Bystander", of=harbour, phone="+8613911112222", email="boris@example.com")
    cast.purchase(person, at=harbour, on="2026-03-02", amount="7.00")
    return person
