"""Un-merging: both are what they were (docs/algorithms/merging.md says what that means after later activity)."""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.owned import OnMerge, rows_move
from customers import consents, profile
from customers.merging import facts, followers, identifiers, inbox, later, moves
from customers.merging.followers import Parting
from customers.merging.identifiers import Carried
from customers.merging.joining import STALE, TOUCH
from customers.merging.record import Record
from customers.merging.refusals import CannotUndo
from customers.merging.tables import Table, tables
from customers.models import Customer, Merge
from customers.receiving import database


def unmerge(merge: Merge, *, by: Any, at: datetime) -> Merge:
    """Undo a merge: survivor and loser have again what they had, and what came in later goes to whom it belongs.

    Raises CannotUndo when it was undone before, when the survivor was merged since (that merge is undone first), or
    when what undoing needs was erased; then nothing has changed.
    """
    with transaction.atomic():
        cur = moves.cursor()
        database.have_alone(cur)
        done = Merge.objects.get(pk=merge.pk)
        ends = sorted({done.survivor_id or done.customer_id, done.loser_id})
        people = {
            one.pk: one for one in Customer.objects.select_for_update().filter(pk__in=ends).order_by("pk")
        }
        record = check(done, people)
        with rows_move(cur):
            afterwards = _unmerge(cur, done, record, at)
        for finish in afterwards:
            finish()
        done.undone_at, done.undone_by, done.before = at, trail.actor_name(by), {}  # nobody reads it any more
        done.save(update_fields=["undone_at", "undone_by", "before"])
        store = people[done.customer_id].home_store_id
        details = {"loser": done.loser_id, "merge": done.pk}
        trail.record("customer.unmerge", people[done.customer_id], by=by, store_id=store, details=details)
    return done


def check(merge: Merge, people: dict[int, Customer]) -> Record:
    """What undoing needs. Raises CannotUndo."""
    if merge.undone_at:
        raise CannotUndo(_("This merge was undone before."))
    record = Record.of(merge)
    if record is None or merge.survivor_id is None:
        raise CannotUndo(_("What undoing this merge needs is not kept."))
    outer = Merge.objects.standing().filter(customer=merge.customer_id, loser_id=merge.survivor_id).first()
    if outer is not None:
        day = formats.date_format(timezone.localtime(outer.merged_at), "DATE_FORMAT")
        told = {
            "id": Customer(pk=merge.survivor_id).public_id,
            "day": day,
            "to": Customer(pk=outer.survivor_id).public_id,
        }
        raise CannotUndo(_("%(id)s was merged into %(to)s on %(day)s. Undo that merge first.") % told)
    for customer in people.values():
        if customer.erased_at:
            raise CannotUndo(_("One of the two was erased on their request."))
    return record


def _unmerge(cur: Any, done: Merge, record: Record, at: datetime) -> list[Callable[[], object]]:
    """Everything goes back. What is to be done when rows stand still again."""
    way = moves.Way(done.customer_id, done.loser_id)
    consents.lift_restriction(cur, way.giver, done.pk)
    going = _going(cur, done, record)
    joined = followers.Joined(*way, done.pk, done.merged_at, at)
    afterwards = followers.tell_parting(cur, joined, Parting(going, record.moved, record.since))
    inbox.follow(cur, way, going["customers.Purchase"])
    for table in tables(OnMerge.CARRY):
        _give_back(cur, table, way, going, record)
    rest = _later_merges(done)
    others = [key for _merge, other in rest for key in other.moved.get("customers.Consent", [])]
    consents.share_refusals(cur, way.giver, way.taker, done.pk, since=record.since, others=others)
    for table in tables(OnMerge.UNITE):
        _part(cur, table, done, record, rest)
    for table in tables(OnMerge.DROP):
        moves.put(cur, table, way.taker, record.rows.get(table.label, []))
    _identifiers(cur, done, record, rest)
    _facts(cur, done, record, rest)
    cur.execute(_SIGNPOSTS, [way.taker, way.taker])
    for merge, its_record in rest:
        merge.before = its_record.as_json()
        merge.save(update_fields=["before"])
    followers.tell_unmerged(cur, joined, record.memos)
    later.stitch(cur, _lives(done, record))
    cur.execute(TOUCH, [[*way]])
    cur.execute(STALE, [[*way]])
    return afterwards


def _later_merges(done: Merge) -> list[tuple[Merge, Record]]:
    """Merges into the same survivor since then that stand. What they did is done anew, as if this had never been."""
    found = Merge.objects.standing().filter(
        customer=done.customer_id, survivor_id=done.survivor_id, pk__gt=done.pk
    )
    return [(merge, record) for merge in found.order_by("pk") if (record := Record.of(merge))]


def _going(cur: Any, done: Merge, record: Record) -> dict[str, list[int]]:
    """Ids of the numbered rows that go back, by model: what had come, what came in later, and what hangs on either."""
    going: dict[str, list[int]] = defaultdict(list)
    lives = _lives(done, record)
    numbered = [table for table in tables(OnMerge.CARRY) if table.is_numbered]
    for table in numbered:
        ids = set(record.moved.get(table.label, []))
        if table.label == "customers.Purchase":
            ids |= set(later.purchases(cur, done.customer_id, done.identity_ids, record.since))
        if table.label == "customers.Interaction":
            ids |= set(later.touches(cur, lives))
        for column, to in table.links:
            if to != table.label and going[to]:
                ids |= set(moves.linked(cur, table, done.customer_id, column, going[to]))
        going[table.label] = sorted(ids | _continuing(cur, table, done.customer_id, ids))
    for table in numbered * 2:  # a touch may be about a task that is about a purchase
        if table.has_about:
            ids = {*going[table.label], *later.about(cur, table, done.customer_id, going)}
            going[table.label] = sorted(ids)
    return going


