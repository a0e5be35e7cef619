"""Undoing an import of customers, for `IMPORT_UNDO_DAYS`: what it wrote is taken back, what happened since stays.

* A field gets back what it held before, unless it was changed again since; each of the chain's own fields for itself.
  Where a later import changed it, undoing that one gives what was before both.
* Consents that the import told are taken away, wherever they are by now.
* Identifiers and tags that the import added are taken away, where they still are with that customer. One identifier
  stays, where nothing else is left; where the main one of a kind goes, the oldest of the kind becomes it.
* A customer whom the import made goes, unless anything came since: a purchase, a note, an edit. Then they stay whole.
* Who was merged since is left alone; who was erased since is nobody any more, and is only counted.

Done piece by piece from the last to the first, each a slice of a job that takes its notes with it: killed, it goes on.
Where nothing came since, the tables say what they said before. docs/algorithms/importing.md tells it with examples.
"""

import json
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, ClassVar

from django.conf import settings
from django.db import connection, transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from crm.audit import capture, trail
from crm.jobs import queue
from crm.jobs.claim import Claim
from crm.jobs.models import State
from crm.lib.owned import OnMerge, OwnedForeignKey
from crm.lib.refusals import Refusal
from customers import merging, names
from customers.imports import consent_columns
from customers.matching import keys
from customers.merging import facts
from customers.models import CustomerTag, ImportChange, ImportFile, Spell
from customers.receiving import database
from customers.upserts import FIELDS

KIND = "undo_import"
# What became of each customer of whom the import wrote: as before, as before but for what was changed since, removed,
# left alone; erased: an erasure took what we knew of them.
OUTCOMES = ("restored", "partly", "removed", "kept", "erased")


class CannotUndo(Refusal):
    code: ClassVar[str] = "cannot_undo"
    status: ClassVar[int] = 409


def until(file: ImportFile) -> datetime | None:
    """Until when the import can be undone; None: it cannot."""
    job = file.job
    if file.kind != "customers" or file.is_dry_run or file.undone_at or file.refusal or job is None:
        return None
    if job.state not in (State.DONE, State.CANCELLED, State.QUARANTINED):
        return None
    return (job.finished_at or job.created_at) + timedelta(days=settings.IMPORT_UNDO_DAYS)


def undo(file: ImportFile, *, by: Any, at: datetime) -> ImportFile:
    """Queue the undoing. Raises CannotUndo; asked for twice, there is one."""
    with transaction.atomic():
        file = ImportFile.objects.select_for_update().get(pk=file.pk)
        if file.undo_job_id:
            return file
        last = until(file)
        if last is None or last <= at:
            raise CannotUndo(_("This import cannot be undone, or not any more."))
        assert file.job is not None
        if file.job.state != State.DONE:  # nobody resumes what is being undone
            file.removed_at = file.removed_at or at
        file.undone_by = trail.actor_name(by)
        file.undo_job = queue.enqueue(KIND, key=str(file.pk), params={"file": file.pk}, by=by)
        file.save(update_fields=["undo_job", "undone_by", "removed_at"])
        trail.record("import.undo", file, by=by)
    return file


def run(claim: Claim, file: ImportFile) -> None:
    """The work of the job."""
    if "consents" not in claim.checkpoint:
        with claim.slice() as draft:
            _speak()
            draft["consents"] = consent_columns.take_back(file.pk)
    changes = ImportChange.objects.filter(file_id=file.pk)
    claim.counts = dict.fromkeys(OUTCOMES, 0) | claim.counts
    claim.progress(sum(claim.counts.values()), sum(claim.counts.values()) + changes.count())
    while (piece := changes.order_by("-piece").values_list("piece", flat=True).first()) is not None:
        _undo_piece(claim, file.pk, piece)
    with claim.slice():
        claim.counts["erased"] = max(0, written(file) - sum(claim.counts.values()))
        ImportFile.objects.filter(pk=file.pk).update(undone_at=now())
        trail.record("import.undone", file, by=file.undone_by, details=dict(claim.counts))


def written(file: ImportFile) -> int:
    """Of how many customers the import wrote something, once a piece: what the outcomes of undoing it add up to."""
    return int(file.job.checkpoint.get("written", 0)) if file.job else 0


def _speak() -> None:
    """What a slice changes is recorded by the acts at both ends of the job."""
    with connection.cursor() as cursor:
        capture.spoken_for(cursor, "customers")


def _undo_piece(claim: Claim, file_id: int, piece: int) -> None:
    with claim.slice():
        _speak()
        for name, customers in database.in_transaction(lambda cur: _take_back(cur, file_id, piece)).items():
            claim.counts[name] += customers
    claim.progress(sum(claim.counts.values()))


def forget(file_id: int) -> int:
    """Forget what an import changed: it can be undone no more."""
    return ImportChange.objects.filter(file_id=file_id).delete()[0]


