"""All that one page says of a customer beside their touches and receipts, in one statement.

Each part names the customer by value, so that one machine answers (decisions/0003). Purchases are as of now, the stages
as of the published night.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from crm.lib import prepared
from crm.org.models import Chain
from customers import nights
from customers.bought import Bought, Counted, counted
from customers.models import Customer, Identity, Night, Stage
from customers.models import CustomField as Field


class _Night(msgspec.Struct):
    id: int
    on: date
    window_days: int
    computed_at: datetime | None


class Held(msgspec.Struct):
    """A tag of the customer."""

    id: int
    name: str


class Spelled(msgspec.Struct):
    """A stretch in one stage; `ended_on` None: still."""

    stage: int
    began_on: date
    ended_on: date | None

    @property
    def label(self) -> Any:
        return Stage(self.stage).label


class Month(msgspec.Struct):
    """What was bought in a month, net of returns."""

    month: date
    spent: Decimal
    visits: int


class _Known(msgspec.Struct):
    id: int
    kind: str
    value: str
    is_primary: bool
    source: str
    verified_at: datetime | None


class _Bought(msgspec.Struct):
    count: int
    spent: Decimal
    first_on: date | None
    last_on: date | None
    undone: int


class _Counted(msgspec.Struct):
    last_on: date | None
    frequency: int
    monetary: Decimal


class _Defined(msgspec.Struct):
    id: int
    code: str
    label: str
    label_zh_hans: str
    label_zh_hant: str
    help: str
    kind: str
    choices: list[dict[str, Any]]
    is_required: bool
    is_personal: bool
    roles: list[str]


class _Read(msgspec.Struct):
    night: _Night | None
    known: list[_Known]
    tags: list[Held]
    spells: list[Spelled]
    bought: _Bought
    counted: _Counted | None
    months: list[Month]
    defined: list[_Defined]
    more: dict[str, Any]


class Whole(msgspec.Struct):
    """`identities`: the main one of a kind first. `spells`: newest first. `fields`: the chain's own, in their order.

    `counted`: by the published night, as `customers.bought.counted` says it; None where there is no night. `more`: what
    apps above offered (`offer`), by name.
    """

    night: Night | None
    identities: list[Identity]
    tags: list[Held]
    spells: list[Spelled]
    bought: Bought
    counted: Counted | None
    months: list[Month]
    fields: list[Field]
    more: dict[str, Any]

    @property
    def stage(self) -> Stage | None:
        open_ones = [one for one in self.spells if one.ended_on is None]
        return Stage(open_ones[0].stage) if open_ones else None

    def number(self, kind: str) -> str:
        """The customer's main identifier of a kind, or ""."""
        return next((one.value for one in self.identities if one.kind == kind), "")


@dataclass(frozen=True)
class Around:
    """What a page has read already when the panels of other apps are asked about a customer."""

    chain: Chain
    night: Night | None
    counted: Counted | None
    more: dict[str, Any]


_offered: dict[str, str] = {}


def offer(name: str, sql: str) -> None:
    """Have an app's part read with the rest; called from `AppConfig.ready()`. `sql`: see `customers.api.slots`."""
    _offered[name] = sql


def set_around(customer: Customer, chain: Chain, whole: Whole) -> None:
    """Tell panels what need not be read again."""
    customer.__dict__["_around"] = Around(chain, whole.night, whole.counted, whole.more)


def around(customer: Customer) -> Around:
    """What the page around a customer knows; read now where there is no page."""
    known: Around | None = customer.__dict__.get("_around")
    if known:
        return known
    night = nights.published()
    return Around(Chain.current(), night, counted(customer, night) if night else None, {})


_decoder = msgspec.json.Decoder(_Read)


def read(customer: Customer, *, months_since: date, spells: int = 12) -> Whole:
    """The customer, who was found in the reader's scope. `months_since`: the first day that counts for months."""
    more = ", ".join(f"'{name}', {sql}" for name, sql in sorted(_offered.items()))
    query = _WHOLE.replace("/* more */", more)  # the same text each time, as `prepared` wants it
    found = prepared.row(query, {"id": customer.pk, "since": months_since, "spells": spells})
    assert found is not None
    told = _decoder.decode(found[0])
    own = [Identity(customer=customer, **msgspec.structs.asdict(one)) for one in told.known]
    fields = [Field(**msgspec.structs.asdict(one)) for one in told.defined]
    bought = Bought(**msgspec.structs.asdict(told.bought))
    night = Night(**msgspec.structs.asdict(told.night)) if told.night else None
    by_night = Counted(**msgspec.structs.asdict(told.counted)) if told.counted else None
    return Whole(night, own, told.tags, told.spells, bought, by_night, told.months, fields, told.more)


