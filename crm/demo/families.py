"""A few families of the demo chain, so that pages show them. Made once."""

from django.utils import timezone

from customers.models import Customer
from loyalty.families import joining
from loyalty.models import Family, JoinedBy

BY = "system:load_demo"
SIZES = (3, 2, 4, 2)


def make() -> int:
    """How many; 0 where there are some already, or too few members."""
    members = (
        Customer.objects.living().filter(is_stub=False, home_store__isnull=False).order_by("home_store", "pk")
    )
    people = list(members.values_list("pk", flat=True)[: sum(SIZES)])
    if Family.objects.exists() or len(people) < sum(SIZES):
        return 0
    for size in SIZES:
        first, *others = people[:size]
        del people[:size]
        for number, other in enumerate(others):
            at = timezone.now()
            joining.join(other, first, way=JoinedBy.COUNTER, by=BY, at=at, shares=number != 1)
    return len(SIZES)
