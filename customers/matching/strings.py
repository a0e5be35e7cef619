"""How alike two words are.

Jaro–Winkler: M. Jaro, JASA 84 (1989) 414–420; W. Winkler, Proc. Section on Survey Research Methods, ASA (1990) 354–359
(prefix scale 0.1, at most four letters). Distance: edits and swaps of neighbours, each letter touched once (optimal
string alignment).
"""

PREFIX = 4
SCALE = 0.1


def jaro(a: str, b: str) -> float:
    """From 0 (nothing in common) to 1 (equal)."""
    if a == b:
        return 1.0
    if not a or not b:
        return 0.0
    reach = max(len(a), len(b)) // 2 - 1
    in_a, in_b = _common(a, b, max(reach, 0))
    matches = len(in_a)
    if not matches:
        return 0.0
    moved = sum(a[i] != b[j] for i, j in zip(in_a, sorted(in_b), strict=True)) / 2
    return (matches / len(a) + matches / len(b) + (matches - moved) / matches) / 3


def _common(a: str, b: str, reach: int) -> tuple[list[int], list[int]]:
    """Places of the letters that both have within `reach` of each other."""
    free = [True] * len(b)
    in_a, in_b = [], []
    for i, letter in enumerate(a):
        for j in range(max(0, i - reach), min(len(b), i + reach + 1)):
            if free[j] and b[j] == letter:
                free[j] = False
                in_a.append(i)
                in_b.append(j)
                break
    return in_a, in_b


def jaro_winkler(a: str, b: str) -> float:
    """Jaro, raised where the beginnings agree."""
    base = jaro(a, b)
    shared = 0
    for one, other in zip(a[:PREFIX], b[:PREFIX], strict=False):
        if one != other:
            break
        shared += 1
    return base + shared * SCALE * (1 - base)


def distance(a: str, b: str, most: int) -> int:
    """Edits and swaps of neighbours from `a` to `b`; `most` + 1 stands for all that is more than `most`."""
    if a == b:
        return 0
    if abs(len(a) - len(b)) > most:
        return most + 1
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, letter in enumerate(a, start=1):
        row = [i]
        for j, other in enumerate(b, start=1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == b[j - 2] and a[i - 2] == other:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
        before, last = last, row
    return min(last[-1], most + 1)


def one_slip(a: str, b: str) -> bool:
    """One letter or digit wrong, missing, too many, or two neighbours swapped."""
    return a != b and distance(a, b, 1) == 1
