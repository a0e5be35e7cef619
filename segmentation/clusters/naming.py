"""Names out of traits: "Weekend, big baskets". Codes are kept, such as "weekend_share+"; words are the reader's."""

from collections.abc import Iterable, Mapping, Sequence

from django.utils.translation import gettext as _

from segmentation.clusters import kinds

STRONG = 0.35  # standard deviations from everybody, from which on a trait names a cluster
STILL = 0.15  # and down to which a name that has been given stays true
WORDS = 2
_MOST = 4


def named(profiles: Sequence[Mapping[str, float]], kept: Sequence[list[str] | None] = ()) -> list[list[str]]:
    """The codes that name each cluster. `profiles`: its traits in standard deviations from everybody's mean.

    A name of before (`kept`) stays as long as it is true. No two clusters have the same name: what would be named alike
    gets further words.
    """
    taken: set[frozenset[str]] = set()
    found: list[list[str]] = [[] for _profile in profiles]
    before = [*kept, *([None] * (len(profiles) - len(kept)))]
    staying = [at for at, codes in enumerate(before) if codes and _is_true(codes, profiles[at])]
    for at in [*staying, *(place for place in range(len(profiles)) if place not in staying)]:
        codes = before[at] if at in staying else None
        found[at] = codes or _own(profiles[at], taken)
        taken.add(frozenset(found[at]))
    return found


def _is_true(codes: list[str], profile: Mapping[str, float]) -> bool:
    return all(profile.get(code[:-1], 0) * (1 if code[-1] == "+" else -1) >= STILL for code in codes)


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
    """Each code in words."""
    told = [(kinds.of(code[:-1], names), code[-1]) for code in codes]
    return [str(trait.high if sign == "+" else trait.low) for trait, sign in told]


def sentence(codes: Iterable[str], names: dict[int, str]) -> str:
    """The words as a name."""
    told = _(", ").join(words(codes, names))
    return told[:1].upper() + told[1:] if told else _("Like everybody")
