"""The invented world behind `doubles`: households, families, twins, shared phones, numbers with a new owner."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from crm.demo import names
from crm.lib import pinyin

NICKNAMES = {
    "Daniel": "Dan", "Benjamin": "Ben", "Samuel": "Sam", "Oliver": "Ollie", "Gabriel": "Gabe", "Victor": "Vic",
    "Peter": "Pete", "David": "Dave", "Thomas": "Tom", "William": "Bill", "Robert": "Bob", "James": "Jim",
    "Katherine": "Kate", "Elizabeth": "Liz", "Margaret": "Maggie", "Susan": "Sue", "Jennifer": "Jenny",
    "Michael": "Mike", "Joseph": "Joe", "Edward": "Ted", "Richard": "Dick", "Patricia": "Trish", "Rebecca": "Becky",
}  # fmt: skip
_MORE_FEMALE = ["Katherine", "Elizabeth", "Margaret", "Susan", "Jennifer", "Patricia", "Rebecca"]
_MORE_MALE = [name for name in NICKNAMES if name not in _MORE_FEMALE]
_STREETS = [f"{a}{b}" for a in names.FAMILY_FIRST for b in ("wood", "field", "gate", "mill")]
ROAD_KINDS = [("Street", "St"), ("Road", "Rd"), ("Avenue", "Ave"), ("Lane", "Ln")]
_ROADS = "南京 北京 中山 人民 解放 建设 和平 长江 黄河 淮海 延安 西藏 四川 复兴 文化 新华 光明 胜利 友谊 团结".split()  # noqa: SIM905
_CITIES = [
    ("上海", "静安"),
    ("上海", "徐汇"),
    ("北京", "朝阳"),
    ("广州", "天河"),
    ("杭州", "西湖"),
    ("成都", "锦江"),
]
HOSTS = ["gmail.com", "gmail.com", "outlook.com", "qq.com", "163.com", "mail.example"]
_YEARS = (1940, 2006)


@dataclass(frozen=True)
class Record:
    """What one record says. `slips`: what went wrong or changed since the person's first record."""

    person: int
    name: str
    gender: str = ""
    birthday: date | None = None
    phone: str = ""
    email: str = ""
    address: str = ""
    member: str = ""
    slips: tuple[str, ...] = field(default=())