_WHOLE = """
WITH night AS (
    SELECT night.id, night."on", night.window_days, night.computed_at FROM customers_publishednight published
    JOIN customers_night night ON night.id = published.night_id
)
SELECT json_build_object(
    'night', (SELECT to_json(night) FROM night),
    'known', (
        SELECT coalesce(json_agg(json_build_object(
            'id', id, 'kind', kind, 'value', value, 'is_primary', is_primary, 'source', source,
            'verified_at', verified_at
        ) ORDER BY kind, is_primary DESC, id), '[]')
        FROM customers_identity WHERE customer_id = %(id)s
    ),
    'tags', (
        SELECT coalesce(json_agg(json_build_object('id', tag.id, 'name', tag.name) ORDER BY tag.name), '[]')
        FROM customers_customertag held JOIN customers_tag tag ON tag.id = held.tag_id
        WHERE held.customer_id = %(id)s
    ),
    'spells', (
        SELECT coalesce(json_agg(json_build_object(
            'stage', spell.stage, 'began_on', spell.began_on, 'ended_on', spell.ended_on
        ) ORDER BY spell.began_on DESC, spell.night_id DESC), '[]')
        FROM (
            SELECT spell.stage, spell.began_on, spell.night_id,
                CASE WHEN spell.ended_night <= night.id THEN spell.ended_on END AS ended_on
            FROM customers_lifecycle spell, night
            WHERE spell.customer_id = %(id)s AND spell.night_id <= night.id
              AND NOT (spell.ended_night <= night.id AND spell.ended_on = spell.began_on) IS TRUE
            ORDER BY spell.began_on DESC, spell.night_id DESC LIMIT %(spells)s
        ) spell
    ),
    'bought', (
        SELECT json_build_object(
            'count', count(*) FILTER (WHERE returned = 0 OR returned < amount),
            'undone', count(*) FILTER (WHERE NOT (returned = 0 OR returned < amount)),
            'spent', coalesce(sum(amount - returned), 0)::text,
            'first_on', min(business_date) FILTER (WHERE returned = 0 OR returned < amount),
            'last_on', max(business_date) FILTER (WHERE returned = 0 OR returned < amount)
        ) FROM customers_purchase WHERE customer_id = %(id)s
    ),
    'counted', (
        SELECT json_build_object(
            'last_on', max(purchase.business_date),
            'frequency', count(*) FILTER (WHERE purchase.business_date > night."on" - night.window_days),
            'monetary', coalesce(sum(purchase.amount - purchase.returned)
                FILTER (WHERE purchase.business_date > night."on" - night.window_days), 0)::text
        ) FROM night LEFT JOIN customers_purchase purchase ON purchase.customer_id = %(id)s
          AND (purchase.returned = 0 OR purchase.returned < purchase.amount)
          AND purchase.business_date <= night."on"
          AND (night.computed_at IS NULL OR purchase.recorded_at <= night.computed_at)
        GROUP BY night.id
    ),
    'months', (
        SELECT coalesce(json_agg(json_build_object('month', month, 'spent', spent::text, 'visits', visits)), '[]')
        FROM (
            SELECT date_trunc('month', business_date::timestamp)::date AS month, sum(amount - returned) AS spent,
                count(*) AS visits
            FROM customers_purchase WHERE customer_id = %(id)s AND business_date >= %(since)s::date
            GROUP BY 1
        ) month
    ),
    'defined', (
        SELECT coalesce(json_agg(json_build_object(
            'id', id, 'code', code, 'label', label, 'label_zh_hans', label_zh_hans, 'label_zh_hant', label_zh_hant,
            'help', help, 'kind', kind, 'choices', choices, 'is_required', is_required, 'is_personal', is_personal,
            'roles', to_json(roles)
        ) ORDER BY "order", id), '[]')
        FROM customers_customfield WHERE archived_at IS NULL
    ),
    'more', json_build_object(/* more */)
)::text
"""
