"""Paying in, and undoing that while nothing of it was spent."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from crm.audit import trail
from loyalty import endings, ledger
from loyalty.coupons.windows import zone_of
from loyalty.ledger import Cause, NewLot
from loyalty.models import Kind, StoredKind, StoredOperation, StoredTerms, TopUpOffer, Trace, Unit
from loyalty.storedvalue import booking, offers, terms
from loyalty.storedvalue.booking import Turn
from loyalty.storedvalue.cents import cents
from loyalty.storedvalue.refusals import (
    AlreadySpent,
    AlreadyUndone,
    BalanceTooLarge,
    NoSuchOperation,
    NotOpen,
    OfferUnfit,
    TopUpTooLarge,
)
from loyalty.tiers import tier_at


@dataclass(frozen=True)
class Offered:
    """Which offer is wanted: the best that fits, or that of a code ("": none)."""

    code: str | None = None


BEST = Offered()


def top_up(
    customer_id: int,
    amount: int,
    cause: Cause,
    *,
    how: str,
    receipt_number: str = "",
    offer: Offered = BEST,
) -> StoredOperation:
    """Money comes in; the offer gives its bonus. The same source answers the same for ever.

    Raises NotOpen, TopUpTooLarge, BalanceTooLarge, OfferUnfit, SourceTaken, InvalidAmount, Erased.
    """
    booking.checked(amount)
    with transaction.atomic():
        turn = booking.turn(customer_id, cause)
        if known := turn.before(StoredKind.TOP_UP, principal=amount):
            return known
        rules = _open(turn)
        if amount > cents(rules.most_top_up):
            raise TopUpTooLarge(cents(rules.most_top_up))
        given = _offer(turn, amount, offer)
        bonus = cents(given.bonus) if given else 0
        _check_balance(turn, amount + bonus, cents(rules.most_balance))
        made = turn.keep(
            StoredKind.TOP_UP, principal=amount, bonus=bonus, money=amount, offer=given, how=how,
            receipt_number=receipt_number.strip(), **_issue(turn, amount, bonus, rules, given),
        )  # fmt: skip
        details = {"money": amount, "bonus": bonus, "how": how}
        trail.record("stored.top_up", made, by=cause.by, store_id=cause.store_id, details=details)
    return made


def undo(customer_id: int, top_up_id: int, cause: Cause, *, note: str = "") -> StoredOperation:
    """A top-up made in error: both lots are taken back and the money goes back. Done again, it answers the same.

    Raises AlreadySpent, AlreadyUndone, NoSuchOperation, SourceTaken, Erased.
    """
    with transaction.atomic():
        turn = booking.turn(customer_id, cause)
        if known := turn.before(StoredKind.UNDO, of_id=top_up_id):
            return known
        mine = StoredOperation.objects.filter(customer=turn.owner)
        first = mine.filter(pk=top_up_id, kind=StoredKind.TOP_UP).first()
        if first is None or first.principal_movement_id is None:
            raise NoSuchOperation
        if mine.filter(of=first.pk, kind=StoredKind.UNDO).exists():
            raise AlreadyUndone
        if any(_is_touched(turn, one) for one in (first.principal_movement_id, first.bonus_movement_id)):
            raise AlreadySpent
        legs = {
            "principal": (first.principal_movement_id, Unit.STORED),
            "bonus": (first.bonus_movement_id, Unit.BONUS),
        }
        told: dict[str, int | None] = {}
        for name, (issued, unit) in legs.items():
            if issued is not None:
                back = ledger.claw_back(turn.owner, issued, turn.at_ledger, unit=unit)
                told |= {name: -back.points, f"{name}_movement_id": back.movement_id or None}
        made = turn.keep(
            StoredKind.UNDO, of=first, money=-first.principal, how=first.how, note=note.strip(), **told
        )
        details = {"money": made.money, "of": first.public_id}
        trail.record("stored.undo", made, by=cause.by, store_id=cause.store_id, details=details)
    return made


def asked(customer_id: int, amount: int, cause: Cause) -> offers.Asked:
    """A top-up as offers look at it."""
    tier = tier_at([customer_id], cause.at).get(customer_id, "")
    return offers.Asked(amount, booking.day_of(cause), cause.store_id, tier)


def _open(turn: Turn) -> StoredTerms:
    found = terms.on(turn.on)
    if found is None or not found.is_on:
        raise NotOpen
    return found


def _offer(turn: Turn, amount: int, wanted: Offered) -> TopUpOffer | None:
    if wanted.code == "":
        return None
    found = offers.fitting(asked(turn.owner, amount, turn.cause))
    if wanted.code is None:
        return found[0] if found else None
    named = next((one for one in found if one.code == wanted.code), None)
    if named is None:
        raise OfferUnfit
    return named


def _check_balance(turn: Turn, more: int, most: int) -> None:
    there = sum(lot.available + lot.held for account in (turn.principal, turn.bonus) for lot in account.lots)
    if there + more > most:
        raise BalanceTooLarge(most, there)


def _issue(
    turn: Turn, amount: int, bonus: int, rules: StoredTerms, given: TopUpOffer | None
) -> dict[str, int]:
    lot = NewLot(amount, _ends(turn.cause, rules.principal_days))
    told = {
        "principal_movement_id": ledger.earn(turn.owner, [lot], turn.at_ledger, unit=Unit.STORED).movement_id
    }
    if given is not None:
        lot = NewLot(bonus, _ends(turn.cause, given.bonus_days))
        told["bonus_movement_id"] = ledger.earn(
            turn.owner, [lot], turn.at_ledger, unit=Unit.BONUS
        ).movement_id
    return told


def _ends(cause: Cause, days: int | None) -> datetime | None:
    """The midnight of the store after the last day; None: never."""
    if days is None:
        return None
    return endings.day_ends(booking.day_of(cause) + timedelta(days=days), zone_of(cause.store_id))


def _is_touched(turn: Turn, movement_id: int | None) -> bool:
    """Is anything of it spent and not given back, set aside or paid out? What has merely ended does not count."""
    if movement_id is None:
        return False
    rows = Trace.objects.filter(customer=turn.owner, lot__movement=movement_id).exclude(
        movement__kind__in=(Kind.EARN, Kind.EXPIRE)
    )
    return any(sum(one) for one in zip(*rows.values_list("available", "held"), strict=True))
