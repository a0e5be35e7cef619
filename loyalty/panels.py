"""What earning adds to the pages of others: the points of a receipt, with the arithmetic in words."""

from typing import Any

from crm.org.models import Staff
from customers.models import Purchase
from loyalty.accrual import reasons, words
from loyalty.models import Accrual


def of_purchase(staff: Staff, receipt: Purchase) -> dict[str, Any] | None:
    """None where the receipt has not been earned: before the programme, or a moment ago among many."""
    kept = (
        Accrual.objects.filter(customer=receipt.customer_id, purchase=receipt.pk)
        .select_related("programme")
        .first()
    )
    if kept is None:
        return None
    rows = reasons.rows(kept.reasons)
    told = words.told(
        rows, reasons.excluded(kept.reasons), kept.programme, words.names(rows), words.currency()
    )
    return {"earned": kept, "told": told, "taken": kept.points - kept.kept}
