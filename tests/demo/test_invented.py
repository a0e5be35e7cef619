"""Invented stores, people and product names: complete, unique, valid, the same everywhere."""

from collections import Counter
from datetime import date
from pathlib import Path

import phonenumbers

from crm.demo import goods, journey
from crm.demo.people import AGE_BANDS, AREA_CODES, Inventor, card_number, ean13, luhn, member_number
from crm.demo.places import REGIONS, Place, homes_by_household

TODAY = date(2026, 11, 23)


def everybody() -> list:
    inventor = Inventor(TODAY)
    regions = list(AREA_CODES)
    bands = ["", *AGE_BANDS]
    return [
        inventor.person(n, {"age": bands[n % 7]} if n % 7 else {}, regions[n % 6], date(2025, 11, 24))
        for n in range(1, 2_470)
    ]


def test_two_installations_have_the_same_people() -> None:
    assert everybody() == everybody()


def test_identifiers_are_unique_and_phones_are_valid_fiction() -> None:
    people = everybody()
    for column in ("phone", "member", "card"):
        assert len({getattr(person, column) for person in people}) == 2_469
    for person in people:
        number = phonenumbers.parse(person.phone)
        assert phonenumbers.is_valid_number(number)
        assert 5_550_100 <= number.national_number % 10_000_000 <= 5_550_199
        assert person.email == "" or person.email.rpartition("@")[2] in (
            "example.org",
            "example.com",
            "example.net",
        )


def test_birthdays_lie_within_the_known_age_band() -> None:
    for person in everybody():
        if person.age_band:
            assert person.birthday is not None
            had_birthday = (person.birthday.month, person.birthday.day) <= (TODAY.month, TODAY.day)
            age = TODAY.year - person.birthday.year - (not had_birthday)
            youngest, oldest = AGE_BANDS[person.age_band]
            assert youngest <= age <= oldest


def test_a_share_of_the_names_is_chinese() -> None:
    chinese = [person for person in everybody() if not person.name.isascii()]
    assert 0.25 < len(chinese) / 2_469 < 0.35
    assert any(person.language == "zh-hant" for person in chinese)
    surnames = Counter(person.name[0] for person in chinese)
    assert surnames["王"] > surnames["田"]


def test_check_digits_of_the_standards_examples() -> None:
    assert luhn("7992739871") == "3"
    assert ean13("400638133393") == "1"
    assert member_number(1) == "8400000017"
    assert card_number(1) == "2900000000018"


def test_every_store_has_a_place(stores: dict[int, Place], lines: journey.Lines) -> None:
    assert len(stores) == 457
    assert (
        len({place.code for place in stores.values()})
        == len({place.name for place in stores.values()})
        == 457
    )
    assert {place.region for place in stores.values()} == {code for code, _name, _zone in REGIONS}
    by_code = {place.code: place for place in stores.values()}
    assert by_code["HARB"].name == "Harbour"
    assert by_code["HARB"].region != by_code["UPTN"].region
    homes = Counter(stores[number].code for number in homes_by_household(lines).values())
    assert homes.most_common(1) == [("HARB", 61)]


def test_most_receipts_are_bought_in_the_region_of_the_home_store(
    stores: dict[int, Place], lines: journey.Lines
) -> None:
    homes = homes_by_household(lines)
    pairs = zip(lines.household[lines.starts].tolist(), lines.store[lines.starts].tolist(), strict=True)
    at_home = sum(stores[store].region == stores[homes[household]].region for household, store in pairs)
    assert at_home / 155_848 > 0.9


def test_products_have_readable_names_and_one_name_a_node(data: Path) -> None:
    rows = list(goods.product_rows(journey.read_products(data)))
    assert len(rows) == 92_331
    assert goods.readable("FRZN NOVELTIES/WTR ICE") == "Frozen novelties/water ice"
    assert rows[0].name == "Ice - crushed/cubed 22 LB"
    assert [step.name for step in rows[0].category] == ["Grocery", "Frozen ice", "Ice - crushed/cubed"]
    assert {row.brand for row in rows} >= {"Own label", "Maker 2"}
