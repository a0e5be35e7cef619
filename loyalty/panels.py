"""What loyalty adds to the customer page and to lists of customers. The panels of one page share one reading."""

from typing import Any

from django.utils.timezone import now

from crm.org.models import Staff
from customers.models import Customer, Purchase
from loyalty import glance
from loyalty.accrual import reasons, words
from loyalty.models import Accrual
from loyalty.tiers import agents
from loyalty.tiers.standing import Standing, tier_names


def reading(customer: Customer) -> Standing:
    """Balances and tier, read once for all panels of a page, points along with them."""
    if "_loyalty" not in customer.__dict__:
        customer.__dict__["_loyalty"] = glance.with_standing(customer, now())
    found: Standing = customer.__dict__["_loyalty"]
    return found


def tier_badge(staff: Staff, customer: Customer) -> dict[str, Any] | None:
    """The tier, for the head of the page; nothing while the chain has none."""
    told = reading(customer)
    return {"told": told} if told.tier else None


def tier_progress(staff: Staff, customer: Customer) -> dict[str, Any] | None:
    """How far it is to the next tier, until when this one is kept, and whom the member can turn to."""
    told = reading(customer)
    return {"told": told, "now": glance.of(customer, now()), "customer": customer} if told.tier else None


def own_members(staff: Staff, _listed: None) -> dict[str, Any] | None:
    """The way to one's own members, for those who can have some."""
    return {} if staff.role in agents.ROLES else None


def by_hand(staff: Staff, customer: Customer) -> dict[str, Any] | None:
    return {"customer": customer}


def tier_column(staff: Staff, ids: list[int]) -> dict[int, tuple[Any, str]]:
    """The tier of each, as it stands."""
    return {pk: (name, "") for pk, name in tier_names(ids, now()).items()} if ids else {}


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
