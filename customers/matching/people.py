"""Names of people, compared: Chinese and other scripts, swapped, short forms, initials, sounds, slips.

| outcome | example |
|---|---|
| same | Irina Petrova, irina PETROVA |
| common | the same, of two Chinese characters: 王伟, of whom every town has many |
| swapped | Petrova Irina; 小雨林 |
| sound | 林小雨, Lin Xiaoyu, 林晓雨 |
| nickname | Bill Smith, William Smith |
| close | Irina Petrowa; 林小雨, Ling Xiaoyu |
| initials | I. Petrova |
| short | 小林, 老林, 林女士 beside 林小雨; Irina alone |
| part | Irina Sokolova (a name after marriage) |
| relative | Anna Petrova: the family's name only |
| other | clearly somebody else |

"" stands for not comparable: one of the two is not told.
"""

from dataclasses import dataclass
from functools import lru_cache

from crm.lib import pinyin
from customers.matching.lexicon import CHINESE_FAMILIES, DOUBLE_SURNAMES, TITLES, formal
from customers.matching.strings import distance, jaro_winkler
from customers.names import folded

CLEARLY_DIFFERENT = ("relative", "other")

_PREFIX = "小老阿大"
_HONORIFICS = (
    "先生",
    "女士",
    "小姐",
    "太太",
    "老师",
    "老師",
    "师傅",
    "師傅",
    "总",
    "總",
    "哥",
    "姐",
    "叔",
    "阿姨",
)
_GENERATIONS = {
    "jr": "2",
    "junior": "2",
    "ii": "2",
    "sr": "1",
    "senior": "1",
    "i": "1",
    "iii": "3",
    "iv": "4",
}
_SOFT = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"), ("l", "n"), ("v", "u"))
_ALIKE = 0.94  # Jaro–Winkler from which two words of five letters or more are one with slips
_COMMON = 2  # characters
_SHORTEST_SLIP = 5  # letters: below it a slip is another name (Mila, Mina)


@dataclass(frozen=True)
class Name:
    """`words`: folded, in the order told; of a Chinese name the sounds of given and family name. `letters`: Han."""

    words: tuple[str, ...]
    letters: str = ""
    family: str = ""  # Han
    generation: str = ""
    is_short: bool = False  # only a family name or a call name is told

    @property
    def formal(self) -> tuple[str, ...]:
        return tuple(formal(word) for word in self.words)


@lru_cache(maxsize=200_000)
def read(text: str) -> Name | None:
    """A name as it is compared; None when there is no letter in it."""
    if pinyin.is_chinese(text):
        return _chinese("".join(letter for letter in text if letter.isalnum()))
    words = [word for word in map(folded, text.replace("-", " ").replace(".", " ").split()) if word]
    words = [word for word in words if word not in TITLES] or words
    generation = _GENERATIONS.get(words[-1], "") if len(words) > 2 else ""
    if generation:
        words = words[:-1]
    return Name(tuple(words), generation=generation, is_short=len(words) == 1) if words else None


def _chinese(letters: str) -> Name | None:
    bare, is_short = letters, False
    for ending in _HONORIFICS:
        if len(bare) > len(ending) and bare.endswith(ending) and len(bare) - len(ending) <= 2:
            bare, is_short = bare.removesuffix(ending), True
            break
    if len(bare) == 2 and bare[0] in _PREFIX:
        bare, is_short = bare[1:], True
    size = 2 if bare[:2] in DOUBLE_SURNAMES and len(bare) > 2 else 1
    sounds = pinyin.syllables(bare)
    given, family = "".join(sounds[size:]), "".join(sounds[:size])
    return Name(
        tuple(word for word in (given, family) if word),
        bare,
        bare[:size],
        is_short=is_short or len(bare) == 1,
    )


def compare(a: Name | None, b: Name | None) -> str:
    """One of OUTCOMES, or "" where a name is missing. The same in both directions."""
    if a is None or b is None:
        return ""
    if a.generation and b.generation and a.generation != b.generation:
        return "relative"
    if a.letters and b.letters:
        return _both_chinese(a, b)
    found = _words(a, b)
    if (a.letters or b.letters) and found in ("same", "swapped", "nickname"):
        return "sound"
    return found


