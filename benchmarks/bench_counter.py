"""The Counter at 1 M customers: what the search costs, and a page of hits through the whole server, one user."""

import random
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.cached_db import SessionStore

from benchmarks import bench_night
from benchmarks.figure import Figure, at_most
from benchmarks.lab import Lab, percentile, timed
from benchmarks.server import load, request, serving
from crm.lib import pinyin
from crm.org.models import Staff, Store
from crm.org.permissions import Role
from customers import search
from customers.models import Customer, Identity, IdentityKind

TITLE = "the Counter, 1 M customers"
LOOK_UPS = 400  # of each kind
CSRF = "c" * 32


def run(lab: Lab) -> Iterable[Figure]:
    lab.filled("night", lambda: bench_night.fill(lab))
    words = _words()
    for who, staff in (("whole chain", _staff(Role.ADMINISTRATOR)), ("one store", _staff(Role.CLERK))):
        for kind, texts in words.items():
            waits = list(_waits(partial(search.find, staff), texts))
            yield Figure(
                f"search, {who}: {kind}", percentile(waits, 0.99) * 1000, "ms p99", bar=at_most(5),
                note=f"median {percentile(waits, 0.5) * 1000:.2f} ms",
            )  # fmt: skip
    yield from _pages(lab, words)


def _waits(look_up: Callable[[str], object], texts: list[str]) -> Iterator[float]:
    """Seconds of each look-up with its way to the database and back; the first fifty only warm the caches."""
    for place, text in enumerate(texts[:50] + texts):
        with timed() as clock:
            look_up(text)
        if place >= len(texts[:50]):
            yield clock.seconds


def _pages(lab: Lab, words: dict[str, list[str]]) -> Iterable[Figure]:
    cookies = f"{settings.SESSION_COOKIE_NAME}={_signed_in(_staff(Role.ADMINISTRATOR))}; csrftoken={CSRF}"
    with serving(lab) as port:
        for kind, texts in words.items():

            def hits(_client: int, n: int, texts: list[str] = texts) -> bytes:
                return request(
                    "POST", "/counter/find/", urlencode({"q": texts[n % len(texts)]}).encode(), cookie=cookies,
                    content_type="application/x-www-form-urlencoded", x_csrftoken=CSRF, hx_request="true",
                )  # fmt: skip

            rate = load(port, hits, max(2.0, 4.0 * lab.scale), clients=1)
            yield Figure(f"page of hits: {kind}", rate.p95, "ms p95", bar=at_most(100))


def _staff(role: Role) -> Staff:
    user, _ = get_user_model().objects.get_or_create(username=f"bench-{role.value}")
    staff, is_new = Staff.objects.get_or_create(
        code=f"BENCH-{role.value}"[:32], defaults={"user": user, "name": str(role.label), "role": role}
    )
    if is_new:
        staff.stores.set(Store.objects.order_by("pk")[:1])
    return staff


def _signed_in(staff: Staff) -> str:
    """The cookie of a session, as signing in makes it."""
    assert staff.user is not None
    session = SessionStore()
    session[SESSION_KEY] = str(staff.user.pk)
    session[BACKEND_SESSION_KEY] = "crm.ui.staff.StaffBackend"
    session[HASH_SESSION_KEY] = staff.user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


def _words() -> dict[str, list[str]]:
    """What people type, taken from customers who are there; seeded."""
    pick = random.Random(20)
    last = Customer.objects.order_by("-pk").values_list("pk", flat=True)[0]
    first = Customer.objects.order_by("pk").values_list("pk", flat=True)[0]
    ids = [pick.randint(first, last) for _ in range(LOOK_UPS * 12)]
    names = [
        n for n in Customer.objects.filter(pk__in=ids).order_by("pk").values_list("name", flat=True) if n
    ]
    phones = list(
        Identity.objects.filter(customer_id__in=ids[: LOOK_UPS * 2], kind=IdentityKind.PHONE)
        .order_by("pk")
        .values_list("value", flat=True)
    )
    chinese = [name for name in names if not name.isascii() and len(name) > 1]
    latin = [name for name in names if name.isascii()]
    sounds = ["".join(pinyin.syllables(name)) for name in chinese]
    return {
        "exact phone": phones[:LOOK_UPS],
        "last four digits": [phone[-4:] for phone in phones[:LOOK_UPS]],
        "beginning of a name": [name[: pick.randint(2, 6)] for name in latin[:LOOK_UPS]],
        "two Chinese characters": [
            name[:2] if pick.random() < 0.5 else name[-2:] for name in chinese[:LOOK_UPS]
        ],
        "pinyin": [sound[: pick.randint(3, 9)] for sound in sounds[:LOOK_UPS]],
    }
