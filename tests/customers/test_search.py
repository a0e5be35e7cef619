"""Finding a customer at the till: how people type, and who may find whom."""

import pytest

from customers import names, search
from customers.models import Customer, NameKey
from tests import cast

pytestmark = pytest.mark.django_db


def found(viewer, words: str, **options) -> list[str]:
    ids = [hit.customer_id for hit in search.find(viewer, words, **options)]
    by_id = Customer.objects.in_bulk(ids)
    return [by_id[i].name for i in ids]


@pytest.fixture
def people(irina, yusuf, lin, harbour, uptown) -> None:
    cast.customer("曾志伟", of=harbour, phone="+8613800139001", card="C99")
    cast.customer("John Paul Smith", of=harbour, phone="+8613600008000")
    names.index()


@pytest.mark.parametrize(
    "words",
    [
        "13800138000", "+86 138-0013-8000", "１３８００１３８０００", "0086 138 0013 8000",
        "irina@example.com", " IRINA@Example.com ", "M0001", "m0001", "C1000001", "c1000001",
    ],
)  # fmt: skip
def test_an_exact_identifier_finds_anybody_from_any_store(people, uma, words) -> None:
    (hit,) = search.find(uma, words)
    assert hit.is_exact
    assert found(uma, words) == ["Irina Petrova"]


def test_a_public_id_finds_its_customer(people, chen, irina) -> None:
    assert found(chen, irina.public_id) == ["Irina Petrova"]
    assert found(chen, "cus_000000000000") == []


@pytest.mark.parametrize(
    ("words", "who"),
    [
        ("iri", "Irina Petrova"), ("PETROVA", "Irina Petrova"), ("petrova i", "Irina Petrova"),
        ("smith j", "John Paul Smith"), ("paul", "John Paul Smith"), ("曾", "曾志伟"), ("志伟", "曾志伟"),
        ("伟", "曾志伟"), ("zeng", "曾志伟"), ("zhiwei", "曾志伟"), ("zeng zhi", "曾志伟"), ("zzw", "曾志伟"),
    ],
)  # fmt: skip
def test_names_by_their_beginning_characters_pinyin_and_initials(people, chen, words, who) -> None:
    assert found(chen, words) == [who]


def test_last_four_digits_of_ones_stores_only(people, chen, uma, ana) -> None:
    assert sorted(found(chen, "8000")) == ["Irina Petrova", "John Paul Smith"]
    assert found(uma, "8000") == []
    assert sorted(found(ana, "8000")) == ["Irina Petrova", "John Paul Smith"]


@pytest.mark.parametrize("words", ["irina", "伟", "zeng", "8000"])
def test_browsing_stays_within_ones_stores(people, uma, words) -> None:
    assert found(uma, words) == []


def test_a_region_sees_its_stores(people, rosa) -> None:
    assert found(rosa, "yusuf") == ["Yusuf Demir"]
    assert found(rosa, "irina") == ["Irina Petrova"]
    assert found(rosa, "lin") == []


def test_many_stores_are_searched_in_one_range(people, rosa, monkeypatch) -> None:
    monkeypatch.setattr(search, "FEWEST_STORES_FOR_ONE_RANGE", 1)
    assert found(rosa, "yusuf") == ["Yusuf Demir"]
    assert found(rosa, "lin") == []


@pytest.mark.parametrize(
    "words", ["", "   ", "%", "_", "'", "\\", "x" * 500, "??", "\u0000", "13800138", "99999999999999999999"]
)
def test_words_that_mean_nothing_find_nobody(people, ana, words) -> None:
    assert found(ana, words) == []


def test_a_limit_is_kept(people, ana, harbour) -> None:
    for number in range(30):
        cast.customer(f"Mia {number}", of=harbour)
    names.index()
    assert len(found(ana, "mia")) == 20
    assert len(found(ana, "mia", limit=8)) == 8


def test_a_new_name_is_found_and_the_old_one_is_not(people, ana, irina) -> None:
    Customer.objects.filter(pk=irina.pk).update(name="Irene Sokolova")
    names.index([irina.pk])
    assert found(ana, "sokol") == ["Irene Sokolova"]
    assert found(ana, "petrova") == []


def test_keys_of_names() -> None:
    assert names.keys_of("林小雨") == sorted(["林小雨", "小雨", "雨", "linxiaoyu", "xiaoyu", "yu", "lxy"])
    assert names.keys_of("吕娜") == sorted(["吕娜", "娜", "lvna", "luna", "na", "ln"])
    assert names.keys_of("Zoë Müller-Lüd") == ["ludzoemuller", "mullerludzoe", "zoemullerlud"]
    assert names.keys_of("单于飞")[0] == "chanyufei"
    assert names.keys_of("  ") == []
    assert all(len(key) <= 64 for key in names.keys_of("很" * 120))


def test_an_index_of_all_writes_the_same_keys(people) -> None:
    before = set(NameKey.objects.values_list("customer_id", "key", "home_store_id"))
    assert names.index() == len(before)
    assert set(NameKey.objects.values_list("customer_id", "key", "home_store_id")) == before
