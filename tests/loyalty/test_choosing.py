"""The best combination of coupons against trying all of them, one after another, with the functions of the till."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.baskets import Basket, BasketLine
from loyalty.coupons.discounts import discount_of
from loyalty.coupons.rules import Rules
from loyalty.evaluation import prizes
from loyalty.evaluation.choosing import Candidate, Room, Search, ordered
from loyalty.models import CouponKind

NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)


def line(amount: int, *, product: int = 1, pieces: float = 1, **more: Any) -> BasketLine:
    return BasketLine(product, frozenset(more.pop("of", ())), None, int(pieces * 1000), amount, **more)


def basket(*lines: BasketLine, **more: Any) -> Basket:
    return Basket(1, NOON, lines, **more)


def percent(share: int, **more: Any) -> Rules:
    return Rules(CouponKind.PERCENT, share_bp=share * 100, **more)


def off(cents: int, **more: Any) -> Rules:
    return Rules(CouponKind.AMOUNT, amount=cents, **more)


def search(goods: Basket, *rules: Rules, steps: int = 10_000) -> Search:
    candidates = [Candidate(one, n, kin=n, place=n) for n, one in enumerate(rules)]
    return Search(goods, ordered(candidates), steps)


def chosen(goods: Basket, *rules: Rules) -> tuple[int, list[int]]:
    """Cents saved, and the places of the rules that were taken."""
    found = search(goods, *rules)
    best = found.best_choice().best
    return best.worth, [found.candidates[i].definition for i, _off in best.taken]


def test_one_of_a_group_and_the_larger_one() -> None:
    goods = basket(line(10_000))
    assert chosen(goods, percent(10, stacking="x"), off(1500, stacking="x")) == (1500, [1])
    assert chosen(goods, percent(20, stacking="x"), off(1500, stacking="x")) == (2000, [0])
    assert chosen(goods, percent(10, stacking="x"), off(1500, stacking="x"), off(100)) == (1600, [1, 2])


def test_taking_the_larger_first_is_not_always_best() -> None:
    """50 off leaves 50, and the coupons from 60 on are lost: 20 and 35 from 60 on save more."""
    goods = basket(line(10_000))
    large = off(5000, place=1)
    small = [off(2000, place=2, minimum=6000), off(3500, place=3, minimum=6000)]
    assert chosen(goods, large, *small) == (5500, [1, 2])


def test_equal_savings_take_fewer_coupons_and_a_gift_is_better_than_none() -> None:
    goods = basket(line(500))
    assert chosen(goods, off(100), off(100), off(500)) == (500, [2])
    assert chosen(goods, off(600), Rules(CouponKind.GIFT, gift_id=9)) == (500, [0, 1])
    assert chosen(goods) == (0, [])


def test_room_is_shared_by_coupons_of_one_definition() -> None:
    goods = basket(line(10_000))

    def best(room: Room) -> int:
        many = [Candidate(off(1000), 7, kin=1, room=room, place=n) for n in range(4)]
        return Search(goods, ordered(many)).best_choice().best.worth

    assert [best(Room(customer=n)) for n in (1, 3)] == [1000, 3000]
    assert best(Room(total=2)) == 2000
    assert best(Room(cents=2500)) == 2000
    assert best(Room()) == 4000


def test_of_one_definition_the_better_terms_are_taken() -> None:
    """Two versions of an offer, of which somebody may use one: leaving the first is not leaving the second."""
    one, other = (Candidate(off(n), 7, kin=n, room=Room(customer=1)) for n in (1000, 3000))
    third = Candidate(off(500, place=200), 8)
    found = Search(basket(line(10_000)), ordered([one, other, third])).best_choice()
    assert (found.best.worth, found.is_exact) == (3500, True)


def test_a_budget_that_is_too_small_for_the_whole_may_do_for_what_is_left() -> None:
    goods = basket(line(10_000))
    first = Candidate(off(6000, place=1), 1)
    share = Candidate(percent(10, place=2), 2, room=Room(cents=500))
    assert Search(goods, [share]).best_choice().best.worth == 0
    assert Search(goods, [first, share]).best_choice().best.worth == 6400


def test_a_stopped_search_says_so_and_is_no_worse_than_each_alone_and_all_that_fit() -> None:
    goods = basket(*[line(1000 + n, product=n) for n in range(6)])
    rules = [percent(30 - n, place=n, minimum=2000 + 97 * n) for n in range(14)]
    whole, stopped = search(goods, *rules).best_choice(), search(goods, *rules, steps=20).best_choice()
    assert (whole.is_exact, stopped.is_exact) == (True, False)
    greedy = _value(goods, [Candidate(one, n) for n, one in enumerate(rules)], range(14), skip=True)
    assert greedy is not None
    assert stopped.best.value >= max(greedy, *[(discount_of(one, goods).cost, 0, -1) for one in rules])


goods_ = st.lists(
    st.builds(
        BasketLine, st.integers(1, 3), st.frozensets(st.integers(1, 3), max_size=2), st.none(),
        st.sampled_from([500, 1000, 2000, 3000]), st.integers(0, 3000), st.booleans(),
    ), min_size=1, max_size=4,
)  # fmt: skip
some = st.frozensets(st.integers(1, 3), max_size=1)
rules_ = st.builds(
    Rules, st.sampled_from(CouponKind), amount=st.integers(1, 3000), share_bp=st.none() | st.integers(1, 10_000),
    most=st.none() | st.integers(1, 900), gift_id=st.integers(1, 4), buy=st.integers(1, 2), get=st.integers(1, 2),
    only_categories=some, not_products=some, minimum=st.sampled_from([0, 0, 500, 2500]),
    skips_discounted=st.booleans(), stacking=st.sampled_from(["", "", "a", "b"]), place=st.integers(1, 3),
)  # fmt: skip
small = st.none() | st.integers(0, 2)
rooms = st.builds(Room, small, small, st.none() | st.integers(0, 1500))


@st.composite
def cases(draw: Any) -> tuple[Basket, list[Candidate]]:
    """Some of the coupons are of one definition, with its limits; some of these promise the same."""
    kinds = draw(st.lists(st.tuples(rules_, rooms), min_size=1, max_size=4))
    candidates = [Candidate(rules, n, kin=n, room=room) for n, (rules, room) in enumerate(kinds)]
    twins = draw(st.lists(st.sampled_from(candidates), max_size=2))
    varied = [replace(one, place=1, kin=one.kin + 10 * draw(st.booleans())) for one in twins]
    delivery = draw(st.sampled_from([0, 700]))
    return basket(*draw(goods_), delivery=delivery), ordered([*candidates, *varied])


@settings(max_examples=250, deadline=None)
@given(cases())
def test_nothing_is_better(case: tuple[Basket, list[Candidate]]) -> None:
    goods, candidates = case
    found = Search(goods, candidates, 100_000).best_choice()
    assert found.is_exact
    n = len(candidates)
    every = (
        _value(goods, candidates, picked) for size in range(n + 1) for picked in combinations(range(n), size)
    )
    assert found.best.value == max(one for one in every if one is not None)
    assert found.best.value == _value(goods, candidates, [i for i, _off in found.best.taken])


def _value(
    goods: Basket, candidates: list[Candidate], picked: Any, *, skip: bool = False
) -> tuple[int, int, int] | None:
    """What these save one after another, by the till's own functions; None where one of them is refused."""
    worth = gifts = 0
    used: list[tuple[Candidate, int]] = []
    for one in (candidates[i] for i in picked):
        found = discount_of(one.rules, goods)
        if _is_refused(one, goods, found, used):
            if skip:
                continue
            return None
        used.append((one, found.cost))
        worth, gifts = worth + found.cost, gifts + sum(gift.quantity for gift in found.gifts)
        goods = goods.less(found.lines, found.delivery)
    return worth, gifts, -len(used)


