"""One follow-up about a customer: making it, taking it, putting it off, recording what came of it, and back again.

Each act locks the item (by customer and id) and looks at what it finds: of two people who finish the same item the
second is told who was first, and of two who take it only one has it. The trail is written in the same transaction.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.db import transaction
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.refusals import Fault, Refusal
from crm.notices.telling import read, tell
from crm.org.audience import who_see
from crm.org.models import Staff, Store
from crm.org.permissions import Permission
from customers import interactions, present, workkinds
from customers.models import Customer, Priority, TouchChannel, WorkItem, WorkKind, WorkResult, WorkState

LONGEST_TITLE = 160
CHANNELS = {"call": TouchChannel.PHONE, "visit": TouchChannel.STORE}  # by the kind's code; others: other


class InvalidWork(Refusal):
    """`faults` point at "/title"."""

    code: ClassVar[str] = "invalid_work"


class NotTheirs(Refusal):
    """The person or store it was to go to does not see the customer."""

    code: ClassVar[str] = "not_their_customer"


class EndedAlready(Refusal):
    code: ClassVar[str] = "work_ended"
    status: ClassVar[int] = 409


class TakenAlready(Refusal):
    code: ClassVar[str] = "work_taken"
    status: ClassVar[int] = 409


class NotEnded(Refusal):
    code: ClassVar[str] = "work_not_ended"
    status: ClassVar[int] = 409


@dataclass(frozen=True)
class Finished:
    """`next`: the item that the result made ("call again at …")."""

    item: WorkItem
    next: WorkItem | None


def create(
    customer: Customer,
    *,
    kind: WorkKind | str,
    title: str,
    due_at: datetime,
    owner: Staff | None = None,
    store: Store | None = None,
    script: str = "",
    priority: int = Priority.NORMAL,
    by: Any,
    at: datetime,
    about: str = "",
) -> WorkItem:
    """A new follow-up. Without an owner it is anybody's of the customer's store.

    Raises InvalidWork, UnknownKind, NotTheirs, Erased; then nothing has changed.
    """
    title = clean_title(title)
    if store is not None and store.pk != customer.home_store_id:
        raise NotTheirs(_("%(store)s is not this customer's store.") % {"store": store.name})
    with transaction.atomic():
        present.hold(customer.pk)
        check_owner(owner, customer.home_store_id)
        item = WorkItem.objects.create(
            customer=customer, kind=workkinds.named(kind), title=title, script=script.strip(), due_at=due_at,
            promised_at=due_at, store_id=customer.home_store_id, owner=owner, priority=priority, about=about,
            created_by=trail.actor_name(by), created_at=at,
        )  # fmt: skip
        _record("work.create", item, by, {"kind": item.kind.code, "owner": item.owner_id})
        _tell_owner(item, by)
    return item


def finish(
    item: WorkItem,
    *,
    result: WorkResult | str,
    note: str = "",
    by: Any,
    at: datetime,
    again_at: datetime | None = None,
) -> Finished:
    """Record what came of it. A result that makes a next one ("call again") needs `again_at`, later than `at`.

    Raises EndedAlready (with who was first), UnknownResult, InvalidWork; then nothing has changed.
    """
    with transaction.atomic():
        found = locked(item)
        came = workkinds.result_of(found.kind, result)
        if came.again:
            check_to_come(again_at, at, "/again_at")
        after = _follow(found, again_at, by, at) if came.again and again_at else None
        _end(found, WorkState.DONE, by, at, result=came, note=note.strip(), next_id=after and after.pk)
        _record("work.finish", found, by, {"result": came.code, "next": after and after.pk})
        _touch("work.result", found, by, at, {"kind": found.kind.code, "result": came.code})
    return Finished(found, after)


def cancel(item: WorkItem, *, note: str = "", by: Any, at: datetime) -> WorkItem:
    """It is not to be done any more. Raises EndedAlready."""
    with transaction.atomic():
        found = locked(item)
        _end(found, WorkState.CANCELLED, by, at, note=note.strip())
        _record("work.cancel", found, by)
    return found


def reopen(item: WorkItem, *, by: Any, at: datetime) -> WorkItem:
    """Take a result or a cancellation back; the next item that the result made goes too, unless it has ended.

    Raises NotEnded.
    """
    with transaction.atomic():
        found = locked(item, is_open=False)
        if found.is_open:
            raise NotEnded(_("This is open."))
        made = WorkItem.objects.select_for_update(no_key=True).open()
        after = made.filter(customer_id=found.customer_id, pk=found.next_id or 0).first()
        if after is not None:
            _end(after, WorkState.CANCELLED, by, at)
            _record("work.cancel", after, by)
        if found.state == WorkState.DONE:
            _touch("work.reopened", found, by, at, {"kind": found.kind.code})
        _write(found, state=WorkState.OPEN, ended_by="", ended_at=None, result=None, note="", next_id=None)
        _record("work.reopen", found, by)
    return found


def take(item: WorkItem, *, by: Staff, at: datetime) -> WorkItem:
    """“I take it”: what is anybody's becomes `by`'s. Again by the same person: nothing changes.

    Raises TakenAlready, EndedAlready.
    """
    with transaction.atomic():
        found = locked(item)
        if found.owner_id not in (None, by.pk):
            raise TakenAlready(_("%(name)s has taken this already.") % {"name": _name(found.owner_id)})
        if found.owner_id is None:
            check_owner(by, found.customer.home_store_id)
            _write(found, owner=by)
            _record("work.take", found, by)
    return found


def hand_over(item: WorkItem, *, to: Staff | None, by: Any, at: datetime) -> WorkItem:
    """Give it to somebody, or (None) back to the store. Raises NotTheirs, EndedAlready."""
    with transaction.atomic():
        found = locked(item)
        check_owner(to, found.customer.home_store_id)
        if found.owner_id != (to.pk if to else None):
            before = found.owner_id
            _write(found, owner=to)
            _record("work.hand_over", found, by, {"from": before, "to": found.owner_id})
            _tell_owner(found, by)
    return found


def snooze(item: WorkItem, *, until: datetime, by: Any, at: datetime) -> WorkItem:
    """Put it off; it is due again by itself at `until`. Raises InvalidWork, EndedAlready."""
    check_to_come(until, at, "/until")
    with transaction.atomic():
        found = locked(item)
        _write(found, state=WorkState.SNOOZED, due_at=until)
        _record("work.snooze", found, by, {"until": until.isoformat()})
    return found


def wake(item: WorkItem, *, by: Any, at: datetime) -> WorkItem:
    """Take a snooze back: it is due when it was promised. Raises EndedAlready."""
    with transaction.atomic():
        found = locked(item)
        _write(found, state=WorkState.OPEN, due_at=found.promised_at)
        _record("work.wake", found, by)
    return found


def clean_title(title: str) -> str:
    """Raises InvalidWork where it says nothing or too much."""
    title = " ".join(title.split())
    if not title or len(title) > LONGEST_TITLE:
        told = _("Say in a few words what is to be done.") if not title else _("Shorter, please.")
        raise InvalidWork(told, faults=(Fault("/title", told),))
    return title


def check_to_come(told: datetime | None, at: datetime, place: str) -> None:
    """Raises InvalidWork where no time is told, or one that has passed."""
    if told is None or told <= at:
        sentence = _("Say when: a time that is still to come.")
        raise InvalidWork(sentence, faults=(Fault(place, sentence),))


def check_owner(owner: Staff | None, store_id: int | None) -> None:
    """Raises NotTheirs where `owner` does not see the customers of the store, or does no follow-ups."""
    if owner is not None and not who_see(store_id, Permission.WORK_ITEMS).filter(pk=owner.pk).exists():
        told = _("%(name)s does not look after this customer.") % {"name": owner.name}
        raise NotTheirs(told, faults=(Fault("/owner", told),))


def locked(item: WorkItem, *, is_open: bool = True) -> WorkItem:
    """As it is now, held until the transaction ends. Raises EndedAlready."""
    rows = WorkItem.objects.select_for_update(of=("self",), no_key=True).select_related("kind", "customer")
    found = rows.get(customer_id=item.customer_id, pk=item.pk)
    if is_open and not found.is_open:
        raise EndedAlready(_ended(found))
    return found


def _ended(item: WorkItem) -> str:
    _what, _colon, number = item.ended_by.partition("staff:")
    name = _name(int(number)) if number.isdigit() else _("Somebody")
    if item.state == WorkState.CANCELLED:
        return _("%(name)s has cancelled this already.") % {"name": name}
    return _("%(name)s has finished this already.") % {"name": name}


def _name(staff_id: int | None) -> str:
    return Staff.objects.filter(pk=staff_id or 0).values_list("name", flat=True).first() or _("Somebody")


def _follow(item: WorkItem, due_at: datetime, by: Any, at: datetime) -> WorkItem:
    """The next one: the same again, at another time."""
    owner = by.pk if isinstance(by, Staff) else None
    return WorkItem.objects.create(
        customer=item.customer, kind=item.kind, title=item.title, script=item.script, due_at=due_at,
        promised_at=due_at, store_id=item.store_id, owner_id=item.owner_id or owner,
        priority=item.priority, about=trail.subject_name(item), created_by=trail.actor_name(by), created_at=at,
    )  # fmt: skip


def _end(item: WorkItem, state: WorkState, by: Any, at: datetime, **more: Any) -> None:
    _write(item, state=state, ended_by=trail.actor_name(by), ended_at=at, **more)
    if isinstance(by, Staff):
        read(by, about=trail.subject_name(item))


def _write(item: WorkItem, **values: Any) -> None:
    for name, value in values.items():
        setattr(item, name, value)
    item.save(update_fields=list(values))


def _tell_owner(item: WorkItem, by: Any) -> None:
    if item.owner_id and trail.actor_name(by) != f"staff:{item.owner_id}":
        giver = by.pk if isinstance(by, Staff) else None
        tell([item.owner_id], "work.given", about=item, params={"by": giver})


def _touch(kind: str, item: WorkItem, by: Any, at: datetime, data: dict[str, str]) -> None:
    """What came of it is a touch of the customer, too; touches are only added, so a result taken back is another."""
    about, channel = trail.subject_name(item), CHANNELS.get(item.kind.code, TouchChannel.OTHER)
    interactions.record(
        item.customer_id, kind, channel=channel, at=at, by=by, store_id=item.store_id, about=about, data=data
    )


def _record(action: str, item: WorkItem, by: Any, details: dict[str, Any] | None = None) -> None:
    more = {"customer": item.customer_id, **(details or {})}
    trail.record(action, item, by=by, store_id=item.store_id, details=more)
