"""The first start fills the demo chain in, once, and never beside real people."""

from pathlib import Path

import pytest
from django.core.management import call_command

from crm.embedded.first_start import FirstStart
from crm.embedded.home import Home
from crm.management.commands import set_up

pytestmark = pytest.mark.django_db


@pytest.fixture
def called(settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands that `set_up` runs, instead of their work."""
    settings.HOME = Home(tmp_path)
    names: list[str] = []
    monkeypatch.setattr(set_up, "call_command", lambda name, **_options: names.append(name))
    return names


def first_start(settings) -> FirstStart:
    return FirstStart.of(settings.HOME)


def test_the_first_start_loads_the_demo_and_runs_a_night_and_the_second_does_not(called, settings) -> None:
    call_command("set_up")
    assert called == ["migrate", "load_demo", "nightly", "spend_demo"]
    call_command("set_up")
    assert called == ["migrate", "load_demo", "nightly", "spend_demo", "migrate"]
    assert first_start(settings).has_demo


def test_an_interrupted_first_start_goes_on_where_it_was(called, settings) -> None:
    first_start(settings).note("load_demo")
    call_command("set_up")
    assert called == ["migrate", "nightly", "spend_demo"]


def test_a_system_started_empty_stays_empty(called, settings) -> None:
    call_command("set_up", empty=True)
    call_command("set_up")
    assert called == ["migrate", "migrate"]
    assert not first_start(settings).has_demo


def test_no_demo_beside_real_customers(called, settings, irina) -> None:
    call_command("set_up")
    assert called == ["migrate"]
    assert first_start(settings).is_empty
