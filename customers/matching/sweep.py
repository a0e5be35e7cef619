"""The sweep: all customers against each other, near-linear, in bounded memory, as a job.

1. *match_keys*: keys of customers whose facts changed where nobody wrote them (a bulk load, an older version).
2. *match_pairs*: blocks by key in columns (`blocks`), then each pair that is left is compared by the engine, slice by
   slice; a slice's pairs and its checkpoint are one transaction. Killed, it goes on with the next slice.
3. *match_end*: open pairs that this sweep did not see any more go; pairs that the rules join without asking are joined.

Done again it ends in the same rows. A pair that somebody decided on stays decided while the facts of both are the same.
"""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
from django.db import connection

from crm.jobs.claim import Claim, StepProgress
from crm.jobs.models import Job, State
from crm.lib.copy import DATE, INT8, read_packed
from crm.lib.statements import Statement
from customers.matching import blocks, engine, facts, keys, pairs
from customers.models import DuplicatePair, MatchKey, MatchRules, PairState

SLICE = 20_000  # pairs compared between two checkpoints
KEYED = 10_000  # customers
SURELY = timedelta(days=1)  # a transaction may have been open that long
KEYS_A_PART = 2_000_000
_KEYS_EACH = 12  # of a customer, about
STEPS = ["match_keys", "match_pairs", "match_end"]


def run(claim: Claim) -> None:
    """One sweep; `claim.counts` tells what it found."""
    claim.plan(STEPS)
    if "rules" not in claim.checkpoint:
        with claim.slice() as draft:
            draft |= {
                "rules": MatchRules.current().pk,
                "keyed": 0,
                "scored": 0,
                "sweep": time.time_ns() // 1000,
            }
    rules = MatchRules.objects.get(pk=claim.checkpoint["rules"])
    for name, work in zip(STEPS, (_write_keys, _compare_all, _end), strict=True):
        if not claim.is_step_done(name):
            with claim.step(name) as progress:
                work(claim, rules, progress)


def _write_keys(claim: Claim, _rules: MatchRules, progress: StepProgress) -> None:
    if "named" not in claim.checkpoint:
        with claim.slice() as draft:
            keys.index(_newly_identified(claim))
            draft["named"] = True
    while ids := _without_keys(claim.checkpoint["keyed"]):
        with claim.slice() as draft:
            keys.index(ids)
            draft["keyed"] = ids[-1]
        progress.advance(len(ids))


def _without_keys(after: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(WITHOUT_KEYS.sql, {"after": after, "version": keys.VERSION, "most": KEYED})
        return [row[0] for row in cursor.fetchall()]


def _newly_identified(claim: Claim) -> list[int]:
    """Customers who got an identifier after their keys were written; identifiers stand by value, not by customer.

    Since the sweep before this one; without one, where there are no keys yet, everybody gets theirs anyway.
    """
    if not MatchKey.objects.exists():
        return []
    before = (
        Job.objects.filter(kind=claim.job.kind, state=State.DONE)
        .exclude(pk=claim.job.pk)
        .order_by("-key")
        .first()
    )
    since = (before or claim.job).created_at - SURELY
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT customer_id, max(created_at) FROM customers_identity WHERE created_at > %s GROUP BY customer_id",
            [since],
        )
        newest = dict(cursor.fetchall())
        cursor.execute(
            "SELECT customer_id, made_at FROM customers_matchkey WHERE customer_id = ANY(%s)", [[*newest]]
        )
        return sorted(customer for customer, made_at in cursor.fetchall() if newest[customer] > made_at)


def _compare_all(claim: Claim, rules: MatchRules, progress: StepProgress) -> None:
    people = load()
    found = blocks.find(people, parts_of(people))
    progress.counts |= {"blocks_cut": found.cut, "met": found.compared, "compared": 0, "pairs": 0}
    a, b = blocks.split(found.pairs)
    first, second = people.ids[a], people.ids[b]
    at = int(np.searchsorted(first, claim.checkpoint["scored"], side="right"))
    progress.step.total = len(first)
    while at < len(first):
        end = _end_of_slice(first, at)
        with claim.slice() as draft:
            rows = compared(first[at:end].tolist(), second[at:end].tolist(), rules)
            write(rows, rules, claim.checkpoint["sweep"])
            draft["scored"] = int(first[end - 1])
        progress.counts["compared"] += end - at
        progress.counts["pairs"] += len(rows)
        progress.advance(end - at)
        at = end
    claim.counts["customers"], claim.counts["compared"] = len(people.ids), len(first)
    claim.counts["blocks_cut"] = found.cut


def _end_of_slice(first: Any, at: int) -> int:
    """A slice ends between two customers, so that the last one's number says where to go on."""
    end = min(at + SLICE, len(first))
    return int(np.searchsorted(first, first[end - 1], side="right"))


def load() -> blocks.People:
    """What the quick look needs of everybody who has keys."""
    with connection.cursor() as cursor:
        ids = read_packed(cursor, IDS.sql, {"id": INT8})["id"]
        ids.sort()
        born = np.full(len(ids), blocks.NO_DAY, np.int32)
        known = read_packed(cursor, BORN.sql, {"id": INT8, "born": DATE})
        _put(ids, known["id"], born, known["born"])
        rows = read_packed(cursor, PHONES.sql, {"id": INT8, "phone": INT8})
    phones, more = _two_columns(ids, rows["id"], rows["phone"])
    return blocks.People(ids, born, phones, more)


