"""Follow-ups at 1 M customers with 200,000 open items: the lists of my day, the whole page, and 10,000 made at once."""

from collections.abc import Iterable

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from benchmarks import bench_night
from benchmarks.bench_counter import _signed_in, _staff
from benchmarks.figure import Figure, at_most, ratio_at_most
from benchmarks.lab import Lab, best_of
from benchmarks.server import load, request, serving
from crm.org.models import Staff
from crm.org.permissions import Role
from customers import sharing, workdue, workkinds, worklists
from customers.models import Customer, WorkItem

TITLE = "follow-ups, 1 M customers, 200,000 open items"
ITEMS = 200_000
MANY = 10_000


def run(lab: Lab) -> Iterable[Figure]:
    lab.filled("night", lambda: bench_night.fill(lab))
    clerk = _staff(Role.CLERK)
    _fill(lab, clerk)
    now = timezone.now()
    yield Figure(
        "my day: both lists", best_of(5, lambda: worklists.my_day(clerk, now)) * 1000, "ms",
        "the bare rows by index", best_of(5, lambda: _bare(clerk)) * 1000, at_most(50),
    )  # fmt: skip
    cookie = f"{settings.SESSION_COOKIE_NAME}={_signed_in(clerk)}"
    with serving(lab) as port:
        rate = load(
            port,
            lambda _client, _n: request("GET", "/work/", cookie=cookie),
            max(2.0, 4.0 * lab.scale),
            clients=1,
        )
        yield Figure("my day: the page with an item open", rate.p95, "ms p95", bar=at_most(150))
    yield Figure(
        "looking for what fell due", best_of(3, lambda: workdue.tell_due(now)) * 1000, "ms", bar=at_most(1000)
    )
    yield Figure("items follow customers who moved", best_of(3, workdue.follow_customers) * 1000, "ms")
    yield _many(lab)


def _fill(lab: Lab, clerk: Staff) -> None:
    """One in fifty is the clerk's, the others are anybody's; due over ten days."""
    if WorkItem.objects.exists():
        return
    kind = workkinds.named("call")
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, {"kind": kind.pk, "clerk": clerk.pk, "rows": lab.scaled(ITEMS)})
        cursor.execute("VACUUM (ANALYZE) customers_workitem")


def _bare(clerk: Staff) -> None:
    rows = WorkItem.objects.open().order_by("due_at", "pk")
    list(rows.filter(owner=clerk).values_list("pk")[:101])
    list(rows.filter(owner=None, store__in=clerk.scope().store_ids or []).values_list("pk")[:101])


def _many(lab: Lab) -> Figure:
    """Both are rolled back."""
    boss, kind, now = _staff(Role.ADMINISTRATOR), workkinds.named("check"), timezone.now()
    some = Customer.objects.filter(
        pk__in=Customer.objects.order_by("pk").values("pk")[: min(MANY, lab.scaled(10**6))]
    )
    share = sharing.share_out(boss, some, [boss], kind)

    def ours() -> None:
        with transaction.atomic():
            sharing.create_many(share, kind=kind, title="Look", due_at=now, by=boss, at=now)
            transaction.set_rollback(True)

    def bulk_create() -> None:
        with transaction.atomic():
            WorkItem.objects.bulk_create(
                WorkItem(customer_id=customer, store_id=store, owner_id=owner, kind=kind, title="Look", due_at=now,
                         promised_at=now, created_by="staff:1", created_at=now)
                for customer, store, owner in share.rows
            )  # fmt: skip
            transaction.set_rollback(True)

    return Figure(
        f"{len(share.rows):,} made at once", best_of(3, ours), "s", "bulk_create", best_of(3, bulk_create),
        ratio_at_most(1),
    )  # fmt: skip


_INSERT = """
INSERT INTO customers_workitem (
    customer_id, store_id, owner_id, kind_id, title, script, due_at, promised_at, priority, state, about, note,
    created_by, created_at, ended_by
)
SELECT c.id, c.home_store_id, CASE WHEN c.id %% 50 = 0 THEN %(clerk)s END, %(kind)s, 'Call', '',
       now() + (c.id %% 240 - 48) * interval '1 hour', now(), 2, 1, '', '', 'system:bench', now(), ''
FROM (SELECT id, home_store_id FROM customers_customer ORDER BY id LIMIT %(rows)s) c
"""
