"""What a membership is, as JSON: to put it back exactly, or to stand beneath something that was bought."""

from datetime import date, datetime
from typing import Any

from loyalty.models import Membership
from loyalty.tiers.statements import STATE


def told(kept: Membership) -> dict[str, Any]:
    """The columns of its state, as the statements write them."""
    return {name: _text(getattr(kept, name)) for name in STATE}


def put(kept: Membership, stood: dict[str, Any]) -> None:
    """The reverse, all but the tier, which is a change of its own (`changing.note`)."""
    for name in STATE:
        if name != "tier":
            setattr(kept, name, _value(name, stood[name]))


def with_bought(
    before: dict[str, Any] | None, code: str, until: date, rank: int, ranks: dict[str, int]
) -> dict[str, Any] | None:
    """What stands again when goods take a higher tier back, now that a tier beneath it was bought."""
    if before is None:
        return None
    paid = {"paid_tier": code, "paid_until": until.isoformat()}
    if ranks.get(before["tier"], 0) >= rank:
        return before | paid
    fresh = dict.fromkeys(("reached_on", "measure", "threshold", "notice_on", "grace_until"))
    return before | paid | fresh | {"tier": code, "keep_until": until.isoformat(), "before": before}


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value


def _value(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if name == "since":
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if name.endswith(("_on", "_until")) else value
