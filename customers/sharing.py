"""Many follow-ups at once: shared out among people, handed over together, and taken back.

*Sharing out*: by store, for only who sees a store's customers can have them. Within a store the chosen people get equal
numbers (they differ by one at most); who gets the odd ones goes round, so that over several stores nobody gets them
all. Customers of a store that none of the chosen sees are left to their store. What is shown is what is done: both come
from the same function.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.refusals import Refusal
from crm.notices.telling import tell
from crm.org.audience import who_see
from crm.org.models import Staff
from crm.org.permissions import Permission
from crm.org.scope import Viewer
from customers import workkinds
from customers.models import Customer, Priority, WorkBatch, WorkItem, WorkKind, WorkState

MOST = 10_000
Row = tuple[int, int | None, int | None]


class TooMany(Refusal):
    code: ClassVar[str] = "too_many_customers"


class Nobody(Refusal):
    code: ClassVar[str] = "no_customers"


class UndoneAlready(Refusal):
    code: ClassVar[str] = "undone_already"
    status: ClassVar[int] = 409


@dataclass(frozen=True)
class Share:
    """`rows`: (customer id, store id, owner id or None). `left_out`: they have such an item open already."""

    rows: Sequence[Row]
    left_out: int

    @property
    def by_owner(self) -> Counter[int | None]:
        return Counter(owner for _customer, _store, owner in self.rows)


def share_out(viewer: Viewer, people: QuerySet[Customer], staff: Sequence[Staff], kind: WorkKind) -> Share:
    """Who would get whom. Raises TooMany above MOST customers."""
    rows = Customer.objects.visible_to(viewer).living().filter(pk__in=people.values("pk"))
    found = list(rows.order_by("pk").values_list("pk", "home_store_id")[: MOST + 1])
    if len(found) > MOST:
        raise TooMany(_("More than %(n)s customers: narrow the list first.") % {"n": MOST})
    busy = _busy([pk for pk, _store in found], kind)
    by_store: dict[int | None, list[int]] = defaultdict(list)
    for pk, store in found:
        if pk not in busy:
            by_store[store].append(pk)
    return Share(list(_shared(by_store, staff)), len(busy))


def _busy(ids: list[int], kind: WorkKind) -> set[int]:
    """Those who have an open item of this kind."""
    rows = WorkItem.objects.open().filter(customer__in=ids, kind=kind)
    return set(rows.values_list("customer_id", flat=True))


def _shared(by_store: dict[int | None, list[int]], staff: Sequence[Staff]) -> Iterable[Row]:
    chosen, odd = {one.pk for one in staff}, 0
    for store in sorted(by_store, key=lambda one: one or 0):
        ids = by_store[store]
        able = sorted(
            who_see(store, Permission.WORK_ITEMS).filter(pk__in=chosen).values_list("pk", flat=True)
        )
        for place, pk in enumerate(ids):
            yield pk, store, able[(odd + place) % len(able)] if able else None
        odd += len(ids)


def create_many(
    share: Share, *, kind: WorkKind | str, title: str, due_at: datetime, script: str = "",
    priority: int = Priority.NORMAL, by: Staff, at: datetime,
) -> WorkBatch:  # fmt: skip
    """Make the items of a plan in one statement; each new owner is told once. Raises Nobody; `undo` takes all back."""
    if not share.rows:
        raise Nobody(_("Nobody here needs this: there is no customer, or each has such a follow-up already."))
    made = workkinds.named(kind)
    with transaction.atomic():
        batch = WorkBatch.objects.create(
            kind="created", title=title.strip(), count=len(share.rows), made_by=by, made_at=at
        )
        columns = [list(column) for column in zip(*share.rows, strict=True)]
        told: dict[str, Any] = {
            "kind": made.pk, "title": batch.title, "script": script.strip(), "due": due_at, "priority": priority,
            "batch": batch.pk, "by": trail.actor_name(by), "at": at,
        }  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(_CREATE, told | dict(zip(("customers", "stores", "owners"), columns, strict=True)))
        counts = share.by_owner
        for owner, count in counts.items():
            if owner not in (None, by.pk):
                tell([owner], "work.given", about=batch, params={"by": by.pk, "count": count})
        details = {
            "kind": made.code,
            "items": len(share.rows),
            "by_owner": {str(k): n for k, n in counts.items()},
        }
        trail.record("work.create_many", batch, by=by, details=details)
    return batch


_CREATE = """
INSERT INTO customers_workitem (
    customer_id, store_id, owner_id, kind_id, title, script, due_at, promised_at, priority, state, about, batch_id,
    note, created_by, created_at, ended_by
)
SELECT row.customer_id, row.store_id, row.owner_id, %(kind)s, %(title)s, %(script)s, %(due)s, %(due)s, %(priority)s,
       1, '', %(batch)s, '', %(by)s, %(at)s, ''
