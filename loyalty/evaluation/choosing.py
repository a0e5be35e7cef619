"""Which coupons together save most. No database, no clock (docs/algorithms/baskets.md).

Coupons are taken in their stated order, each from what the ones before have left. So what a coupon takes, and whether
its minimum is met, rests on those before it, and no rule of thumb is sure. The search goes through the order and takes
or leaves each, takes first; a branch is left when even the full worth of all that is still to come cannot make it
better than what was found. It stops after `MOST_STEPS` uses were worked out and says then that it did.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import compress
from operator import sub

from loyalty.baskets import MILLI, Basket
from loyalty.coupons.discounts import Discount, Priced, applies_to, off
from loyalty.coupons.rules import Rules
from loyalty.models import CouponKind

MOST_STEPS = 400

GROUP, LIMIT, BUDGET, MINIMUM, NOTHING = "group", "limit", "budget", "minimum", "nothing"


@dataclass(frozen=True)
class Room:
    """How many more uses there may be, of the customer and of everybody, and for how many cents; None: no limit."""

    customer: int | None = None
    total: int | None = None
    cents: int | None = None


@dataclass(frozen=True)
class Candidate:
    """A coupon that may be used by itself. `kin` tells coupons apart that promise the same; `owner` holds it."""

    rules: Rules
    definition: int
    owner: int = 0
    kin: int = 0
    room: Room = Room()
    place: int = 0  # where it stands among its like


@dataclass(frozen=True)
class State:
    """A basket after some coupons: what its lines and delivery cost, who took what, and what that is worth."""

    amounts: tuple[int, ...]
    delivery: int
    taken: tuple[tuple[int, Discount], ...] = ()
    worth: int = 0
    gifts: int = 0
    groups: frozenset[str] = frozenset()

    @property
    def value(self) -> tuple[int, int, int]:
        """What is compared: cents saved with what gifts are worth, then pieces of gifts, then how few coupons."""
        return self.worth, self.gifts, -len(self.taken)


@dataclass(frozen=True)
class Choice:
    """`is_exact`: all combinations were looked at, or could not be better."""

    best: State
    is_exact: bool


def ordered(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The stated order; of one place by definition, then as `place` says."""
    return sorted(candidates, key=lambda one: (one.rules.place, one.definition, one.kin, one.place))


