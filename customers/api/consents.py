"""A customer's consents over the API: reading them now or at a past moment, and recording one."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from django.urls import reverse
from django.utils.timezone import now
from msgspec import Meta

from crm.org.permissions import Permission
from crm.rest.endpoints import Answer, endpoint
from crm.rest.problems import InvalidInput, NotFound
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from customers import consents
from customers.api import profiles, slots
from customers.api.customers import CUSTOMER_ID
from customers.api.shapes import In, Moment
from customers.consents import CELLS, links
from customers.consents.permission import ADULT_AT
from customers.consents.state import OF_AGE_ONLY
from customers.models import Customer

AHEAD = timedelta(minutes=5)
Channel = Literal["any", "phone", "sms", "email", "wechat", "push", "post"]
Purpose = Literal["contact", "marketing", "service", "profiling", "sharing"]


class ConsentQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which moment; now without it. `known_at`: by what had been recorded until then."""

    at: Moment | None = None
    known_at: Moment | None = None


class ConsentOut(msgspec.Struct):
    """`is_given`: what was said last, null when nobody asked. `allowed`: may it be acted on at that moment."""

    channel: str
    purpose: str
    is_given: bool | None
    allowed: bool
    since: datetime | None
    source: str
    wording: str


class ConsentsOut(msgspec.Struct):
    do_not_contact: bool
    is_minor: bool
    has_guardian: bool
    consents: list[ConsentOut]


class ConsentIn(In, kw_only=True):
    """A word of the customer. A yes names the wording that was shown. `contact` refused is "do not contact"."""

    purpose: Purpose
    is_given: bool
    channel: Channel = "any"
    wording: Annotated[
        str, Meta(max_length=60, description="Code of the text, such as sms.marketing.en.1.")
    ] = ""
    source: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,39}$", description="How it was said.")] = (
        "api"
    )
    occurred_at: Moment | None = None


class OfCustomer(ApiView):
    """Something of a customer whom the key sees."""

    permission = Permission.VIEW_CUSTOMERS
    scope = KeyScope.CUSTOMERS_READ
    tag = "customers"
    parts = {"customer": CUSTOMER_ID}

    def owner(self, public_id: str) -> int:
        """The row number of the customer, or of who they became."""
        number = Customer.row_id(public_id)
        found = profiles.visible_id(number, self.caller) if number is not None else None
        if found is None:
            raise NotFound
        return found


class Consents(OfCustomer):
    """What a customer agreed to."""

    @endpoint(
        "Read a customer's consents", answers={200: ConsentsOut}, query=ConsentQuery,
        problems={404: "Unknown, or not for this key.", 410: "`erased`."},
    )  # fmt: skip
    def get(self, customer: str) -> Any:
        """By channel and purpose, now or at a past moment; without channel for purposes that reach nobody."""
        return _shown(consents.state_of(self.owner(customer), self.query.at, self.query.known_at))

    @endpoint(
        "Record a consent",
        body=ConsentIn,
        answers={201: ConsentsOut},
        permission=Permission.RECORD_CONSENTS,
        scope=KeyScope.CUSTOMERS_WRITE,
        problems={404: "Unknown, or not for this key.", 410: "`erased`."},
        example={"channel": "sms", "purpose": "marketing", "is_given": False},
    )
    def post(self, told: ConsentIn, customer: str) -> Answer:
        """Words are only added. Of several the latest by `occurred_at` holds, of two at one time the no."""
        owner = self.owner(customer)
        if told.occurred_at is not None and told.occurred_at > now() + AHEAD:
            raise InvalidInput.at("/occurred_at", "This lies in the future.")
        consents.record(
            owner, channel=told.channel, purpose=told.purpose, is_given=told.is_given, wording=told.wording or None,
            source=told.source, by=self.caller, at=told.occurred_at,
        )  # fmt: skip
        return Answer(_shown(consents.state_of(owner)), 201)


class LinkOut(msgspec.Struct):
    """`unsubscribe` never ends: put it into List-Unsubscribe with `List-Unsubscribe=One-Click`."""

    preferences: str
    unsubscribe: str
    days: int