FROM unnest(%(customers)s::bigint[], %(stores)s::bigint[], %(owners)s::bigint[])
    AS row (customer_id, store_id, owner_id)
"""


def hand_many(
    viewer: Viewer, item_ids: Iterable[int], *, to: Staff | None, by: Staff, at: datetime
) -> WorkBatch:
    """Give these open items to somebody, or back to their stores. What they may not have stays; `count` tells."""
    with transaction.atomic():
        rows = WorkItem.objects.visible_to(viewer).open().filter(pk__in=list(item_ids))
        rows = rows.select_for_update(of=("self",), no_key=True).order_by("customer_id", "pk")
        found = list(rows.values_list("pk", "customer__home_store_id", "owner_id", "customer_id"))
        stores = {store for _pk, store, _owner, _customer in found}
        able = {
            store for store in stores if to is None or who_see(store, Permission.WORK_ITEMS).filter(pk=to.pk)
        }
        goal = to.pk if to else None
        moved = [one for one in found if one[1] in able and one[2] != goal]
        ids, people = [one[0] for one in moved], {one[3] for one in moved}
        WorkItem.objects.filter(customer__in=people, pk__in=ids).update(owner=to)
        batch = WorkBatch.objects.create(
            kind="handed",
            count=len(ids),
            to=to,
            made_by=by,
            made_at=at,
            before={str(o[0]): o[2] for o in moved},
        )
        if to and to.pk != by.pk and ids:
            tell([to.pk], "work.given", about=batch, params={"by": by.pk, "count": len(ids)})
        trail.record("work.hand_many", batch, by=by, details={"items": ids, "to": goal})
    return batch


def undo(batch: WorkBatch, *, by: Staff, at: datetime) -> int:
    """Take a batch back: what it made is cancelled unless it has ended, what it handed over returns unless it moved on.

    Returns how many items changed. Raises UndoneAlready.
    """
    with transaction.atomic():
        found = WorkBatch.objects.select_for_update().get(pk=batch.pk)
        if found.undone_at is not None:
            raise UndoneAlready(_("This was taken back already."))
        count = _cancel(found, by, at) if found.kind == "created" else _give_back(found)
        found.undone_at = at
        found.save(update_fields=["undone_at"])
        trail.record("work.undo_many", found, by=by, details={"items": count})
    return count


def _cancel(batch: WorkBatch, by: Staff, at: datetime) -> int:
    rows = WorkItem.objects.open().filter(batch_id=batch.pk)
    return rows.update(state=WorkState.CANCELLED, ended_at=at, ended_by=trail.actor_name(by))


def _give_back(batch: WorkBatch) -> int:
    by_owner: dict[int | None, list[int]] = defaultdict(list)
    for pk, owner in batch.before.items():
        by_owner[owner].append(int(pk))
    rows = WorkItem.objects.open().filter(owner=batch.to_id)
    return sum(rows.filter(pk__in=ids).update(owner_id=owner) for owner, ids in by_owner.items())
