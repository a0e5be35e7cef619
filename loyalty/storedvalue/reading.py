"""Reading stored value: a member's acts, what waits, what is owed by store on a day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Sum

from crm.org.models import Staff, Store
from crm.org.scope import Viewer
from loyalty.liability import figures
from loyalty.models import StoredOperation, StoredState, Unit

SIZE = 50


def acts(customer_id: int, *, after: str = "", limit: int = SIZE) -> tuple[list[StoredOperation], str]:
    """Newest first, from the act `after` (a public id) on; and the id that the next page begins after ("": none)."""
    rows = StoredOperation.objects.filter(customer=customer_id).select_related("offer", "store")
    if number := StoredOperation.row_id(after) if after else None:
        rows = rows.filter(pk__lt=number)
    found = list(rows.order_by("-pk")[: limit + 1])
    return found[:limit], found[limit - 1].public_id if len(found) > limit else ""


def given_back(found: Iterable[StoredOperation]) -> dict[int, int]:
    """By act, how much of it was given back or undone. One statement."""
    numbers = [one.pk for one in found]
    owners = {one.customer_id for one in found}
    rows = StoredOperation.objects.filter(customer__in=owners, of__in=numbers).values_list("of")
    sums = rows.annotate(p=Sum("principal"), b=Sum("bonus"))
    return {number: abs(int(p + b)) for number, p, b in sums}


def waiting(viewer: Viewer) -> list[StoredOperation]:
    """Pay-outs that wait for a second person, the oldest first."""
    rows = StoredOperation.objects.visible_to(viewer).filter(state=StoredState.WAITING)
    return list(rows.select_related("customer", "store").order_by("pk")[:100])


@dataclass
class Owed:
    """What is outstanding with a store (or in all) at the end of a day, by the ledger as it was known then."""

    name: str
    principal: int = 0
    bonus: int = 0


def owed(staff: Staff, on: date) -> tuple[Owed, list[Owed]]:
    """In all, and by the store where it was paid in; the largest first. Debts of an undone merge are taken off."""
    total, stores = Owed(""), dict[int, Owed]()
    for unit, name in ((Unit.STORED, "principal"), (Unit.BONUS, "bonus")):
        found = figures.of(staff, unit, on)
        setattr(total, name, found.total.net)
        for number, sums in found.stores.items():
            setattr(stores.setdefault(number, Owed("")), name, sums.net)
    names = dict(Store.objects.filter(pk__in=stores).values_list("pk", "name"))
    for number, one in stores.items():
        one.name = names.get(number, "–")
    rows = [one for one in stores.values() if one.principal or one.bonus]
    return total, sorted(rows, key=lambda one: (-one.principal, -one.bonus, one.name))
