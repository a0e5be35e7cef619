"""Customers: finding one, listing, one profile, its receipts."""

from datetime import date
from typing import Annotated, Any

from django.db import transaction
from django.utils.timezone import now
from msgspec import Meta

from crm.org.models import public_id
from crm.org.permissions import Permission
from crm.rest import pages
from crm.rest.endpoints import Answer, endpoint
from crm.rest.problems import InvalidInput, NotFound
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from customers import enrolment, identities, invitations, profile
from customers.api import facts, histories, profiles
from customers.api.shapes import (
    CustomerPage,
    CustomerRow,
    EnrolmentIn,
    FactsIn,
    IdentityIn,
    Moment,
    ReceiptPage,
    ServingOut,
)
from customers.models import Customer

CUSTOMER_ID = {"type": "string", "pattern": "^cus_[0-9a-z]{12}$"}


class Lookup(ApiView):
    """One customer by an exact identifier. A POST, because personal data never stands in an address."""

    permission = Permission.FIND_CUSTOMERS
    scope = KeyScope.CUSTOMERS_READ
    tag = "customers"
    writes = False

    @endpoint(
        "Find a customer by an exact identifier",
        body=IdentityIn,
        answers={200: profiles.shape() | ServingOut},
        problems={404: "Nobody has this identifier."},
        example={"kind": "phone", "value": "+8613800138000"},
    )
    def post(self, asked: IdentityIn) -> Any:
        """Finds any customer of the chain. Of another branch's, the answer is what serving takes (`scope`: serving)."""
        values = identities.readings(asked.kind, asked.value)
        if not values:
            raise InvalidInput.at("/value", f"This is no {asked.kind}.")
        each = (profiles.find(asked.kind, value, self.caller) for value in values)
        found = next((one for one in each if one is not None), None)
        if found is None:
            raise NotFound("Nobody has this identifier.")
        return found


class CustomerQuery(pages.PageQuery, forbid_unknown_fields=True, kw_only=True):
    """Which customers."""

    store: Annotated[str, Meta(min_length=1, max_length=32, description="Code of the home store.")] | None = (
        None
    )
    updated_after: Moment | None = None


class Customers(ApiView):
    """The customers whose home store the key sees; enrolling one more."""

    permission = Permission.VIEW_CUSTOMERS
    scope = KeyScope.CUSTOMERS_READ
    tag = "customers"

    @endpoint("List customers", answers={200: CustomerPage}, query=CustomerQuery)
    def get(self) -> Any:
        """In the order in which they became known; those merged into another are left out."""
        after = pages.position(self.query.cursor, pages.RowNumber)
        rows = Customer.objects.visible_to(self.caller).living().order_by("pk")
        if after:
            rows = rows.filter(pk__gt=after[0])
        if self.query.store is not None:
            rows = rows.filter(home_store__code=self.query.store)
        if self.query.updated_after is not None:
            rows = rows.filter(updated_at__gt=self.query.updated_after)
        fields = ("pk", "name", "home_store__code", "is_stub", "enrolled_at", "updated_at")
        found = list(rows.values_list(*fields)[: self.query.limit + 1])
        encode = public_id("cus").encode
        shown = [CustomerRow(encode(pk), *values) for pk, *values in found[: self.query.limit]]
        return pages.page(
            self.request, shown, pages.cursor_after(found, self.query.limit, lambda row: (row[0],))
        )

    @endpoint(
        "Enrol a customer",
        body=EnrolmentIn,
        answers={201: profiles.shape()},
        permission=Permission.EDIT_CUSTOMERS,
        scope=KeyScope.CUSTOMERS_WRITE,
        problems={409: "`already_enrolled`, `identifiers_disagree`: the identifiers are somebody's already."},
        example={
            "identities": [{"kind": "phone", "value": "+8613800138000"}], "name": "Irina", "home_store": "HARB",
        },
    )  # fmt: skip
    def post(self, told: EnrolmentIn) -> Answer:
        """Somebody whom only receipts have named so far keeps all they bought. A key of one store enrols there."""
        fields = facts.of(told, self.caller)
        if "home_store_id" not in fields:
            fields["home_store_id"] = facts.own_store(self.caller)
        people = [(one.kind, one.value) for one in told.identities]
        code, at = invitations.read(told.invited_by), now()
        with transaction.atomic():
            done = enrolment.enrol(people, by=self.caller, at=at, source="api", **fields)
            invitations.take(done.customer.pk, code, at=at, by=self.caller)
        return Answer(profiles.get(done.customer.pk, self.caller), 201)


class OneCustomer(ApiView):
    """A customer's profile."""

    permission = Permission.VIEW_CUSTOMERS
    scope = KeyScope.CUSTOMERS_READ
    tag = "customers"
    parts = {"customer": CUSTOMER_ID}

    @endpoint(
        "Read a profile",
        answers={200: profiles.shape()},
        problems={404: "Unknown, or not for this key.", 410: "`erased`."},
    )
    def get(self, customer: str) -> Any:
        """With identifiers, tags, purchases in numbers; segment and scores as of the last published night."""
        number = Customer.row_id(customer)
        found = profiles.get(number, self.caller) if number is not None else None
        if found is None:
            raise NotFound
        return found

    @endpoint(
        "Change a customer's facts",
        body=FactsIn,
        answers={200: profiles.shape()},
        permission=Permission.EDIT_CUSTOMERS,
        scope=KeyScope.CUSTOMERS_WRITE,
        problems={404: "Unknown, or not for this key.", 410: "`erased`."},
        example={"occupation": "baker"},
    )
    def patch(self, told: FactsIn, customer: str) -> Any:
        """Only what is named changes. A customer cannot be moved to a store that the key does not see."""
        number = Customer.row_id(customer)
        seen = profiles.visible_id(number, self.caller) if number is not None else None
        if seen is None:
            raise NotFound
        profile.change(seen, facts.of(told, self.caller), by=self.caller)
        return profiles.get(seen, self.caller)


class Receipts(ApiView):
    """What a customer bought."""

    permission = Permission.VIEW_CUSTOMERS
    scope = KeyScope.CUSTOMERS_READ
    tag = "customers"
    parts = {"customer": CUSTOMER_ID}

    @endpoint(
        "List a customer's receipts", answers={200: ReceiptPage}, query=pages.PageQuery,
        problems={404: "Unknown, or not for this key.", 410: "`erased`."},
    )  # fmt: skip
    def get(self, customer: str) -> Any:
        """Newest business date first, with lines, payments and what was brought back."""
        number = Customer.row_id(customer)
        owner = profiles.visible_id(number, self.caller) if number is not None else None
        if owner is None:
            raise NotFound
        before = pages.position(self.query.cursor, date, pages.RowNumber)
        shown, last = histories.receipts(owner, before=before, limit=self.query.limit)
        return pages.page(self.request, shown, last and pages.cursor_of(*last))
