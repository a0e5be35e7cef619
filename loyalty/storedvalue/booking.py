"""One act with stored value: the locks that it takes, what the same source did before, and the row that it leaves.

The order of locks is the ledger's: the gate, the customer, then the two accounts in the order of their units.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from crm.audit.trail import actor_name
from loyalty.coupons.windows import zone_of
from loyalty.ledger import Cause, accounts, upkeep
from loyalty.ledger.accounts import Account
from loyalty.models import StoredKind, StoredOperation, Unit
from loyalty.storedvalue.refusals import InvalidAmount, SourceTaken

MOST = 10**12


@dataclass
class Turn:
    """Both accounts of a member, locked till the end of the transaction and up to date."""

    cause: Cause
    principal: Account
    bonus: Account
    on: date  # on the wall of the store

    @property
    def owner(self) -> int:
        return self.principal.customer_id

    @property
    def there(self) -> tuple[int, int]:
        """Principal and bonus that can be spent."""
        at = self.cause.at
        return self.principal.spendable(at), self.bonus.spendable(at)

    @property
    def at_ledger(self) -> Cause:
        """The cause as the ledger's movements name it."""
        cause = self.cause
        return Cause(f"stored:{cause.source}", cause.at, cause.by, store_id=cause.store_id)

    def before(self, kind: StoredKind, **told: Any) -> StoredOperation | None:
        """What the same source did before. Raises SourceTaken where that was something else."""
        owners = [self.owner, *accounts.others(self.owner, self.principal.parted + self.bonus.parted)]
        known = StoredOperation.objects.filter(customer__in=owners, source=self.cause.source).first()
        if known is not None and (known.kind, told) != (kind, {name: getattr(known, name) for name in told}):
            raise SourceTaken
        return known

    def keep(self, kind: StoredKind, **told: Any) -> StoredOperation:
        """Write the row."""
        cause = self.cause
        return StoredOperation.objects.create(
            customer_id=self.owner, kind=kind, source=cause.source, store_id=cause.store_id, occurred_at=cause.at,
            occurred_on=self.on, actor=actor_name(cause.by), **told,
        )  # fmt: skip


def turn(customer_id: int, cause: Cause) -> Turn:
    """Lock, in a transaction. Raises Erased."""
    principal = accounts.locked(customer_id, Unit.STORED)
    bonus = accounts.locked(principal.customer_id, Unit.BONUS)
    for account in (principal, bonus):
        upkeep.bring_up_to_date(account, cause.at, cause.by)
    return Turn(cause, principal, bonus, day_of(cause))


def day_of(cause: Cause) -> date:
    """The day on the wall of the store."""
    return cause.at.astimezone(zone_of(cause.store_id)).date()


def checked(amount: int) -> int:
    if not 0 < amount <= MOST:
        raise InvalidAmount
    return amount
