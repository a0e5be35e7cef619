"""What the statements answer is what plain Python finds in the same lines: returns, weights, guests, filters."""

import itertools
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from analytics import comings, crossshop, gains, people, revenue
from analytics.crossshop import Set
from analytics.goods import Goods, parts
from analytics.periods import Preset, compared, period_of
from analytics.questions import Question
from crm.org.models import Staff, Store
from customers import nights
from customers.models import Brand, Category, Customer
from segmentation import standings
from segmentation.models import Group
from segmentation.segments import lists, settling
from tests.analytics import reference
from tests.analytics.reference import Sold

pytestmark = pytest.mark.django_db

PERIODS = [
    (Preset.WEEKS_4, "before"),
    (Preset.WEEKS_13, "before"),
    (Preset.WEEKS_26, "year"),
    (Preset.MONTH, "before"),
]


def ask(viewer: Any, preset: str = Preset.WEEKS_13, against: str = "before", **more: Any) -> Question:
    night = nights.published()
    assert night is not None
    period = period_of(preset, night.on)
    return Question(viewer, period, compared(period, against), night, **more)


def a_category(path: str) -> Goods:
    return Goods(category=Category.objects.get(path=path))


@pytest.mark.parametrize(("preset", "against"), PERIODS)
def test_the_tree(noor: Staff, year: list[Sold], preset: str, against: str) -> None:
    question = ask(noor, preset, against)
    root = revenue.tree(question)
    assert_tree(root, question, reference.counting(year))
    assert sum(node.contribution for node in root.walk() if not node.children) == root.value - root.before


def assert_tree(root: revenue.Node, question: Question, lines: list[Sold]) -> None:
    found = {node.key: node for node in root.walk()}
    periods = {"value": question.period, "before": question.before}
    looked_at = [line for period in periods.values() for line in reference.within(lines, period)]
    weighed = {line.sku for line in looked_at if line.is_broken}
    for of, period in periods.items():
        people, visits, items, cents = reference.levels(reference.within(lines, period), weighed)
        got = {key: getattr(found[key], of) for key in ("customers", "visits", "items", "price", "members")}
        assert got["members"] == Decimal(cents) / 100
        assert got["customers"] == people
        assert got["visits"] * people == pytest.approx(visits)
        assert got["items"] * visits == pytest.approx(items)
        assert got["price"] * items == pytest.approx(Decimal(cents) / 100)


def test_guests_are_the_other_branch(noor: Staff, year: list[Sold]) -> None:
    root = revenue.tree(ask(noor, Preset.WEEKS_4))
    found = {node.key: node for node in root.walk()}
    assert (found["guests"].value, found["guests"].before) == (Decimal("48.36"), Decimal("110.06"))
    assert (found["receipts"].value, found["receipts"].before) == (4, 9)
    assert (found["lines"].value, found["lines"].before) == (3, 3)
    assert found["guests"].contribution == Decimal("-61.70")
    assert root.contribution == found["members"].contribution + found["guests"].contribution


def test_a_group_has_no_guests_and_is_that_of_the_last_night(noor: Staff, year: list[Sold]) -> None:
    group = next(group for group in Group.objects.all() if standings.members(noor, group=group.code).exists())
    ids = set(standings.members(noor, group=group.code).values_list("customer_id", flat=True))
    question = ask(noor, group=group)
    root = revenue.tree(question)
    assert root.key == "members"
    assert_tree(root, question, [line for line in reference.counting(year) if line.customer in ids])


def test_a_segment_has_no_guests_and_is_that_of_now(noor: Staff, year: list[Sold]) -> None:
    ids = set(Customer.objects.order_by("pk").values_list("pk", flat=True)[:7])
    segment = lists.create(by=noor, name="Seven", customers=ids)
    settling.new_versions()
    question = ask(noor, segment=segment)
    root = revenue.tree(question)
    assert root.key == "members"
    assert_tree(root, question, [line for line in reference.counting(year) if line.customer in ids])


