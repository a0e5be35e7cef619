"""Goods that go together and come next: the arithmetic by hand and against brute force, and the step of the night."""

from collections import Counter as Tally
from datetime import date, timedelta
from itertools import combinations
from math import exp, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.org.models import Store
from customers.histories import Part
from customers.models import Category, Customer
from segmentation.models import AgeLimit, BasketPair, DueGood, Level, ProductFit, Recommendation, StockFigure
from segmentation.products import again, discovery, intervals, pairs, shelves, step
from segmentation.products.baskets import Baskets, baskets, between, counted, once
from segmentation.products.pairs import Counter
from tests import cast
from tests.night.helpers import run_night
from tests.segmentation.shopping import NIGHT, day, refuse


def part(receipts: list[tuple[int, int, list[tuple[int, int, int]]]], store: int = 1) -> Part:
    """Of (customer, day, [(product, cents, discount)]), in order."""
    customers, first = np.unique([one[0] for one in receipts], return_index=True)
    lines = [line for one in receipts for line in one[2]]
    sizes = [len(one[2]) for one in receipts]
    n = len(receipts)
    return Part(
        customer=customers.astype(np.int64), first=np.append(first, n), receipt_id=np.arange(n),
        receipt_day=np.array([one[1] for one in receipts], np.int32), receipt_store=np.full(n, store, np.int32),
        receipt_channel=np.ones(n, np.int16), receipt_hour=np.full(n, 12, np.int16),
        receipt_cents=np.zeros(n, np.int64),
        receipt_discount=np.zeros(n, np.int64), line_first=np.append(0, np.cumsum(sizes)).astype(np.int64),
        line_product=np.array([line[0] for line in lines], np.int32), line_milli=np.full(len(lines), 1000, np.int64),
        line_cents=np.array([line[1] for line in lines], np.int64),
        line_discount=np.array([line[2] for line in lines], np.int64),
        line_kept_discount=np.array([line[2] for line in lines], np.int64),
    )  # fmt: skip


def plain(*products: int) -> list[tuple[int, int, int]]:
    return [(product, 100, 0) for product in products]


# --- Baskets and pairs ----------------------------------------------------------------------------------------------


def test_an_item_is_in_a_basket_once_and_a_basket_without_items_counts() -> None:
    found = part([(1, 5, plain(1, 1, 2)), (1, 6, plain(3)), (2, 7, plain(2, 1))])
    items = np.array([-1, 0, 1, -1])
    told = baskets(found, counted(found, 0, 10), items)
    assert (told.count, told.basket.tolist(), told.item.tolist()) == (3, [0, 0, 2, 2], [0, 1, 0, 1])


def test_lines_with_a_larger_discount_can_be_left_out() -> None:
    found = part([(1, 5, [(1, 80, 20), (2, 79, 21), (3, 100, 0)]), (1, 11, plain(1))])
    assert counted(found, 0, 10).tolist() == [True, True, True, False]
    assert counted(found, 0, 10, 0.20).tolist() == [True, False, True, False]


def test_some_customers_of_a_part_are_a_part() -> None:
    whole = part([(1, 5, plain(1)), (2, 6, plain(2, 3)), (2, 7, plain(4)), (5, 8, plain(5))])
    some = between(whole, 1, 2)
    assert (some.customer.tolist(), some.first.tolist(), some.line_first.tolist()) == ([2], [0, 2], [0, 2, 3])
    assert (some.receipt_day.tolist(), some.line_product.tolist()) == ([6, 7], [2, 3, 4])


def counted_pairs(rows: list[set[int]], minimum: float, most: int = pairs.MOST_ITEMS) -> Any:
    basket = np.array([i for i, row in enumerate(rows) for _ in row], dtype=np.int64)
    item = np.array([one for row in rows for one in sorted(row)], dtype=np.int64)
    found = Baskets(len(rows), *once(basket, item))
    counter = Counter(8, minimum)
    counter.look(len(rows), np.bincount(item, minlength=8))
    counter.settle(most)
    for low in range(0, len(rows), 3):  # in pieces, as parts come
        inside = (found.basket >= low) & (found.basket < low + 3)
        counter.add(counter.product(Baskets(3, found.basket[inside] - low, found.item[inside])))
    return counter.pairs()


