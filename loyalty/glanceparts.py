"""The parts of a glance at a member's loyalty (`glance.py`), as the one statement tells them."""

from datetime import date, datetime
from decimal import Decimal

import msgspec

from loyalty.coupons import codes
from loyalty.models import Coupon
from loyalty.models.tiers import names_in


class Moved(msgspec.Struct):
    """A movement; `points` is the change of what is theirs. `left`: of a redemption, what was not given back."""

    id: int
    kind: int
    at: datetime
    store_id: int | None
    store: str | None
    actor: str
    purchase_id: int | None
    available: int
    pending: int
    held: int
    debt: int
    left: int = 0

    @property
    def points(self) -> int:
        return self.available + self.pending + self.held - self.debt


class Usable(msgspec.Struct):
    """A coupon that they can use now."""

    id: int
    name: str
    code: str
    valid_to: datetime | None
    is_early: bool = False  # others cannot use it yet

    @property
    def shown(self) -> str:
        """The code as people read it."""
        return codes.shown(self.code)

    @property
    def public_id(self) -> str:
        return Coupon(pk=self.id).public_id


class Together(msgspec.Struct):
    """What they spent with their family (`loyalty/families/`). `left`: what was not given back."""

    id: int
    at: datetime
    store_id: int | None
    store: str | None
    actor: str
    left: int


class Tier(msgspec.Struct):
    code: str
    names: dict[str, str]
    colour: str


class Bought(Tier):
    """A tier that was bought, and until when; `grace_until` once that is over."""

    until: date
    grace_until: date | None

    @property
    def name(self) -> str:
        return names_in(self.names) or self.code


class Stored(msgspec.Struct, frozen=True):
    """Stored value that can be spent, as money. `tops_up`: the chain takes money at present."""

    principal: Decimal = Decimal(0)
    bonus: Decimal = Decimal(0)
    tops_up: bool = False

    @property
    def all(self) -> Decimal:
        return self.principal + self.bonus

    @property
    def is_shown(self) -> bool:
        return self.tops_up or bool(self.all)


class Agent(msgspec.Struct):
    """Whom they can turn to (`loyalty/tiers/agents.py`), by the employee number."""

    code: str
    name: str
    since: datetime
