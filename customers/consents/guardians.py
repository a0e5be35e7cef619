"""Who stands for a minor: with their record a minor's yes counts (docs/algorithms/consent.md).

As with words: whoever was merged away has it written for the survivor, and a merge that is under way is waited for.
"""

from typing import Any, ClassVar

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib import normalise
from crm.lib.refusals import Fault, Refusal
from customers.consents.recording import living
from customers.models import Customer, Guardian


class InvalidGuardian(Refusal):
    code: ClassVar[str] = "invalid_guardian"


class NoGuardian(Refusal):
    code: ClassVar[str] = "no_guardian"
    status: ClassVar[int] = 409


def appoint(customer: Customer, *, name: str, relation: str, verified: str, by: Any) -> Guardian:
    """Record who consents for the customer, from now on. Raises InvalidGuardian, Erased; then nothing has changed."""
    name = normalise.plain(name)
    if not name or not name.isprintable() or len(name) > 120:
        words = _("The guardian's name is needed.")
        raise InvalidGuardian(words, faults=(Fault("/name", words),))
    with transaction.atomic():
        owner = Customer.objects.get(pk=living(customer.pk))
        made = Guardian.objects.create(
            customer=owner, name=name, relation=relation, verified=verified, confirmed_at=Now(),
            recorded_by=trail.actor_name(by), recorded_at=Now(),
        )  # fmt: skip
        details = {"guardian": made.pk, "relation": relation, "verified": verified}
        trail.record("guardian.appoint", owner, by=by, store_id=owner.home_store_id, details=details)
    return made


def dismiss(customer: Customer, *, by: Any) -> int:
    """No guardian stands for the customer from now on; how many did. Raises NoGuardian when none did."""
    with transaction.atomic():
        owner = Customer.objects.get(pk=living(customer.pk))
        ended = Guardian.objects.filter(customer=owner, ended_at=None).update(ended_at=Now())
        if not ended:
            raise NoGuardian(_("No guardian stands for this customer; nothing was changed."))
        trail.record("guardian.dismiss", owner, by=by, store_id=owner.home_store_id)
    return ended