def _take_back(cur: Any, file_id: int, piece: int) -> dict[str, int]:
    database.have_alone(cur)  # nobody adds a purchase to a customer who is just going
    values = {"file": file_id, "piece": piece}
    cur.execute(_IDENTIFIERS, values)
    mains = [(customer, kind) for customer, kind, is_main in cur.fetchall() if is_main]
    cur.execute(_HEIRS, [[customer for customer, _ in mains], [kind for _, kind in mains]])
    cur.execute(_TAGS, values)
    _tell_later(cur, values)
    cur.execute(_RESTORE, values)
    whole = dict(cur.fetchall())
    restored = list(whole)
    cur.execute(_untouched(), values)
    gone = [row[0] for row in cur.fetchall()]
    cur.execute(_OTHERS, {**values, "done": [*restored, *gone]})
    others = [row[0] for row in cur.fetchall()]
    for statement in _removals():
        cur.execute(statement, {"ids": gone})
    names.index([*restored, *others])
    keys.index(sorted([*restored, *others]))
    cur.execute(_DONE, values)
    partly = sum(not is_whole for is_whole in whole.values())
    return {
        "restored": len(restored) - partly,
        "partly": partly,
        "removed": len(gone),
        "kept": len(others),
    }


def _tell_later(cur: Any, values: dict[str, int]) -> None:
    """Where the next import changed what this piece had told, that one's `before` becomes what was before this one."""
    cur.execute(_LATER, values)
    waiting: dict[int, set[str]] = {}  # fields of a change of which the next import is still to come
    told = []
    for change, customer, later, *kept_as in cur.fetchall():
        was, said, its_was, its_said = (facts.spread(json.loads(text)) for text in kept_as)
        fields = waiting.setdefault(change, _changed(was, said))
        followed = fields & _changed(its_was, its_said)
        fields -= followed
        if linked := {name for name in followed if its_was.get(name) == said.get(name)}:
            kept = {name: value for name, value in its_was.items() if name not in linked}
            row = facts.gathered(kept | {name: was[name] for name in linked & was.keys()})
            told.append((customer, later, json.dumps({name: row[name] for name in json.loads(kept_as[2])})))
    if told:
        cur.execute(_TELL, [list(column) for column in zip(*told, strict=True)])


def _changed(was: dict[str, Any], said: dict[str, Any]) -> set[str]:
    return {name for name in was.keys() | said.keys() if was.get(name) != said.get(name)}


