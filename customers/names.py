"""Searching by name: the keys under which a name is found, each by its beginning.

| name | keys |
|---|---|
| John Paul Smith | johnpaulsmith, paulsmithjohn, smithjohnpaul |
| 林小雨 | 林小雨, 小雨, 雨 · linxiaoyu, xiaoyu, yu · lxy |
| 吕娜 | 吕娜, 娜 · lvna, na, luna · ln |

A query is folded the same way and every key that begins with it is a hit: "smith j", "小雨", "lin x", "lxy".
"""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, transaction

from crm.lib import pinyin

LONGEST_KEY = 64
MOST_KEYS = 24
BLOCK = 20_000


def folded(text: str) -> str:
    """Without case, accents, spaces and punctuation."""
    if text.isascii():
        lowered = text.lower()
    else:
        decomposed = unicodedata.normalize("NFKD", text.lower())
        lowered = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return "".join(letter for letter in lowered if letter.isalnum())[:LONGEST_KEY]


def keys_of(name: str) -> list[str]:
    """All search keys of a name, sorted; [] for a name without letters."""
    keys: set[str] = set()
    if pinyin.is_chinese(name):
        _add_chinese("".join(letter for letter in name if letter.isalnum()), keys)
    else:
        words = [word for word in map(folded, name.replace("-", " ").split()) if word]
        keys |= {"".join(words[i:] + words[:i])[:LONGEST_KEY] for i in range(len(words))}
    keys.discard("")
    return sorted(keys)[:MOST_KEYS]


def _add_chinese(name: str, keys: set[str]) -> None:
    syllables = pinyin.syllables(name)
    for start in range(len(name)):
        keys.add(folded(name[start:]))
        sound = "".join(syllables[start:])[:LONGEST_KEY]
        keys.add(sound)
        if "v" in sound:
            keys.add(sound.replace("v", "u"))
    keys.add("".join(syllable[0] for syllable in syllables)[:LONGEST_KEY])


def index(customer_ids: Sequence[int] | None = None) -> int:
    """Write the keys of these customers anew (None: of all); the number of keys. In the caller's transaction or one."""
    written = 0
    with transaction.atomic(), connection.cursor() as cursor:
        for block in _blocks(cursor, customer_ids):
            written += _index(cursor, block)
    return written


def _blocks(cursor: Any, customer_ids: Sequence[int] | None) -> Iterable[list[int]]:
    if customer_ids is not None:
        for start in range(0, len(customer_ids), BLOCK):
            yield list(customer_ids[start : start + BLOCK])
        return
    last = 0
    while True:
        cursor.execute("SELECT id FROM customers_customer WHERE id > %s ORDER BY id LIMIT %s", [last, BLOCK])
        block = [row[0] for row in cursor.fetchall()]
        if not block:
            return
        yield block
        last = block[-1]


def _index(cursor: Any, customer_ids: list[int]) -> int:
    cursor.execute("DELETE FROM customers_namekey WHERE customer_id = ANY(%s)", [customer_ids])
    cursor.execute(_NAMES, [customer_ids])
    rows = [(customer, key, store) for customer, name, store in cursor.fetchall() for key in keys_of(name)]
    with cursor.copy("COPY customers_namekey (customer_id, key, home_store_id) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    return len(rows)


# A merged customer is found under the survivor's name.
_NAMES = """
SELECT id, name, home_store_id FROM customers_customer
WHERE id = ANY(%s) AND name <> '' AND merged_into_id IS NULL
"""
