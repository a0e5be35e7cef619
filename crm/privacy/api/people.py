"""One person: everything that is held of them, and their erasure."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.http import StreamingHttpResponse
from django.utils.timezone import now
from msgspec import Meta

from crm.org.models import public_id
from crm.org.permissions import Permission
from crm.privacy import erasing, exporting, requests
from crm.privacy.models import Certificate, Request
from crm.privacy.subjects import Subject, people, sees
from crm.rest.endpoints import JSON, Answer, endpoint
from crm.rest.problems import InvalidInput, NotFound
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView

CUSTOMER_ID = {"type": "string", "pattern": "^cus_[0-9a-z]{12}$"}
UNKNOWN = {404: "Unknown, or not for this key."}


class About(msgspec.Struct):
    """`customers`: how many customers the person is, with those who were merged into them."""

    customer: str
    made_at: datetime
    customers: int


class Column(msgspec.Struct):
    name: str
    heading: str
    kind: str


class Table(msgspec.Struct):
    """`rows`: each with its key as `row` and one value a column."""

    table: str
    heading: str
    after_erasure: str
    columns: list[Column]
    rows: list[dict[str, Any]]


class ExportOut(msgspec.Struct):
    about: About
    tables: list[Table]


class ErasureIn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`confirm` is the customer's id once more."""

    confirm: Annotated[
        str, Meta(max_length=40, description="The customer's id; of one merged away, the survivor's.")
    ]
    request: Annotated[UUID, Meta(description="The open privacy request that this answers.")] | None = None


class CertificateOut(msgspec.Struct):
    """`rows`: table or place to how many rows were treated. `digests` are keyed and prove identifiers later."""

    id: UUID
    customer: str
    erased_at: datetime
    erased_by: str
    request: UUID | None
    rows: dict[str, int]
    digests: list[str]


class _OfPerson(ApiView):
    permission = Permission.HANDLE_PRIVACY
    tag = "privacy"
    parts = {"customer": CUSTOMER_ID}

    def subject(self, text: str) -> Subject:
        found = subject_of(text, self.caller)
        if found is None:
            raise NotFound
        return found


class Export(_OfPerson):
    """Everything that is held of a customer."""

    scope = KeyScope.PRIVACY_READ
    writes = False  # a kept answer would be a copy of the person

    @endpoint("Export everything that is held of a customer", answers={200: ExportOut}, problems=UNKNOWN)
    def post(self, customer: str) -> StreamingHttpResponse:
        """Sent in pieces, however long the history is. Every call stands in the trail."""
        subject, at = self.subject(customer), now()
        requests.note_export(subject, by=self.caller, at=at, details={"format": "json"})
        pieces = exporting.in_language(exporting.as_json(subject, at=at))
        return StreamingHttpResponse(pieces, content_type=JSON, headers={"Cache-Control": "no-store"})


class Erasure(_OfPerson):
    """The erasure of a customer."""

    scope = KeyScope.PRIVACY_WRITE

    @endpoint(
        "Erase a customer",
        body=ErasureIn,
        answers={200: CertificateOut, 201: CertificateOut},
        problems=UNKNOWN
        | {
            409: "`still_in_use`: an import is reading a file with the person. Nothing has changed.",
            422: "`confirm` is not the customer's id, or `request` is no open request of theirs.",
        },
        example={"confirm": "cus_0f3k9w2mxq7t"},
    )
    def post(self, told: ErasureIn, customer: str) -> Answer:
        """Cannot be undone. Once erased, the same call is answered 200 with the same certificate."""
        subject = self.subject(customer)
        if told.confirm != subject.public_id:
            raise InvalidInput.at("/confirm", "This is not the customer's id.")
        if before := erasing.certificate_of(subject):
            return Answer(_out(before), 200)
        asked = _asked(told, subject)
        return Answer(_out(erasing.erase(subject.customer_id, by=self.caller, at=now(), request=asked)), 201)


def subject_of(text: str, caller: Any) -> Subject | None:
    """The person behind a public id, when the caller may see them."""
    number = public_id("cus").decode(text)
    subject = people().subject(number) if number is not None else None
    return subject if subject is not None and sees(caller, subject) else None


def _asked(told: ErasureIn, subject: Subject) -> Request | None:
    if told.request is None:
        return None
    found = requests.open_request(str(told.request), subject)
    if found is None:
        raise InvalidInput.at("/request", "This is no open request of this customer.")
    return found


def _out(one: Certificate) -> CertificateOut:
    return CertificateOut(
        one.key, public_id("cus").encode(one.customer_id), one.erased_at, one.erased_by,
        one.request.key if one.request else None,
        {label: done["rows"] for label, done in sorted(one.counts.items())}, one.digests,
    )  # fmt: skip
