"""Choices of a large table: what is nearest to the letters comes first, and says where it stands."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.attributes import goods
from customers.attributes.choosing import Named, Rows
from customers.models import Brand, Category
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def tree() -> dict[str, Category]:
    """By the path: two "Misc" of two departments, and much that is soft."""
    names = {
        "drinks": "Drinks", "drinks/1": "Soft drinks", "drinks/1/misc": "Misc", "drinks/2": "Lemonade, soft",
        "pets": "Pets", "pets/1": "Dog treats (soft treats)", "pets/1/misc": "Misc", "pets/1/ware": "Software",
        "soft": "Softeners", "soft/1": "Soft", "zzz": "Microsoft",
    }  # fmt: skip
    return {path: Category.objects.create(path=path, name=name) for path, name in names.items()}


def names(rows: Rows, words: str, most: int = 20) -> list[str]:
    return [one.name for one in rows.found(words, most)]


def test_beginnings_and_departments_come_first(tree: dict[str, Category]) -> None:
    assert names(goods.categories(), "soft") == [
        "Soft",  # called so
        "Softeners", "Soft drinks", "Software",  # begin so: the department first
        "Lemonade, soft", "Dog treats (soft treats)",  # a word does
        "Microsoft",
    ]  # fmt: skip
    assert names(goods.categories(), "SOFT D", 1) == ["Soft drinks"]
    assert names(goods.categories(), "(soft") == ["Dog treats (soft treats)"]
    assert names(goods.categories(), "s.ft") == []


def test_a_choice_says_where_it_stands_in_one_statement(tree: dict[str, Category]) -> None:
    first, other = tree["drinks/1/misc"], tree["pets/1/misc"]
    with CaptureQueriesContext(connection) as asked:
        found = goods.categories().found("misc", 20)
    assert len(asked) == 1
    assert found == [
        Named(str(first.pk), "Misc", ("Drinks", "Soft drinks")),
        Named(str(other.pk), "Misc", ("Pets", "Dog treats (soft treats)")),
    ]
    assert [one.way for one in found] == ["Drinks › Soft drinks", "Pets › Dog treats (soft treats)"]
    assert goods.categories().found("drinks", 1) == [Named(str(tree["drinks"].pk), "Drinks")]


def test_names_are_told_apart_where_two_are_the_same(tree: dict[str, Category]) -> None:
    first, other = str(tree["drinks/1/misc"].pk), str(tree["pets/1/misc"].pk)
    soft = str(tree["soft/1"].pk)
    assert goods.categories().some([first, soft]) == {first: "Misc", soft: "Soft"}
    assert goods.categories().some([first, other, "x", ""]) == {
        first: "Misc (Drinks › Soft drinks)",
        other: "Misc (Pets › Dog treats (soft treats))",
    }


def test_products_stand_in_their_category_and_brands_nowhere(tree: dict[str, Category]) -> None:
    milk = cast.product("17", "Milk", category=tree["drinks/1"])
    bare = cast.product("18", "Milk")
    assert goods.products().found("milk", 20) == [
        Named(str(milk.pk), "Milk", ("Soft drinks", "17")), Named(str(bare.pk), "Milk", ("18",)),
    ]  # fmt: skip
    assert goods.products().some([str(milk.pk), str(bare.pk)]) == {
        str(milk.pk): "Milk (Soft drinks › 17)",
        str(bare.pk): "Milk (18)",
    }
    one, two, three = (Brand.objects.create(name=name) for name in ("Alpine Oat", "Oat & Co", "Floating"))
    assert goods.brands().found("oat", 20) == [
        Named(str(two.pk), "Oat & Co"), Named(str(one.pk), "Alpine Oat"), Named(str(three.pk), "Floating"),
    ]  # fmt: skip
