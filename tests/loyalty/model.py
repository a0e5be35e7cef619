"""A pure model of one account: what the ledger should do, as plainly as it can be said.

Points are single coins. A coin knows when it vests and ends and where it is; every operation moves coins one by one.
"""

from dataclasses import dataclass, field
from datetime import datetime

PENDING, AVAILABLE, HELD, REDEEMED, EXPIRED, TAKEN, SETTLED, CUT = range(8)


@dataclass
class Coin:
    lot: int
    vests_at: datetime | None
    ends_at: datetime | None
    where: int
    hold: str = ""  # the hold or redemption that has it
    order: int = 0

    def has_ended(self, at: datetime) -> bool:
        return self.ends_at is not None and self.ends_at <= at


class Refused(Exception):
    pass


class Conflict(Refused):
    pass


@dataclass
class Model:
    coins: list[Coin] = field(default_factory=list)
    debt: int = 0
    lots: int = 0
    owed_of: dict[int, int] = field(default_factory=dict)  # of a lot: what a clawback turned into debt
    # By kind and source: what it continued, with how many points.
    booked: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)

    def count(self, where: int) -> int:
        return sum(coin.where == where for coin in self.coins)

    @property
    def balance(self) -> tuple[int, int, int, int]:
        return self.count(AVAILABLE), self.count(PENDING), self.count(HELD), self.debt

    def upkeep(self, at: datetime) -> None:
        for coin in self.coins:
            if coin.where == PENDING and coin.vests_at is not None and coin.vests_at <= at:
                coin.where = AVAILABLE
        for coin in self.coins:
            if coin.where == AVAILABLE and coin.has_ended(at):
                coin.where = EXPIRED
        self.settle(at)

    def settle(self, at: datetime) -> None:
        for coin in self.usable(at)[: self.debt]:
            coin.where = SETTLED
            self.debt -= 1

    def usable(self, at: datetime) -> list[Coin]:
        found = [coin for coin in self.coins if coin.where == AVAILABLE and not coin.has_ended(at)]
        return sorted(
            found, key=lambda coin: (coin.ends_at is None, coin.ends_at or at, coin.lot, coin.order)
        )

    def earn(self, points: int, at: datetime, vests_at: datetime | None, ends_at: datetime | None) -> int:
        self.upkeep(at)
        where = AVAILABLE if vests_at is None else PENDING
        self.lots += 1
        self.coins += [Coin(self.lots, vests_at, ends_at, where, order=n) for n in range(points)]
        self.settle(at)
        return self.lots

    def spend(self, points: int, at: datetime, source: str, to: int) -> None:
        self.upkeep(at)
        usable = self.usable(at)
        if points > max(0, len(usable) - self.debt):
            raise Refused
        for coin in usable[:points]:
            coin.where, coin.hold = to, source

    def once(self, kind: str, of: str, source: str, points: int | None, at: datetime) -> bool:
        """Was this done before? A source that did something else is refused."""
        known = self.booked.get((kind, source))
        if known is None:
            return False
        if known[0] != of or points not in {None, known[1]}:
            self.upkeep(at)
            raise Conflict
        return True

    def move(
        self,
        kind: str,
        source: str,
        points: int | None,
        was: int,
        to: int,
        at: datetime,
        *,
        last: bool,
        as_: str,
    ) -> None:
        """Coins that a hold or a redemption has go on; those that end last first, or those that end first."""
        if self.once(kind, source, as_, points, at):
            return
        self.upkeep(at)
        mine = [coin for coin in self.coins if coin.where == was and coin.hold == source]
        mine.sort(key=lambda coin: (coin.ends_at is None, coin.ends_at or at, coin.lot), reverse=last)
        wanted = len(mine) if points is None else points
        if not 0 < wanted <= len(mine):
            raise Refused
        for coin in mine[:wanted]:
            coin.where, coin.hold = to, as_
        self.booked[kind, as_] = (source, wanted)
        self.upkeep(at)  # what comes back and has ended meanwhile ends at once

    def claw_back(self, lot: int, keep: int, at: datetime) -> None:
        self.upkeep(at)
        own = [coin for coin in self.coins if coin.lot == lot]
        wanted = len(own) - keep - sum(coin.where == TAKEN for coin in own) - self.owed_of.get(lot, 0)
        there = [coin for coin in own if coin.where == PENDING] + [
            coin for coin in own if coin.where == AVAILABLE
        ]
        taken = there[: max(0, wanted)]
        for coin in taken:
            coin.where = TAKEN
        owed = max(0, wanted - len(taken) - sum(coin.where == EXPIRED for coin in own))
        self.debt += owed
        self.owed_of[lot] = self.owed_of.get(lot, 0) + owed
        self.settle(at)

    def forgive(self, points: int, at: datetime) -> None:
        self.upkeep(at)
        if points > self.debt:
            raise Refused
        self.debt -= points