def _is_refused(one: Candidate, goods: Basket, found: Any, used: list[tuple[Candidate, int]]) -> bool:
    same = [cost for other, cost in used if other.definition == one.definition]
    groups = {other.rules.stacking for other, _cost in used} - {""}
    most = [limit for limit in (one.room.customer, one.room.total) if limit is not None]
    open_to = replace(one.rules, kind=CouponKind.PERCENT, share_bp=10_000, most=None)
    return (
        one.rules.stacking in groups
        or (bool(most) and len(same) >= min(most))
        or discount_of(open_to, goods).taken_off < one.rules.minimum
        or not (found.taken_off or found.gifts)
        or (one.room.cents is not None and sum(same) + found.cost > one.room.cents)
    )


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 40)), max_size=7),
    st.integers(0, 30),
    st.integers(0, 90),
)
def test_no_rewards_for_these_points_are_better(
    offered: list[tuple[int, int]], points: int, due: int
) -> None:
    given_ = [
        prizes.Prize(SimpleNamespace(points=cost), None, worth)  # type: ignore[arg-type]
        for cost, worth in offered
    ]
    found, is_exact = prizes.best(given_, points, due)
    assert is_exact
    every = (some for size in range(len(offered) + 1) for some in combinations(offered, size))
    values = [
        (min(due, sum(worth for _cost, worth in some)), -sum(cost for cost, _worth in some))
        for some in every
        if sum(cost for cost, _worth in some) <= points
    ]
    assert (min(due, found.off), -found.points) == max(values)
    assert found.points == sum(one.terms.points for one in found.prizes)
