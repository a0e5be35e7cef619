"""Merging: the survivor gets all that the loser owns (see the package)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import psycopg
from django.db import transaction
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.owned import OnMerge, rows_move
from customers import consents
from customers.merging import facts, followers, identifiers, inbox, moves
from customers.merging.facts import LOSER, SURVIVOR
from customers.merging.record import Record
from customers.merging.refusals import CannotMerge, IdentifiersConflict, InvalidChoice
from customers.merging.tables import Table, tables
from customers.models import Customer, Identity, IdentityKind, Merge
from customers.receiving import database

LONGEST_REASON = 200
RULED = ("is_stub", *facts.EARLIER)  # decided by rule alone


def merge(
    survivor: Customer,
    loser: Customer,
    *,
    by: Any,
    at: datetime,
    choices: Mapping[str, str] | None = None,
    reason: str = "",
    is_confirmed: bool = False,
) -> Merge:
    """Merge `loser` into `survivor`.

    `choices`: by field ("name", "custom.shoe_size", "main.phone") "survivor" or "loser"; the rules of `facts` decide
    what is not named. Where identifiers conflict, a person confirms and says why (`is_confirmed`, `reason`).
    Raises CannotMerge, IdentifiersConflict, InvalidChoice; then nothing has changed.
    """
    decided = dict(choices or {})
    if survivor.pk == loser.pk:
        raise CannotMerge(_("A customer cannot be merged with themselves."))
    with transaction.atomic():
        cur = moves.cursor()
        database.have_alone(cur)
        kept, gone = _locked(survivor.pk, loser.pk)
        check_conflicts(kept, gone, reason=reason, is_confirmed=is_confirmed)
        begun = Merge(reason=reason.strip(), merged_at=at, merged_by=trail.actor_name(by))
        with rows_move(cur):
            done = _merge(cur, kept, gone, decided, begun)
        _write_down(done, by=by, is_confirmed=is_confirmed)
    return done


def _write_down(done: Merge, *, by: Any, is_confirmed: bool) -> None:
    record = Record(**done.before)
    rows = {label: len(keys) for label, keys in record.moved.items()}
    details = {
        "loser": done.loser_id, "merge": done.pk, "rows": rows, "fields": record.changed, "confirmed": is_confirmed,
    }  # fmt: skip
    store_id = record.left["home_store_id"]
    trail.record("customer.merge", done.customer, by=by, store_id=store_id, details=details)


def check_conflicts(kept: Customer, gone: Customer, *, reason: str, is_confirmed: bool) -> None:
    """Different hard identifiers of one kind are joined by nobody silently."""
    found = identifiers.conflicts(
        Identity.objects.filter(customer=kept), Identity.objects.filter(customer=gone)
    )
    if not found or (is_confirmed and reason.strip()):
        return
    kinds = tuple(dict.fromkeys(one.kind for one in found))
    named = ", ".join(str(IdentityKind(kind).label) for kind in kinds)
    sentence = _("They have different identifiers of a kind of which a person has one (%(kinds)s).") % {
        "kinds": named
    }
    asked = _("Say why this is one person all the same.")
    raise IdentifiersConflict(f"{sentence} {asked}", kinds)


def _locked(survivor_id: int, loser_id: int) -> tuple[Customer, Customer]:
    """Both, locked in the order of their ids. Neither may be a signpost, nor erased."""
    rows = Customer.objects.select_for_update().filter(pk__in=[survivor_id, loser_id]).order_by("pk")
    found = {customer.pk: customer for customer in rows}
    for customer in found.values():
        check_can(customer)
    return found[survivor_id], found[loser_id]


def check_can(customer: Customer) -> None:
    if customer.merged_into_id:
        raise CannotMerge(_("One of the two was merged before."))
    if customer.erased_at:
        raise CannotMerge(_("One of the two was erased on their request."))


def _merge(cur: Any, kept: Customer, gone: Customer, choices: dict[str, str], done: Merge) -> Merge:
    known = facts.read(cur, [kept.pk, gone.pk])
    mine, theirs = known[kept.pk], known[gone.pk]
    _check_choices(choices, mine.keys() | theirs.keys())
    left = facts.after(mine, theirs, choices)
    record = Record(since=_clock(cur), seen=mine, left=left, choices=choices)
    way = moves.Way(gone.pk, kept.pk)
    inbox.follow(cur, way)
    cur.execute(_SIGNPOSTS, [kept.pk, gone.pk])
    carried = identifiers.carry(cur, kept.pk, gone.pk, choices)
    record.mains, record.demoted = carried.mains, carried.demoted
    done.customer, done.survivor_id, done.loser_id, done.identity_ids = kept, kept.pk, gone.pk, carried.ids
    done.save()
    consents.restrict_on_merge(
        cur, kept.pk, gone.pk, done.pk, done.merged_at
    )  # while it is known whose words are whose
    try:
        _give(cur, way, record)
    except psycopg.errors.UniqueViolation as clash:
        told = _(
            "A system has booked something of the same number for each of the two: to it they are two people."
        )
        raise CannotMerge(told) from clash
    facts.write(cur, kept.pk, mine, left)
    cur.execute(_POINT, [kept.pk, gone.pk])
    record.memos = followers.tell_merged(cur, followers.Joined(kept.pk, gone.pk, done.pk, done.merged_at))
    cur.execute(TOUCH, [[kept.pk, gone.pk]])
    cur.execute(STALE, [[kept.pk, gone.pk]])
    done.before = record.as_json()
    done.save(update_fields=["before"])
    return done


def _check_choices(choices: Mapping[str, str], fields: Iterable[str]) -> None:
    kinds = {f"{identifiers.MAIN}{kind}" for kind in IdentityKind.values}
    known = {*fields, *kinds} - set(RULED)
    for name, side in choices.items():
        if name not in known:
            raise InvalidChoice(_("“%(name)s” is nothing to choose.") % {"name": name})
        if side not in (SURVIVOR, LOSER):
            raise InvalidChoice(_("Choose “survivor” or “loser” for “%(name)s”.") % {"name": name})


def _clock(cur: Any) -> str:
    cur.execute("SELECT to_jsonb(clock_timestamp()) #>> '{}'")
    return str(cur.fetchone()[0])


def _give(cur: Any, way: moves.Way, record: Record) -> None:
    """Every owned table by its rule. What must be given up is kept in the record, whole."""
    held = moves.held(cur, way.giver)
    for table in tables(OnMerge.CARRY):
        if table.label in held and (moved := moves.all_of(cur, table, way)):
            record.moved[table.label] = moved
    for table in tables(OnMerge.UNITE):
        if table.label in held:
            _unite(cur, table, way, record)
    rederived = followers.rederived()
    for table in tables(OnMerge.DROP):
        if table.label in held:
            if table.label not in rederived:
                record.rows[table.label] = moves.rows_of(cur, table, way.giver)
            cur.execute(f"DELETE FROM {table.name} WHERE customer_id = %s", [way.giver])  # noqa: S608


def _unite(cur: Any, table: Table, way: moves.Way, record: Record) -> None:
    rows = moves.rows_of(cur, table, way.giver)
    if not rows:
        return
    moved = moves.all_of(cur, table, way)
    record.rows[table.label] = rows
    record.moved[table.label] = moved
    record.kept[table.label] = [key for row in rows if (key := table.key_of(row)) not in moved]


# A merge that was undone points nowhere any more.
_SIGNPOSTS = """
UPDATE customers_customer SET merged_into_id = %s
WHERE id IN (SELECT loser_id FROM customers_merge WHERE customer_id = %s AND undone_at IS NULL)
"""
_POINT = "UPDATE customers_customer SET merged_into_id = %s WHERE id = %s"
TOUCH = "UPDATE customers_customer SET updated_at = statement_timestamp() WHERE id = ANY(%s)"
STALE = "INSERT INTO customers_stalestate (customer_id) SELECT unnest(%s::bigint[])"
