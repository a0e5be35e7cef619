"""Scores of a night: rows that are made anew for everybody, each night under its own number.

A table of scores has a row for (customer, night). What a night writes nobody reads until it is published; then it
replaces what the night before wrote, whose rows the next night removes. So there are two generations at most, and a
reader sees one of them whole. A small table of fits (a row a night, kept for ever) says which nights scored: readers
take the newest one up to the published night, so a run of other steps alone leaves the scores as they were.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection, models

from crm.lib.arrays import array_text
from crm.lib.statements import Statement
from customers import consents, nights
from customers.nightrun import NightRun


@dataclass(frozen=True)
class Scores:
    """A table of scores: `fits` is the model of its fits, `types` its columns (crm.lib.copy) without `night_id`."""

    table: str
    fits: type[models.Model]
    types: Mapping[str, Any]


_SWEEP = (
    "DELETE FROM {table} WHERE customer_id >= %(low)s AND customer_id < %(high)s AND night_id <> %(keep)s"
)

# `gone`: erased, or become somebody else. The others of them object to a profile.
_BARRED = f"""
SELECT c.id, 1 FROM customers_customer c
WHERE c.id = ANY(%(ids)s) AND (c.merged_into_id IS NOT NULL OR c.erased_at IS NOT NULL)
UNION ALL
SELECT c.id, 0 FROM customers_customer c
WHERE c.id = ANY(%(ids)s) AND c.merged_into_id IS NULL AND c.erased_at IS NULL AND {consents.refusal(None, "profiling")}
"""  # noqa: S608  our own names and numbers
STATEMENTS = [Statement("scores.barred", _BARRED, {"ids": [1, 2, 3]})]


def statements(table: str) -> list[Statement]:
    """What this module runs on a table, for the proofs of scale-out."""
    return [Statement(f"{table}.sweep", _SWEEP.format(table=table), {"low": 1, "high": 250_001, "keep": 1})]


def serving(fits: type[models.Model]) -> Any | None:
    """The fit whose scores readers see: the newest up to the published night. `fits.night` is the night."""
    night = nights.published()
    if night is None:
        return None
    return fits._default_manager.filter(night__lte=night.pk).order_by("-night_id").first()


def barred(cursor: Any, customers: Any) -> tuple[Any, Any]:
    """Of whom no score of a person is kept, asked at this moment: who is no customer any more, and who objects to a
    profile (docs/decisions/0020). Two masks of `customers`."""
    import numpy as np

    from crm.lib.copy import INT4, INT8, read_packed

    found = read_packed(cursor, _BARRED, {"id": INT8, "gone": INT4}, {"ids": array_text(customers)})
    is_gone = found["gone"] == 1
    return np.isin(customers, found["id"][is_gone]), np.isin(customers, found["id"][~is_gone])


def replace_part(night_run: NightRun, number: int, scores: Scores, columns: Mapping[str, Any]) -> bool:
    """Write the scores of one slice of customers (`night_run.ranges[number]`) under the night's number.

    In one transaction with the note that the slice is done; what neither readers see nor this night wrote goes. False:
    an earlier attempt has done it.
    """
    part = f"scores:{scores.table}"
    if night_run.claim.is_part_done(part, number):
        return False
    kept = serving(scores.fits)
    low, high = night_run.ranges[number]
    with night_run.claim.part(part, number), connection.cursor() as cursor:
        keep = kept.night_id if kept else 0
        cursor.execute(_SWEEP.format(table=scores.table), {"low": low, "high": high, "keep": keep})
        _write(cursor, scores, columns, night_run.night.pk)
    return True


def _write(cursor: Any, scores: Scores, columns: Mapping[str, Any], night: int) -> None:
    import numpy as np

    from crm.lib.copy import INT4, write_columns

    if rows := len(columns["customer_id"]):
        types = {**scores.types, "night_id": INT4}
        write_columns(cursor, scores.table, types, {**columns, "night_id": np.full(rows, night)})


def take_back(scores: Scores, night: int) -> None:
    """Remove what an unpublished night wrote."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {scores.table} WHERE night_id = %s", [night])  # noqa: S608  a table of ours
    scores.fits._default_manager.filter(night=night).delete()
