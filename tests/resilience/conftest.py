"""The system that is killed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.resilience.chaos import Chaos


@pytest.fixture
def chaos(tmp_path: Path) -> Iterator[Chaos]:
    made = Chaos(tmp_path / "home")
    yield made
    made.end()
