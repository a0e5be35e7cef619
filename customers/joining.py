"""Becoming a member together with what one agreed to: both or neither.

An agreement is the code of the wording that was shown and ticked: so what is recorded is what stood there, also when
the text was changed while the form was open.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from customers import consents, enrolment, invitations
from customers.consents import Cell, Choice, InvalidConsent, wordings
from customers.consents.cells import by_code
from customers.enrolment import Enrolled
from customers.models import ContactChannel, Purpose

# What is asked where somebody joins: few questions, those that a store's channels need.
ASKED = (
    "sms.marketing",
    "wechat.marketing",
    "phone.marketing",
    "email.marketing",
    "sms.service",
    "profiling",
)


def asked(*, with_email: bool) -> list[Cell]:
    """The cells that a form asks about; e-mail only where it asks for an address."""
    codes = [code for code in ASKED if with_email or not code.startswith("email.")]
    return [cell for code in codes if (cell := by_code(code))]


def choices(agreed: Iterable[str]) -> list[Choice]:
    """A yes for each wording that was ticked. Raises InvalidConsent, InvalidWording."""
    told = []
    for code in dict.fromkeys(agreed):
        wording = wordings.find(code)
        if wording.purpose is None or wording.channel is None:
            raise InvalidConsent
        told.append(Choice(Cell(Purpose(wording.purpose), ContactChannel(wording.channel)), True, wording))
    return told


def join(
    identifiers: Iterable[tuple[str, str]],
    agreed: Iterable[str],
    *,
    by: Any,
    at: datetime,
    source: str,
    store_id: int,
    invited_by: str = "",
    **fields: Any,
) -> Enrolled:
    """Enrol somebody with their consents; `invited_by` is the code of the member who brought them along.

    Raises what `enrol`, `choices` and `invitations.read` raise; then nothing has changed.
    """
    with transaction.atomic():
        said, code = choices(agreed), invitations.read(invited_by)
        done = enrolment.enrol(
            identifiers, by=by, at=at, source=source[:40], home_store_id=store_id, **fields
        )
        consents.record_many(done.customer, said, source=source, by=by, at=None, store_id=store_id)
        invitations.take(done.customer.pk, code, at=at, by=by)
    return done
