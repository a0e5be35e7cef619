"""The router proof: a hot path stays with one customer.

On a spread database a statement that names one customer is sent to one machine as it is; any other asks all machines
and waits for the slowest. On the twin the planner shows the same thing as partitions. Both plans are looked at: the one
for the values at hand, and the generic one that a prepared statement keeps.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection

from crm.scaleout import meeting, plans
from crm.scaleout.plans import Map, Mode
from crm.scaleout.recording import Executed, Recording, recording

# What a partition did in this transaction: counted by the server as it happens, also inside functions and foreign keys.
_COUNTERS = """
    SELECT relname, seq_scan + idx_scan_or_0 + n_tup_ins + n_tup_upd + n_tup_del
    FROM (SELECT *, coalesce(idx_scan, 0) AS idx_scan_or_0 FROM pg_stat_xact_all_tables) AS counted
    WHERE relname = ANY(%s)
"""


@dataclass
class Proof:
    """`faults` are sentences; empty when the path stays with one customer."""

    statements: Recording = field(default_factory=Recording)
    faults: list[str] = field(default_factory=list)
    worked: dict[str, set[int]] = field(default_factory=dict)  # partitions that did something, by table


@contextmanager
def one_customer(*, fans_out: frozenset[str] = frozenset()) -> Iterator[Proof]:
    """Examines every statement that runs inside, before it runs, and counts the partitions that worked.

    `fans_out` names keyed tables that may be asked everywhere, for paths whose cost is known and accepted.
    Needs a transaction around it (every test has one).
    """
    among = plans.partition_map()
    assert among.leaves, "the router proof needs the partition twin"
    proof = Proof()

    def ask(statement: Executed) -> None:
        proof.faults += [f"{fault} in: {statement}" for fault in faults(statement, among, fans_out)]

    _check_constraints()  # those of rows written before
    before = _counters(among)
    with recording(ask) as statements:
        yield proof
    proof.statements = statements
    _check_constraints()  # foreign keys look up rows, too
    proof.worked = _worked(before, _counters(among), among)
    if not proof.faults:  # the statements kept to one each: so must what really happened
        proof.faults += _counted_faults(proof.worked, among, fans_out)


def faults(statement: Executed, among: Map, fans_out: frozenset[str] = frozenset()) -> Iterator[str]:
    """Why a statement is not for one machine. Tables that are not spread do not matter."""
    modes: tuple[Mode, ...] = ("custom", "generic")
    for mode in modes:
        plan = plans.plan(statement, mode)
        found = plans.touched(plan, among)
        for table, numbers in sorted(found.items()):
            if len(numbers) > 1 and table not in fans_out:
                yield f"{len(numbers)} partitions of {table} in the {mode} plan"
        if len(_customers(found, among)) > 1:
            yield f"rows of several customers' partitions in the {mode} plan"
        for each in meeting.meetings(plan, among):
            if len(each.groups) > 1:
                yield f"tables placed by different keys joined ({', '.join(each.tables)}) in the {mode} plan"


def _customers(found: dict[str, set[int]], among: Map) -> set[int]:
    return {
        number
        for table, numbers in found.items()
        if among.places[table].is_with_customer
        for number in numbers
    }


def _check_constraints() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


def _counters(among: Map) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(_COUNTERS, [list(among.leaves)])
        return dict(cursor.fetchall())


def _worked(before: dict[str, int], after: dict[str, int], among: Map) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for name, count in after.items():
        if count > before.get(name, 0):
            leaf = among.leaves[name]
            found.setdefault(leaf.table, set()).add(leaf.number)
    return found


def _counted_faults(worked: dict[str, set[int]], among: Map, fans_out: frozenset[str]) -> Iterator[str]:
    for table, numbers in sorted(worked.items()):
        if len(numbers) > 1 and among.places[table].is_with_customer and table not in fans_out:
            yield f"{len(numbers)} partitions of {table} did something"
    if len(_customers(worked, among)) > 1:
        yield "partitions of several customers did something"
