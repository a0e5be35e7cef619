"""The data set is read once a session."""

from pathlib import Path

import pytest

from crm.demo import journey, places


@pytest.fixture(scope="session")
def data() -> Path:
    return journey.data_directory()


@pytest.fixture(scope="session")
def lines(data: Path) -> journey.Lines:
    return journey.read_lines(data)


@pytest.fixture(scope="session")
def stores(lines: journey.Lines) -> dict[int, places.Place]:
    return places.invent_places(lines)
