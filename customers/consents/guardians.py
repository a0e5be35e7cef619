"""Who stands for a minor: with their record a minor's yes counts (docs/algorithms/consent.md)."""

from typing import Any, ClassVar

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib import normalise
from crm.lib.refusals import Fault, Refusal
from customers.models import Customer, Guardian


class InvalidGuardian(Refusal):
    code: ClassVar[str] = "invalid_guardian"


def appoint(customer: Customer, *, name: str, relation: str, verified: str, by: Any) -> Guardian:
    """Record who consents for the customer, from now on. Raises InvalidGuardian; then nothing has changed."""
    name = normalise.plain(name)
    if not name or not name.isprintable() or len(name) > 120:
        words = _("The guardian's name is needed.")
        raise InvalidGuardian(words, faults=(Fault("/name", words),))
    with transaction.atomic():
        made = Guardian.objects.create(
            customer=customer, name=name, relation=relation, verified=verified, confirmed_at=Now(),
            recorded_by=trail.actor_name(by), recorded_at=Now(),
        )  # fmt: skip
        details = {"guardian": made.pk, "relation": relation, "verified": verified}
        trail.record("guardian.appoint", customer, by=by, store_id=customer.home_store_id, details=details)
    return made


def dismiss(customer: Customer, *, by: Any) -> int:
    """No guardian stands for the customer from now on; how many did."""
    with transaction.atomic():
        ended = Guardian.objects.filter(customer=customer, ended_at=None).update(ended_at=Now())
        if ended:
            trail.record("guardian.dismiss", customer, by=by, store_id=customer.home_store_id)
    return ended
