"""People of whom a chain has several records, with known truth: for measuring how duplicates are found.

The world is made first (households, families, twins, shared phones, numbers with a new owner), then records are taken
of it the way that counters, web shops and imports do: with slips, missing facts, moved houses, other names. Nothing
here knows how duplicates are looked for. Each second record tells what happened to it (`Record.slips`).

*person*: who it truly is. Two records of one person are a duplicate; anything else that is proposed is a false alarm.
"""

import random
import string
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from crm.demo import names
from crm.demo.synthetic.households import HOSTS, NICKNAMES, ROAD_KINDS, Record, World
from crm.lib import pinyin


def records(people: int, seed: int, twice: float = 0.15) -> Iterator[Record]:
    """Records of `people` persons; a share `twice` of them has a second one, some a third."""
    made = World(random.Random(seed)).people(people)  # noqa: S311  (not for secrets)
    rng = random.Random(seed + 1)  # noqa: S311
    for person in made:
        yield _with_gaps(person, rng)
        if rng.random() < twice:
            yield _again(person, rng)
            if rng.random() < 0.1:
                yield _again(person, rng)


def _with_gaps(person: Record, rng: random.Random) -> Record:
    """What a record holds at all: three in ten have no birthday, half have no address."""
    gaps: dict[str, Any] = {
        "birthday": None if rng.random() < 0.3 else person.birthday,
        "address": "" if rng.random() < 0.5 else person.address,
        "gender": "" if rng.random() < 0.3 else person.gender,
        "email": "" if rng.random() < 0.2 else person.email,
        "phone": "" if rng.random() < 0.08 else person.phone,
        "member": f"M{person.person:08d}" if rng.random() < 0.4 else "",
    }
    told = replace(person, **gaps)
    return told if told.phone or told.email or told.member else replace(told, phone=person.phone)


def _again(person: Record, rng: random.Random) -> Record:
    """A later record of the same person: one or two slips, now and then three."""
    told, slips = replace(person), []
    for slip in rng.sample(list(SLIPS), k=rng.choices((1, 2, 3), (60, 32, 8))[0]):
        changed = SLIPS[slip](told, rng)
        if changed != told:
            told = changed
            slips.append(slip)
    told = _with_gaps(told, rng)
    member = "" if rng.random() < 0.7 else f"N{rng.randrange(10**8):08d}"
    return replace(told, member=member, slips=tuple(sorted(slips)))


def _typo(text: str, rng: random.Random, letters: str) -> str:
    at = rng.randrange(1, len(text)) if len(text) > 1 else 0
    kind = rng.choice(("wrong", "swap", "drop", "twice"))
    if kind == "swap" and at + 1 < len(text):
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if kind == "drop" and len(text) > 3:
        return text[:at] + text[at + 1 :]
    if kind == "twice":
        return text[:at] + text[at] + text[at:]
    return text[:at] + rng.choice(letters) + text[at + 1 :]


def _phone_typo(told: Record, rng: random.Random) -> Record:
    head, digits = told.phone[:3], told.phone[3:]
    at = rng.randrange(len(digits))
    if rng.random() < 0.5 and at + 1 < len(digits):
        wrong = digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]
    else:
        wrong = digits[:at] + rng.choice(string.digits) + digits[at + 1 :]
    return replace(told, phone=head + wrong)


def _phone_changed(told: Record, rng: random.Random) -> Record:
    return replace(told, phone=World(rng).phone(told.phone.startswith("+86")))


def _name_typo(told: Record, rng: random.Random) -> Record:
    if pinyin.is_chinese(told.name):  # another character with the same sound, as input methods offer
        at = rng.randrange(1, len(told.name))
        sound = pinyin.syllables(told.name)[at]
        alike = [
            c
            for c in names.CHINESE_GIVEN_FEMALE + names.CHINESE_GIVEN_MALE
            if pinyin.syllables(c)[0] == sound
        ]
        return replace(told, name=told.name[:at] + rng.choice(alike or [told.name[at]]) + told.name[at + 1 :])
    words = told.name.split()
    at = rng.randrange(len(words))
    words[at] = _typo(words[at], rng, string.ascii_lowercase)
    return replace(told, name=" ".join(words))


def _name_swapped(told: Record, rng: random.Random) -> Record:
    if pinyin.is_chinese(told.name):
        return replace(told, name=told.name[1:] + told.name[:1])
    return replace(told, name=" ".join(reversed(told.name.split())))


def _nickname(told: Record, rng: random.Random) -> Record:
    given, _, family = told.name.partition(" ")
    return replace(told, name=f"{NICKNAMES[given]} {family}") if given in NICKNAMES else told


def _script(told: Record, rng: random.Random) -> Record:
    if not pinyin.is_chinese(told.name):
        return told
    if rng.random() < 0.3:
        return replace(told, name=names.to_traditional(told.name))
    sounds = pinyin.syllables(told.name)
    family, given = sounds[0].title(), "".join(sounds[1:]).title()
    return replace(told, name=f"{given} {family}" if rng.random() < 0.5 else f"{family} {given}")


def _initials(told: Record, rng: random.Random) -> Record:
    given, _, family = told.name.partition(" ")
    return replace(told, name=f"{given[0]}. {family}") if family else told


def _married(told: Record, rng: random.Random) -> Record:
    given, _, family = told.name.partition(" ")
    if not family or told.gender != "f":
        return told
    return replace(told, name=f"{given} {World(rng).family(False)}")


def _birthday_slip(told: Record, rng: random.Random) -> Record:
    born = told.birthday
    if born is None:
        return told
    if rng.random() < 0.5 and born.day <= 12:
        return replace(told, birthday=date(born.year, born.day, born.month))
    year = born.year - born.year % 10 + rng.randrange(10)
    return replace(told, birthday=born.replace(year=year, day=min(born.day, 28)))


def _mailbox(told: Record, rng: random.Random) -> Record:
    name, _, host = told.email.partition("@")
    if not name:
        return told
    if host == "gmail.com" and rng.random() < 0.6:
        at = rng.randrange(1, len(name))
        return replace(told, email=f"{name[:at].rstrip('.')}.{name[at:].lstrip('.')}@{host}")
    if rng.random() < 0.4:
        return replace(told, email=f"{name}+{rng.choice(('shop', 'news', 'vip'))}@{host}")
    return replace(told, email=f"{name}@{rng.choice(HOSTS)}")


def _email_changed(told: Record, rng: random.Random) -> Record:
    return replace(told, email=f"{''.join(rng.choices(string.ascii_lowercase, k=9))}@{rng.choice(HOSTS)}")


def _moved(told: Record, rng: random.Random) -> Record:
    return replace(told, address=World(rng).address(pinyin.is_chinese(told.address)))


def _address_slip(told: Record, rng: random.Random) -> Record:
    text = told.address
    for long, short in ROAD_KINDS:
        text = text.replace(f" {long}", f" {short}.")
    if "市" in text:
        text = text.partition("市")[2] if rng.random() < 0.5 else text.replace("室", "").replace("号", "号 ")
    return replace(told, address=text if text != told.address else text.partition(",")[0])


SLIPS = {
    "phone_typo": _phone_typo, "phone_changed": _phone_changed, "name_typo": _name_typo, "name_swapped": _name_swapped,
    "nickname": _nickname, "script": _script, "initials": _initials, "married": _married,
    "birthday_slip": _birthday_slip, "mailbox": _mailbox, "email_changed": _email_changed, "moved": _moved,
    "address_slip": _address_slip,
}  # fmt: skip
