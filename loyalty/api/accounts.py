"""Reading points: `GET accounts/{customer}/` and its entries."""

from datetime import datetime
from typing import Any

from django.utils.timezone import now

from crm.org.models import Store, public_id
from crm.org.permissions import Permission
from crm.rest import pages
from crm.rest.endpoints import endpoint
from crm.rest.problems import NotFound
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from customers.api import profiles
from customers.api.customers import CUSTOMER_ID
from customers.models import Customer
from loyalty import accounts
from loyalty.api.shapes import AccountOut, AccountsOut, DueOut, MovementOut, MovementPage, UnitCode
from loyalty.models import Kind, Movement, Unit


def customer_of(text: str, caller: Any) -> int:
    """The row number of a customer whom the key sees, of the survivor of a merge. Raises NotFound, Erased."""
    number = Customer.row_id(text)
    seen = profiles.visible_id(number, caller) if number is not None else None
    if seen is None:
        raise NotFound
    return seen


class Accounts(ApiView):
    """What a customer has."""

    permission = Permission.VIEW_LOYALTY
    scope = KeyScope.POINTS_READ
    tag = "points"
    parts = {"customer": CUSTOMER_ID}

    @endpoint(
        "Read a customer's accounts", answers={200: AccountsOut},
        problems={404: "Unknown, or not for this key.", 410: "`erased`."},
    )  # fmt: skip
    def get(self, customer: str) -> AccountsOut:
        """Points always, other units where there is or was something. Of money a unit is the smallest coin."""
        number = customer_of(customer, self.caller)
        found = accounts.of(number, now())
        return AccountsOut(Customer(pk=number).public_id, [_account(one) for one in found.values()])


class EntryQuery(pages.PageQuery):
    unit: UnitCode | None = None


class Entries(ApiView):
    """The movements of a customer's accounts."""

    permission = Permission.VIEW_LOYALTY
    scope = KeyScope.POINTS_READ
    tag = "points"
    parts = {"customer": CUSTOMER_ID}

    @endpoint(
        "List a customer's movements", answers={200: MovementPage}, query=EntryQuery,
        problems={404: "Unknown, or not for this key.", 410: "`erased`."},
    )  # fmt: skip
    def get(self, customer: str) -> Any:
        """By when they occurred, the newest first. Movements are only added."""
        rows = Movement.objects.filter(customer=customer_of(customer, self.caller)).order_by(
            "-occurred_at", "-pk"
        )
        if self.query.unit is not None:
            rows = rows.filter(unit=Unit[self.query.unit.upper()])
        if before := pages.position(self.query.cursor, datetime, pages.RowNumber):
            rows = rows.filter(occurred_at__lte=before[0]).exclude(occurred_at=before[0], pk__gte=before[1])
        found = list(rows[: self.query.limit + 1])
        codes = dict(Store.objects.filter(pk__in={one.store_id for one in found}).values_list("pk", "code"))
        shown = [_entry(one, codes) for one in found[: self.query.limit]]
        after = pages.cursor_after(found, self.query.limit, lambda one: (one.occurred_at, one.pk))
        return pages.page(self.request, shown, after)


def _account(one: accounts.AccountNow) -> AccountOut:
    return AccountOut(
        one.unit.code, one.spendable, one.available, one.pending, one.held, one.debt,  # type: ignore[arg-type]
        [DueOut(*due) for due in one.ending], [DueOut(*due) for due in one.vesting],
    )  # fmt: skip


def _entry(one: Movement, stores: dict[int, str]) -> MovementOut:
    receipt = None if one.purchase_id is None else public_id("rcp").encode(one.purchase_id)
    return MovementOut(
        one.public_id, Unit(one.unit).code, Kind(one.kind).code, one.points, one.available,  # type: ignore[arg-type]
        one.pending, one.held, one.debt, one.source, None if one.of_id is None else Movement(pk=one.of_id).public_id,
        receipt, stores.get(one.store_id or 0), one.occurred_at, one.recorded_at,
    )  # fmt: skip
