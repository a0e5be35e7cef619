"""Addresses as they are compared: folded words without what everybody writes differently, and numbers apart.

"12 St. Mary's Rd, Apt 4" → words {st, marys, rd}, numbers (12, 4) ·
"上海市静安区南京西路 1266 号 3 楼" → pairs of neighbours of
上海静安南京西, numbers (1266, 3). Words overlap by their share (Jaccard); house numbers must not contradict each other.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from customers.names import folded

SAME, CLOSE = 0.75, 0.4
_SHORT = {
    "street": "st", "str": "st", "saint": "st", "road": "rd", "avenue": "ave", "av": "ave", "lane": "ln", "drive": "dr",
    "boulevard": "blvd", "square": "sq", "court": "ct", "place": "pl", "terrace": "ter", "highway": "hwy",
    "north": "n", "south": "s", "east": "e", "west": "w", "mount": "mt", "close": "cl", "crescent": "cres",
}  # fmt: skip
_EMPTY_WORDS = {
    "apt", "apartment", "flat", "unit", "suite",
    "room", "floor", "no", "number", "house", "the", "of",
}  # fmt: skip
_NUMBER = re.compile(r"\d+")
_HAN_PARTS = re.compile(r"[省市区區县縣镇鎮乡鄉村街道路巷弄号號栋棟幢座单單元室楼樓层層,\s]+|自治")
_HAN = re.compile(r"[\u3400-\u9fff]+")


@dataclass(frozen=True)
class Address:
    """`street`: the word by which it is looked for."""

    words: frozenset[str]
    numbers: tuple[str, ...]
    street: str


@lru_cache(maxsize=200_000)
def read(text: str) -> Address | None:
    """None for an address with too little in it to tell places apart."""
    plain = unicodedata.normalize("NFKC", text).lower()
    numbers = tuple(number.lstrip("0") for number in _NUMBER.findall(plain))
    bare = _NUMBER.sub(" ", plain)
    han = "".join(_HAN_PARTS.sub("", run) for run in _HAN.findall(bare))
    words = set()
    for word in re.split(r"[\s,./#()-]+", _HAN.sub(" ", bare).replace("'", "").replace("’", "")):
        if (short := _SHORT.get(letters := folded(word), letters)) and letters not in _EMPTY_WORDS:
            words.add(short)
    street = han[-2:] or max(words, key=lambda word: (len(word), word), default="")
    words |= {han[i : i + 2] for i in range(len(han) - 1)}
    return Address(frozenset(words), numbers, street) if words else None


def compare(a: Address | None, b: Address | None) -> str:
    """same, close, other; "" where one is missing."""
    if a is None or b is None:
        return ""
    if a.numbers and b.numbers and not set(a.numbers) & set(b.numbers):
        return "other"
    overlap = len(a.words & b.words) / len(a.words | b.words)
    numbered = bool(a.numbers and b.numbers) and a.numbers[0] == b.numbers[0]
    if overlap >= SAME and (
        a.numbers == b.numbers or (numbered and min(len(a.numbers), len(b.numbers)) == 1)
    ):
        return "same"
    return "close" if overlap >= CLOSE and numbered else "other"
