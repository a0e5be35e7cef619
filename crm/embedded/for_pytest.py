"""Gives the tests servers of their own: no crash safety, much speed."""

import os

import pytest

from crm.embedded.home import Home
from crm.embedded.servers import ensure

# Tests run side by side and their nights are tiny: more threads would only wait for each other.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")


def pytest_configure(config: pytest.Config) -> None:
    if not config.option.collectonly and os.environ.get("DJANGO_SETTINGS_MODULE", "").endswith("test"):
        ensure(Home.for_tests())