class LinkIn(In, kw_only=True):
    """What the unsubscribe link stops."""

    channel: Channel = "any"
    purpose: Purpose = "contact"


class PreferenceLinks(OfCustomer):
    """Links with which a customer sets their preferences themselves."""

    @endpoint(
        "Make preference links", body=LinkIn, answers={201: LinkOut}, permission=Permission.RECORD_CONSENTS,
        scope=KeyScope.CUSTOMERS_WRITE, problems={404: "Unknown, or not for this key.", 410: "`erased`."},
        example={"channel": "email", "purpose": "marketing"},
    )  # fmt: skip
    def post(self, told: LinkIn, customer: str) -> Answer:
        """Whoever has a link can use it: give it to the customer only."""
        person = Customer.objects.get(pk=self.owner(customer))
        cell = consents.cell(told.channel, told.purpose)
        tokens = {
            "preferences": links.preferences_token(person),
            "unsubscribe": links.unsubscribe_token(person, cell),
        }
        made = {
            name: self.request.build_absolute_uri(reverse(f"customers:{name}", args=[token]))
            for name, token in tokens.items()
        }
        return Answer(LinkOut(**made, days=links.PREFERENCES_FOR.days), 201)


def _shown(standing: consents.Standing) -> ConsentsOut:
    rows = [
        ConsentOut(
            cell.channel.code, cell.purpose.code, state.is_given, standing.allows(cell), state.since, state.source,
            state.wording,
        )
        for cell, state in standing.cells.items()
    ]  # fmt: skip
    return ConsentsOut(standing.do_not_contact, standing.is_minor, standing.has_guardian, rows)


class ConsentPart(msgspec.Struct):
    """In a profile: what may be acted on now, such as "sms.marketing" or "profiling"."""

    do_not_contact: bool
    allowed: list[str]


_CODES = ", ".join(f"({cell.purpose:d}, {cell.channel:d}, '{cell.code}')" for cell in CELLS)
_OF_AGE_ONLY = ", ".join(f"{purpose:d}" for purpose in sorted(OF_AGE_ONLY))
# The rule of `consents.permission`, for all cells at once.
_PART = f"""(
    SELECT json_build_object(
        'do_not_contact', coalesce(bool_or(word.purpose = 0 AND word.is_refused), false),
        'allowed', CASE WHEN bool_or(word.purpose = 0 AND word.is_refused) THEN '[]'::json ELSE
            coalesce(json_agg(cell.code ORDER BY cell.code) FILTER (WHERE word.is_given AND (
                word.purpose NOT IN ({_OF_AGE_ONLY}) OR customer.birthday IS NULL
                OR date_part('year', age((word.yes_at AT TIME ZONE coalesce((SELECT timezone FROM org_chain), 'UTC'))
                    ::date::timestamp, customer.birthday::timestamp)) >= {ADULT_AT}
                OR EXISTS (SELECT FROM customers_guardian g WHERE g.customer_id = %(id)s AND g.ended_at IS NULL)
            )), '[]'::json) END)
    FROM (
        SELECT purpose, channel, max(occurred_at) FILTER (WHERE is_given) AS yes_at,
            coalesce(max(occurred_at) FILTER (WHERE is_given)
                > coalesce(max(occurred_at) FILTER (WHERE is_given IS NOT TRUE), '-infinity'), false) AS is_given,
            coalesce(max(occurred_at) FILTER (WHERE is_given = false)
                >= coalesce(max(occurred_at) FILTER (WHERE is_given IS NOT FALSE), '-infinity'), false) AS is_refused
        FROM customers_consent WHERE customer_id = %(id)s GROUP BY purpose, channel
    ) word LEFT JOIN (VALUES {_CODES}) cell (purpose, channel, code)
        ON cell.purpose = word.purpose AND cell.channel = word.channel
)"""  # noqa: S608  our own names and numbers


def fill() -> None:
    """The profile's part."""
    slots.offer("consent", sql=_PART, shape=ConsentPart)
