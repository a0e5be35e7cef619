"""Names out of traits: "Weekend, big baskets". Codes are kept, such as "weekend_share+"; words are the reader's."""

from collections.abc import Iterable, Mapping, Sequence

from django.utils.translation import gettext as _

from segmentation.clusters import kinds

STRONG = 0.35  # standard deviations from everybody, from which on a trait names a cluster
STILL = 0.15  # and down to which a name that has been given stays true
WORDS = 2
NUMBER = "#"  # such as "#2", the last code of a name whose words another cluster has, too
_MOST = 4


def named(profiles: Sequence[Mapping[str, float]], kept: Sequence[list[str] | None] = ()) -> list[list[str]]:
    """The codes that name each cluster. `profiles`: its traits in standard deviations from everybody's mean.

    A name of before (`kept`) stays as long as it is true. No two clusters have the same name: what would be named alike
    gets further words, and a number where there are none.
    """
    taken: set[frozenset[str]] = set()
    found: list[list[str]] = [[] for _profile in profiles]
    before = [*kept, *([None] * (len(profiles) - len(kept)))]
    staying = [at for at, codes in enumerate(before) if codes and _stays(codes, profiles[at])]
    for at in [*staying, *(place for place in range(len(profiles)) if place not in staying)]:
        codes = before[at] if at in staying else None
        found[at] = _numbered(codes or _own(profiles[at], taken), taken)
        taken.add(frozenset(found[at]))
    return found


def _stays(codes: list[str], profile: Mapping[str, float]) -> bool:
    """Whether a name has traits, and all of them still hold."""
    traits = [code for code in codes if not code.startswith(NUMBER)]
    held = (profile.get(code[:-1], 0) * (1 if code[-1] == "+" else -1) >= STILL for code in traits)
    return bool(traits) and all(held)


def _numbered(codes: list[str], taken: set[frozenset[str]]) -> list[str]:
    told, number = codes, 2
    while frozenset(told) in taken:
        told, number = [*codes, f"{NUMBER}{number}"], number + 1
    return told


def _own(profile: Mapping[str, float], taken: set[frozenset[str]]) -> list[str]:
    codes = strongest(profile)
    for most in range(WORDS, _MOST + 1):
        if frozenset(codes[:most]) not in taken:
            return codes[:most]
    return codes[:_MOST]


def strongest(profile: Mapping[str, float], least: float = STRONG) -> list[str]:
    """The traits that stand out, the strongest first, one a family; little of a category names nothing."""
    found, families = [], set()
    for code, away in sorted(profile.items(), key=lambda one: (-abs(one[1]), one[0])):
        family = kinds.family_of(code)
        is_little = away < 0 and kinds.category_of(code) is not None
        if abs(away) >= least and family not in families and not is_little:
            families.add(family)
            found.append(f"{code}{'+' if away > 0 else '-'}")
    return found


def words(codes: Iterable[str], names: dict[int, str]) -> list[str]:
    """Each code in words; a number tells no trait."""
    told = [(kinds.of(code[:-1], names), code[-1]) for code in codes if not code.startswith(NUMBER)]
    return [str(trait.high if sign == "+" else trait.low) for trait, sign in told]


def sentence(codes: Iterable[str], names: dict[int, str]) -> str:
    """The words as a name, with its number if it has one."""
    codes = list(codes)
    told = _(", ").join(words(codes, names))
    name = told[:1].upper() + told[1:] if told else _("Like everybody")
    number = codes[-1].removeprefix(NUMBER) if codes and codes[-1].startswith(NUMBER) else ""
    return f"{name} {number}" if number else name