def _both_chinese(a: Name, b: Name) -> str:
    one, other = a.letters, b.letters
    if one == other:
        return "short" if a.is_short else "same" if len(one) > _COMMON else "common"
    if a.is_short or b.is_short:
        return "short" if _calls(a, b) or _calls(b, a) else "other"
    if len(one) == len(other) and any(one == other[k:] + other[:k] for k in range(1, len(other))):
        return "swapped"
    if a.words == b.words:
        return "sound"
    if soft("".join(a.words)) == soft("".join(b.words)) and len(one) == len(other):
        return "close"
    return "relative" if a.family == b.family or a.words[-1] == b.words[-1] else "other"


def _calls(short: Name, full: Name) -> bool:
    """小林 or 林女士 for 林小雨; 阿雨 for her, too."""
    return short.is_short and (full.family == short.letters or full.letters.endswith(short.letters))


def soft(sounds: str) -> str:
    """What many speakers do not tell apart: zh and z, ng and n, l and n."""
    for hard, loose in _SOFT:
        sounds = sounds.replace(hard, loose)
    return sounds


def _words(a: Name, b: Name) -> str:
    one, other = a.words, b.words
    if one == other:
        return "short" if a.is_short else "same"
    if sorted(one) == sorted(other) or "".join(one) == "".join(other):
        return "swapped" if "".join(one) != "".join(other) else "same"
    if sorted("".join(one)) == sorted("".join(other)) and _rotated("".join(one), "".join(other)):
        return "swapped"
    if a.is_short or b.is_short:
        return _one_word(one, other)
    return _aligned(one, other)


def _rotated(one: str, other: str) -> bool:
    return one in other + other


def _one_word(one: tuple[str, ...], other: tuple[str, ...]) -> str:
    short, full = (one, other) if len(one) <= len(other) else (other, one)
    if len(full) == 1:
        return "close" if _relation(short[0], full[0]) in ("close", "nickname") else "other"
    return "short" if any(_relation(short[0], word) in ("same", "nickname") for word in full) else "other"


_RANK = {"same": 0, "nickname": 1, "close": 2, "initials": 3}


def _aligned(one: tuple[str, ...], other: tuple[str, ...]) -> str:
    """Each word of the shorter name finds its best partner; what is left without one tells who it cannot be."""
    short, full = (one, other) if len(one) <= len(other) else (other, one)
    free = list(range(len(full)))
    relations: list[str] = []
    for word in sorted(short, key=len, reverse=True):
        found = [(_RANK[relation], i) for i in free if (relation := _relation(word, full[i])) in _RANK]
        rank, place = min(found, default=(None, -1))
        if rank is None:
            relations.append("")
        else:
            free.remove(place)
            relations.append(next(name for name, value in _RANK.items() if value == rank))
    if "" in relations:
        return _partly(one, other)
    worst = max(relations, key=lambda name: _RANK[name])
    if worst == "initials" and set(relations) == {"initials"}:
        return "other"  # initials alone name nobody
    if len(full) > len(short) and worst in ("same", "nickname"):
        return "close"  # a middle name that one of the two leaves out
    return worst


def _partly(one: tuple[str, ...], other: tuple[str, ...]) -> str:
    """The same given name beside another family name, or the other way round. The family name stands last."""
    if one[0] == other[0] and len(one[0]) > 1 and one[0] not in CHINESE_FAMILIES:
        return "part"
    return "relative" if set(one) & set(other) else "other"


@lru_cache(maxsize=500_000)
def _relation(one: str, other: str) -> str:
    if one == other:
        return "same"
    if formal(one) == formal(other):
        return "nickname"
    if min(len(one), len(other)) == 1:
        return "initials" if one[0] == other[0] else ""
    return "close" if _slips(one, other) else ""


def _slips(one: str, other: str) -> bool:
    if max(len(one), len(other)) < _SHORTEST_SLIP or min(len(one), len(other)) < _SHORTEST_SLIP - 1:
        return False
    return distance(one, other, 1) == 1 or jaro_winkler(min(one, other), max(one, other)) >= _ALIKE
