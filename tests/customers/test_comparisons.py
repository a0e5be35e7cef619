"""Names, contacts, birthdays and addresses compared: exact outcomes, and the same in both directions."""

import random
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.demo.synthetic import doubles
from crm.demo.synthetic.judging import facts_of
from customers.matching import addresses, contacts, defaults, engine, people, strings
from customers.models import MatchRules

RULES = MatchRules(**defaults.settings())
SOME = [facts_of(record) for record in doubles.records(150, 3)]


@pytest.mark.parametrize(
    ("one", "other", "outcome"),
    [
        ("Irina Petrova", "irina PETROVA", "same"), ("Irina Petrova", "Petrova Irina", "swapped"),
        ("林小雨", "小雨林", "swapped"), ("林小雨", "Lin Xiaoyu", "sound"), ("林小雨", "林晓雨", "sound"),
        ("王伟", "王伟", "common"),
        ("Bill Smith", "William Smith", "nickname"), ("Irina Petrova", "Irina Petrowa", "close"),
        ("John Paul Smith", "John Smith", "close"), ("I. Petrova", "Irina Petrova", "initials"),
        ("Irina Sokolova", "Irina Petrova", "part"), ("小林", "林小雨", "short"), ("林女士", "林小雨", "short"),
        ("Anna Petrova", "Irina Petrova", "relative"), ("John Smith Jr", "John Smith Sr", "relative"),
        ("Mila Stone", "Mina Stone", "relative"), ("Wang Xiaoming", "Wang Xiaolong", "relative"),
        ("王伟", "李娜", "other"),
    ],
)  # fmt: skip
def test_names(one: str, other: str, outcome: str) -> None:
    assert people.compare(people.read(one), people.read(other)) == outcome
    assert people.compare(people.read(other), people.read(one)) == outcome


def test_jaro_winkler_of_the_papers() -> None:
    known = {("martha", "marhta"): 0.961, ("dixon", "dicksonx"): 0.813, ("dwayne", "duane"): 0.840}
    assert {pair: round(strings.jaro_winkler(*pair), 3) for pair in known} == known


def test_contacts_and_birthdays() -> None:
    phones = [frozenset({f"+86138001380{tail}"}) for tail in ("00", "01", "10", "77")]
    assert [contacts.compare_phones(phones[0], one) for one in phones] == ["same", "typo", "typo", "other"]
    assert contacts.mailbox("i.rina+shop@googlemail.com") == "irina@gmail.com"
    born = date(1990, 4, 12)
    days = [born, date(1990, 12, 4), date(1990, 4, 22), date(1981, 3, 3)]
    assert [contacts.compare_birthdays(born, day) for day in days] == ["same", "swapped", "typo", "other"]


def test_addresses() -> None:
    read = addresses.read
    assert addresses.compare(read("12 St. Mary's Rd, Apt 4"), read("12 St Marys Road Apt 4")) == "same"
    assert addresses.compare(read("上海市静安区南京西路1266号"), read("静安区南京西路 1266 号")) == "close"
    assert addresses.compare(read("12 Mary Road"), read("14 Mary Road")) == "other"


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SOME), st.sampled_from(SOME), st.randoms(use_true_random=False))
def test_comparing_is_symmetric_and_knows_no_order(one, other, rng: random.Random) -> None:
    there, back = engine.compare(one, other, RULES), engine.compare(other, one, RULES)
    assert there == back
    shuffled = list(one.identities)
    rng.shuffle(shuffled)
    again = engine.Facts(one.name, one.gender, one.birthday, one.address, one.household, frozenset(shuffled))
    assert engine.compare(again, other, RULES) == there


@given(st.text("abcdef", max_size=9), st.text("abcdef", max_size=9))
def test_distances_are_symmetric(one: str, other: str) -> None:
    assert strings.distance(one, other, 3) == strings.distance(other, one, 3)