def test_goods_store_and_channel_narrow_the_sales(marta: Staff, noor: Staff, year: list[Sold]) -> None:
    lines = reference.counting(year)
    tea = [line for line in lines if line.category.startswith("food/tea")]
    assert_tree(revenue.tree(q := ask(noor, goods=a_category("food/tea"))), q, tea)
    leaf = Goods(Category.objects.get(path="food/tea"), Brand.objects.get(name="Leaf"))
    assert_tree(revenue.tree(q := ask(noor, goods=leaf)), q, [line for line in tea if line.brand == "Leaf"])
    online = [line for line in lines if line.channel == 2]
    assert_tree(revenue.tree(q := ask(noor, channel=2)), q, online)
    harbour = [line for line in lines if line.store == "HARB"]
    assert_tree(revenue.tree(q := ask(marta)), q, harbour)


def targets() -> Iterator[tuple[Callable[[], Goods], Callable[[Sold], str | None], str]]:
    def below(parent: str, depth: int) -> Callable[[Sold], str | None]:
        inside = f"{parent}/" if parent else ""
        return lambda line: (
            "/".join(line.category.split("/")[:depth])
            if line.category and line.category.startswith(inside)
            else None
        )

    yield lambda: a_category("food"), below("", 1), "food"
    yield lambda: a_category("food/rice"), below("food", 2), "food/rice"
    yield lambda: a_category("food/tea/green"), below("food/tea", 3), "food/tea/green"
    sold = {
        "food/tea/green",
        "food/rice",
        "home/soap",
    }  # where Hill is sold; some of it stands in no category
    yield (
        lambda: Goods(brand=Brand.objects.get(name="Hill")),
        lambda line: (line.brand or "no brand") if line.category in sold or line.brand == "Hill" else None,
        "Hill",
    )


@pytest.mark.parametrize(("preset", "against"), PERIODS)
@pytest.mark.parametrize("target", list(targets()), ids=lambda target: target[2])
def test_gain_and_loss(noor: Staff, year: list[Sold], target: Any, preset: str, against: str) -> None:
    goods, part_of, name = target
    question = ask(noor, preset, against, goods=goods())
    found = gains.gains(question)
    reasons, switches = reference.gains(
        reference.counting(year), question.period, question.before, part_of, name
    )
    got = {one.key: (one.customers, int(one.amount * 100)) for one in found.reasons if one.customers}
    assert got == {key: value for key, value in reasons.items() if key != "same"}
    assert sum(one.amount for one in found.reasons) == found.change
    assert sum(one.amount for one in found.switches) == found.gained.amount + found.lost.amount
    assert len(found.switches) == len(switches)
    names = {"no brand": ""} | dict(Category.objects.values_list("path", "name"))
    for (part, side), exact in switches.items():
        mine = [s for s in found.switches if s.name == names.get(part, part) and (s.amount > 0) == (side > 0)]
        assert mine, part
        assert abs(mine[0].amount * 100 - Decimal(exact.numerator) * side / exact.denominator) < 1


@pytest.mark.parametrize(("preset", "against"), PERIODS)
def test_the_value_of_a_brand_is_that_of_its_tree(
    noor: Staff, year: list[Sold], preset: str, against: str
) -> None:
    for brand in Brand.objects.all():
        for category in (None, *Category.objects.all()):
            question = ask(noor, preset, against, goods=Goods(category, brand))
            tree, found = revenue.tree(question), gains.gains(question)
            assert (found.value, found.before) == (tree.value, tree.before), (brand, category)


def test_the_overview_is_the_departments(noor: Staff, year: list[Sold]) -> None:
    question = ask(noor)
    lines = reference.counting(year)
    for root in ("food", "home"):
        now, before = (
            sum(line.kept for line in reference.within(lines, period) if line.category.startswith(root))
            for period in (question.period, question.before)
        )
        row = next(row for row in gains.overview(question) if row[1] == root.title())
        assert row[2:] == (Decimal(now) / 100, Decimal(before) / 100)


