"""Who is there: a customer by the number that was written down once, also after merges and erasures.

Whoever writes of a customer keeps them from being erased meanwhile: of an erased one nothing is written any more.
"""

from typing import ClassVar

from django.utils.translation import gettext as _

from crm.lib import prepared
from crm.lib.refusals import Refusal
from customers.models import Customer

MOST_SIGNPOSTS = 20


class Erased(Refusal):
    """The customer was erased on their request."""

    code: ClassVar[str] = "erased"
    status: ClassVar[int] = 410

    def __init__(self) -> None:
        super().__init__(_("This customer was erased on their request."))


def hold(customer_id: int) -> None:
    """Keep the customer till the end of the transaction; what goes through the gate enters it first. Raises Erased."""
    if prepared.row(_HOLD, [customer_id]) is None:
        raise Erased


def living(customer_id: int) -> Customer | None:
    """The member, or who they became, with the home store; None: nothing is held of them, or they never enrolled."""
    found = _row(customer_id)
    for _step in range(MOST_SIGNPOSTS):
        if found is None or found.merged_into_id is None:
            break
        found = _row(found.merged_into_id)
    return None if found is None or found.erased_at or found.merged_into_id or found.is_stub else found


def _row(pk: int) -> Customer | None:
    return Customer.objects.select_related("home_store").filter(pk=pk).first()


_HOLD = "SELECT 1 FROM customers_customer WHERE id = %s AND erased_at IS NULL FOR KEY SHARE"
