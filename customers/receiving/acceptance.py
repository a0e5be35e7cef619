"""Which returns of a receipt are accepted: a function of the set of events, of nothing else.

The returns of one receipt are looked at in the order (occurred_at, source code, external_id). One is accepted when
every line of it names a line of the receipt, and the line's accepted quantity and amount, this one included, stay
within what was bought. A return that is not accepted takes nothing away from those after it.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from customers.models import ArrivalState
from customers.receiving.events import Return

EXCEEDS = "return_exceeds_receipt"
NO_SUCH_LINE = "return_line_unknown"

Sums = tuple[int, int]  # thousandths of the quantity, cents
NOTHING: Sums = (0, 0)


class Verdict(NamedTuple):
    state: ArrivalState
    reason: str = ""


WAITS = Verdict(ArrivalState.WAITING)
ACCEPTED = Verdict(ArrivalState.APPLIED)


def judge(
    bought: Mapping[int, Sums], returns: Iterable[Return]
) -> tuple[dict[tuple[str, str], Verdict], dict[int, Sums]]:
    """Verdicts by (source, external_id), and what came back by line number. `bought`: the sums of each line."""
    verdicts: dict[tuple[str, str], Verdict] = {}
    back: dict[int, Sums] = {}
    for event in sorted(returns, key=_order):
        verdict = _verdict(bought, back, event)
        verdicts[event.source, event.external_id] = verdict
        if verdict is ACCEPTED:
            for number, milli, cents in event.lines:
                so_far = back.get(number, NOTHING)
                back[number] = so_far[0] + milli, so_far[1] + cents
    return verdicts, back


def _order(event: Return) -> tuple[object, ...]:
    return event.occurred_at, event.source, event.external_id


def _verdict(bought: Mapping[int, Sums], back: Mapping[int, Sums], event: Return) -> Verdict:
    for number, milli, cents in event.lines:
        if number not in bought:
            return Verdict(ArrivalState.QUARANTINED, NO_SUCH_LINE)
        (quantity, amount), so_far = bought[number], back.get(number, NOTHING)
        if so_far[0] + milli > quantity or so_far[1] + cents > amount:
            return Verdict(ArrivalState.QUARANTINED, EXCEEDS)
    return ACCEPTED
