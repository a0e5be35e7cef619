"""Member pages through the whole server, and the night's friends: members with 12 coupons and points, each signed in.

The floor of a page is what the same server shows a stranger, the sign-in, which asks for nobody. The floor of friends
is the points alone: as many movements of both by the ledger, without a look at what speaks against.
"""

from collections.abc import Iterable
from datetime import timedelta

from django.utils import timezone

from benchmarks import bench_baskets
from benchmarks.figure import Figure, at_most, ratio_at_least
from benchmarks.lab import Lab, timed
from benchmarks.server import load, request, serving
from crm.org.models import Store
from customers.models import Customer, Identity, Purchase, Source
from customers.signins import sessions
from customers.signins.codes import Proven
from loyalty import ledger
from loyalty.ledger import Cause, NewLot
from loyalty.models import Referral, ReferralTerms
from loyalty.referrals import settling

TITLE = "member pages, and friends brought along"
MEMBERS, FRIENDS = 2_000, 500
PAGES = ("", "points/", "coupons/", "friends/", "preferences/")


def run(lab: Lab) -> Iterable[Figure]:
    name = lab.database("member")
    members = bench_baskets._chain(lab.scaled(MEMBERS))
    cookies = [_signed_in(who) for who in members[:200]]
    seconds = max(2.0, 4.0 * lab.scale)
    with serving(lab) as port:

        def stranger(_client: int, _n: int) -> bytes:
            return request("GET", "/member/")

        floor = load(port, stranger, seconds, clients=1)
        for page in PAGES:

            def own(_client: int, n: int, page: str = page) -> bytes:
                return request("GET", f"/member/{page}", cookie=cookies[n % len(cookies)])

            seen = load(port, own, seconds, clients=1)
            what = f"page: {page.strip('/') or 'home'}"
            yield Figure(what, seen.p95, "ms p95", "the sign-in", floor.p95, at_most(100))
    yield _friends(members, lab.scaled(FRIENDS))
    lab.forget(name)


def _signed_in(who: Customer) -> str:
    mail = Identity.objects.create(kind="email", value=f"m{who.pk}@example.com", customer=who)
    return "member=" + sessions.begin(Proven(who.pk, mail.pk), at=timezone.now())


def _friends(members: list[Customer], count: int) -> Figure:
    """Friends whose first purchase can no longer be returned: each becomes points for two."""
    at = timezone.now()
    came = at - timedelta(days=60)
    on = (came + timedelta(days=1)).date()
    shop, source = Store.objects.order_by("pk")[0], Source.objects.get_or_create(code="bench")[0]
    terms = ReferralTerms.objects.create(valid_from=came.date())
    friends = Customer.objects.bulk_create(Customer(name=f"F{n}", home_store=shop) for n in range(count))
    Purchase.objects.bulk_create(
        Purchase(
            customer=who, store=shop, source_id=source.pk, external_id=f"F{who.pk}", amount=30, business_date=on,
            occurred_at=came + timedelta(days=1),
        )
        for who in friends
    )  # fmt: skip
    rows = Referral.objects.bulk_create(
        Referral(
            customer=who, referrer_id=members[n % len(members)].pk, terms=terms, came_at=came, came_on=came.date()
        )
        for n, who in enumerate(friends)
    )  # fmt: skip
    with timed() as ours:
        for row in rows:
            settling.settle(row, on=at.date(), at=at)
    paid = Referral.objects.filter(movement__isnull=False).count()
    assert paid == count, f"{paid} of {count}"
    with timed() as bare:
        for n, who in enumerate(friends):
            for pk in (who.pk, members[n % len(members)].pk):
                ledger.earn(pk, [NewLot(100)], Cause(f"floor:{n}/{pk}", at, "bench"))
    ours_rate, floor_rate = count / ours.seconds, count / bare.seconds
    return Figure("friends settled", ours_rate, "/s", "the points alone", floor_rate, ratio_at_least(0.1))