@dataclass
class Search:
    """One basket and the candidates for it, in their order."""

    basket: Basket
    candidates: Sequence[Candidate]
    most_steps: int = MOST_STEPS
    steps: int = 0
    best: State = field(init=False)
    _known: dict[tuple[int, tuple[int, ...], int], Discount] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.mine = [applies_to(one.rules, self.basket) for one in self.candidates]
        self.best = self.start

    @cached_property
    def start(self) -> State:
        return State(tuple(line.amount for line in self.basket.lines), self.basket.delivery)

    def best_choice(self) -> Choice:
        """Each by itself first, so that no stopped search is worse than the best of them."""
        for index in range(len(self.candidates)):
            self._note(self.step(self.start, index))
        self.steps = 0
        is_exact = self._from(0, self.start)
        return Choice(self.best, is_exact)

    def step(self, state: State, index: int) -> State | str:
        """The basket after one more coupon, or why it cannot be used now."""
        one = self.candidates[index]
        rules = one.rules
        if rules.stacking and rules.stacking in state.groups:
            return GROUP
        if not self._is_left(state, one):
            return LIMIT
        if rules.minimum and self.counted(state, index) < rules.minimum:
            return MINIMUM
        found = self._off(state, index)
        if not found.taken_off and not found.gifts:
            return NOTHING
        if one.room.cents is not None and self._spent(state, one) + found.cost > one.room.cents:
            return BUDGET
        return State(
            tuple(map(sub, state.amounts, found.lines)),
            state.delivery - found.delivery, (*state.taken, (index, found)), state.worth + found.cost,
            state.gifts + sum(gift.quantity for gift in found.gifts),
            state.groups | {rules.stacking} if rules.stacking else state.groups,
        )  # fmt: skip

    def counted(self, state: State, index: int) -> int:
        """Cents of what a coupon counts."""
        return sum(compress(state.amounts, self.mine[index]))

    def _off(self, state: State, index: int) -> Discount:
        """What a coupon takes off. It takes the same wherever the lines that it asks cost the same, and coupons of
        other goods do not change those."""
        rules, mine = self.candidates[index].rules, self.mine[index]
        asked = state.amounts if rules.kind == CouponKind.GIFT else tuple(compress(state.amounts, mine))
        key = (index, asked, state.delivery)
        found = self._known.get(key)
        if found is None:
            goods = Priced(self.basket.lines, state.amounts, state.delivery, mine)
            found = self._known[key] = off(rules, goods)
        return found

    def _is_left(self, state: State, one: Candidate) -> bool:
        if one.room.customer is None and one.room.total is None:
            return True
        used = Counter(self.candidates[i].owner for i, _off in state.taken if self._is_same(i, one))
        room = one.room
        return (room.customer is None or used[one.owner] < room.customer) and (
            room.total is None or used.total() < room.total
        )

    def _spent(self, state: State, one: Candidate) -> int:
        return sum(found.cost for i, found in state.taken if self._is_same(i, one))

    def _is_same(self, index: int, one: Candidate) -> bool:
        return self.candidates[index].definition == one.definition

    def _from(self, index: int, state: State) -> bool:
        """Look at all that can follow a state. False: the search was stopped."""
        self._note(state)
        while index < len(self.candidates):
            if self._bound(index, state) <= self.best.value:
                return True
            if self.steps >= self.most_steps:
                return False
            self.steps += 1
            after = self.step(state, index)
            if isinstance(after, State) and not self._from(index + 1, after):
                return False
            index = self._next_other(index)
        return True

    def _note(self, state: State | str) -> None:
        if isinstance(state, State) and state.value > self.best.value:
            self.best = state

    def _bound(self, index: int, state: State) -> tuple[int, int, int]:
        """No state that follows is worth more."""
        cash, worth, gifts = self._tails[index]
        left = sum(state.amounts) + state.delivery
        return state.worth + min(cash, left) + worth, state.gifts + gifts, -len(state.taken)

    def _next_other(self, index: int) -> int:
        """Whoever leaves a coupon leaves the ones that promise exactly the same."""
        one = self.candidates[index]
        for later in range(index + 1, len(self.candidates)):
            other = self.candidates[later]
            if (other.definition, other.kin, other.owner) != (one.definition, one.kin, one.owner):
                return later
        return len(self.candidates)

    @cached_property
    def _tails(self) -> list[tuple[int, int, int]]:
        """For each place in the order, the most that the coupons from there on take off, that their gifts are worth,
        and pieces of these; of a group one."""
        return [self._most(range(index, len(self.candidates))) for index in range(len(self.candidates))]

    def _most(self, places: Iterable[int]) -> tuple[int, int, int]:
        groups: dict[object, tuple[int, int, int]] = {}
        for i in places:
            found, key = self._alone[i], self.candidates[i].rules.stacking or i
            groups[key] = tuple(map(max, groups.get(key, (0, 0, 0)), found))  # type: ignore[assignment]
        cash, worth, gifts = map(sum, zip(*groups.values(), strict=True))
        return cash, worth, gifts

    @cached_property
    def _alone(self) -> list[tuple[int, int, int]]:
        """What each would take from the whole basket: it takes no more from less. Only where the cheapest pieces are
        free may rounding to the cent, line by line, add up differently."""
        found = []
        for place, (one, mine) in enumerate(zip(self.candidates, self.mine, strict=True)):
            taken = self._off(self.start, place)
            slack = len(mine) if one.rules.kind == CouponKind.BUY_GET and sum(mine) else 0
            pieces = sum(gift.quantity for gift in taken.gifts)
            found.append((taken.taken_off + slack, taken.cost - taken.taken_off, pieces))
        return found


def is_hopeless(rules: Rules, basket: Basket) -> bool:
    """Whether a coupon can take nothing off the basket, whatever else is used."""
    mine = applies_to(rules, basket)
    if rules.kind == CouponKind.BUY_GET:
        pieces = sum(
            line.quantity // MILLI for line, counts in zip(basket.lines, mine, strict=True) if counts
        )
        return pieces < (rules.buy or 1) + (rules.get or 1)
    found = off(rules, Priced(basket.lines, [line.amount for line in basket.lines], basket.delivery, mine))
    return not found.taken_off and not found.gifts


__all__ = [
    "BUDGET", "GROUP", "LIMIT", "MINIMUM", "MOST_STEPS", "NOTHING", "Candidate", "Choice", "Room", "Search", "State",
    "is_hopeless", "ordered",
]  # fmt: skip