def _continuing(cur: Any, table: Table, owner: int, ids: set[int]) -> set[int]:
    """Rows that link to these in the same table, and so on."""
    found: set[int] = set()
    for column in [column for column, to in table.links if to == table.label]:
        new = ids
        while new := set(moves.linked(cur, table, owner, column, new)) - found - ids if new else set():
            found |= new
    return found


def _lives(done: Merge, record: Record) -> list[int]:
    """The loser, and who was merged into them before."""
    earlier = Merge.objects.standing().filter(pk__in=record.moved.get("customers.Merge", []))
    return [done.loser_id, *earlier.values_list("loser_id", flat=True)]


def _give_back(cur: Any, table: Table, way: moves.Way, going: dict[str, list[int]], record: Record) -> None:
    if table.is_numbered:
        moves.some_of(cur, table, way, going[table.label])
        return
    if table.is_keyed:
        moves.some_of(cur, table, way, record.moved.get(table.label, []))
    for column, to in table.links:
        if going[to]:
            moves.linked_to(cur, table, way, column, going[to])


def _part(cur: Any, table: Table, done: Merge, record: Record, rest: list[tuple[Merge, Record]]) -> None:
    """Rows that were united. The loser's come back as they were. The survivor keeps their own and what was edited
    since; where a later merge found a row there that goes now, it gives its own."""
    rows, kept = record.rows.get(table.label, []), record.kept.get(table.label, [])
    if not rows:
        return
    came = [row for row in rows if table.key_of(row) not in kept]
    gone = moves.take(cur, table, done.customer_id, came)
    if table.is_numbered:
        edited = [row["id"] for row in came if row not in gone]
        moves.renumber(cur, table, done.customer_id, edited)
    moves.put(cur, table, done.loser_id, rows)
    for _merge, other in rest if gone else []:
        waiting = [
            row for row in other.rows.get(table.label, []) if table.key_of(row) in other.kept[table.label]
        ]
        now_theirs = moves.put(cur, table, done.customer_id, waiting)
        other.kept[table.label] = [key for key in other.kept.get(table.label, []) if key not in now_theirs]
        other.moved[table.label] = other.moved.get(table.label, []) + now_theirs


def _identifiers(cur: Any, done: Merge, record: Record, rest: list[tuple[Merge, Record]]) -> None:
    carried = Carried(done.identity_ids, record.mains, record.demoted)
    identifiers.give_back(cur, done.customer_id, done.loser_id, carried)
    for _merge, other in rest:
        other.demoted = identifiers.inherited(cur, other.demoted, carried)
        identifiers.promote(cur, done.customer_id, other.mains)


def _facts(cur: Any, done: Merge, record: Record, rest: list[tuple[Merge, Record]]) -> None:
    """The survivor's facts as if this merge had never been; what a person edited since stays."""
    known = facts.read(cur, [done.customer_id, done.loser_id, *(merge.loser_id for merge, _record in rest)])
    now = known[done.customer_id]
    was, is_now = record.left, record.seen
    for merge, other in rest:
        other.seen = facts.followed(was, is_now, other.seen)
        was, other.left = other.left, facts.after(other.seen, known[merge.loser_id], other.choices)
        is_now = other.left
    wanted = facts.followed(was, is_now, now)
    if wanted["is_stub"]:
        wanted = _sight(cur, done.customer_id, record.since, now=now, wanted=wanted, as_if=is_now)
    facts.write(cur, done.customer_id, now, wanted)
    cur.execute("UPDATE customers_customer SET merged_into_id = NULL WHERE id = %s", [done.loser_id])
    theirs = known[done.loser_id]
    if theirs["is_stub"]:
        facts.write(cur, done.loser_id, theirs, _lowered(cur, done.loser_id, record.since, theirs))


def _sight(
    cur: Any, customer_id: int, since: str, *, now: facts.Facts, wanted: facts.Facts, as_if: facts.Facts
) -> facts.Facts:
    """A stub's home store is that of its earliest receipt, so it is no edit that a receipt has moved it meanwhile."""
    first = now["first_seen_at"]
    if first is None or facts.moment(first) != profile.BEFORE_ALL:  # else a person chose the store
        wanted = wanted | {name: as_if.get(name) for name in facts.SIGHT}
    return _lowered(cur, customer_id, since, wanted)


def _lowered(cur: Any, customer_id: int, since: str, known: facts.Facts) -> facts.Facts:
    found = later.first_sight(cur, customer_id, since)
    if found is None:
        return known
    (at, store), first = found, known["first_seen_at"]
    if first is None or (facts.moment(at), store) < (facts.moment(first), known["home_store_id"] or store):
        return known | {"first_seen_at": at, "home_store_id": store}
    return known


# The merges that went back tell who points to the loser again.
_SIGNPOSTS = """
UPDATE customers_customer SET merged_into_id = %s
WHERE id IN (SELECT loser_id FROM customers_merge WHERE customer_id = %s AND undone_at IS NULL)
"""
