"""Runs the tests on the partition twin: `REGULARS_ENGINE=partitions pytest …`.

The test database is made and migrated as always, then converted before the first test sees it.
"""

import os
from collections.abc import Iterator

import pytest

ENGINES = ("plain", "partitions")
SUFFIX = "_twin"
PARTITIONS = 4  # enough to tell one from all; every truncation of a test pays for each


def engine() -> str:
    name = os.environ.get("REGULARS_ENGINE") or "plain"
    if name not in ENGINES:
        raise pytest.UsageError(f"REGULARS_ENGINE is one of {', '.join(ENGINES)}, not “{name}”.")
    return name


def pytest_configure(config: pytest.Config) -> None:
    engine()
    config.addinivalue_line("markers", "plain: needs the plain engine, so it is left out on the twin")
    config.addinivalue_line("markers", "twin: needs the partition twin, so it is left out elsewhere")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    unwanted = {"plain": "twin", "partitions": "plain"}[engine()]
    skip = pytest.mark.skip(reason=f"runs with the {'plain' if unwanted == 'plain' else 'partition'} engine")
    for item in items:
        if item.get_closest_marker(unwanted):
            item.add_marker(skip)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
) -> Iterator[None]:
    is_database = fixturedef.argname == "django_db_setup" and engine() == "partitions"
    if is_database:
        _name_database()
    made = yield
    if is_database:
        from crm.scaleout import partitions

        with request.getfixturevalue("django_db_blocker").unblock():
            partitions.convert(partitions=PARTITIONS)
    return made


def _name_database() -> None:
    """A name of its own, so that a database that is kept (`--reuse-db`) is never taken for a plain one."""
    from django.db import connection

    test = connection.settings_dict["TEST"]
    name = test["NAME"] or f"test_{connection.settings_dict['NAME']}"
    test["NAME"] = name if name.endswith(SUFFIX) else name + SUFFIX


def pytest_report_header() -> str:
    return f"engine: {engine()}"
