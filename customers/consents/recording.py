"""Writing down what a customer said. Words are only added; a slip is undone by one more word.

The database's clock decides: a word is never later than the moment it is written, so that nothing said today can lose
against something from tomorrow. Whoever was merged away has their word written to the survivor; a merge that is under
way is waited for.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.db import transaction
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib import prepared
from crm.lib.refusals import Refusal
from customers.consents import wordings
from customers.consents.cells import NO_CONTACT, Cell, cell
from customers.models import Consent, Customer, Wording

UNDO = "undo:"


class InvalidConsent(Refusal):
    code: ClassVar[str] = "invalid_consent"


@dataclass(frozen=True)
class Choice:
    """A word about one cell. `wording`: the version that was shown, or its code; a yes needs one."""

    cell: Cell
    is_given: bool | None
    wording: Wording | str | None = None


def record(
    customer: Customer | int,
    *,
    channel: str | int | None,
    purpose: str | int,
    is_given: bool | None,
    wording: Wording | str | None,
    source: str,
    by: Any,
    at: datetime | None,
    store_id: int | None = None,
    evidence: dict[str, Any] | None = None,
) -> int:
    """Record one word; the event's row number. `at`: when it was said; None is now, by the database's clock.

    Do not contact: purpose "contact", `is_given` False. Raises UnknownCell, InvalidConsent; then nothing has changed.
    """
    choice = Choice(cell(channel, purpose), is_given, wording)
    return record_many(customer, [choice], source=source, by=by, at=at, store_id=store_id, evidence=evidence)[
        0
    ]


def record_many(
    customer: Customer | int,
    choices: Iterable[Choice],
    *,
    source: str,
    by: Any,
    at: datetime | None,
    store_id: int | None = None,
    evidence: dict[str, Any] | None = None,
) -> list[int]:
    """Record what was said in one breath (a form), all or nothing; the events' row numbers in order."""
    told = [(choice, _wording_of(choice)) for choice in choices]
    if not told:
        return []
    with transaction.atomic():
        owner = _living(customer.pk if isinstance(customer, Customer) else customer)
        rows = prepared.rows(_INSERT, {
            "customer": owner, "at": at, "source": source, "store": store_id, "by": trail.actor_name(by),
            "evidence": json.dumps(evidence or {}),
            "purposes": [int(choice.cell.purpose) for choice, _w in told],
            "channels": [int(choice.cell.channel) for choice, _w in told],
            "given": [choice.is_given for choice, _w in told],
            "wordings": [wording and wording.pk for _c, wording in told],
        })  # fmt: skip
        events = [row[0] for row in rows]
        said = {choice.cell.code: choice.is_given for choice, _w in told}
        details = {"said": said, "events": events, "source": source}
        trail.record(
            "consent.record", f"customers.customer:{owner}", by=by, store_id=store_id, details=details
        )
    return events


def undo(event: Consent, *, by: Any) -> int:
    """Take a word back: what held before it holds again from now on. The slip and its undoing stay in the history."""
    before = (
        Consent.objects.filter(
            customer_id=event.customer_id, purpose=event.purpose, channel=event.channel, pk__lt=event.pk
        )
        .select_related("wording")
        .order_by("occurred_at", "pk")
        .last()
    )
    said, wording = (before.is_given, before.wording) if before else (None, None)
    choice = Choice(cell(event.channel, event.purpose), said, wording)
    return record_many(
        event.customer_id, [choice], source=f"{UNDO}{event.pk}", by=by, at=None, store_id=event.store_id
    )[0]


def _wording_of(choice: Choice) -> Wording | None:
    wording = wordings.find(choice.wording) if isinstance(choice.wording, str) else choice.wording
    if wording is None and choice.is_given and choice.cell != NO_CONTACT:
        raise InvalidConsent(_("A yes needs the wording that was agreed to."))
    if wording is not None and wording.purpose is not None and wording.purpose != choice.cell.purpose:
        raise InvalidConsent(_("This wording is about something else."))
    return wording


def _living(customer_id: int) -> int:
    """The customer, or who they became; kept from being merged until the end of the transaction."""
    while row := prepared.row(_LOCK, {"id": customer_id}):
        if row[0] is None:
            return customer_id
        customer_id = row[0]
    raise Customer.DoesNotExist


_LOCK = "SELECT merged_into_id FROM customers_customer WHERE id = %(id)s FOR KEY SHARE"
_INSERT = """
INSERT INTO customers_consent
    (customer_id, purpose, channel, is_given, occurred_at, recorded_at, wording_id, source, store_id, recorded_by,
    evidence)
SELECT %(customer)s::bigint, said.purpose, said.channel, said.is_given,
    least(%(at)s::timestamptz, clock.now), clock.now, said.wording,
    %(source)s, %(store)s::bigint, %(by)s, %(evidence)s::jsonb
FROM unnest(%(purposes)s::smallint[], %(channels)s::smallint[], %(given)s::boolean[], %(wordings)s::bigint[])
    WITH ORDINALITY AS said (purpose, channel, is_given, wording, place),
    (SELECT clock_timestamp() AS now) clock
ORDER BY said.place
RETURNING id
"""
