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

from django.db import connection, transaction
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib import prepared
from crm.lib.refusals import Refusal
from customers import present
from customers.consents import profiles, wordings
from customers.consents.cells import NO_CONTACT, Cell, cell
from customers.models import Consent, Customer, Wording

UNDO = "undo:"


class InvalidConsent(Refusal):
    code: ClassVar[str] = "invalid_consent"


class NotTheLatest(Refusal):
    code: ClassVar[str] = "not_the_latest"
    status: ClassVar[int] = 409

    def __init__(self) -> None:
        super().__init__(_("Something newer was said since; nothing was changed."))


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
        owner = living(customer.pk if isinstance(customer, Customer) else customer)
        rows = prepared.rows(_INSERT, {
            "customer": owner, "at": at, "source": source, "store": store_id, "by": trail.actor_name(by),
            "evidence": json.dumps(evidence or {}),
            "purposes": [int(choice.cell.purpose) for choice, _w in told],
            "channels": [int(choice.cell.channel) for choice, _w in told],
            "given": [choice.is_given for choice, _w in told],
            "wordings": [wording and wording.pk for _c, wording in told],
        })  # fmt: skip
        events = [row[0] for row in rows]
        if any(choice.cell.purpose in profiles.CONCERNING for choice, _w in told):
            with connection.cursor() as cur:
                profiles.look_again(cur, [owner])
        said = {choice.cell.code: choice.is_given for choice, _w in told}
        details = {"said": said, "events": events, "source": source}
        trail.record(
            "consent.record", f"customers.customer:{owner}", by=by, store_id=store_id, details=details
        )
    return events


def undo(customer_id: int, events: Iterable[int], *, by: Any) -> list[int]:
    """Take words back: what held before them holds again from now on. Slip and undoing stay in the history.

    Raises NotTheLatest when something newer was said; then nothing has changed.
    """
    slips = Consent.objects.filter(customer_id=customer_id, pk__in=list(events)).order_by("pk")
    with transaction.atomic():
        choices = [_taken_back(slip) for slip in slips]
        source = f"{UNDO}{slips[0].pk}" if choices else ""
        return record_many(customer_id, choices, source=source, by=by, at=None)


def _taken_back(slip: Consent) -> Choice:
    """What held before: of two words at one time the stricter."""
    words = list(
        Consent.objects.filter(customer_id=slip.customer_id, purpose=slip.purpose, channel=slip.channel)
        .select_related("wording")
        .order_by("-occurred_at", "-pk")[:2]
    )
    if words[0].pk != slip.pk:
        raise NotTheLatest
    before = words[1] if len(words) > 1 else None
    said, wording = (before.is_given, before.wording) if before else (None, None)
    return Choice(cell(slip.channel, slip.purpose), said, wording)


def _wording_of(choice: Choice) -> Wording | None:
    wording = wordings.find(choice.wording) if isinstance(choice.wording, str) else choice.wording
    if wording is None and choice.is_given and choice.cell != NO_CONTACT:
        raise InvalidConsent(_("A yes needs the wording that was agreed to."))
    if wording is not None and wording.purpose is not None and wording.purpose != choice.cell.purpose:
        raise InvalidConsent(_("This wording is about something else."))
    return wording


def living(customer_id: int) -> int:
    """The customer, or who they became; kept from being merged until the end of the transaction."""
    while row := prepared.row(_LOCK, {"id": customer_id}):
        if row[0] is None:
            return customer_id
        customer_id = row[0]
    raise present.Erased


_LOCK = """
SELECT merged_into_id FROM customers_customer WHERE id = %(id)s AND erased_at IS NULL FOR KEY SHARE
"""
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
