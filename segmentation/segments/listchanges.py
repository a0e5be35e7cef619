"""What a file does to a list that is there: who comes, who goes, who stays.

Whoever sees some stores changes what the list holds of these stores. Customers outside of them stay on it, whatever the
file says: nobody takes off whom they cannot see.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from crm.org.scope import Viewer
from customers.models import Customer
from segmentation.models import SegmentListed, SegmentVersion

How = Literal["add", "remove", "only"]


@dataclass(frozen=True)
class Change:
    """`customers`: who is on the list afterwards. Of those whom the viewer sees: how many come, go and stay.

    `outside`: how many are on it whom the viewer does not see; they stay.
    """

    customers: list[int]
    coming: int
    going: int
    staying: int
    outside: int


def changes(version: SegmentVersion, named: Iterable[int], viewer: Viewer) -> dict[How, Change]:
    """What each way would do. `named`: row numbers of customers whom the viewer sees."""
    listed = SegmentListed.objects.filter(version=version).values("customer_id")
    living = Customer.objects.living().filter(pk__in=listed)
    held = set(living.values_list("pk", flat=True))
    seen = held if viewer.scope().is_chain else set(living.visible_to(viewer).values_list("pk", flat=True))
    told, outside = set(named), held - seen
    after: dict[How, set[int]] = {"add": seen | told, "remove": seen - told, "only": told}
    return {
        how: Change(
            sorted(outside | inside), len(inside - seen), len(seen - inside), len(inside & seen), len(outside)
        )
        for how, inside in after.items()
    }
