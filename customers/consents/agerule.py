"""The chain's age of consent. A change is a new version and holds at once, also for what was said before."""

from typing import Any, ClassVar

from django.db import transaction
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib import prepared
from crm.lib.refusals import Fault, Refusal
from customers.consents.permission import ADULT_AT
from customers.models import ConsentRules

LEAST, MOST = 1, 21


class InvalidAge(Refusal):
    code: ClassVar[str] = "invalid_age"


def current() -> int:
    """The chain's setting, else the law of its country."""
    found = prepared.row(f"SELECT {ADULT_AT}")
    return int(found[0]) if found else MOST


def change(adult_at: int, *, by: Any) -> int:
    """Raises InvalidAge; then nothing has changed."""
    if not LEAST <= adult_at <= MOST:
        words = _("From %(least)d to %(most)d years.") % {"least": LEAST, "most": MOST}
        raise InvalidAge(words, faults=(Fault("/adult_at", words),))
    with transaction.atomic():
        if (before := current()) != adult_at:
            made = ConsentRules.objects.create(adult_at=adult_at, created_by=trail.actor_name(by))
            trail.record("consentrules.change", made, by=by, details={"adult_at": [before, adult_at]})
    return adult_at