def test_measures_of_five_baskets_by_hand() -> None:
    """Tea in 2 of 5 baskets, milk in 3, both in 2: support 0.4, tea → milk 1.0, lift 0.4 ÷ (0.4 × 0.6) = 5/3."""
    found = counted_pairs([{1, 2}, {1, 2, 3}, {2}, {3}, {4}], 0.4)
    assert [(a, b) for a, b in zip(found.a, found.b, strict=True)] == [(1, 2)]
    assert (found.of_a[0], found.of_b[0], found.both[0]) == (2, 3, 2)
    assert (found.support[0], found.confidence[0]) == (0.4, 1.0)
    assert found.lift[0] == pytest.approx(5 / 3)


@given(st.lists(st.sets(st.integers(0, 7)), min_size=1, max_size=30), st.sampled_from([0.01, 0.1, 0.25, 0.5]))
def test_pairs_equal_brute_force(rows: list[set[int]], minimum: float) -> None:
    of = Tally(item for row in rows for item in row)
    both = Tally(pair for row in rows for pair in combinations(sorted(row), 2))
    wanted = {pair: n for pair, n in both.items() if n >= minimum * len(rows) - 1e-9}
    found = counted_pairs(rows, minimum)
    told = {
        tuple(sorted(pair)): n
        for *pair, n in zip(*(c.tolist() for c in (found.a, found.b, found.both)), strict=True)
    }
    assert told == wanted
    for a, b, n, lift in zip(found.a, found.b, found.both, found.lift, strict=True):
        assert of[a] <= of[b]
        assert lift == pytest.approx(n * len(rows) / (of[a] * of[b]))


def test_only_the_most_bought_items_are_looked_at_where_there_are_too_many() -> None:
    found = counted_pairs([{1, 2, 3}, {1, 2}, {1, 2}], 0.01, most=2)
    assert (found.a.tolist(), found.b.tolist()) == ([1], [2])


