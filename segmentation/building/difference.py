"""What changed between two sentences, word by word (in Chinese, character by character)."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

_PIECES = re.compile(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+|\s+|[^\w\s]")


def difference(before: str, after: str) -> list[tuple[str, str]]:
    """Parts in their order, each with what became of it: "same", "gone" or "new"."""
    return list(_parts(_PIECES.findall(before), _PIECES.findall(after)))


def _parts(before: list[str], after: list[str]) -> Iterator[tuple[str, str]]:
    for what, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "equal":
            yield "same", "".join(before[a:b])
            continue
        if b > a:
            yield "gone", "".join(before[a:b])
        if d > c:
            yield "new", "".join(after[c:d])
