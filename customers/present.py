"""Whoever writes of a customer keeps them from being erased meanwhile: of an erased one nothing is written any more."""

from typing import ClassVar

from django.utils.translation import gettext as _

from crm.lib import prepared
from crm.lib.refusals import Refusal


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


_HOLD = "SELECT 1 FROM customers_customer WHERE id = %s AND erased_at IS NULL FOR KEY SHARE"
