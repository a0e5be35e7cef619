"""What speaks for a friend who is none: the same person, the same household, one device, a ring.

Each gives a code and no verdict: a person decides.
"""

from crm.lib import normalise
from customers.models import Customer, DuplicatePair, Identity, IdentityKind, PairState, VisitorMark
from loyalty.models import Referral, ReferralState

MOST_STEPS = 10
TAIL = 8  # digits of a phone, whatever is written before them


def flags(one: Referral, referrer: Customer, friend: Customer) -> list[str]:
    """Why somebody should look before points are given."""
    if referrer.pk == friend.pk:
        return ["self"]
    found = {
        "household": bool(_home(referrer) & _home(friend)),
        "phone": bool(_phones(referrer) & _phones(friend)),
        "device": bool(_devices(referrer) & _devices(friend)),
        "duplicate": _may_be_one(referrer, friend),
        "ring": _is_ring(referrer, friend),
        "many": _is_many(one, referrer),
    }
    return [name for name, is_so in found.items() if is_so]


def _home(who: Customer) -> set[str]:
    address = "".join(normalise.plain(who.address).casefold().split())
    return {told for told in (f"h:{who.household_code}", f"a:{address}") if len(told) > 2}


def _phones(who: Customer) -> set[str]:
    known = Identity.objects.filter(customer=who, kind=IdentityKind.PHONE).values_list("value", flat=True)
    return {value[-TAIL:] for value in known}


def _devices(who: Customer) -> set[str]:
    """Browsers and devices in which they were known, also under numbers that were merged into theirs."""
    numbers = together(who)
    marks = VisitorMark.objects.filter(customer_id__in=numbers).values_list("visitor", flat=True)
    return set(marks)


def together(who: Customer) -> list[int]:
    """Their number, and those of everybody who became them."""
    found, new = [who.pk], [who.pk]
    while new:
        new = list(Customer.objects.filter(merged_into__in=new).values_list("pk", flat=True))
        found += new
    return found


def _may_be_one(one: Customer, other: Customer) -> bool:
    """The comparison of all customers found them alike, and nobody has said that they are two."""
    first, second = sorted([one.pk, other.pk])
    return DuplicatePair.objects.filter(first_id=first, second_id=second, state=PairState.OPEN).exists()


def _is_ring(referrer: Customer, friend: Customer) -> bool:
    """Whether the friend stands above who brought them."""
    ours, above = set(together(friend)), set(together(referrer))
    for _step in range(MOST_STEPS):
        rows = Referral.objects.filter(customer__in=above).exclude(state=ReferralState.CANCELLED)
        above = set(rows.values_list("referrer_id", flat=True))
        if not above:
            return False
        if above & ours:
            return True
    return False


def _is_many(one: Referral, referrer: Customer) -> bool:
    month = Referral.objects.filter(
        referrer_id__in=together(referrer), state=ReferralState.PAID, came_on__year=one.came_on.year,
        came_on__month=one.came_on.month,
    )  # fmt: skip
    return month.exclude(pk=one.pk).count() >= one.terms.most_a_month