def test_the_interval_of_a_share_is_wilsons() -> None:
    """Wilson's own form for 8 of 10: (0.8 + z²/20 ± z √(0.016 + z²/400)) ÷ (1 + z²/10)."""
    z = 1.959964
    middle, half, below = 0.8 + z * z / 20, z * sqrt(0.016 + z * z / 400), 1 + z * z / 10
    assert intervals.of_share(8, 10) == pytest.approx(((middle - half) / below, (middle + half) / below))
    assert intervals.of_share(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert intervals.of_share(0, 0) == (0.0, 1.0)
    assert intervals.of_share(0, 10)[0] == 0.0


def test_the_interval_of_lift_is_the_delta_methods() -> None:
    """1,000 baskets, 100 and 200 with the items, 40 with both: lift 2; variance of its logarithm worked out anew."""
    p, a, b = 0.04, 0.1, 0.2
    cells = {"ab": (p, 1 / p - 1 / a - 1 / b), "a": (a - p, -1 / a), "b": (b - p, -1 / b)}
    mean = sum(share * slope for share, slope in cells.values())
    variance = (sum(share * slope**2 for share, slope in cells.values()) - mean**2) / 1000
    low, high = intervals.of_lift(1000, 100, 200, 40)
    assert (low, high) == pytest.approx(
        (2 / exp(1.959964 * sqrt(variance)), 2 * exp(1.959964 * sqrt(variance)))
    )


def test_the_interval_of_lift_covers_what_is_true() -> None:
    rng = np.random.default_rng(7)
    drawn = rng.multinomial(5000, [0.04, 0.06, 0.16, 0.74], size=2000)
    told = [intervals.of_lift(5000, ab + a, ab + b, ab) for ab, a, b, _none in drawn.tolist()]
    covered = sum(low <= 2 <= high for low, high in told) / len(told)
    assert 0.93 < covered < 0.97


# --- Buying again ---------------------------------------------------------------------------------------------------


def test_what_was_bought_before_with_its_rhythm_and_weight() -> None:
    found = again.bought(part([(1, day, plain(7)) for day in (0, 10, 21, 30, 40)] + [(1, 41, plain(8))]), 40)
    assert (found.owner.tolist(), found.product.tolist()) == ([0], [7])
    assert (found.days.tolist(), found.last.tolist(), found.gap.tolist()) == ([5], [40], [10])
    assert found.is_regular.tolist() == [True]  # gaps 9, 10, 10, 11
    assert found.weight[0] == pytest.approx(sum(0.5 ** ((41 - day) / 90) for day in (0, 10, 21, 30, 40)))


def test_two_receipts_of_a_day_are_one_day_and_few_gaps_are_no_rhythm() -> None:
    found = again.bought(
        part([(1, 0, plain(7)), (1, 10, plain(7)), (1, 10, plain(7)), (1, 20, plain(7))]), 20
    )
    assert (found.days.tolist(), found.gap.tolist(), found.is_regular.tolist()) == ([3], [10], [False])
    assert found.milli.tolist() == [1333]


def test_uneven_gaps_are_no_rhythm() -> None:
    found = again.bought(part([(1, day, plain(7)) for day in (0, 2, 60, 62, 130)]), 130)
    assert found.is_regular.tolist() == [False]  # gaps 2, 2, 58, 68


def test_what_is_left_off_and_what_is_popular() -> None:
    found = again.bought(part([(1, day, plain(7)) for day in (0, 10)]), 25)
    assert again.scores(found, 25, np.array([0.0]))[0] == pytest.approx(found.weight[0] * 0.7)
    assert again.scores(found, 24, np.array([1.0]))[0] == pytest.approx(found.weight[0] * 1.5)


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(0, 5)),
        max_size=40,
        unique_by=lambda x: x[:2],
    )
)
def test_the_best_of_each_equal_a_plain_sort(rows: list[tuple[int, int, int]]) -> None:
    owner, product, score = (np.array([row[i] for row in rows], dtype=np.int64) for i in range(3))
    who, rank, chosen = again.best(owner, product, score, customers=4, most=3)
    told = {(int(w), int(r)): int(product[c]) for w, r, c in zip(who, rank, chosen, strict=True)}
    wanted: dict[tuple[int, int], int] = {}
    for one in range(4):
        mine = sorted((row for row in rows if row[0] == one), key=lambda row: (-row[2], row[1]))[:3]
        wanted |= {(one, at): row[1] for at, row in enumerate(mine)}
    assert told == wanted


# --- What is new ----------------------------------------------------------------------------------------------------


def finder(found: Part, until: int) -> discovery.Finder:
    sales = shelves.Sales(5)
    sales.add(shelves.look(found, until, 5))
    shelf = sales.shelves()
    like = discovery.together(found, until, shelf)
    near = discovery.likeness(like.counts.toarray(), like.ever, like.lately)
    return discovery.Finder(shelf, near, shelf.factor, shelf.popularity)


def test_what_is_new_goes_with_what_they_buy() -> None:
    """All four bought tea (1) long ago; of them two lately milk (2), one honey (3). Wine (4) was sold long ago."""
    receipts = [(1, 0, plain(1)), (1, 99, plain(2)), (2, 0, plain(1, 4)), (2, 99, plain(2, 3)), (3, 0, plain(1)),
                (4, 0, plain(1))]  # fmt: skip
    found = part(receipts)
    new = finder(found, 100)
    tea, milk, honey = (int(new.shelves.place[product]) for product in (1, 2, 3))
    assert new.like.whole[tea, milk] == pytest.approx(2 / sqrt(4 * 2))
    assert new.like.whole[tea, honey] == pytest.approx(1 / sqrt(4 * 1))
    assert new.like.whole[milk, tea] == 0  # nobody bought tea lately
    nothing = np.zeros((4, 4), dtype=bool)
    store = new.shelves.rows(np.ones(4, dtype=np.int64))
    told = new.find(again.bought(found, 100), customers=4, store=store, blocked=nothing, most=2)
    third = told.owner == 2
    assert new.shelves.kept[told.place[third]].tolist() == [2, 3]
    assert new.shelves.kept[told.goes_with[third]].tolist() == [1, 1]
    nothing[:, milk] = True
    told = new.find(again.bought(found, 100), customers=4, store=store, blocked=nothing, most=2)
    assert new.shelves.kept[told.place[told.owner == 2]].tolist() == [3]
    assert not (told.owner == 1).any()  # they know all that sells


