"""What a membership is, as JSON: to put it back exactly, or to stand beneath something that was bought.

What was bought covers what was earned: on a tier that is bought, `before` is what stands beneath it. Above it, `before`
is what stands again when goods come back, and that may be covered, too.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from loyalty.models import Membership
from loyalty.tiers.statements import STATE

State = dict[str, Any]
_FRESH = ("reached_on", "measure", "threshold", "notice_on", "grace_until")


def told(kept: Membership) -> State:
    """The columns of its state, as the statements write them."""
    return {name: _text(getattr(kept, name)) for name in STATE}


def put(kept: Membership, state: State) -> None:
    """The reverse, all but the tier, which is a change of its own (`keeping.note`)."""
    for name in STATE:
        if name != "tier":
            setattr(kept, name, _value(name, state.get(name)))


def lowest(tier: str, since: datetime) -> State:
    """Who has earned nothing yet."""
    return dict.fromkeys(STATE) | {"tier": tier, "since": _text(since), "paid_tier": ""}


def is_covered(state: State) -> bool:
    """It stands on the tier that was bought."""
    return bool(state.get("paid_tier")) and state["tier"] == state["paid_tier"]


def without(state: State, nothing: State) -> State:
    """The same had nothing been bought, at every depth. `nothing`: what stands beneath where nothing is known of it."""
    while is_covered(state):
        state = state.get("before") or nothing
    before = state.get("before") and without(state["before"], nothing)
    return state | {"paid_tier": "", "paid_until": None, "before": before}


def covered(state: State, paid: State, ranks: Mapping[str, int]) -> State:
    """The same (`without` what is bought) with a tier bought. A higher one stays, and falls onto it.

    `paid` says `tier`, `paid_until`, `since` and `scheme_id` of what is bought.
    """
    says = {"paid_tier": paid["tier"], "paid_until": paid["paid_until"]}
    if ranks.get(state["tier"], 0) > ranks.get(paid["tier"], 0):
        before = state.get("before") and covered(state["before"], paid, ranks)
        return state | says | {"before": before}
    fresh = {"keep_until": paid["paid_until"], "before": state}
    return state | dict.fromkeys(_FRESH) | paid | says | fresh


def covered_since(state: State | None, code: str) -> str | None:
    """Since when it has stood on what was bought, wherever that is beneath."""
    while state is not None:
        if is_covered(state) and state["tier"] == code:
            return str(state["since"]) if state.get("since") else None
        state = state.get("before")
    return None


def unlocked(state: State | None) -> State | None:
    """The same without a lock, at every depth."""
    return state and state | {"locked_until": None, "before": unlocked(state.get("before"))}


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value


def _value(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if name == "since":
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if name.endswith(("_on", "_until")) else value
