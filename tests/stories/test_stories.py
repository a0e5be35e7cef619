"""Each story comes out as it is written: with the hourly runs, and when everything happens as the account is used."""

from pathlib import Path

import pytest
from django.db import connection
from django.db.models import Sum

from crm.org.models import Store
from customers.models import Customer
from loyalty.ledger import proof
from loyalty.models import Movement
from tests.stories.teller import Teller, read

pytestmark = pytest.mark.django_db
STORIES = sorted(Path(__file__).parent.glob("*.md"))
LEGS = ("available", "pending", "held", "debt", "contra")


def test_there_are_a_dozen() -> None:
    assert len(STORIES) >= 12


@pytest.mark.parametrize("by_the_clock", [True, False], ids=["runs", "use"])
@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_story(path: Path, by_the_clock: bool, irina: Customer, harbour: Store) -> None:
    story = read(path)
    teller = Teller(irina, harbour, by_the_clock)
    teller.begin(story.settings)
    assert story.rows
    for row in story.rows:
        teller.tell(row)
        assert teller.has() == row.has, f"{path.stem}, {row}"
    legs = Movement.objects.aggregate(**{leg: Sum(leg) for leg in LEGS})
    assert legs["contra"] == legs["debt"] - legs["available"] - legs["pending"] - legs["held"]
    assert [fault for slice_ in proof.prove() for fault in slice_.faults] == []
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
