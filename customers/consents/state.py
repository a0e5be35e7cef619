"""What a customer agreed to, now or at any past moment.

The state is a function of the set of events and never of their order: of each cell the latest word holds, of those at
the same time the most restrictive. A minor's yes counts only with a guardian's record.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from crm.lib import prepared
from customers.consents.cells import CELLS, NO_CONTACT, Cell
from customers.consents.permission import ADULT_AT
from customers.models import Consent, ContactChannel, Customer, Purpose

RANK = {False: 0, None: 1, True: 2}  # the most restrictive first
OF_AGE_ONLY = frozenset({Purpose.MARKETING, Purpose.PROFILING, Purpose.SHARING})


@dataclass(frozen=True)
class State:
    """Where one cell stands. `is_given` None: not asked, or taken back. `counts`: a yes that may be acted on.

    `since`, `source`, `recorded_by`, `wording` (its code) and `event` are of the word that decides; None or "" without.
    """

    cell: Cell
    is_given: bool | None = None
    counts: bool = False
    since: datetime | None = None
    source: str = ""
    recorded_by: str = ""
    wording: str = ""
    event: int | None = None


@dataclass(frozen=True)
class Standing:
    """Where a customer stands in all cells. `is_minor`: by the birthday, on the day asked about."""

    cells: dict[Cell, State]
    contact: State
    is_minor: bool
    has_guardian: bool
    adult_at: int
    guardian: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def do_not_contact(self) -> bool:
        return self.contact.is_given is False

    def allows(self, cell: Cell) -> bool:
        """May it be acted on? "Do not contact" overrides."""
        return not self.do_not_contact and self.cells[cell].counts

    def refuses(self, cell: Cell) -> bool:
        """Were they asked about it, without a yes that holds?"""
        return self.cells[cell].event is not None and not self.allows(cell)

    @property
    def lacks_guardian(self) -> bool:
        """Is there a yes that does not count, because nobody stands for the minor?"""
        return any(state.is_given and not state.counts for state in self.cells.values())


def history(customer_id: int) -> QuerySet[Consent]:
    """Every word of a customer, newest first."""
    return (
        Consent.objects.filter(customer_id=customer_id)
        .select_related("wording")
        .order_by("-occurred_at", "-pk")
    )


def state_of(
    customer: Customer | int, at: datetime | None = None, known_at: datetime | None = None
) -> Standing:
    """Where the customer stands now, or stood at a past moment; one statement.

    With `known_at`: by what had been recorded until then. The birthday and the chain's rule are those of now: who turns
    out to have been a minor was one.
    """
    customer_id = customer.pk if isinstance(customer, Customer) else customer
    found = prepared.row(_STATE, {"id": customer_id, "at": at, "known": known_at})
    if found is None:
        raise Customer.DoesNotExist
    birthday, adult_at, zone, today, guardian, rows = found
    words = {
        word.cell: word for word in _words(rows, _Age(birthday, adult_at, ZoneInfo(zone)), bool(guardian))
    }
    return Standing(
        cells={cell: words.get(cell) or State(cell) for cell in CELLS},
        contact=words.get(NO_CONTACT) or State(NO_CONTACT),
        is_minor=birthday is not None and years_between(birthday, today) < adult_at,
        has_guardian=bool(guardian),
        adult_at=adult_at,
        guardian=guardian,
    )


def years_between(birthday: date, on: date) -> int:
    """Full years of age; who was born on 29 February grows older on 1 March."""
    return on.year - birthday.year - ((on.month, on.day) < (birthday.month, birthday.day))


@dataclass(frozen=True)
class _Age:
    birthday: date | None
    adult_at: int
    zone: ZoneInfo

    def is_of_age(self, at: datetime) -> bool:
        return (
            self.birthday is None
            or years_between(self.birthday, at.astimezone(self.zone).date()) >= self.adult_at
        )


def _words(rows: list[list[Any]] | None, age: _Age, has_guardian: bool) -> Iterator[State]:
    for purpose, channel, given, at, source, by, wording, event in rows or ():
        cell, since = Cell(Purpose(purpose), ContactChannel(channel)), datetime.fromisoformat(at)
        counts = bool(given) and (purpose not in OF_AGE_ONLY or has_guardian or age.is_of_age(since))
        yield State(cell, given, counts, since, source, by, wording or "", event)


# Every part names the customer by value, so that the plan stays with one partition.
_STATE = f"""
SELECT c.birthday, {ADULT_AT}, chain.timezone,
    (coalesce(%(at)s::timestamptz, now()) AT TIME ZONE chain.timezone)::date,
    (SELECT json_build_object('name', g.name, 'relation', g.relation, 'verified', g.verified,
        'confirmed_at', g.confirmed_at, 'id', g.id)
    FROM customers_guardian g WHERE g.customer_id = %(id)s
        AND g.confirmed_at <= coalesce(%(at)s::timestamptz, 'infinity')
        AND g.recorded_at <= coalesce(%(known)s::timestamptz, 'infinity')
        AND (g.ended_at IS NULL OR g.ended_at > coalesce(%(at)s::timestamptz, 'infinity'))
    ORDER BY g.confirmed_at DESC, g.id DESC LIMIT 1),
    (SELECT json_agg(json_build_array(last.purpose, last.channel, last.is_given, last.occurred_at, last.source,
        last.recorded_by, last.wording, last.id))
    FROM (
        SELECT w.*, wording.code AS wording, row_number() OVER (
            PARTITION BY w.customer_id, w.purpose, w.channel
            ORDER BY w.occurred_at DESC, CASE WHEN w.is_given THEN 2 WHEN w.is_given IS NULL THEN 1 ELSE 0 END,
                w.id DESC
        ) AS place
        FROM customers_consent w LEFT JOIN customers_wording wording ON wording.id = w.wording_id
        WHERE w.customer_id = %(id)s AND w.occurred_at <= coalesce(%(at)s::timestamptz, 'infinity')
            AND w.recorded_at <= coalesce(%(known)s::timestamptz, 'infinity')
    ) last WHERE last.place = 1)
FROM customers_customer c, (SELECT coalesce((SELECT timezone FROM org_chain), 'UTC') AS timezone) chain
WHERE c.id = %(id)s
"""  # noqa: S608  our own names
