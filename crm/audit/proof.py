"""Checking the trail against its seals: every changed, missing or inserted row is named, every altered seal too.

Read in one snapshot and in bounded memory: seal by seal, each with its rows. See docs/algorithms/audit.md for what is
proven and what is not.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from crm.audit import anchors, capture, sealing, signing
from crm.audit.anchors import Anchor
from crm.audit.keys import known
from crm.audit.models import Channel, Entry, Seal

MOST_FINDINGS = 10_000  # kept one by one; all are counted
CHUNK = 5_000


@dataclass(frozen=True)
class Finding:
    """`what`: changed, missing, inserted, copied, forged (a row); seal_altered, seal_missing, seal_unknown_key,
    anchor_missing, anchor_differs (a seal); capture_off (a table). `where` is its number or name."""

    what: str
    where: str
    seal: int | None = None

    @property
    def sentence(self) -> str:
        return SENTENCES[self.what].format(where=self.where, seal=self.seal)


SENTENCES = {
    "changed": "Entry {where} is not what was sealed in seal {seal}.",
    "missing": "Entry {where}, sealed in seal {seal}, is gone.",
    "inserted": "Entry {where} stands among sealed ones and no seal has it.",
    "forged": "Entry {where} does not carry the signature of this installation.",
    "copied": "Entry {where} has the signature of another entry.",
    "unknown_key": "Entry {where} was signed with a key that is not known here (AUDIT_KEYS_OLD).",
    "seal_altered": "Seal {where} is not what was signed.",
    "seal_missing": "Seal {where} is gone.",
    "seal_unknown_key": "Seal {where} was signed with a key that is not known here (AUDIT_KEYS_OLD).",
    "anchor_missing": "Seal {where} was noted outside of the database and is gone: the end of the trail is cut off.",
    "anchor_differs": "Seal {where} is not the one that was noted outside of the database.",
    "capture_off": "The database does not watch {where}.",
}


@dataclass
class Report:
    entries: int = 0
    seals: int = 0
    unsealed: int = 0
    faults: int = 0
    findings: list[Finding] = field(default_factory=list)
    anchor: str = ""

    def add(self, found: Finding) -> None:
        self.faults += 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(found)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {
            "findings": [asdict(one) | {"sentence": one.sentence} for one in self.findings]
        }


Told = Callable[[int], None]


def verify(noted: Iterable[Anchor] = (), told: Told = lambda rows: None) -> Report:
    """Check everything. `noted`: anchors besides those of the file; `told` is called with the rows done so far."""
    report, is_outermost = Report(), not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        _unsealed(report, _seals(report, told), told)
        _copies(report)
        _anchored(report, [*anchors.kept(), *noted])
        for table in capture.missing():
            report.add(Finding("capture_off", table))
    report.findings.sort(key=lambda one: (one.what, _order(one.where)))
    return report


def state_of(entry: Entry) -> tuple[Seal | None, bool | None]:
    """The seal that an entry is in, and whether it is what was sealed.

    (None, …): not sealed yet; whether its signature is right, None where it has none.
    """
    where = "ranges[1] <= %s AND ranges[cardinality(ranges)] >= %s"
    seals = Seal.objects.extra(where=[where], params=[entry.pk, entry.pk])  # noqa: S610  constants
    for one in seals.defer("leaves").order_by("number"):
        if any(first <= entry.pk <= last for first, last in sealing.ranges_of(one.ranges)):
            with connection.cursor() as cursor:
                return one, not list(_compared(cursor, one, Report(), entry.pk))
    said = signing.content(entry.recorded_at, [getattr(entry, name) for name in signing.SAID])
    return None, signing.is_signed(bytes(entry.signature), said) if entry.signature else None


def _seals(report: Report, told: Told) -> list[sealing.Range]:
    """Every seal with its rows. Returns all ranges that seals name."""
    previous, number = sealing.BEGINNING, 0
    ranges: list[sealing.Range] = []
    with connection.cursor() as cursor:
        for one in Seal.objects.order_by("number").iterator(chunk_size=20):
            for lost in range(number + 1, min(one.number, number + MOST_FINDINGS)):
                report.add(Finding("seal_missing", str(lost)))
            is_linked = one.number > number + 1 or bytes(one.previous) == previous
            if (fault := _altered(one)) or not is_linked:
                report.add(Finding(fault or "seal_altered", str(one.number)))
            for found in _compared(cursor, one, report):
                report.add(found)
            if sealing.length_of(own := sealing.ranges_of(one.ranges)) * signing.LEAF == len(one.leaves):
                ranges += own
            previous, number = bytes(one.signature), one.number
            report.seals, report.anchor = report.seals + 1, sealing.anchor(one)
            told(report.entries)
    return ranges


def _altered(one: Seal) -> str:
    """What is wrong with the seal itself; "" when nothing is."""
    key = known(bytes(one.key))
    if key is None:
        return "seal_unknown_key"
    leaves = bytes(one.leaves)
    is_whole = (
        hmac.compare_digest(sealing.sign(one, key), bytes(one.signature))
        and hashlib.sha256(leaves).digest() == bytes(one.root)
        and len(leaves) == one.count * signing.LEAF
    )
    return "" if is_whole else "seal_altered"


def _compared(cursor: Any, one: Seal, report: Report, only: int | None = None) -> Iterator[Finding]:
    """What differs between the seal and the rows."""
    key, leaves, place = known(bytes(one.key)), bytes(one.leaves), 0
    ranges = sealing.ranges_of(one.ranges)
    if key is None or sealing.length_of(ranges) * signing.LEAF != len(leaves):
        return  # the seal is named itself, and its rows are found to be in none
    for first, last in ranges:
        length = last - first + 1
        if only is not None and not first <= only <= last:
            place += length
            continue
        cursor.execute(f"{sealing.ROWS} WHERE id BETWEEN %s AND %s ORDER BY id", [first, last])
        found = {leaf.number: leaf.digest for leaf in sealing.leaves_of(cursor.fetchall(), key)}
        report.entries += len(found)
        for number in range(first, last + 1):
            sealed = leaves[place * signing.LEAF : (place + 1) * signing.LEAF]
            place += 1
            if only is not None and number != only:
                continue
            if number not in found:
                yield Finding("missing", str(number), one.number)
            elif not hmac.compare_digest(found[number], sealed):
                yield Finding("changed", str(number), one.number)


def _unsealed(report: Report, sealed: list[sealing.Range], told: Told) -> None:
    """Rows that no seal has: those that may wait for one must carry our signature, or be the database's own."""
    with connection.cursor() as cursor:
        between = sealing.gaps([*sealed, (sealing.MOST, sealing.MOST)], -sealing.MOST)
        cursor.execute(_WITHOUT_SEAL, [list(bounds) for bounds in zip(*between, strict=True)])
        numbers = [row[0] for row in cursor.fetchall()]
        open_ranges = sealing.unsealed()
        has_seals = report.seals > 0
        for at in range(0, len(numbers), CHUNK):
            cursor.execute(f"{sealing.ROWS} WHERE id = ANY(%s) ORDER BY id", [numbers[at : at + CHUNK]])
            for number, signature, recorded_at, *said in cursor.fetchall():
                report.entries += 1
                report.unsealed += 1
                is_open = any(first <= number <= last for first, last in open_ranges)
                if what := _fault_of(is_open, has_seals, signature, recorded_at, said):
                    report.add(Finding(what, str(number)))
            told(report.entries)


