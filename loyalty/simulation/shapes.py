"""What a draft is made of, as it is read from JSON and kept (see `loyalty.simulation.drafts`)."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType


class Settings(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What of the programme is different: see `Programme`."""

    money_per_point: Decimal | UnsetType = UNSET
    rounding: str | UnsetType = UNSET
    ending: str | UnsetType = UNSET
    ending_count: int | UnsetType = UNSET
    excluded: dict[str, list[str]] | UnsetType = UNSET
    excludes_discounted: bool | UnsetType = UNSET
    cap_receipt: int | UnsetType | None = UNSET
    cap_day: int | UnsetType | None = UNSET
    cap_month: int | UnsetType | None = UNSET
    point_worth: Decimal | UnsetType | None = UNSET


class RuleDraft(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A rule that is new, or what of a known one is different: see `EarningRule`."""

    code: str
    is_off: bool = False
    name: str | UnsetType = UNSET
    kind: str | UnsetType = UNSET
    percent: int | UnsetType | None = UNSET
    points: int | UnsetType | None = UNSET
    condition: dict[str, Any] | UnsetType = UNSET
    is_exclusive: bool | UnsetType = UNSET
    cap_receipt: int | UnsetType | None = UNSET
    cap_day: int | UnsetType | None = UNSET
    cap_month: int | UnsetType | None = UNSET


class Draft(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """`tiers`: by code, with how much of the measure a tier is reached."""

    from_on: date = msgspec.field(name="from")
    to_on: date = msgspec.field(name="to")
    name: str = ""
    as_of: date | None = None
    programme: Settings = msgspec.field(default_factory=Settings)
    rules: list[RuleDraft] = msgspec.field(default_factory=list)
    tiers: dict[str, int] = msgspec.field(default_factory=dict)

    @property
    def is_live(self) -> bool:
        """Whether it says nothing else than the live rules do."""
        return self.as_of is None and not (said(self.programme) or self.rules or self.tiers)

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found


def held_on(draft: Draft) -> date:
    """The day whose rules the draft begins with."""
    return draft.as_of or draft.to_on


def said(one: Struct) -> dict[str, Any]:
    """What a part of a draft says, by field."""
    values = {name: getattr(one, name) for name in one.__struct_fields__ if name not in {"code", "is_off"}}
    return {name: value for name, value in values.items() if value is not UNSET}