def _put(ids: Any, of: Any, column: Any, values: Any) -> None:
    at = np.searchsorted(ids, of)
    at[at == len(ids)] = 0
    is_there = ids[at] == of if len(ids) else np.zeros(len(of), bool)
    column[at[is_there]] = values[is_there]


def _two_columns(ids: Any, of: Any, values: Any) -> tuple[Any, Any]:
    order = np.argsort(of, kind="stable")
    of, values = of[order], values[order]
    nth = np.arange(len(of)) - np.searchsorted(of, of)
    phones = np.zeros((len(ids), 2), np.int64)
    more = np.zeros(len(ids), bool)
    for column in range(2):
        _put(ids, of[nth == column], phones[:, column], values[nth == column])
    _put(ids, of[nth > 1], more, np.ones(int((nth > 1).sum()), bool))
    return phones, more


def parts_of(people: blocks.People) -> Iterator[tuple[Any, Any]]:
    """The keys of everybody in parts, so that only one is in memory; the server packs each into two arrays."""
    parts = 1 + len(people.ids) * _KEYS_EACH // KEYS_A_PART
    with connection.cursor() as cursor:
        for part in range(parts):
            params = {"parts": parts, "part": part}
            found = read_packed(cursor, KEYS.sql, {"id": INT8, "key": INT8}, params)
            is_there = np.isin(found["id"], people.ids, kind="sort") if len(found["id"]) else slice(0)
            yield found["key"][is_there], people.places(found["id"][is_there])


def compared(first: list[int], second: list[int], rules: MatchRules) -> list[tuple[Any, ...]]:
    """(first, second, score, reasons, conflict, digest) of the pairs that need a look."""
    known = facts.of({*first, *second})
    rows = []
    for one, other in zip(first, second, strict=True):
        if one not in known or other not in known:
            continue  # merged meanwhile
        verdict = engine.compare(known[one], known[other], rules)
        if verdict.decision:
            digest = known[one].digest + known[other].digest
            rows.append((one, other, verdict.score, json.dumps(verdict.reasons), verdict.conflict, digest))
    return rows


def write(rows: list[tuple[Any, ...]], rules: MatchRules, sweep: int) -> None:
    if rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, [rules.pk, sweep, *columns])


def _end(claim: Claim, rules: MatchRules, progress: StepProgress) -> None:
    gone = (
        DuplicatePair.objects.filter(state=PairState.OPEN)
        .exclude(swept_by=claim.checkpoint["sweep"])
        .delete()[0]
    )
    progress.counts["gone"] = gone
    progress.counts["joined"] = 0 if rules.join_at is None else pairs.join_the_sure(rules)
    progress.advance(gone)


IDS = Statement("match_ids", "SELECT customer_id FROM customers_matchkey WHERE keys <> '{}'")
BORN = Statement(
    "match_born",
    "SELECT id, birthday FROM customers_customer WHERE birthday IS NOT NULL AND merged_into_id IS NULL",
)
PHONES = Statement(
    "match_phones",
    "SELECT customer_id, substr(value, 2)::int8 FROM customers_identity"
    " WHERE kind = 'phone' AND value ~ '^[+][0-9]{5,17}$'",
)
KEYS = Statement(
    "match_keys",
    "SELECT customer_id, key FROM (SELECT customer_id, unnest(keys[2:]) AS key FROM customers_matchkey) k"
    " WHERE (key >> 4) & 1048575 >= %(part)s * 1048576 / %(parts)s"
    " AND (key >> 4) & 1048575 < (%(part)s + 1) * 1048576 / %(parts)s",
    {"part": 0, "parts": 4},
)
WITHOUT_KEYS = Statement(
    "match_without_keys",
    "SELECT c.id FROM customers_customer c LEFT JOIN customers_matchkey k ON k.customer_id = c.id"
    " WHERE c.id > %(after)s AND c.merged_into_id IS NULL"
    " AND (k.customer_id IS NULL OR k.version <> %(version)s OR k.made_at < c.updated_at) ORDER BY c.id LIMIT %(most)s",
    {"after": 0, "version": 1, "most": 10},
)
STATEMENTS = [IDS, BORN, PHONES, KEYS, WITHOUT_KEYS]
_WRITE = """
INSERT INTO customers_duplicatepair AS p
    (first_id, second_id, score, reasons, conflict, digest, rules_id, swept_by, state, decided_by)
SELECT new.*, %s, %s, 'open', ''
FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::jsonb[], %s::text[], %s::bytea[]) AS new
ON CONFLICT (first_id, second_id) DO UPDATE SET
    score = excluded.score, reasons = excluded.reasons, conflict = excluded.conflict, digest = excluded.digest,
    rules_id = excluded.rules_id, swept_by = excluded.swept_by,
    state = CASE WHEN p.digest = excluded.digest THEN p.state ELSE 'open' END,
    decided_at = CASE WHEN p.digest = excluded.digest THEN p.decided_at END,
    decided_by = p.decided_by
"""
