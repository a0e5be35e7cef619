"""The days of the lifecycle: who sets them, what is refused, from when they hold, what is kept."""

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client

from crm.audit.models import Entry
from crm.org.models import Staff, Store
from customers import stages
from customers.models import LifecycleRules, Stage
from tests import cast
from tests.ui.forms import filled, taken

Browser = Callable[[Staff], Client]
ADDRESS = "/segments/lifecycle/"
LIFE = [Stage.ACTIVE, Stage.DORMANT, Stage.ACTIVE, Stage.NEW, Stage.POTENTIAL]


def days() -> tuple[int, int, int, int]:
    now = LifecycleRules.current()
    return now.new_days, now.dormant_days, now.lost_days, now.won_back_days


def test_the_marketer_sets_the_days(max_: Staff, signed_in: Browser) -> None:
    theirs = signed_in(max_)
    page = filled(theirs.get(ADDRESS))
    assert [page[f"{name}_days"] for name in ("new", "dormant", "lost", "won_back")] == [
        "30",
        "60",
        "180",
        "60",
    ]
    assert theirs.post(ADDRESS, page | {"dormant_days": "90", "lost_days": "365"}).status_code == 303
    assert days() == (30, 90, 365, 60)
    entry = Entry.objects.latest("pk")
    assert (entry.action, entry.actor) == ("lifecycle.change", f"staff:{max_.pk}")
    assert entry.changes == {"dormant_days": [60, 90], "lost_days": [180, 365]}
    html = theirs.get(ADDRESS).content.decode()
    assert "<td>Max</td>" in html
    assert "as delivered" in html


def test_the_same_days_again_are_no_version(max_: Staff, signed_in: Browser) -> None:
    theirs = signed_in(max_)
    page = filled(theirs.get(ADDRESS))
    before = (LifecycleRules.objects.count(), Entry.objects.count())
    assert theirs.post(ADDRESS, page).status_code == 303
    assert (LifecycleRules.objects.count(), Entry.objects.count()) == before


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"lost_days": "60"}, "lost_days", "Lost comes after dormant"),
        ({"new_days": "61"}, "new_days", "At most as many days as for dormant."),
        ({"won_back_days": "61"}, "won_back_days", "At most as many days as for dormant."),
        ({"new_days": "0"}, "new_days", "greater than or equal to 1"),
        ({"lost_days": "99999"}, "lost_days", "less than or equal to 3660"),
        ({"dormant_days": "soon"}, "dormant_days", "whole number"),
    ],
)
def test_days_that_contradict_each_other_change_nothing(
    max_: Staff, signed_in: Browser, changes: dict[str, str], field: str, sentence: str
) -> None:
    theirs = signed_in(max_)
    page = theirs.post(ADDRESS, filled(theirs.get(ADDRESS)) | changes)
    assert page.status_code == 422
    assert sentence in str(page.context["form"].errors[field])
    assert days() == (30, 60, 180, 60)


def test_two_people_at_the_days(max_: Staff, ana: Staff, signed_in: Browser) -> None:
    first, second = signed_in(max_), signed_in(ana)
    maxs, anas = filled(first.get(ADDRESS)), filled(second.get(ADDRESS))
    assert first.post(ADDRESS, maxs | {"lost_days": "200"}).status_code == 303
    assert second.post(ADDRESS, anas | {"new_days": "20"}).status_code == 303
    assert days() == (20, 60, 200, 60)
    page = second.post(ADDRESS, anas | {"lost_days": "300"})
    assert page.status_code == 409
    assert "Max changed this just now." in str(page.context["form"].errors["lost_days"])
    assert taken(page) == {"lost_days": "200"}
    assert days() == (20, 60, 200, 60)


def test_new_days_hold_from_the_next_night_on(max_: Staff, harbour: Store, signed_in: Browser) -> None:
    quiet = cast.customer("Quiet", of=harbour)
    cast.purchase(quiet, at=harbour, on="2026-01-01")
    cast.night("2026-03-09")
    theirs = signed_in(max_)
    theirs.post(ADDRESS, filled(theirs.get(ADDRESS)) | {"dormant_days": "90"})
    now = stages.stage_of(quiet)
    assert now is not None
    assert (now.stage, now.began_on) == (Stage.DORMANT, date(2026, 3, 2))
    cast.night("2026-03-10")
    now = stages.stage_of(quiet)
    assert now is not None
    assert (now.stage, now.began_on) == (Stage.ACTIVE, date(2026, 3, 10))
    assert [Stage(one.stage) for one in stages.life_of(quiet)] == LIFE


def test_clerks_and_managers_do_not_set_them(chen: Staff, marta: Staff, signed_in: Browser) -> None:
    for who in (chen, marta):
        assert signed_in(who).get(ADDRESS).status_code == 403
