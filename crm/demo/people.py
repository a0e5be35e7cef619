"""Invented people for the data set's households: nobody in here exists.

Everything is drawn from one seeded generator in household order, so two installations show the same people.

- Phones: the numbers 555-0100 to 555-0199 of the area codes below. The North American Numbering Plan keeps
  them for fiction in every area code; they are valid E.164 numbers and reach nobody.
- E-mails: example.org, .com and .net (RFC 2606).
- Cards: EAN-13 with prefix 29, which GS1 leaves to a company's own use.
"""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product

from crm.demo import names

SEED = 8451
CHINESE_SHARE = 0.3
TRADITIONAL_SHARE = 0.25  # of them
ONE_CHARACTER_SHARE = 0.14  # of Chinese given names
EMAIL_SHARE = 0.72
BIRTHDAY_SHARE = 0.6  # of those whose age the data set does not know
EVEN = 0.5
LATE_SHARE = 0.15  # became members with the first receipt that the data has; the others before
AREA_CODES = {
    "COAST": (212, 315, 332, 516, 518, 585, 607, 631, 646, 716),
    "HILLS": (740, 216, 220, 234, 330, 380, 419, 440),
    "RIVER": (513, 567, 614, 937, 283),
    "LAKES": (231, 248, 269, 313, 517, 586),
    "PLAIN": (309, 312, 618, 630, 708, 773),
    "VALES": (270, 364, 502, 606, 859, 931),
}
FICTION = range(100, 200)  # 555-0100 … 555-0199

# The data set's words → what we store, and the ages that a band stands for.
AGE_BANDS = {
    "19-24": (19, 24),
    "25-34": (25, 34),
    "35-44": (35, 44),
    "45-54": (45, 54),
    "55-64": (55, 64),
    "65+": (65, 88),
}
AGE_WEIGHTS = (46, 142, 194, 288, 59, 72)  # of the households whose band is known
HOUSEHOLD_SIZES = {"1": 1, "2": 2, "3": 3, "4": 4, "5+": 5}


@dataclass(frozen=True)
class Person:
    household: int
    name: str
    gender: str
    birthday: date | None
    age_band: str
    income_band: str
    household_size: int | None
    household_kind: str
    language: str
    phone: str
    email: str
    member: str
    card: str
    enrolled_on: date


def luhn(digits: str) -> str:
    """The check digit after `digits` (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        total += sum(divmod(int(digit) * (2 if place % 2 == 0 else 1), 10))
    return str(-total % 10)


def ean13(digits: str) -> str:
    """The check digit after twelve `digits` (GS1 General Specifications, 7.9)."""
    return str(-sum(int(d) * (3 if place % 2 else 1) for place, d in enumerate(digits)) % 10)


def member_number(household: int) -> str:
    body = f"84{household:07d}"
    return body + luhn(body)


def card_number(household: int) -> str:
    body = f"29{household:010d}"
    return body + ean13(body)


def phone_numbers(rng: random.Random) -> dict[str, list[str]]:
    """All fictional numbers by region, in random order."""
    numbers = {
        region: [f"+1{area}555{line:04d}" for area, line in product(areas, FICTION)]
        for region, areas in AREA_CODES.items()
    }
    for pool in numbers.values():
        rng.shuffle(pool)
    return numbers


class Inventor:
    """Draws people one after the other; `today` is the day the demo is loaded, from which ages count."""

    def __init__(self, today: date) -> None:
        self.today = today
        self._rng = random.Random(SEED)  # noqa: S311 (not for secrets)
        self._phones = phone_numbers(self._rng)

    def person(self, household: int, known: dict[str, str | None], region: str, first_on: date) -> Person:
        """`known`: the data set's demographics, empty for two thirds of the households. `first_on`: first
        receipt.
        """
        rng = self._rng
        gender = rng.choices(("f", "m", "x", ""), (56, 39, 1, 4))[0]
        name, latin, language = self._name(gender)
        band = known.get("age") or ""
        return Person(
            household=household,
            name=name,
            gender=gender,
            birthday=self._birthday(band),
            age_band=band,
            income_band=known.get("income") or "",
            household_size=HOUSEHOLD_SIZES.get(known.get("household_size") or ""),
            household_kind=known.get("household_comp") or "",
            language=language,
            phone=self._phones[region].pop() if self._phones[region] else self._any_phone(),
            email=f"{latin}.{household}@example.{rng.choice(('org', 'com', 'net'))}"
            if rng.random() < EMAIL_SHARE
            else "",
            member=member_number(household),
            card=card_number(household),
            enrolled_on=first_on
            - timedelta(days=min(int(rng.expovariate(1 / 420)), 3_000) if rng.random() >= LATE_SHARE else 0),
        )

    def _any_phone(self) -> str:
        return max(self._phones.values(), key=len).pop()

    def _name(self, gender: str) -> tuple[str, str, str]:
        """The name, how it stands in an e-mail address, and the language."""
        rng = self._rng
        female = gender == "f" or (gender != "m" and rng.random() < EVEN)
        if rng.random() >= CHINESE_SHARE:
            given = rng.choice(names.GIVEN_FEMALE if female else names.GIVEN_MALE)
            family = rng.choice(names.FAMILY_FIRST) + rng.choice(names.FAMILY_SECOND)
            return f"{given} {family}", f"{given}.{family}".lower(), "en"
        families, weights = zip(*names.CHINESE_FAMILY, strict=True)
        letters = names.CHINESE_GIVEN_FEMALE if female else names.CHINESE_GIVEN_MALE
        name = rng.choices(families, weights)[0] + "".join(
            rng.sample(letters, 1 if rng.random() < ONE_CHARACTER_SHARE else 2)
        )
        if rng.random() < TRADITIONAL_SHARE:
            return names.to_traditional(name), "member", "zh-hant"
        return name, "member", rng.choice(("zh-hans", "zh-hans", "en"))

    def _birthday(self, band: str) -> date | None:
        """A day within the band where that is known; else drawn from the known bands, or not told."""
        rng = self._rng
        if not band:
            band = rng.choices(tuple(AGE_BANDS), AGE_WEIGHTS)[0]
            if rng.random() >= BIRTHDAY_SHARE:
                return None
        youngest, oldest = AGE_BANDS[band]
        age = rng.randint(youngest, oldest)
        last_birthday = self.today - timedelta(days=rng.randint(0, 364))
        return date(last_birthday.year - age, last_birthday.month, min(last_birthday.day, 28))
