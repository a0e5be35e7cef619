"""Seals: what the trail was, fixed so that nobody can change it unseen.

Writers never wait for a seal and never meet: they add rows, and that is all. The sealer, one at a time, takes the
committed rows that no seal has yet, in the order of their ids, and adds a seal that names them, holds a digest of each
and the signature of the seal before. Numbers are taken in one order and transactions commit in another, so a row may
appear below those that are sealed already; where a number was still missing, the sealer looks again for OPEN_HOURS and
puts what came late into a later seal. What appears there afterwards was not written by us.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models.functions import Now

from crm.audit import anchors, signing
from crm.audit.keys import Key, current
from crm.audit.models import Seal

log = structlog.get_logger(__name__)
LOCK = 72_311_002  # advisory: one sealer at a time
SEAL_ROWS = 10_000  # rows of one seal at most
OPEN_HOURS = 24  # longer than any transaction may take
BEGINNING = bytes(32)
MOST = 2**62

COLUMNS = ("recorded_at", *signing.SAID)
ROWS = f"SELECT id, signature, {', '.join(COLUMNS)} FROM audit_entry"  # noqa: S608  our own names
Range = tuple[int, int]


@dataclass(frozen=True)
class Leaf:
    number: int
    digest: bytes


def seal() -> list[Seal]:
    """Seal all that is committed and not sealed yet. Returns the new seals; none when somebody else is sealing."""
    made = []
    while one := _seal_some():
        made.append(one)
        log.info("audit_sealed", anchor=anchor(one), entries=one.count)
    if made:
        anchors.keep(made)
    return made


def anchor(one: Seal) -> str:
    """What to note down outside of the database: the number and the signature of a seal."""
    return f"{one.number}:{bytes(one.signature).hex()[:32]}"


def sign(one: Seal, key: Key) -> bytes:
    """The signature of all that a seal says."""
    said = [
        one.number, one.sealed_at.astimezone(UTC).isoformat(), one.count, list(one.ranges), bytes(one.root).hex(),
        bytes(one.previous).hex(), bytes(one.key).hex(),
    ]  # fmt: skip
    return hmac.digest(key.seals, json.dumps(said, separators=(",", ":")).encode(), "sha256")


def leaves_of(rows: Iterable[Sequence[Any]], key: Key) -> Iterator[Leaf]:
    """Rows as ROWS gives them."""
    for number, signature, recorded_at, *said in rows:
        content = signing.content(recorded_at, said)
        yield Leaf(number, signing.leaf(key, number, content, signature and bytes(signature)))


def runs(numbers: Iterable[int]) -> list[int]:
    """First and last of each run of consecutive numbers, flat: [1, 3, 7, 7] for 1, 2, 3, 7."""
    flat: list[int] = []
    for number in numbers:
        if flat and flat[-1] == number - 1:
            flat[-1] = number
        else:
            flat += [number, number]
    return flat


def ranges_of(flat: Sequence[int]) -> list[Range]:
    return list(zip(flat[::2], flat[1::2], strict=False))


def gaps(ranges: Iterable[Range], low: int) -> list[Range]:
    """What is missing between `low` and the end of the ranges."""
    missing, next_free = [], low
    for first, last in sorted(ranges):
        if first > next_free:
            missing.append((next_free, first - 1))
        next_free = max(next_free, last + 1)
    return missing


def length_of(ranges: Iterable[Range]) -> int:
    """How many numbers these are; none where one is turned around."""
    lengths = [last - first + 1 for first, last in ranges]
    return sum(lengths) if all(length > 0 for length in lengths) else 0


def unsealed() -> list[Range]:
    """Where a row may stand that no seal has yet: the gaps that are still open, and what follows the last seal."""
    newest = Seal.objects.order_by("-number").values_list("number", flat=True).first()
    if newest is None:
        return [(1, MOST)]
    settled = Seal.objects.filter(sealed_at__lt=Now() - timedelta(hours=OPEN_HOURS)).order_by("-number")
    before = settled.values_list("ranges", flat=True).first()
    low = before[-1] + 1 if before else 1
    recent = [one for flat in _recent(low) for one in ranges_of(flat)]
    end = max((last for _first, last in recent), default=low - 1)
    return [*gaps(recent, low), (end + 1, MOST)]


def _recent(low: int) -> list[list[int]]:
    """Ranges of the seals that reach beyond `low`."""
    return list(
        Seal.objects.extra(where=["ranges[cardinality(ranges)] >= %s"], params=[low]).values_list(
            "ranges", flat=True
        )
    )


def _seal_some() -> Seal | None:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
            if not cursor.fetchone()[0]:
                return None
            key = current()
            leaves = list(leaves_of(_rows_in(cursor, unsealed()), key))
        return _add(leaves, key) if leaves else None


def _rows_in(cursor: Any, ranges: list[Range]) -> list[Any]:
    cursor.execute(_UNSEALED, [[first for first, _ in ranges], [last for _, last in ranges], SEAL_ROWS])
    return list(cursor.fetchall())


def _add(leaves: list[Leaf], key: Key) -> Seal:
    last = Seal.objects.order_by("-number").first()
    digests = b"".join(leaf.digest for leaf in leaves)
    one = Seal(
        number=last.number + 1 if last else 1,
        sealed_at=datetime.now(UTC),
        count=len(leaves),
        ranges=runs(leaf.number for leaf in leaves),
        leaves=digests,
        root=hashlib.sha256(digests).digest(),
        previous=bytes(last.signature) if last else BEGINNING,
        key=key.fingerprint,
    )
    one.signature = sign(one, key)
    one.save(force_insert=True)
    return one


_UNSEALED = f"""
SELECT e.id, e.signature, {", ".join(f"e.{name}" for name in COLUMNS)}
FROM unnest(%s::bigint[], %s::bigint[]) AS open (low, high)
CROSS JOIN LATERAL (SELECT * FROM audit_entry WHERE id BETWEEN open.low AND open.high ORDER BY id LIMIT {SEAL_ROWS}) e
ORDER BY e.id LIMIT %s
"""  # noqa: S608  our own names
