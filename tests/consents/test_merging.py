"""Merging: the most restrictive of both holds, and an un-merge takes exactly that away."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from django.db import transaction

from crm.lib.owned import move_rows
from customers import consents
from customers.consents import CELLS, cell
from customers.consents.cells import NO_CONTACT
from customers.merging import moves
from customers.merging.tables import Table
from customers.models import Consent, Customer
from customers.receiving import database

pytestmark = pytest.mark.django_db

MORNING = datetime(2026, 3, 10, 1, tzinfo=UTC)
EMAIL = cell("email", "marketing")
# Words of one person with the hour of each; what the cell says for them alone comes last.
LIVES: dict[str, list[tuple[bool | None, int]]] = {
    "never asked": [],
    "yes": [(True, 1)],
    "late yes": [(True, 9)],
    "no": [(False, 2)],
    "yes after no": [(False, 1), (True, 5)],
    "no after yes": [(True, 1), (False, 6)],
    "taken back": [(True, 1), (None, 8)],
}


def tell(who: Customer, life: str, where: Any = EMAIL) -> None:
    for word, hour in LIVES[life]:
        consents.record(who, channel=where.channel, purpose=where.purpose, is_given=word, wording="unknown/test",
                        source="test", by="system:test", at=MORNING + timedelta(hours=hour))  # fmt: skip


def carry(survivor: Customer, loser: Customer, merge_id: int = 7) -> int:
    """What a merge does with consents: restrict first, then carry the rows with their ids."""
    with transaction.atomic():
        cur = database.cursor()
        move_rows(cur)
        written = consents.restrict_on_merge(
            cur, survivor.pk, loser.pk, merge_id, MORNING + timedelta(hours=7)
        )
        moves.all_of(cur, Table(Consent), moves.Way(loser.pk, survivor.pk))
    return written


@pytest.mark.parametrize(("mine", "theirs"), list(product(LIVES, LIVES)))
def test_nothing_is_allowed_that_was_not_allowed_for_both(
    mine: str, theirs: str, irina: Customer, yusuf: Customer
) -> None:
    tell(irina, mine)
    tell(yusuf, theirs)
    before = [consents.state_of(one).cells[EMAIL].is_given for one in (irina, yusuf)]
    carry(irina, yusuf)
    after = consents.state_of(irina).cells[EMAIL].is_given
    assert after == (False if False in before else True if before == [True, True] else None)
    assert consents.allows(irina.pk, "email", "marketing") is (before == [True, True])


@pytest.mark.parametrize(("mine", "theirs"), list(product(LIVES, LIVES)))
def test_do_not_contact_of_either_stays(mine: str, theirs: str, irina: Customer, yusuf: Customer) -> None:
    tell(irina, mine, NO_CONTACT)
    tell(yusuf, theirs, NO_CONTACT)
    before = [consents.state_of(one).do_not_contact for one in (irina, yusuf)]
    carry(irina, yusuf)
    assert consents.state_of(irina).do_not_contact is any(before)


def test_an_unmerge_takes_away_what_the_merge_said_and_nothing_else(irina: Customer, yusuf: Customer) -> None:
    tell(irina, "late yes")
    tell(yusuf, "no")
    before = list(Consent.objects.order_by("pk").values())
    mine, theirs = ([row["id"] for row in before if row["customer_id"] == one.pk] for one in (irina, yusuf))
    assert carry(irina, yusuf) == 1
    assert list(Consent.objects.filter(source="merge:7").values_list("is_given", flat=True)) == [False]
    with transaction.atomic():
        cur = database.cursor()
        consents.lift_restriction(cur, irina.pk, 7)
        cur.execute(
            "WITH back AS (DELETE FROM customers_consent WHERE customer_id = %s AND id = ANY(%s) RETURNING *)"
            " INSERT INTO customers_consent (id, customer_id, purpose, channel, is_given, occurred_at, recorded_at,"
            " wording_id, source, store_id, recorded_by, evidence) SELECT id, %s, purpose, channel, is_given,"
            " occurred_at, recorded_at, wording_id, source, store_id, recorded_by, evidence FROM back",
            [irina.pk, theirs, yusuf.pk],
        )
    assert list(Consent.objects.order_by("pk").values()) == before
    assert [row["id"] for row in before if row["customer_id"] == irina.pk] == mine


def test_agreement_of_both_needs_no_word(irina: Customer, yusuf: Customer) -> None:
    tell(irina, "yes")
    tell(yusuf, "late yes")
    assert carry(irina, yusuf) == 0
    assert consents.allows(irina.pk, "email", "marketing")


def test_a_childs_word_does_not_begin_to_count(irina: Customer, yusuf: Customer) -> None:
    tell(irina, "yes")
    Customer.objects.filter(pk=yusuf.pk).update(birthday=date(2020, 1, 1))
    tell(yusuf, "late yes")
    carry(irina, yusuf)
    assert not consents.allows(irina.pk, "email", "marketing")


def test_every_cell_is_restricted_for_itself(irina: Customer, yusuf: Customer) -> None:
    for where in CELLS:
        tell(irina, "late yes", where)
        tell(yusuf, "no" if where.channel == EMAIL.channel else "yes", where)
    assert carry(irina, yusuf) == 2
    left = {where.code for where in CELLS if consents.allows(irina.pk, where.channel, where.purpose)}
    assert left == {where.code for where in CELLS} - {"email.marketing", "email.service"}