def _fault_of(is_open: bool, has_seals: bool, signature: Any, recorded_at: Any, said: list[Any]) -> str:
    if not is_open:
        return "inserted"
    if signature is None:
        is_watched = said[signing.SAID.index("channel")] == Channel.DATABASE
        return "" if is_watched or not has_seals else "forged"
    right = signing.is_signed(bytes(signature), signing.content(recorded_at, said))
    return {True: "", False: "forged", None: "unknown_key"}[right]


def _copies(report: Report) -> None:
    """The same signature twice: a row was copied under another number."""
    with connection.cursor() as cursor:
        cursor.execute(_COPIES)
        for (number,) in cursor.fetchall():
            report.add(Finding("copied", str(number)))


def _anchored(report: Report, noted: list[Anchor]) -> None:
    wanted = {one.number: one for one in noted}
    seals = {one.number: one for one in Seal.objects.filter(number__in=wanted).defer("leaves")}
    last = Seal.objects.aggregate(last=Max("number"))["last"] or 0
    for one in noted:
        if one.number not in seals:
            if one.number > last:  # one that is missing in between is named already
                report.add(Finding("anchor_missing", str(one.number)))
        elif not one.fits(seals[one.number]):
            report.add(Finding("anchor_differs", str(one.number)))


def _order(where: str) -> tuple[int, str]:
    return (int(where), "") if where.isdecimal() else (0, where)


_WITHOUT_SEAL = """
SELECT e.id FROM unnest(%s::bigint[], %s::bigint[]) AS between_seals (low, high)
JOIN audit_entry e ON e.id BETWEEN low AND high ORDER BY e.id
"""
_COPIES = """
SELECT unnest((array_agg(id ORDER BY id))[2:]) FROM audit_entry WHERE signature IS NOT NULL
GROUP BY signature HAVING count(*) > 1
"""