@pytest.mark.parametrize(("near", "first"), [(0.40, [3, 2]), (0.37, [2, 3])])
def test_what_is_popular_counts_three_tenths(near: float, first: list[int]) -> None:
    """Product 2 is the nearest to the first one's product 1, and least popular: 1 + 0.3 × 0.2 = 1.06. Product 3 is the
    most popular: 0.8 + 0.3 = 1.10 for 0.40 of nearness, 0.74 + 0.3 = 1.04 for 0.37. The second one has bought nothing.
    """
    from scipy import sparse

    kept, ones = np.array([1, 2, 3]), np.ones((1, 3), np.float32)
    shelf = shelves.Shelves(kept, np.array([-1, 0, 1, 2]), kept, kept, np.zeros(1, np.int64), ones)
    whole = np.array([[0, 0.5, near], [0, 0, 0], [0, 0, 0]], np.float32)
    finder = discovery.Finder(
        shelf,
        discovery.Likeness(sparse.csr_matrix(whole), whole),
        ones,
        np.array([[0.5, 0.2, 1.0]], np.float32),
    )
    one = np.array([1])
    bought = again.Bought(np.array([0]), one, one, one, np.array([4.0]), one, np.array([False]), one)
    news = finder.find(
        bought, customers=2, store=np.zeros(2, np.int64), blocked=np.zeros((2, 3), dtype=bool), most=3
    )
    rows = list(zip(news.owner.tolist(), kept[news.place].tolist(), news.goes_with.tolist(), strict=True))
    assert rows == [(0, first[0], 0), (0, first[1], 0), (1, 3, -1), (1, 1, -1), (1, 2, -1)]


def test_nobody_is_offered_what_their_store_does_not_sell() -> None:
    """Milk sells to 40 of 80 customers at store 1, so 40 were to be expected at store 2, where tea alone is bought."""
    one = part([(n, 99, plain(1, 2)) for n in range(1, 41)])
    other = part([(n, 99, plain(1)) for n in range(41, 81)], store=2)
    sales = shelves.Sales(5)
    for each in (one, other):
        sales.add(shelves.look(each, 100, 5))
    shelf = sales.shelves()
    first, second, nowhere = shelf.rows(np.array([1, 2, 9]))
    milk = shelf.place[2]
    assert shelf.absent[[first, second, nowhere], milk].tolist() == [False, True, False]
    assert shelf.table[[first, second], milk].tolist() == [40, 0]


# --- The step -------------------------------------------------------------------------------------------------------