_OF = "ch.file_id = %(file)s AND ch.piece = %(piece)s"
_LIVING = "c.id = ch.customer_id AND c.merged_into_id IS NULL"
_RECORDS = """
CROSS JOIN LATERAL jsonb_populate_record(NULL::customers_customer, ch.before) b
CROSS JOIN LATERAL jsonb_populate_record(NULL::customers_customer, ch.after) a
"""
_WRITTEN = ("is_stub", *FIELDS)
# Of a new customer who has to stay nothing is taken away, so theirs are left out of the first two.
_IDENTIFIERS = f"""
DELETE FROM customers_identity i USING customers_importchange ch
WHERE {_OF} AND NOT ch.is_new AND i.id = ANY(ch.identity_ids) AND i.customer_id = ch.customer_id
  AND (
    EXISTS (SELECT FROM customers_identity o WHERE o.customer_id = i.customer_id AND o.id <> ALL(ch.identity_ids))
    OR i.id <> (SELECT min(o.id) FROM customers_identity o WHERE o.customer_id = i.customer_id)
  )
RETURNING i.customer_id, i.kind, i.is_primary
"""  # noqa: S608
_HEIRS = """
UPDATE customers_identity SET is_primary = true WHERE id IN (
    SELECT min(o.id) FROM unnest(%s::bigint[], %s::text[]) AS gone (customer_id, kind)
    JOIN customers_identity o ON o.customer_id = gone.customer_id AND o.kind = gone.kind
    GROUP BY o.customer_id, o.kind HAVING NOT bool_or(o.is_primary)
)
"""
_TAGS = f"""
DELETE FROM customers_customertag t USING customers_importchange ch
WHERE {_OF} AND NOT ch.is_new AND t.customer_id = ch.customer_id AND t.tag_id = ANY(ch.tag_ids)
"""  # noqa: S608
_DONE = "DELETE FROM customers_importchange WHERE file_id = %(file)s AND piece = %(piece)s"
_SAME = " AND ".join(
    f"(NOT ch.after ? '{name}' OR c.{name} IS NOT DISTINCT FROM a.{name})" for name in _WRITTEN
)
_PLAIN = tuple(name for name in _WRITTEN if name != "custom")
# The chain's own fields, each for itself: those that the import changed and nobody since.
_CUSTOM = """
custom = CASE WHEN ch.before ? 'custom' THEN (
    SELECT coalesce(jsonb_object_agg(one.code, one.value) FILTER (WHERE one.value IS NOT NULL), '{}') FROM (
        SELECT code, CASE WHEN a.custom -> code IS DISTINCT FROM b.custom -> code
            AND c.custom -> code IS NOT DISTINCT FROM a.custom -> code
            THEN b.custom -> code ELSE c.custom -> code END AS value
        FROM jsonb_object_keys(c.custom || a.custom || b.custom) AS code
    ) one
) ELSE c.custom END
"""
_CUSTOM_IS_BACK = """
NOT (ch.before ? 'custom' AND EXISTS (
    SELECT FROM jsonb_object_keys(a.custom || b.custom) AS code
    WHERE a.custom -> code IS DISTINCT FROM b.custom -> code AND c.custom -> code IS DISTINCT FROM b.custom -> code
))
"""
_RESTORE = f"""
UPDATE customers_customer c SET updated_at = now(), {_CUSTOM}, {
    ", ".join(
        f"{name} = CASE WHEN ch.before ? '{name}' AND c.{name} IS NOT DISTINCT FROM a.{name}"
        f" THEN b.{name} ELSE c.{name} END"
        for name in _PLAIN
    )
}
FROM customers_importchange ch {_RECORDS}
WHERE {_OF} AND NOT ch.is_new AND {_LIVING}
RETURNING c.id, {
    " AND ".join(f"(NOT ch.before ? '{name}' OR c.{name} IS NOT DISTINCT FROM b.{name})" for name in _PLAIN)
} AND {_CUSTOM_IS_BACK}
  AND NOT EXISTS (SELECT FROM customers_identity i WHERE i.customer_id = c.id AND i.id = ANY(ch.identity_ids))
"""  # noqa: S608
_LATER = f"""
SELECT ch.id, o.customer_id, o.id, ch.before::text, ch.after::text, o.before::text, o.after::text
FROM customers_importchange ch
JOIN customers_customer c ON {_LIVING}
JOIN customers_importchange o ON o.customer_id = ch.customer_id AND o.id > ch.id
WHERE {_OF} AND NOT ch.is_new ORDER BY o.customer_id, o.id
"""  # noqa: S608
_TELL = """
UPDATE customers_importchange o SET before = new.before
FROM unnest(%s::bigint[], %s::bigint[], %s::jsonb[]) AS new (customer_id, id, before)
WHERE o.customer_id = new.customer_id AND o.id = new.id
"""
_OTHERS = f"""
SELECT ch.customer_id FROM customers_importchange ch WHERE {_OF} AND ch.customer_id <> ALL(%(done)s::bigint[])
"""  # noqa: S608


def _derived() -> list[str]:
    """Tables of what is worked out of the rest, and what the import itself wrote: they go with a new customer."""
    models = merging.owned_models()
    return [
        model._meta.db_table for model in models
        if model.on_merge is OnMerge.DROP or issubclass(model, Spell) or model in (CustomerTag, ImportChange)
    ]  # fmt: skip


@lru_cache(maxsize=1)
def _untouched() -> str:
    """New customers to whom nothing has come since. Details are found through the rows that they belong to."""
    derived = _derived()
    tables = [
        model._meta.db_table for model in merging.owned_models()
        if model._meta.db_table not in derived
        and not any(isinstance(field, OwnedForeignKey) for field in model._meta.concrete_fields)
    ]  # fmt: skip
    nothing = " ".join(f"AND NOT EXISTS (SELECT FROM {t} o WHERE o.customer_id = c.id)" for t in tables)
    return f"""
SELECT c.id FROM customers_customer c, customers_importchange ch {_RECORDS}
WHERE {_OF} AND ch.is_new AND {_LIVING} AND {_SAME} {nothing}
  AND NOT EXISTS (SELECT FROM customers_identity i WHERE i.customer_id = c.id AND i.id <> ALL(ch.identity_ids))
  AND NOT EXISTS (SELECT FROM customers_customertag t WHERE t.customer_id = c.id AND t.tag_id <> ALL(ch.tag_ids))
  AND NOT EXISTS (SELECT FROM customers_importchange o WHERE o.customer_id = c.id AND o.file_id <> ch.file_id)
"""  # noqa: S608


@lru_cache(maxsize=1)
def _removals() -> list[str]:
    """What removing customers takes: all that hangs on them, then they themselves."""
    tables = [*_derived(), "customers_identity", "customers_stalestate", "customers_personadue"]
    owned = [f"DELETE FROM {table} WHERE customer_id = ANY(%(ids)s)" for table in tables]  # noqa: S608
    return [*owned, "DELETE FROM customers_customer WHERE id = ANY(%(ids)s)"]
