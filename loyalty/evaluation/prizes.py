"""Rewards for whoever pays: which they could take now, and which of those that take money off fit the points they
want to spend."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from crm.lib import prepared
from crm.lib.refusals import Refusal
from loyalty.coupons.fitting import Names
from loyalty.coupons.rules import cents
from loyalty.evaluation.asking import Asked
from loyalty.evaluation.person import Person
from loyalty.ledger.refusals import InsufficientPoints
from loyalty.models import RewardKind, RewardTerms
from loyalty.rewards.redeeming import misfit
from loyalty.rewards.refusals import OutOfStock, RewardLimit
from loyalty.tiers import trials
from loyalty.tiers.trials import LEFT_OF

MOST_REWARDS = 200  # of a larger catalogue, those that cost least
MOST_STATES = 4_000


@dataclass(frozen=True)
class Prize:
    """A reward as the customer could take it now. `refused`: why not. `off`: cents that it takes off what is paid."""

    terms: RewardTerms
    refused: Refusal | None
    off: int = 0
    is_early: bool = False  # others cannot take it yet
    trials: int = 0  # times it is free of points this year

    @property
    def points(self) -> int:
        """What it costs them."""
        return 0 if self.trials else self.terms.points


@dataclass(frozen=True)
class Bought:
    """Prizes for points: together they take `off` cents off for `points`."""

    points: int = 0
    off: int = 0
    prizes: tuple[Prize, ...] = ()


def of(asked: Asked, who: Person, names: Names) -> list[Prize]:
    """All that are given now, the cheapest first. Nothing for a stranger. Two statements."""
    if who.customer_id is None:
        return []
    told = {
        "at": asked.at, "store": asked.store.pk, "customer": who.customer_id, "year": trials.year_of(asked.at),
    }  # fmt: skip
    found = prepared.rows(_GIVEN, told)
    terms = RewardTerms.objects.select_related("reward", "partner").in_bulk([row[0] for row in found])
    return [_prize(terms[pk], asked, who, names, _Counts(*counts)) for pk, *counts in found]


def best(prizes: Iterable[Prize], points: int, due: int) -> tuple[Bought, bool]:
    """Of the prizes that take money off, each once, those that take most off `due` cents for at most so many points;
    of equal ones those that cost least. And whether all were looked at.

    What is kept are states that no other beats: more off for no more points.
    """
    states, is_exact = [Bought()], True
    for prize in prizes:
        if prize.refused is None and prize.off > 0:
            more = [
                Bought(one.points + prize.points, one.off + prize.off, (*one.prizes, prize))
                for one in states
                if one.points + prize.points <= points and one.off < due
            ]
            states = _unbeaten([*states, *more])
            is_exact &= len(states) <= MOST_STATES
            del states[MOST_STATES:]
    return max(states, key=lambda one: (min(one.off, due), -one.points, -len(one.prizes))), is_exact


def _unbeaten(states: Sequence[Bought]) -> list[Bought]:
    kept: list[Bought] = []
    for one in sorted(states, key=lambda one: (one.points, -one.off, len(one.prizes))):
        if not kept or one.off > kept[-1].off:
            kept.append(one)
    return kept


class _Counts(NamedTuple):
    """What the store has, how often the customer took it, how often it is free for them."""

    stock: int
    taken: int
    trials: int


def _prize(terms: RewardTerms, asked: Asked, who: Person, names: Names, counts: _Counts) -> Prize:
    refused: Refusal | None = misfit(terms, asked.store.pk, asked.on, who.tier, names, early=who.early)
    if refused is None and terms.per_customer is not None and counts.taken >= terms.per_customer:
        refused = RewardLimit(terms.per_customer)
    if refused is None and terms.reward.is_counted and not counts.stock:
        refused = OutOfStock()
    has = max(who.spendable, who.together)
    if refused is None and terms.points > has and not counts.trials:
        refused = InsufficientPoints(has)
    off = 0
    if terms.kind == RewardKind.DISCOUNT and terms.amount is not None:
        off = cents(terms.amount) - (cents(terms.money) if terms.money else 0)
    is_early = refused is None and terms.from_on is not None and asked.on < terms.from_on
    return Prize(terms, refused, max(0, off), is_early, counts.trials)


# The terms that hold at a moment of rewards that are given, how many the store has, how often the customer took it.
_GIVEN = f"""
SELECT now.id, coalesce(s.quantity, 0), coalesce(taken.n, 0), {LEFT_OF}
FROM loyalty_reward w
CROSS JOIN LATERAL (
    SELECT t.id, t.points FROM loyalty_rewardterms t WHERE t.reward_id = w.id AND t.valid_from <= %(at)s
    ORDER BY t.valid_from DESC, t.number DESC LIMIT 1
) now
LEFT JOIN loyalty_rewardstock s ON s.reward_id = w.id AND s.store_id = %(store)s
LEFT JOIN (
    SELECT r.reward_id, count(*) AS n FROM loyalty_redemption r
    WHERE r.customer_id = %(customer)s AND r.state <> 'cancelled' GROUP BY r.reward_id
) taken ON taken.reward_id = w.id
WHERE w.ended_at IS NULL OR w.ended_at > %(at)s
ORDER BY now.points, now.id LIMIT {MOST_REWARDS}
"""  # noqa: S608  a number
