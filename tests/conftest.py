"""The cast. Marta manages Harbour and Chen is a clerk there; Uma manages Uptown and must see nothing of Harbour;
Rosa leads the Coast, where both stand; Milo manages Mill, in another region. Irina is a customer of Harbour, Yusuf of
Uptown, Lin of Mill. Ana administers, Max does marketing, Noor analyses, Agnes answers complaints at Harbour.

Everybody comes on demand: a test that asks for `marta` writes Marta, Harbour, the Coast and the chain, no more.
"""

from collections.abc import Callable, Generator, Iterable
from datetime import UTC, date, datetime
from importlib import import_module
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from pytest_django.plugin import blocking_manager_key

from crm.org.models import Chain, Region, Staff, Store
from crm.org.permissions import Role
from crm.rest import keys, limits
from crm.schedule import night_steps
from customers import compiled
from customers.models import Customer
from tests import cast


@pytest.fixture(autouse=True)
def _forgetful_process() -> None:
    """What a process remembers of one test's database must not reach the next test."""
    forget_what_the_process_knows()


def forget_what_the_process_knows() -> None:
    from django.utils import translation

    from crm.org import models as org

    translation.deactivate()  # a page that was read in Chinese leaves its language behind

    getattr(org, "_key_cache", {}).clear()
    keys.forget()
    limits.forget()
    compiled.forget()
    cache.clear()


@pytest.fixture
def noon() -> datetime:
    """Tuesday, 10 March 2026, 12:00 in Shanghai."""
    return datetime(2026, 3, 10, 4, tzinfo=UTC)


@pytest.fixture
def today() -> date:
    return date(2026, 3, 10)


@pytest.fixture
def chain(db: None) -> Chain:
    return cast.chain()


@pytest.fixture
def coast(chain: Chain) -> Region:
    return cast.region("coast", "The Coast")


@pytest.fixture
def inland(chain: Chain) -> Region:
    return cast.region("inland", "Inland")


@pytest.fixture
def harbour(coast: Region) -> Store:
    return cast.store("HARB", "Harbour", of=coast)


@pytest.fixture
def uptown(coast: Region) -> Store:
    return cast.store("UPTN", "Uptown", of=coast)


@pytest.fixture
def mill(inland: Region) -> Store:
    return cast.store("MILL", "Mill", of=inland)


@pytest.fixture
def marta(harbour: Store) -> Staff:
    return cast.staff("Marta", Role.STORE_MANAGER, stores=[harbour])


@pytest.fixture
def chen(harbour: Store) -> Staff:
    return cast.staff("Chen", Role.CLERK, stores=[harbour])


@pytest.fixture
def agnes(harbour: Store) -> Staff:
    return cast.staff("Agnes", Role.AGENT, stores=[harbour])


@pytest.fixture
def uma(uptown: Store) -> Staff:
    return cast.staff("Uma", Role.STORE_MANAGER, stores=[uptown])


@pytest.fixture
def milo(mill: Store) -> Staff:
    return cast.staff("Milo", Role.STORE_MANAGER, stores=[mill])


@pytest.fixture
def rosa(coast: Region) -> Staff:
    return cast.staff("Rosa", Role.REGIONAL_MANAGER, of=coast)


@pytest.fixture
def max_(chain: Chain) -> Staff:
    return cast.staff("Max", Role.MARKETER)


@pytest.fixture
def noor(chain: Chain) -> Staff:
    return cast.staff("Noor", Role.ANALYST)


@pytest.fixture
def ana(chain: Chain) -> Staff:
    return cast.staff("Ana", Role.ADMINISTRATOR)


@pytest.fixture
def from_one(db: None) -> None:
    """Customers are numbered from 1 again, as long as the test lasts: where a test cuts them into ranges of few, there
    would be as many ranges as tests before it have made customers. What reads the width of a range is loaded before the
    test changes it; a module that was first loaded in between would keep the few for all tests to come."""
    night_steps()
    import_module("segmentation.lookalikes.searching")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_serial_sequence('customers_customer', 'id')")
        cursor.execute(f"ALTER SEQUENCE {cursor.fetchone()[0]} RESTART WITH 1")


@pytest.fixture
def irina(harbour: Store) -> Customer:
    return cast.customer(
        "Irina Petrova",
        of=harbour,
        phone="+8613800138000",
        email="irina@example.com",
        member="M0001",
        card="C1000001",
    )


@pytest.fixture
def yusuf(uptown: Store) -> Customer:
    return cast.customer("Yusuf Demir", of=uptown, phone="+8613900139000", member="M0002")


@pytest.fixture
def lin(mill: Store) -> Customer:
    return cast.customer("林小雨", of=mill, phone="+8613700137000", member="M0003")


@pytest.fixture
def calling(chain: Chain) -> Callable[..., Client]:
    """`calling("customers:read", stores=[harbour])` is another system, with a key of that scope and those stores."""

    def with_key(*scopes: str, stores: Iterable[Store] = (), **more: Any) -> Client:
        _key, secret = keys.create_key(name="till", scopes=scopes, by="system:test", stores=stores, **more)
        return Client(headers={"authorization": f"Bearer {secret}"}, raise_request_exception=False)

    return with_key


@pytest.fixture
def signed_in(client: Client) -> Callable[[Staff], Client]:
    """`signed_in(marta)` is a browser of its own in which Marta is signed in."""

    def open_browser(person: Staff) -> Client:
        browser = Client()
        assert person.user is not None
        browser.force_login(person.user, backend="crm.ui.staff.StaffBackend")
        return browser

    return open_browser


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Tests with real commits empty the tables behind them with TRUNCATE, which the audit trail refuses."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgname LIKE 'audit%no_truncate'"
        )
        for table, trigger in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, Any, Any]:
    """After a test with real commits its tables are emptied, and the trail, which sees that, tells the next test."""
    result = yield
    if nextitem is None:
        return result  # the database is gone
    marker = item.get_closest_marker("django_db")
    is_real = bool(marker and marker.kwargs.get("transaction"))
    if is_real or {"transactional_db", "live_server"} & set(getattr(item, "fixturenames", ())):
        with item.config.stash[blocking_manager_key].unblock(), connection.cursor() as cursor:
            cursor.execute("TRUNCATE audit_entry")
    return result
