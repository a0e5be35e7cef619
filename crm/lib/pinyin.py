"""Pinyin of Chinese names, for searching: plain letters without tones, ü as v (as keyboards write it)."""

import os
import unicodedata
from functools import lru_cache

# Characters that sound different as a surname (百家姓).
_SURNAMES = {
    "单": "shan", "單": "shan", "曾": "zeng", "仇": "qiu", "解": "xie", "区": "ou", "區": "ou",
    "查": "zha", "朴": "piao", "翟": "zhai", "盖": "ge", "蓋": "ge", "缪": "miao", "繆": "miao",
    "种": "chong", "乐": "yue", "樂": "yue", "黑": "he", "秘": "bi", "冼": "xian", "员": "yun",
    "員": "yun", "任": "ren", "华": "hua", "華": "hua", "尹": "yin", "召": "shao", "那": "na",
    "佴": "nai", "逄": "pang", "折": "she", "撒": "sa", "长": "zhang", "卜": "bu", "宓": "mi",
    "隗": "wei", "郗": "xi", "郇": "xun", "钭": "tou", "葛": "ge", "费": "fei", "費": "fei",
    "洗": "xian", "繁": "po", "纪": "ji", "紀": "ji", "哈": "ha", "薄": "bo", "宿": "su",
    "柏": "bai", "谌": "chen", "諶": "chen", "牟": "mou", "贾": "jia", "賈": "jia",
}  # fmt: skip
_DOUBLE_SURNAMES = {
    "尉迟": ("yu", "chi"), "尉遲": ("yu", "chi"), "万俟": ("mo", "qi"), "澹台": ("tan", "tai"),
    "长孙": ("zhang", "sun"), "單于": ("chan", "yu"), "单于": ("chan", "yu"),
}  # fmt: skip


def is_chinese(text: str) -> bool:
    """Whether there is a Chinese character in it."""
    return not text.isascii() and any(_is_han(letter) for letter in text)


def _is_han(letter: str) -> bool:
    return (
        "\u4e00" <= letter <= "\u9fff"
        or "\u3400" <= letter <= "\u4dbf"
        or "\U00020000" <= letter <= "\U000323af"
    )


def syllables(name: str) -> list[str]:
    """A syllable a character; the first ones as a surname sounds. Characters without a reading stand for themselves."""
    found = [_reading(letter) for letter in name]
    if name[:2] in _DOUBLE_SURNAMES:
        found[:2] = _DOUBLE_SURNAMES[name[:2]]
    elif name[:1] in _SURNAMES:
        found[0] = _SURNAMES[name[0]]
    return found


@lru_cache(maxsize=8192)
def _reading(letter: str) -> str:
    if letter.isascii():
        return letter.lower()
    # Names are read character by character: the dictionary of phrases (30 MB) is not needed.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    from pypinyin.constants import PINYIN_DICT

    readings: str = PINYIN_DICT.get(ord(letter), letter)
    return _without_tones(readings.partition(",")[0])


def _without_tones(syllable: str) -> str:
    decomposed = unicodedata.normalize("NFD", syllable).replace("u\u0308", "v")
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).lower()
