"""Paying the rest out: principal only, and only what was not used up by bonus that had not been earned.

Bonus is earned by spending the principal that it came with, share by share. What is not earned goes back to the chain
when its principal does; what was used before it was earned is kept from the principal. So whoever tops up, spends a
part and asks for the rest has spent at the terms of the offer, whatever the order of payments is.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Sum

from crm.audit import trail
from crm.lib import prepared
from crm.notices.telling import read, tell
from crm.org.audience import who_see
from crm.org.models import Staff
from crm.org.permissions import Permission
from loyalty import ledger
from loyalty.adjustments.refusals import AlreadyDecided, SameEyes
from loyalty.ledger import Cause
from loyalty.models import Kind, StoredKind, StoredOperation, StoredState, Unit
from loyalty.storedvalue import booking, terms
from loyalty.storedvalue.booking import Turn
from loyalty.storedvalue.cents import cents
from loyalty.storedvalue.refusals import AlreadyWaiting, NothingStored


@dataclass(frozen=True)
class Rest:
    """What a pay-out comes to. `kept`: principal for bonus that was used too early (below zero: given back of what was
    kept before, since those payments were given back). `stays`: bonus that has been earned and remains to be spent."""

    principal: int
    kept: int
    taken: int
    stays: int

    @property
    def money(self) -> int:
        return self.principal - self.kept


def pay_out(customer_id: int, cause: Cause, *, how: str, note: str = "") -> StoredOperation:
    """Pay the rest out, at once within the limit of whoever does it, else it waits for a second person.

    Raises NothingStored, AlreadyWaiting, SourceTaken, Erased.
    """
    with transaction.atomic():
        turn = booking.turn(customer_id, cause)
        if known := turn.before(StoredKind.PAY_OUT):
            return known
        if _waiting(turn.owner):
            raise AlreadyWaiting
        rest = _worked_out(turn)
        if not rest.principal:
            raise NothingStored
        is_within = _is_within(turn, rest.money)
        state = StoredState.BOOKED if is_within else StoredState.WAITING
        legs = _book(turn, rest) if is_within else {}
        made = turn.keep(StoredKind.PAY_OUT, state=state, how=how, note=note.strip(), **legs)
        details = {"money": made.money, "state": state.code}
        trail.record("stored.pay_out", made, by=cause.by, store_id=cause.store_id, details=details)
        if not is_within:
            _tell_approvers(made, rest.money)
    return made


def decide(asked: StoredOperation, *, agrees: bool, by: Any, at: datetime, note: str = "") -> StoredOperation:
    """A second person says yes or no. What is paid out is worked out at that moment.

    Raises SameEyes, AlreadyDecided, NothingStored; then it still waits.
    """
    with transaction.atomic():
        cause = Cause(asked.source, at, by, store_id=asked.store_id)
        turn = booking.turn(asked.customer_id, cause)
        kept = StoredOperation.objects.select_for_update().get(customer=turn.owner, pk=asked.pk)
        if kept.state != StoredState.WAITING:
            raise AlreadyDecided
        if kept.actor == trail.actor_name(by):
            raise SameEyes
        rest = _worked_out(turn)
        if agrees and not rest.principal:
            raise NothingStored
        told = _book(turn, rest) if agrees else {}
        told |= {
            "state": StoredState.BOOKED if agrees else StoredState.REJECTED, "decided_by": trail.actor_name(by),
            "decided_at": at, "decision_note": note.strip(),
        }  # fmt: skip
        for name, value in told.items():
            setattr(kept, name, value)
        kept.save(update_fields=list(told))
        details = {"money": kept.money, "state": StoredState(kept.state).code}
        trail.record("stored.decide", kept, by=by, store_id=kept.store_id, details=details)
        _tell_asker(kept, by)
    return kept


def worked_out(customer_id: int, *, at: datetime, by: Any) -> Rest:
    """What a pay-out would come to now. Raises Erased."""
    with transaction.atomic():
        return _worked_out(booking.turn(customer_id, Cause("looked-at", at, by)))


def _worked_out(turn: Turn) -> Rest:
    principal, bonus = turn.there
    earned = used = 0
    for paid_in, given, spent, of_bonus, ended in prepared.rows(_TOP_UPS, {"customer": turn.owner}):
        earned += min(-(-given * spent // paid_in), given - ended)
        used += of_bonus
    before = StoredOperation.objects.filter(customer=turn.owner, kind=StoredKind.PAY_OUT)
    kept_before = int(before.aggregate(n=Sum(F("money") - F("principal"), default=0))["n"])
    kept = min(principal, max(0, used - earned) - kept_before)
    stays = min(bonus, max(0, earned - used))
    return Rest(principal, kept, bonus - stays, stays)


def _book(turn: Turn, rest: Rest) -> dict[str, Any]:
    cause = turn.at_ledger
    paid = ledger.adjust(turn.owner, -rest.principal, cause, unit=Unit.STORED)
    told = {"principal": -rest.principal, "money": -rest.money, "principal_movement_id": paid.movement_id}
    if rest.taken:
        taken = ledger.adjust(turn.owner, -rest.taken, cause, unit=Unit.BONUS)
        told |= {"bonus": -rest.taken, "bonus_movement_id": taken.movement_id}
    return told


def _waiting(owner: int) -> bool:
    return StoredOperation.objects.filter(customer=owner, state=StoredState.WAITING).exists()


def _tell_approvers(made: StoredOperation, money: int) -> None:
    people = who_see(made.store_id, Permission.APPROVE_POINTS).values_list("pk", flat=True)
    others = [pk for pk in people if f"staff:{pk}" != made.actor]
    tell(others, "stored.approve", about=made, params={"money": money}, once="asked")


def _tell_asker(kept: StoredOperation, by: Any) -> None:
    if isinstance(by, Staff):
        read(by, about=trail.subject_name(kept))
    kind, _colon, number = kept.actor.partition(":")
    if kind == "staff":
        told = {"money": -kept.money, "state": StoredState(kept.state).code}
        tell([int(number)], "stored.decided", about=kept, params=told, once="decided")


def _is_within(turn: Turn, money: int) -> bool:
    """May this person pay out so much today without anybody else? One pay-out of a person after the other."""
    by = turn.cause.by
    rules, actor = terms.on(turn.on), trail.actor_name(by)
    if rules is None:
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(72311031, hashtext(%s))", [actor])
    leads = hasattr(by, "may") and by.may(Permission.APPROVE_POINTS)
    most = cents(rules.pay_out_lead if leads else rules.pay_out_alone)
    own = StoredOperation.objects.filter(
        kind=StoredKind.PAY_OUT, actor=actor, occurred_on=turn.on, decided_by=""
    )
    return money - int(own.aggregate(n=Sum("money", default=0))["n"]) <= most


# Of each top-up: paid in, given on top, how much of each was spent and not given back, how much bonus ended unspent.
_NET = """
coalesce((
    SELECT -sum(t.available) FROM loyalty_lot l
    JOIN loyalty_trace t ON t.customer_id = l.customer_id AND t.lot_id = l.id
    JOIN loyalty_movement m ON m.customer_id = t.customer_id AND m.id = t.movement_id AND m.kind IN ({kinds})
    WHERE l.customer_id = o.customer_id AND l.movement_id = o.{leg}_movement_id
), 0)::bigint
"""
_SPENT = f"{Kind.REDEEM.value}, {Kind.REVERSAL.value}"
_TOP_UPS = f"""
SELECT o.principal, o.bonus, {_NET.format(kinds=_SPENT, leg="principal")},
    {_NET.format(kinds=_SPENT, leg="bonus")}, {_NET.format(kinds=Kind.EXPIRE.value, leg="bonus")}
FROM loyalty_storedoperation o WHERE o.customer_id = %(customer)s AND o.kind = {StoredKind.TOP_UP.value}
"""  # noqa: S608  names of columns, numbers of kinds