def test_a_night_writes_lists_pairs_needs_and_stock(
    irina: Customer, harbour: Store, bought: dict[str, int]
) -> None:
    cast.night(NIGHT)
    fit = ProductFit.objects.get()
    assert (fit.night.on, fit.baskets, fit.plain_baskets, fit.customers) == (NIGHT, 21, 21, 9)
    theirs = Recommendation.objects.get(customer=irina)
    assert theirs.store_id == harbour.pk
    assert theirs.again[:2] == [bought["TEA"], 0]
    assert (theirs.again_gaps[0], theirs.again_days[0], theirs.again_last[0]) == (10, 5, day(9))
    assert theirs.fresh[:3] == [bought["MILK"], bought["HONEY"], 0]  # alike, so by their numbers
    assert theirs.goes_with[:2] == [bought["TEA"], bought["TEA"]]
    pair = BasketPair.objects.get(level=Level.PRODUCT, is_plain=False)
    assert (pair.first, pair.second) == (bought["MILK"], bought["TEA"])
    assert (pair.first_baskets, pair.second_baskets, pair.both, pair.confidence) == (8, 13, 8, 1.0)
    assert pair.lift == pytest.approx(8 * 21 / (8 * 13))
    due = DueGood.objects.get()
    assert (due.customer_id, due.product_id, due.due_on, due.gap, due.milli) == (
        irina.pk, bought["TEA"], NIGHT + timedelta(days=1), 10, 2000,
    )  # fmt: skip
    stock = StockFigure.objects.get()
    assert (stock.store_id, stock.product_id, stock.customers, stock.due) == (
        harbour.pk,
        bought["TEA"],
        1,
        2000,
    )
    assert stock.week == 0
    assert (
        stock.usual == 3500
    )  # 9, 19 and 29 days ago two each, 30 days ago one for each of eight others, over 4 weeks


def test_the_next_night_replaces_what_the_one_before_found(irina: Customer, bought: dict[str, int]) -> None:
    cast.night(NIGHT)
    cast.night(NIGHT + timedelta(days=1))
    assert Recommendation.objects.filter(customer=irina).count() == 2
    cast.night(NIGHT + timedelta(days=2))
    nights = Recommendation.objects.filter(customer=irina).values_list("night__on", flat=True)
    assert sorted(nights) == [NIGHT + timedelta(days=1), NIGHT + timedelta(days=2)]
    assert BasketPair.objects.values("night").distinct().count() == 2


def test_nobody_who_objects_to_a_profile_gets_a_list(irina: Customer, bought: dict[str, int]) -> None:
    refuse(irina)
    cast.night(NIGHT)
    assert not Recommendation.objects.filter(customer=irina).exists()
    assert not DueGood.objects.exists()
    assert Recommendation.objects.count() == 8


@pytest.mark.parametrize(
    ("birthday", "gets"), [(None, False), (date(2008, 3, 10), False), (date(2008, 3, 9), True)]
)
def test_goods_with_a_minimum_age_are_for_those_known_to_be_old_enough(
    irina: Customer, bought: dict[str, int], birthday: date | None, gets: bool
) -> None:
    food = Category.objects.create(path="food", name="Food")
    AgeLimit.objects.create(category=food, minimum_age=18, created_by="test")
    Customer.objects.filter(pk=irina.pk).update(birthday=birthday)
    cast.night(NIGHT)
    assert Recommendation.objects.filter(customer=irina).exists() is gets
    assert DueGood.objects.exists() is gets


def test_an_empty_chain_has_a_night_too(harbour: Store) -> None:
    cast.night(NIGHT)
    assert ProductFit.objects.get().customers == 0


def found() -> list[Any]:
    """All that a night wrote about goods, without its number."""
    models = (Recommendation, DueGood, BasketPair, StockFigure, ProductFit)
    return [
        sorted(map(str, model._default_manager.values_list(*(
            field.name for field in model._meta.concrete_fields if field.name not in {"id", "night"}
        ))))
        for model in models
    ]  # fmt: skip


def test_a_step_that_is_stopped_goes_on_and_ends_alike(
    bought: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    cast.night(NIGHT)
    wanted, whole, stops = found(), step._write_local, iter([True])

    def stopped(*told: Any) -> int:
        if next(stops, False):
            raise RuntimeError("in the middle")
        return whole(*told)

    monkeypatch.setattr(step, "_write_local", stopped)
    for model in (Recommendation, DueGood, BasketPair, StockFigure, ProductFit):
        model._default_manager.all().delete()
    run_night(NIGHT, steps=("products",))
    assert found() == wanted


def test_what_an_unpublished_night_wrote_is_taken_back(bought: dict[str, int]) -> None:
    cast.night(NIGHT)
    step.take_back(ProductFit.objects.get().night_id)
    assert found() == [[], [], [], [], []]
