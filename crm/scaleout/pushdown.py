"""The push-down proof: a batch step does its work on every machine alone.

A statement of the night reads all customers, so it goes to all machines. It is cheap there as long as no row has to
meet a row of another customer: each machine joins and groups its own, and only what comes out travels. On the twin that
is a plan without a meeting (see `meeting.py`). The planner may prefer another plan on small tables, so the proof asks
whether one exists.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from crm.scaleout import dialect, meeting, plans
from crm.scaleout.meeting import Meeting
from crm.scaleout.plans import Map
from crm.scaleout.recording import Executed, recording

PARTITIONWISE = {
    "enable_partitionwise_join": "on",
    "enable_partitionwise_aggregate": "on",
    "max_parallel_workers_per_gather": "0",
}
# Ways to make one plan dearer than another; none makes a plan possible that is not.
NUDGES: tuple[dict[str, str], ...] = (
    {},
    {"enable_hashagg": "off"},
    {"enable_sort": "off"},
    {"enable_nestloop": "off"},
    {"enable_nestloop": "off", "enable_mergejoin": "off"},
    {"enable_nestloop": "off", "enable_hashjoin": "off"},
    {"enable_hashjoin": "off", "enable_mergejoin": "off"},
)


def meetings(statement: Executed, among: Map, nudges: Sequence[dict[str, str]] = NUDGES) -> list[Meeting]:
    """Where rows of several partitions meet in the best plan there is; empty when the statement pushes down."""
    found: list[Meeting] = []
    for nudge in nudges:
        found = meeting.meetings(plans.plan(statement, "custom", **PARTITIONWISE, **nudge), among)
        if not found:
            return []
    return found


def faults(statement: Executed, among: Map) -> list[str]:
    """Why a batch statement is not for many machines, in words: its plan, and words outside the portable subset."""
    return [*map(str, meetings(statement, among)), *dialect.faults(statement.sql, among.places)]


@dataclass
class Proof:
    faults: list[str] = field(default_factory=list)
    examined: list[Executed] = field(default_factory=list)


@contextmanager
def every_machine_alone() -> Iterator[Proof]:
    """Examines every statement on spread tables that runs inside, before it runs."""
    among = plans.partition_map()
    assert among.leaves, "the push-down proof needs the partition twin"
    proof = Proof()

    def ask(statement: Executed) -> None:
        if plans.touched(plans.plan(statement, "custom"), among):
            proof.examined.append(statement)
            proof.faults += [f"{fault} in: {statement}" for fault in faults(statement, among)]

    with recording(ask):
        yield proof
