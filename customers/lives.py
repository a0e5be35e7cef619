"""The lifecycle as a function of purchase dates: which stage a customer is in on a day, and since when.

Let `age` be the days since the last purchase that counts, up to the day. A customer without one is *potential*. For
`new_days` from the first purchase they are *new*; for `won_back_days` from a purchase that came more than `lost_days`
after the one before they are *won back*. Otherwise: *active* while age < dormant_days, *dormant* while age < lost_days,
then *lost*. See docs/algorithms/lifecycle.md. All days are numbers since 1970; columns are numpy arrays.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from customers.models import LifecycleRules, Stage

STILL = np.iinfo(np.int32).max  # the end of a spell that has none
NEVER = 0


@dataclass(frozen=True)
class Spells:
    """Rows ordered by (customer, began); `ended` is exclusive, STILL while the spell lasts."""

    customer: Any
    stage: Any
    began: Any
    ended: Any

    def of(self, mask: Any) -> "Spells":
        return Spells(self.customer[mask], self.stage[mask], self.began[mask], self.ended[mask])


def stages_on(day: int, rules: LifecycleRules, states: dict[str, Any]) -> tuple[Any, Any]:
    """Stage of each state's customer at the end of `day`, and since when (NEVER: the state alone does not tell)."""
    first, last, comeback = (states[name].astype(np.int64) for name in ("first_on", "last_on", "comeback_on"))
    age = day - last
    ladder = [
        (last == NEVER, Stage.POTENTIAL, np.zeros_like(last)),
        (day - first < rules.new_days, Stage.NEW, first),
        ((comeback != NEVER) & (day - comeback < rules.won_back_days), Stage.WON_BACK, comeback),
        (age < rules.dormant_days, Stage.ACTIVE, np.zeros_like(last)),
        (age < rules.lost_days, Stage.DORMANT, last + rules.dormant_days),
    ]
    conditions = [condition for condition, _, _ in ladder]
    stage = np.select(conditions, [np.int16(stage) for _, stage, _ in ladder], np.int16(Stage.LOST))
    return stage, np.select(conditions, [began for _, _, began in ladder], last + rules.lost_days)


def lives(day: int, rules: LifecycleRules, runs: dict[str, Any], since: Any) -> Spells:
    """All spells up to `day`, from runs of purchases that nowhere pause for more than `dormant_days`.

    `runs` has one row a run, ordered by (customer_id, began_on); `before_on` is the purchase before it (NEVER: none),
    `last_on` the last of the customer. `since` is the day of enrolment of each run's customer.
    """
    customer, began, before, last = (
        runs[name].astype(np.int64) for name in ("customer_id", "began_on", "before_on", "last_on")
    )
    is_last = np.append(customer[1:] != customer[:-1], True) if len(customer) else np.zeros(0, dtype=bool)
    after = np.where(is_last, STILL, np.append(began[1:], STILL)[: len(began)])  # the next run begins
    end = np.where(is_last, last, np.append(before[1:], 0)[: len(before)])  # the last purchase of the run
    is_first, is_comeback = before == NEVER, (before != NEVER) & (began - before > rules.lost_days)
    opening = began + np.where(is_first, rules.new_days, np.where(is_comeback, rules.won_back_days, 0))
    dormant = end + rules.dormant_days
    lost = end + rules.lost_days
    parts = [
        (Stage.POTENTIAL, is_first & (since < began), since, began),
        (Stage.NEW, is_first, began, opening),
        (Stage.WON_BACK, is_comeback, began, opening),
        (Stage.ACTIVE, opening < dormant, opening, dormant),
        (Stage.DORMANT, dormant < after, dormant, np.minimum(lost, after)),
        (Stage.LOST, lost < after, lost, after),
    ]
    return _gathered(day, customer, parts)


def without_purchases(day: int, customer: Any, since: Any) -> Spells:
    """Those who never bought are potential from the day of their enrolment."""
    return _gathered(day, customer, [(Stage.POTENTIAL, since <= day, since, np.full(len(since), STILL))])


def joined(*parts: Spells) -> Spells:
    """Several sets of spells as one."""
    columns = ("customer", "stage", "began", "ended")
    return _sorted(Spells(*(np.concatenate([getattr(part, name) for part in parts]) for name in columns)))


def _gathered(day: int, customer: Any, parts: list[tuple[Stage, Any, Any, Any]]) -> Spells:
    rows = []
    for stage, mask, began, ended in parts:
        keep = mask & (began <= day)
        rows.append((customer[keep], np.full(keep.sum(), stage.value), began[keep], ended[keep]))
    columns = [np.concatenate(column).astype(np.int64) for column in zip(*rows, strict=True)]
    columns[3] = np.where(columns[3] > day, STILL, columns[3])
    return _sorted(Spells(*columns))


def _sorted(spells: Spells) -> Spells:
    return spells.of(np.lexsort((spells.began, spells.customer)))
