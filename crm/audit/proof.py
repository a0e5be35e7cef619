"""Checking the trail against its seals: every changed, missing or inserted row is named, every altered seal too.

Read in one snapshot and in bounded memory: seal by seal, each with its rows. See docs/algorithms/audit.md for what is
proven and what is not.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from crm.audit import anchors, capture, sealing, signing
from crm.audit.anchors import Anchor
from crm.audit.findings import MOST_FINDINGS, Finding, Report
from crm.audit.keys import Key, known
from crm.audit.models import Channel, Entry, Seal

CHUNK = 5_000
_CHANNEL = signing.SAID.index("channel")
Told = Callable[[int], None]


def verify(noted: Iterable[Anchor] = (), told: Told = lambda rows: None) -> Report:
    """Check everything. `noted`: anchors besides those of the file; `told` is called with the rows done so far."""
    report, is_outermost = Report(), not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        begun = _beginning()
        _unsealed(report, _seals(report, begun, told), begun, told)
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
    for one in _seals_with(entry.pk):
        with connection.cursor() as cursor:
            return one, not list(_compared(cursor, one, Report(), _beginning(), entry.pk))
    said = signing.content(entry.recorded_at, [getattr(entry, name) for name in signing.SAID])
    return None, signing.is_signed(bytes(entry.signature), said) if entry.signature else None


@dataclass(frozen=True)
class _Beginning:
    """Where signing began: the first signed row and its seal. Rows of releases before it have smaller numbers and are
    sealed by then; any other row without a signature is not ours."""

    row: int
    seal: int

    def covers(self, number: int, seal: int) -> bool:
        return number < self.row and seal <= self.seal


def _beginning() -> _Beginning:
    signed = Entry.objects.filter(signature__isnull=False).order_by("pk")
    first = signed.values_list("pk", flat=True).first() or sealing.MOST
    return _Beginning(first, next((one.number for one in _seals_with(first)), sealing.MOST))


def _seals_with(number: int) -> Iterator[Seal]:
    where = "ranges[1] <= %s AND ranges[cardinality(ranges)] >= %s"
    seals = Seal.objects.extra(where=[where], params=[number, number])  # noqa: S610  # nosec B610  constants
    for one in seals.defer("leaves").order_by("number"):
        if any(first <= number <= last for first, last in sealing.ranges_of(one.ranges)):
            yield one


def _seals(report: Report, begun: _Beginning, told: Told) -> list[sealing.Range]:
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
            for found in _compared(cursor, one, report, begun):
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


def _compared(
    cursor: Any, one: Seal, report: Report, begun: _Beginning, only: int | None = None
) -> Iterator[Finding]:
    """What differs between the seal and the rows; `only`: of one row."""
    key, leaves, place = known(bytes(one.key)), memoryview(bytes(one.leaves)), 0
    ranges = sealing.ranges_of(one.ranges)
    if key is None or sealing.length_of(ranges) * signing.LEAF != len(leaves):
        return  # the seal is named itself
    for first, last in ranges:
        sealed, place = leaves[place * signing.LEAF :], place + last - first + 1
        if only is not None and not first <= only <= last:
            continue
        low, high = (first, last) if only is None else (only, only)
        cursor.execute(f"{sealing.ROWS} WHERE id BETWEEN %s AND %s ORDER BY id", [low, high])
        rows = {row[0]: row[1:] for row in cursor.fetchall()}
        report.entries += len(rows)
        for number in range(low, high + 1):
            leaf = sealed[(number - first) * signing.LEAF : (number - first + 1) * signing.LEAF]
            is_before = begun.covers(number, one.number)
            if what := _difference(key, leaf, number, rows.get(number), is_before=is_before):
                yield Finding(what, str(number), one.number)


def _difference(key: Key, sealed: memoryview, number: int, row: Any, *, is_before: bool) -> str:
    """What is wrong with a sealed row. One that was slipped in before its seal is what was sealed, and yet not ours."""
    if row is None:
        return "missing"
    signature, recorded_at, *said = row
    content = signing.content(recorded_at, said)
    if not hmac.compare_digest(signing.leaf(key, number, content, signature and bytes(signature)), sealed):
        return "changed"
    return _forgery(signature, content, said, is_before=is_before)


def _forgery(signature: Any, content: bytes, said: list[Any], *, is_before: bool) -> str:
    if signature is None:
        is_captured = said[_CHANNEL] == Channel.DATABASE
        return "" if is_captured or is_before else "forged"
    return {True: "", False: "forged", None: "unknown_key"}[signing.is_signed(bytes(signature), content)]


def _unsealed(report: Report, sealed: list[sealing.Range], begun: _Beginning, told: Told) -> None:
    """Rows that no seal has: those that may wait for one must carry our signature, or be the database's own."""
    with connection.cursor() as cursor:
        between = sealing.gaps([*sealed, (sealing.MOST, sealing.MOST)], -sealing.MOST)
        cursor.execute(_WITHOUT_SEAL, [list(bounds) for bounds in zip(*between, strict=True)])
        numbers = [row[0] for row in cursor.fetchall()]
        open_ranges = sealing.unsealed()
        for at in range(0, len(numbers), CHUNK):
            cursor.execute(f"{sealing.ROWS} WHERE id = ANY(%s) ORDER BY id", [numbers[at : at + CHUNK]])
            for number, signature, recorded_at, *said in cursor.fetchall():
                report.entries += 1
                report.unsealed += 1
                is_open = any(first <= number <= last for first, last in open_ranges)
                content = signing.content(recorded_at, said)
                is_before = begun.covers(number, sealing.MOST)
                forged = _forgery(signature, content, said, is_before=is_before)
                if what := forged if is_open else "inserted":
                    report.add(Finding(what, str(number)))
            told(report.entries)


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
