"""Phones without a country code: whose they are, and when somebody has to say so."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from django.utils.timezone import now

from crm.lib import normalise
from crm.org import countries
from crm.org.models import Chain, Staff, Store
from customers import enrolment, identities, imports, search
from customers.models import Identity
from tests import cast

CHINESE, BOTH = "139 1234 5678", "13012345678"


@pytest.mark.parametrize(
    ("text", "of", "value"),
    [
        (CHINESE, ("US",), None),  # no number of the United States: asked
        (CHINESE, ("US", "CN"), "+8613912345678"),
        (CHINESE, ("US", "CN", "HK"), "+8613912345678"),
        (BOTH, ("US",), "+13012345678"),  # as people there write it
        (BOTH, ("US", "CN"), None),  # a number of Maryland and a mobile: asked
        (BOTH, ("CN", "US"), "+8613012345678"),
        ("301 234 5678", ("US", "CN"), "+13012345678"),
        ("12125551234", ("CN", "US"), "+12125551234"),
        ("2125551234", ("CN", "US"), None),  # of New York, or of Shanghai without its zero
        ("021 2555 1234", ("CN", "US"), "+862125551234"),
        ("8613912345678", ("US", "CN"), "+8613912345678"),
        ("+1 391 234 5678", ("US", "CN"), "+13912345678"),  # who writes the code is believed
        ("9123 4567", ("US", "CN"), None),
        ("9123 4567", ("US", "HK"), "+85291234567"),
    ],
)
def test_readings(text: str, of: tuple[str, ...], value: str | None) -> None:
    assert normalise.reading(text, of).value == value


@pytest.mark.django_db
def test_the_countries_of_a_chain(harbour: Store, uptown: Store) -> None:
    """Its own, those that it names, those of its stores' zones; a zone of no country says nothing."""
    Chain.objects.update(country="US", more_countries="HK, CN")
    Store.objects.update(timezone="UTC")
    assert countries.of_chain() == ("US", "HK", "CN")
    Store.objects.filter(pk=uptown.pk).update(timezone="Asia/Singapore")
    assert countries.of_chain() == ("US", "HK", "CN", "SG")


@pytest.fixture
def american(harbour: Store) -> Store:
    Chain.objects.update(country="US", more_countries="")
    Store.objects.update(timezone="America/New_York")
    return harbour


@pytest.mark.django_db
def test_the_counter_asks_and_then_reads(
    american: Store, ana: Staff, signed_in: Callable[[Staff], Client]
) -> None:
    """A Chinese mobile at an American counter: never a number of the United States."""
    page = signed_in(ana)
    told = {"phone": CHINESE, "name": "Li Na", "store": american.pk}
    answer = page.post("/counter/enrol/", told)
    assert (answer.status_code, Identity.objects.count()) == (422, 0)
    assert "There is no such number in your country." in answer.text
    Chain.objects.update(more_countries="CN")
    page.post("/counter/enrol/", told)
    assert Identity.objects.get().value == "+8613912345678"
    with pytest.raises(enrolment.InvalidIdentifier) as refused:
        enrolment.enrol([("phone", BOTH)], by=ana, at=now())
    assert "such as +1, +86." in refused.value.faults[0].detail


@pytest.mark.django_db
def test_looking_up_finds_whatever_it_may_be(american: Store, ana: Staff) -> None:
    Chain.objects.update(more_countries="CN")
    here = cast.customer("Joe", of=american, phone="+13012345678")
    there = cast.customer("Li Na", of=american, phone="+8613012345678")
    assert {hit.customer_id for hit in search.find(ana, BOTH)} == {here.pk, there.pk}
    assert identities.normalised("phone", BOTH) is None


@pytest.mark.django_db
def test_a_file_says_how_many_were_read_elsewhere(american: Store, tmp_path: Path) -> None:
    Chain.objects.update(more_countries="CN")
    path = tmp_path / "people.csv"
    path.write_text(f"phone,name\n{CHINESE},Li\n{BOTH},Bo\n2125551234,Joe\n+8613912345679,Na\n")
    tried = imports.run_now(path, "customers", by="system:test", dry_run=True)
    assert tried.job is not None
    counts = tried.job.counts
    assert (counts["rows"], counts["new"], counts["rejected"], counts["elsewhere"]) == (4, 3, 1, 1)
    assert (
        "Of which" in Path(tried.rejected_path).read_text()
        or "of which" in Path(tried.rejected_path).read_text()
    )