class World:
    """Makes people household by household."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.number = 0
        self.mailboxes: set[str] = set()
        self.given_up: list[str] = []  # phones whose owner left; the operator gives some of them out again

    def people(self, count: int) -> Iterator[Record]:
        while self.number < count:
            for person in self._household():
                if self.number < count:
                    yield replace(person, person=self.number)
                    self.number += 1

    def _household(self) -> list[Record]:
        """Singles, couples and families at one address; families may share a phone, couples phone and e-mail."""
        rng = self.rng
        is_chinese = rng.random() < 0.5
        address, family = self.address(is_chinese), self.family(is_chinese)
        size = rng.choices((1, 2, 3, 4), (50, 25, 13, 12))[0]
        grown = [self._adult(is_chinese, family, address, "m")]
        if size > 1:  # a Chinese wife keeps her name
            grown.append(self._adult(is_chinese, self.family(True) if is_chinese else family, address, "f"))
        if len(grown) == 2 and rng.random() < 0.2:
            shared: dict[str, Any] = {"phone": grown[0].phone} | (
                {"email": grown[0].email} if rng.random() < 0.4 else {}
            )
            grown[1] = replace(grown[1], **shared)
        children = self._children(grown[0], grown, family, size - 2) if size > 2 else []
        return grown + children

    def _children(self, parent: Record, others: list[Record], family: str, count: int) -> list[Record]:
        """Nobody is called like somebody at home, but for a few sons."""
        rng, is_chinese = self.rng, pinyin.is_chinese(family)
        born = parent.birthday and parent.birthday + timedelta(days=rng.randrange(21 * 365, 38 * 365))
        are_twins = count == 2 and rng.random() < 0.06
        found: list[Record] = []
        for i in range(count):
            child = self._adult(is_chinese, family, parent.address, rng.choice("fm"))
            while child.name in {other.name for other in [*others, *found]}:
                child = self._adult(is_chinese, family, parent.address, child.gender)
            day = born if (are_twins or i == 0) else born and born + timedelta(days=rng.randrange(400, 2000))
            if i == 0 and not is_chinese and child.gender == parent.gender and rng.random() < 0.03:
                child = replace(child, name=parent.name)  # a son with his father's name
            phone = parent.phone if rng.random() < 0.35 else child.phone
            found.append(replace(child, birthday=day, phone=phone))
        return found

    def _adult(self, is_chinese: bool, family: str, address: str, gender: str) -> Record:
        rng = self.rng
        given = self._given(is_chinese, gender)
        name = family + given if is_chinese else f"{given} {family}"
        born = date(rng.randrange(*_YEARS), 1, 1) + timedelta(days=rng.randrange(365))
        phone = self.phone(is_chinese)
        if self.given_up and rng.random() < 0.02:
            phone = self.given_up.pop(rng.randrange(len(self.given_up)))
        if rng.random() < 0.05:
            self.given_up.append(phone)
        latin = (
            "".join(pinyin.syllables(name))
            if is_chinese
            else name.lower().replace(" ", rng.choice((".", "", "_")))
        )
        email = self._mailbox(latin) if rng.random() < 0.75 else ""
        return Record(-1, name, gender, born, phone, email, address)

    def _mailbox(self, name: str) -> str:
        """One that nobody has yet."""
        tail, host = (
            "" if self.rng.random() < 0.3 else str(self.rng.randrange(10, 9999)),
            self.rng.choice(HOSTS),
        )
        while f"{name}{tail}@{host}" in self.mailboxes:
            tail = str(self.rng.randrange(10, 99_999))
        self.mailboxes.add(f"{name}{tail}@{host}")
        return f"{name}{tail}@{host}"

    def family(self, is_chinese: bool) -> str:
        if is_chinese:
            return str(self.rng.choices(*zip(*names.CHINESE_FAMILY, strict=True))[0])
        return self.rng.choice(names.FAMILY_FIRST) + self.rng.choice(names.FAMILY_SECOND)

    def _given(self, is_chinese: bool, gender: str) -> str:
        if is_chinese:
            letters = names.CHINESE_GIVEN_FEMALE if gender == "f" else names.CHINESE_GIVEN_MALE
            return "".join(self.rng.choices(letters, k=self.rng.choice((1, 2, 2, 2))))
        pool = names.GIVEN_FEMALE + _MORE_FEMALE * 2 if gender == "f" else names.GIVEN_MALE + _MORE_MALE * 2
        return self.rng.choice(pool)

    def phone(self, is_chinese: bool) -> str:
        rng = self.rng
        if is_chinese:
            return f"+861{rng.choice('3456789')}{rng.randrange(10**9):09d}"
        return f"+1{rng.randrange(201, 990)}{rng.randrange(200, 999)}{rng.randrange(10**4):04d}"

    def address(self, is_chinese: bool) -> str:
        rng = self.rng
        if is_chinese:
            city, district = rng.choice(_CITIES)
            road = rng.choice(_ROADS) + rng.choice(["东", "西", "南", "北", "中", ""])
            flat = f"{rng.randrange(1, 31)}0{rng.randrange(1, 7)}室"
            return f"{city}市{district}区{road}路{rng.randrange(1, 2500)}号{flat}"
        flat = f", Apt {rng.randrange(1, 60)}" if rng.random() < 0.5 else ""
        return f"{rng.randrange(1, 1500)} {rng.choice(_STREETS)} {rng.choice(ROAD_KINDS)[0]}{flat}"
