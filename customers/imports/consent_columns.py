"""Consents in a customers file: a column a purpose and channel (`consent_email_marketing`), yes or no.

What another system knows comes without the text that was shown, so its wording is "unknown/import". `consent_at` says
when it was said. Without it a no counts from now on; a yes only where nothing was said here before, for a stale list
must not bring back whom it lost. `do_not_contact` says yes or nothing. The same file again changes nothing.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from crm.lib.owned import move_rows
from customers.consents import CELLS, profiles, wordings
from customers.consents.cells import NO_CONTACT, Cell

WORDING = "unknown/import"
AT = "consent_at"
CELL_OF: dict[str, Cell] = {
    **{f"consent_{cell.code.replace('.', '_')}": cell for cell in CELLS},
    "do_not_contact": NO_CONTACT,
}
COLUMNS = (*CELL_OF, AT)
_SAID = {
    "yes": True, "y": True, "true": True, "1": True, "是": True, "no": False, "n": False, "false": False, "0": False,
    "否": False,
}  # fmt: skip


class Words(NamedTuple):
    """What one row says: (cell, yes or no), and when it was said."""

    said: tuple[tuple[Cell, bool], ...]
    at: datetime | None = None


NOTHING = Words(())


def read(given: Mapping[str, str], moment: Any) -> Words:
    """The row's words; blank cells say nothing. Raises ValueError. `moment` reads a time."""
    said = []
    for column, cell in CELL_OF.items():
        text = given.get(column, "").strip().lower()
        if text:
            if text not in _SAID:
                raise ValueError(column)
            word = _SAID[text]
            if cell != NO_CONTACT:
                said.append((cell, word))
            elif word:
                said.append((cell, False))
    if not said:
        return NOTHING
    at = given.get(AT, "").strip()
    return Words(tuple(said), moment(at) if at else None)


def write(cur: Any, told: Iterable[tuple[int, Words]], *, source: str, by: str) -> set[int]:
    """Record what is new; the customers whom it concerned. In the import's transaction."""
    rows = [(owner, cell, word, words.at) for owner, words in told for cell, word in words.said]
    if not rows:
        return set()
    cur.execute(_INSERT, {
        "owners": [owner for owner, *_ in rows], "purposes": [int(cell.purpose) for _o, cell, *_ in rows],
        "channels": [int(cell.channel) for _o, cell, *_ in rows], "given": [word for *_, word, _at in rows],
        "at": [at for *_, at in rows], "wording": wordings.find(WORDING).pk, "source": source, "by": by,
    })  # fmt: skip
    told_anew = {row[0] for row in cur.fetchall()}
    about = {owner for owner, cell, *_ in rows if cell.purpose in profiles.CONCERNING}
    profiles.look_again(cur, told_anew & about)
    return told_anew


def take_back(file_id: int) -> int:
    """Take away what an import told: it is undone. Looks through the table, for a rare act."""
    with connection.cursor() as cur:
        move_rows(cur)
        told = f"import:{file_id}"
        cur.execute(_LOOK_AGAIN, [told, sorted(profiles.CONCERNING)])
        cur.execute("DELETE FROM customers_consent WHERE source = %s", [told])
        return int(cur.rowcount)


# In the database: an import may have told millions of words.
_LOOK_AGAIN = """
INSERT INTO customers_personadue (customer_id)
SELECT DISTINCT customer_id FROM customers_consent WHERE source = %s AND purpose = ANY(%s::smallint[])
"""
_INSERT = """
INSERT INTO customers_consent
    (customer_id, purpose, channel, is_given, occurred_at, recorded_at, wording_id, source, recorded_by, evidence)
SELECT DISTINCT told.customer_id, told.purpose, told.channel, told.is_given, least(told.at, clock.now), clock.now,
    CASE WHEN told.purpose <> 0 THEN %(wording)s::bigint END, %(source)s, %(by)s, '{}'::jsonb
FROM unnest(%(owners)s::bigint[], %(purposes)s::smallint[], %(channels)s::smallint[], %(given)s::boolean[],
    %(at)s::timestamptz[]) AS told (customer_id, purpose, channel, is_given, at),
    (SELECT clock_timestamp() AS now) clock
WHERE CASE
    WHEN told.at IS NOT NULL THEN NOT EXISTS (
        SELECT FROM customers_consent w WHERE w.customer_id = told.customer_id AND w.purpose = told.purpose
            AND w.channel = told.channel AND w.occurred_at = told.at AND w.is_given = told.is_given)
    WHEN told.is_given THEN NOT EXISTS (
        SELECT FROM customers_consent w WHERE w.customer_id = told.customer_id AND w.purpose = told.purpose
            AND w.channel = told.channel)
    ELSE coalesce((
        SELECT coalesce(max(w.occurred_at) FILTER (WHERE w.is_given IS NOT FALSE), '-infinity')
            > coalesce(max(w.occurred_at) FILTER (WHERE w.is_given = false), '-infinity')
            OR max(w.occurred_at) FILTER (WHERE w.is_given = false) IS NULL
        FROM customers_consent w WHERE w.customer_id = told.customer_id AND w.purpose = told.purpose
            AND w.channel = told.channel), true)
    END
RETURNING customer_id
"""
