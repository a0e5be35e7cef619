"""The rules as delivered, and what rules can speak about.

A field's outcomes stand from the strongest to the weakest; those that speak against come last and are in no way. The
points are about three times the weight in bits of a Fellegi–Sunter model, rounded, so that 60 stands for odds of a
million to one, which is what a chance meeting in a large chain takes (docs/algorithms/matching.md).
"""

from typing import Any

# For each field: outcomes that speak for, strongest first; then those that may speak against.
FIELDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "phone": (("same", "typo"), ("other",)),
    "email": (("same", "normalised", "close"), ("other",)),
    "name": (
        ("same", "swapped", "common", "sound", "nickname", "close", "initials", "part", "short"),
        ("relative", "other"),
    ),
    "birthday": (("same", "swapped", "typo"), ("other",)),
    "address": (("same", "close"), ("other",)),
    "household": (("same",), ()),
    "gender": (("same",), ("other",)),
    "device": (("same",), ()),
}  # fmt: skip

_POINTS: dict[str, dict[str, int]] = {
    "phone": {"same": 42, "typo": 30, "other": 0},
    "email": {"same": 42, "normalised": 42, "close": 14, "other": 0},
    "name": {
        "same": 38, "swapped": 36, "common": 32, "sound": 30, "nickname": 30, "close": 32, "initials": 30, "part": 27,
        "short": 8, "relative": -60, "other": -60,
    },
    "birthday": {"same": 30, "swapped": 26, "typo": 22, "other": -35},
    "address": {"same": 33, "close": 22, "other": 0},
    "household": {"same": 2},
    "gender": {"same": 2, "other": -15},
    "device": {"same": 20},
}  # fmt: skip

_WAYS: list[list[list[str]]] = [
    [["name", "close"], ["birthday", "typo"]],
    [["name", "initials"], ["birthday", "same"]],
    [["name", "part"], ["phone", "typo"]],
    [["name", "part"], ["email", "normalised"]],
    [["name", "close"], ["address", "close"]],
    [["name", "part"], ["address", "same"]],
    [["name", "part"], ["birthday", "same"], ["address", "close"]],
    [["name", "part"], ["birthday", "same"], ["email", "close"]],
    [["name", "short"], ["birthday", "same"], ["phone", "typo"]],
    [["name", "close"], ["device", "same"]],
]


def points() -> dict[str, dict[str, int]]:
    return {field: dict(outcomes) for field, outcomes in _POINTS.items()}


def ways() -> list[list[list[str]]]:
    return [[list(one) for one in way] for way in _WAYS]


def holds(field: str, needed: str, outcome: str) -> bool:
    """Is `outcome` the needed one or a stronger one?"""
    strong = FIELDS[field][0]
    return outcome in strong and strong.index(outcome) <= strong.index(needed)


def settings() -> dict[str, Any]:
    return {"points": points(), "ways": ways(), "look_at": 60, "join_at": None}
