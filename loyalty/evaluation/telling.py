"""Why this combination and not another, coupon by coupon, and what would bring more."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.lib.refusals import Refusal
from crm.ui import words
from loyalty.coupons import fitting
from loyalty.coupons.discounts import Discount
from loyalty.coupons.fitting import Names
from loyalty.coupons.refusals import (
    BudgetSpent,
    CouponRefused,
    LimitReached,
    MinimumNotMet,
    NotCombinable,
    NothingApplies,
)
from loyalty.evaluation import choosing
from loyalty.evaluation.choosing import Choice, Search, State
from loyalty.evaluation.earning import Earning
from loyalty.evaluation.offers import Offer
from loyalty.evaluation.prizes import Bought, Prize
from loyalty.ledger.refusals import InsufficientPoints


class NoBetter(CouponRefused):
    """It fits, and the basket would not become cheaper by it."""

    code: ClassVar[str] = "no_better"

    def __init__(self) -> None:
        super().__init__(_("Together with it the basket would not become cheaper."))


class NotLookedAt(CouponRefused):
    code: ClassVar[str] = "not_looked_at"

    def __init__(self) -> None:
        super().__init__(_("It fits; not all combinations with it were looked at."))


@dataclass(frozen=True)
class Judged:
    """`alone`: what it would save by itself; None: it does not fit, `reason` says why. `taken`: what it takes off in
    the best combination; None: it is no part of it, and `reason` says why not."""

    offer: Offer
    alone: int | None
    taken: Discount | None
    reason: Refusal | None


@dataclass(frozen=True)
class Hint:
    """What the customer could do. `points` or `cents`: how many it would bring, or how much more it needs. `of`: a
    coupon's code or a reward's id; with `is_product` a SKU."""

    code: str
    sentence: str
    of: str = ""
    points: int | None = None
    cents: int | None = None
    is_product: bool = False


def coupons(
    search: Search, choice: Choice, candidates: Sequence[Offer], offers: Sequence[Offer], names: Names
) -> list[Judged]:
    """Those of the best combination first, in their order; then the others that fit; then those that do not."""
    taken = dict(choice.best.taken)
    chosen = [Judged(candidates[i], _alone(search, i), discount, None) for i, discount in choice.best.taken]
    others = [_left(search, choice, i, candidates, names) for i in range(len(candidates)) if i not in taken]
    others.sort(key=lambda one: one.alone is None)
    return [*chosen, *others, *(Judged(one, None, None, one.refused) for one in offers if one.refused)]


def why(judged: Sequence[Judged], is_exact: bool, bought: Bought, names: Names) -> list[str]:
    """In sentences: what is saved, what was weighed against it, whether all was looked at."""
    chosen = [one for one in judged if one.taken]
    left = [one for one in judged if one.alone is not None and one.taken is None]
    said = []
    if chosen:
        saved = names.money(sum(one.taken.cost for one in chosen if one.taken))
        told = {"money": saved, "names": ", ".join(_name(one) for one in chosen)}
        said.append(_("%(names)s: saves %(money)s.") % told)
    if chosen and not left:
        said.append(_("All coupons that fit are used."))
    said += [
        _("“%(name)s” would save %(money)s by itself. %(reason)s")
        % {"name": _name(one), "money": names.money(one.alone or 0), "reason": one.reason}
        for one in left
    ]
    if bought.prizes:
        told = {"n": words.number(bought.points), "money": names.money(bought.off)}
        said.append(_("Rewards for %(n)s points take off %(money)s more.") % told)
    if not is_exact:
        said.append(
            _("There were too many combinations to look at all of them; this is the best of those seen.")
        )
    return said


def hints(judged: Sequence[Judged], earned: Earning, prizes: Sequence[Prize], spendable: int) -> list[Hint]:
    """Joining, for a stranger; a coupon whose minimum is not met yet; the next reward."""
    found = []
    if earned.if_member:
        n = earned.if_member
        sentence = ngettext("A member would earn %(n)s point.", "A member would earn %(n)s points.", n)
        found.append(Hint("enrol", sentence % {"n": words.number(n)}, points=n))
    short = [
        (one.reason.missing, one)
        for one in judged
        if isinstance(one.reason, MinimumNotMet) and one.alone is None
    ]
    for missing, one in sorted(short, key=lambda pair: pair[0])[:3]:
        found.append(Hint("spend_more", str(one.reason), one.offer.code, cents=missing))
    after = spendable + earned.points
    soon = [
        one for one in prizes if isinstance(one.refused, InsufficientPoints) and one.terms.points <= after
    ]
    for prize in soon[:1]:
        told = {"name": prize.terms.reward.name}
        sentence = _("With the points of this basket “%(name)s” can be taken.") % told
        found.append(Hint("reward_near", sentence, prize.terms.reward.public_id, prize.terms.points))
    return found


def _alone(search: Search, index: int) -> int | None:
    after = search.step(search.start, index)
    return after.worth if isinstance(after, State) else None


def _left(search: Search, choice: Choice, index: int, candidates: Sequence[Offer], names: Names) -> Judged:
    """Put into the best combination at its place: what becomes of it."""
    alone, group = _alone(search, index), search.candidates[index].rules.stacking

    def refused(state: State) -> Judged:
        reason = _refusal(search, choice, index, candidates=candidates, state=state, names=names)
        return Judged(candidates[index], alone, None, reason)

    if alone is None:
        return refused(search.start)
    if group and group in choice.best.groups:
        return refused(choice.best)
    state = search.start
    for i in sorted([index, *dict(choice.best.taken)]):
        after = search.step(state, i)
        if isinstance(after, State):
            state = after
        elif i == index:
            return refused(state)
    is_missed = not choice.is_exact and state.value > choice.best.value
    return Judged(candidates[index], alone, None, NotLookedAt() if is_missed else NoBetter())


def _refusal(
    search: Search, choice: Choice, index: int, *, candidates: Sequence[Offer], state: State, names: Names
) -> Refusal:
    """Why a coupon cannot be used in a state."""
    rules, why_not = search.candidates[index].rules, search.step(state, index)
    if why_not == choosing.GROUP:
        mates = (i for i, _off in choice.best.taken if search.candidates[i].rules.stacking == rules.stacking)
        return NotCombinable(candidates[next(mates)].name)
    if why_not == choosing.LIMIT:
        return _limit(search, index)
    if why_not == choosing.BUDGET:
        return BudgetSpent()
    if why_not == choosing.MINIMUM:
        return fitting.below(rules, search.counted(state, index), names)
    return NoBetter() if state.taken else NothingApplies()


def _limit(search: Search, index: int) -> LimitReached:
    """The limit that the uses of this combination fill."""
    one = search.candidates[index]
    mine = [(one.rules.per_customer, "customer"), (one.rules.per_day, "day")]
    filled = [(most, per) for most, per in mine if most is not None]
    most, per = min(filled, default=(one.rules.total or one.room.total or 0, "total"))
    return LimitReached(per, most)


def _name(one: Judged) -> str:
    return one.offer.name or one.offer.code
