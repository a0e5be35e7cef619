"""Paying with stored value, and giving a payment back."""

from django.db import transaction
from django.db.models import Sum

from loyalty import ledger
from loyalty.ledger import Cause, accounts, upkeep
from loyalty.ledger.accounts import Account
from loyalty.ledger.posting import post
from loyalty.models import Kind, PayOrder, StoredKind, StoredOperation, Unit
from loyalty.storedvalue import booking, terms
from loyalty.storedvalue.booking import Turn
from loyalty.storedvalue.refusals import InsufficientStored, NoSuchOperation, NotLeft, SourceTaken


def pay(customer_id: int, amount: int, cause: Cause, *, receipt_number: str = "") -> StoredOperation:
    """Pay, from both accounts by the order that holds on the day. The same source answers the same for ever.

    Raises InsufficientStored, SourceTaken, InvalidAmount, Erased.
    """
    booking.checked(amount)
    with transaction.atomic():
        turn = booking.turn(customer_id, cause)
        if known := turn.before(StoredKind.PAYMENT):
            if known.amount != -amount:
                raise SourceTaken
            return known
        principal, bonus = turn.there
        if amount > principal + bonus:
            raise InsufficientStored(principal + bonus)
        rules = terms.on(turn.on)
        of_principal, of_bonus = split(
            amount, principal, bonus, rules.pay_order if rules else PayOrder.PROPORTION
        )
        return turn.keep(
            StoredKind.PAYMENT, principal=-of_principal, bonus=-of_bonus, receipt_number=receipt_number.strip(),
            principal_movement_id=_spend(turn, turn.principal, of_principal),
            bonus_movement_id=_spend(turn, turn.bonus, of_bonus),
        )  # fmt: skip


def refund(customer_id: int, payment_id: int, cause: Cause, *, amount: int | None = None) -> StoredOperation:
    """Give a payment back, or a part: what was taken from each account, to the same lots with their ends.

    Parts are split as the payment was, so that all of them add up to it. Raises NotLeft, NoSuchOperation, SourceTaken,
    InvalidAmount, Erased.
    """
    if amount is not None:
        booking.checked(amount)
    with transaction.atomic():
        turn = booking.turn(customer_id, cause)
        if known := turn.before(StoredKind.REFUND, of_id=payment_id):
            if amount not in {None, known.amount}:
                raise SourceTaken
            return known
        mine = StoredOperation.objects.filter(customer=turn.owner)
        first = mine.filter(pk=payment_id, kind=StoredKind.PAYMENT).first()
        if first is None:
            raise NoSuchOperation
        principal, bonus = _part(first, amount, returned(first))
        return turn.keep(
            StoredKind.REFUND, of=first, principal=principal, bonus=bonus,
            principal_movement_id=_give_back(turn, first.principal_movement_id, principal, Unit.STORED),
            bonus_movement_id=_give_back(turn, first.bonus_movement_id, bonus, Unit.BONUS),
        )  # fmt: skip


def split(amount: int, principal: int, bonus: int, order: str) -> tuple[int, int]:
    """What of a payment comes from principal and what from bonus. In proportion, the odd coin is principal."""
    if order == PayOrder.PRINCIPAL:
        of_bonus = max(0, amount - principal)
    elif order == PayOrder.BONUS:
        of_bonus = min(amount, bonus)
    else:
        of_bonus = amount * bonus // (principal + bonus)
    return amount - of_bonus, of_bonus


def returned(payment: StoredOperation) -> int:
    """How much of a payment was given back."""
    back = StoredOperation.objects.filter(customer=payment.customer_id, of=payment.pk, kind=StoredKind.REFUND)
    told = back.aggregate(principal=Sum("principal", default=0), bonus=Sum("bonus", default=0))
    return int(told["principal"] + told["bonus"])


def _part(payment: StoredOperation, amount: int | None, before: int) -> tuple[int, int]:
    """Principal and bonus of the next part: the difference of two roundings, so parts never drift."""
    whole, bonus = -payment.amount, -payment.bonus
    left = whole - before
    wanted = left if amount is None else amount
    if not 0 < wanted <= left:
        raise NotLeft(left)
    of_bonus = bonus * (before + wanted) // whole - bonus * before // whole
    return wanted - of_bonus, of_bonus


def _spend(turn: Turn, account: Account, amount: int) -> int | None:
    """Both accounts are locked and up to date: the movement is written as `ledger.redeem` would."""
    if not amount:
        return None
    pieces = accounts.take(account.usable(turn.cause.at), amount)
    number = post(turn.owner, account.unit, Kind.REDEEM, turn.at_ledger, pieces=pieces)
    account.apply(pieces)
    if account.debt:  # only the undoing of a merge leaves one
        upkeep.settle(account, turn.cause.at, turn.cause.by)
    return number


def _give_back(turn: Turn, movement_id: int | None, amount: int, unit: int) -> int | None:
    if not amount or movement_id is None:
        return None
    return ledger.reverse(turn.owner, movement_id, turn.at_ledger, points=amount, unit=unit).movement_id
