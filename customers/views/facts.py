"""What lists say about customers beside their name: loaded for a page of them at once, in a fixed number of queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from crm.org.models import Staff
from crm.org.models import public_id as coder
from crm.ui import slots
from customers import masks, nights
from customers.bought import NOTHING, Bought, bought_by
from customers.models import Customer, CustomField, Identity, IdentityKind, Lifecycle, Stage
from customers.views import factsheet

COLUMNS = "customer.list"
TONES = {
    Stage.POTENTIAL: "",
    Stage.NEW: "accent",
    Stage.ACTIVE: "good",
    Stage.DORMANT: "warn",
    Stage.LOST: "alert",
    Stage.WON_BACK: "accent",
}


@dataclass(frozen=True)
class Row:
    """A customer as lists show them: what they bought as of now, the stage as of the last night.

    `more`: what other apps add, as [(words, tone)] in the order of the columns.
    """

    customer: Customer
    public_id: str
    phone: str
    stage: Stage | None
    bought: Bought
    more: list[tuple[Any, str]]

    @property
    def tone(self) -> str:
        return TONES.get(self.stage, "") if self.stage else ""


def rows_of(
    staff: Staff, customers: Iterable[Customer], own: Iterable[CustomField] = ()
) -> tuple[list[Any], list[Row]]:
    """Labels of the added columns, and a row a customer, in the given order.

    The customers come with `home_store` selected. `own`: fields of the chain that are columns, too.
    """
    people = [masks.seen_by(staff, person) for person in customers]
    ids = [person.pk for person in people]
    phones, stages, bought = _phones(staff, ids), stages_of(ids), bought_by(ids)
    added = [*slots.columns(COLUMNS, staff, ids), *_own_columns(own, people)]
    encode = coder("cus").encode
    rows = [
        Row(
            person,
            encode(person.pk),
            phones.get(person.pk, ""),
            stages.get(person.pk),
            bought.get(person.pk, NOTHING),
            [values.get(person.pk, ("–", "")) for _label, values in added],
        )
        for person in people
    ]
    return [label for label, _values in added], rows


def _own_columns(
    own: Iterable[CustomField], people: list[Customer]
) -> list[tuple[Any, dict[int, tuple[Any, str]]]]:
    told = lambda one, person: factsheet.in_words(one, person.custom.get(one.code))  # noqa: E731
    return [
        (one.name, {person.pk: (said, "") for person in people if (said := told(one, person))}) for one in own
    ]


def with_facts(ids: Iterable[int]) -> dict[int, Customer]:
    """These customers with what `rows_of` needs, by id. Whether they may be seen was decided by the caller."""
    return Customer.objects.filter(pk__in=list(ids)).select_related("home_store").in_bulk()


def stages_of(ids: list[int]) -> dict[int, Stage]:
    """The stage that each is in, by the published night."""
    night = nights.published()
    now = (
        Lifecycle.objects.at(night.pk if night else None)
        .filter(customer__in=ids)
        .values_list("customer_id", "stage")
    )
    return {customer: Stage(stage) for customer, stage in now}


def _phones(staff: Staff, ids: list[int]) -> dict[int, str]:
    known = Identity.objects.filter(customer__in=ids, kind=IdentityKind.PHONE).order_by("is_primary", "-pk")
    return {
        customer: masks.identifier(staff, IdentityKind.PHONE, value)
        for customer, value in known.values_list("customer_id", "value")
    }
