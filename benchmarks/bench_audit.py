"""What the audit trail costs: writing an act, sealing, verifying, and watching bulk changes."""

from collections.abc import Iterable

from django.db import connection, transaction

from benchmarks.figure import Figure, at_least, at_most
from benchmarks.lab import Lab, best_of, timed
from crm.audit import anchors, capture, proof, registry, sealing, trail
from crm.audit.models import Entry

TITLE = "the audit trail: 1 M entries; 1 M customers by COPY"
ACTS = 3_000
COPIED = "name, gender, age_band, income_band, occupation, household, language, is_stub"


def run(lab: Lab) -> Iterable[Figure]:
    lab.database("audit")
    noted = lab.home / "bench_anchors"  # of this run alone
    noted.unlink(missing_ok=True)
    anchors.place = lambda: noted
    yield from _writing()
    yield from _sealing(lab)
    yield from _copying(lab)
    yield from _upserting(lab)


def _writing() -> Iterable[Figure]:
    bare, recorded = best_of(3, _bare), best_of(3, _recorded)
    yield Figure(
        "record(), signed", recorded / ACTS * 1e6, "µs an act", "bare INSERT of the same row", bare / ACTS * 1e6,
        note="in one transaction; the bare INSERT goes through psycopg alone",
    )  # fmt: skip


def _bare() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for n in range(ACTS):
            cursor.execute(
                "INSERT INTO audit_entry (actor, action, subject, details, channel)"
                " VALUES (%s, %s, %s, %s, 'database')",
                ["staff:1", "customer.change", f"customers.customer:{n}", '{"fields": ["name"]}'],
            )


def _recorded() -> None:
    with transaction.atomic():
        for n in range(ACTS):
            trail.record(
                "customer.change", f"customers.customer:{n}", by="staff:1", store_id=1,
                details={"fields": ["name"]}, changes={"name": ("a", "b")},
            )  # fmt: skip


def _sealing(lab: Lab) -> Iterable[Figure]:
    wanted = lab.scaled(1_000_000)
    with connection.cursor() as cursor:
        cursor.execute(_MANY, [max(0, wanted - Entry.objects.count())])
        cursor.execute("ANALYZE audit_entry")
    with timed() as clock:
        sealing.seal()
    count = Entry.objects.count()
    yield Figure("sealing", count / clock.seconds, "entries/s", bar=at_least(20_000))
    with timed() as clock:
        report = proof.verify()
    assert report.faults == 0 and report.entries == count
    yield Figure(
        "verify_audit", count / clock.seconds, "entries/s", bar=at_least(20_000), note=f"{report.seals} seals"
    )
    trail_row = best_of(5, lambda: sealing.seal() and None)
    yield Figure("a seal with nothing to do", trail_row * 1000, "ms", bar=at_most(50))


def _copying(lab: Lab) -> Iterable[Figure]:
    rows = lab.scaled(1_000_000)
    watched = best_of(3, lambda: _copy(rows))
    with _unwatched():
        bare = best_of(3, lambda: _copy(rows))
    yield Figure(
        f"COPY of {rows:,} customers, watched", watched, "s", "the same without the triggers", bare,
        note="nobody spoke for it: one entry with range and digest",
    )  # fmt: skip


def _upserting(lab: Lab) -> Iterable[Figure]:
    """Blocks of 1,000, as imports write them: behind the gate, which speaks for the inbox."""
    rows = lab.scaled(100_000)
    spoken = best_of(3, lambda: _blocks(rows, speaks=True))
    seen = best_of(3, lambda: _blocks(rows, speaks=False))
    with _unwatched():
        bare = best_of(3, lambda: _blocks(rows, speaks=True))
    yield Figure("UPDATE in blocks of 1,000, recorded elsewhere", spoken, "s", "without the triggers", bare)
    yield Figure("UPDATE in blocks of 1,000, captured", seen, "s", "without the triggers", bare)


def _copy(rows: int) -> None:
    """Only the statement and its triggers; taken back."""
    line = "Person\t\t\t\t\t\t\tf\n" * 1000
    with transaction.atomic(), connection.cursor() as cursor:
        with cursor.copy(f"COPY customers_customer ({COPIED}) FROM STDIN") as copy:
            for _block in range(rows // 1000):
                copy.write(line)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        transaction.set_rollback(True)


def _blocks(rows: int, *, speaks: bool) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        if speaks:
            capture.spoken_for(cursor, "customers")
        cursor.execute(f"INSERT INTO customers_customer ({COPIED}) SELECT 'P', '', '', '', '', '', '', false"
                       " FROM generate_series(1, %s) RETURNING id", [rows])  # fmt: skip
        ids = [row[0] for row in cursor.fetchall()]
        for at in range(0, rows, 1000):
            cursor.execute(
                "UPDATE customers_customer SET name = name || 'x' WHERE id = ANY(%s)", [ids[at : at + 1000]]
            )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        transaction.set_rollback(True)


class _unwatched:
    """The triggers of all tracked tables are off inside."""

    def __enter__(self) -> None:
        self._say("DISABLE")

    def __exit__(self, *_error: object) -> None:
        self._say("ENABLE")

    def _say(self, word: str) -> None:
        with connection.cursor() as cursor:
            for model in registry.tracked():
                for event in capture.EVENTS:
                    cursor.execute(
                        f'ALTER TABLE "{model._meta.db_table}" {word} TRIGGER {capture.PREFIX}_{event}'
                    )


_MANY = """
INSERT INTO audit_entry (
    actor, action, subject, store_id, details, changes, channel, address, agent, request_id, signature
)
SELECT 'staff:' || n %% 50, 'customer.change', 'customers.customer:' || n, n %% 40, '{"fields": ["name"]}',
    '{"name": [{"#": "00112233445566778899aabb"}, {"#": "bbaa99887766554433221100"}]}', 'database', '203.0.113.7',
    'Firefox, Linux', 'a8f22f2b-6e9b-42b3-a899-fab9a2be90fc', NULL
FROM generate_series(1, %s) n
"""