@pytest.mark.parametrize("quiet", [2, 3])
@pytest.mark.parametrize("path", ["", "food/tea"])
def test_months(noor: Staff, year: list[Sold], quiet: int, path: str) -> None:
    lines = [line for line in reference.counting(year) if line.category.startswith(path)]
    expected = reference.months(lines, quiet)
    found = comings.months(ask(noor, goods=a_category(path) if path else Goods()), 14, quiet)
    assert [month.is_over for month in found] == [True] * 13 + [False]
    for month in found:
        number = month.began_on.year * 12 + month.began_on.month - 1
        for kind in comings.CAME:
            n, cents = expected.get((number, kind), (0, 0))
            assert month.came[kind] == (n, Decimal(cents) / 100), (month.began_on, kind)
        n, cents = expected.get((number, "lapsed"), (0, 0))
        assert month.lapsed == (n, Decimal(cents) / 100), month.began_on
    for earlier, later in itertools.pairwise(found):
        assert earlier.customers == later.came["retained"][0] + later.lapsed[0]


def test_cross_shop(noor: Staff, year: list[Sold]) -> None:
    harbour = Store.objects.get(code="HARB")
    question = ask(noor)
    lines = reference.within(reference.counting(year), question.period)
    sets = [Set(a_category("food/tea")), Set(store=harbour), Set(Goods(brand=Brand.objects.get(name="Hill")))]
    expected = reference.combinations(
        lines,
        [
            lambda x: x.category.startswith("food/tea"),
            lambda x: x.store == "HARB",
            lambda x: x.brand == "Hill",
        ],
    )
    found = crossshop.overlap(question, sets)
    assert found.buyers == sum(n for n, *_cents in expected.values())
    got = {
        one.mask: (one.customers, int(one.whole * 100), int(one.spent * 100)) for one in found.combinations
    }
    assert got == {mask: value for mask, value in expected.items() if mask}
    first, second = found.buyers_of[:2]
    both = sum(n for mask, (n, *_c) in expected.items() if mask & 3 == 3)
    assert found.pairs[0].customers == both
    assert found.pairs[0].lift == pytest.approx(both * found.buyers / (first * second))
    tea = sum(line.kept for line in lines if line.category.startswith("food/tea"))
    assert found.spent_in[0] == Decimal(tea) / 100


def test_numbers_open_as_many_people_as_they_say(noor: Staff, year: list[Sold]) -> None:
    question = ask(noor, goods=a_category("food/rice"))
    dealt = parts(question.goods)
    values = gains.values_of(question, dealt)
    found = gains.gains(question)
    codes = {name: code for code, name in gains.SOURCES.items()}

    def count(statement: Any, asked: dict[str, Any]) -> int:
        return people.behind(noor, statement, asked).count()

    for one in found.sources:
        assert count(gains.PEOPLE, values | {"source": codes[one.key]}) == one.customers, one.key
    for side, total in ((1, found.gained), (-1, found.lost)):
        assert count(gains.PEOPLE, values | {"switch": side}) == total.customers
    for switch in found.switches:
        side = 1 if switch.amount > 0 else -1
        assert count(gains.PEOPLE, values | {"switch": side, "part": switch.part}) == switch.customers
    for month in comings.months(question, 6):
        for kind, (n, _amount) in {**month.came, "lapsed": month.lapsed}.items():
            assert count(*comings.people(question, month.began_on, kind)) == n, (month.began_on, kind)
    root = {node.key: node for node in revenue.tree(question).walk()}
    assert count(revenue.BUYERS_OF_GOODS, question.values()) == root["customers"].value
    assert (
        count(revenue.BUYERS, ask(noor).values())
        == {n.key: n for n in revenue.tree(ask(noor)).walk()}["customers"].value
    )
