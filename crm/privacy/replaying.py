"""Doing erasures again after a restore: the backup is older than they are, so it brought the people back."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from crm.privacy import erasing
from crm.privacy.erasurelog import Line
from crm.privacy.models import Certificate
from crm.privacy.subjects import people


def replay(lines: Iterable[Line], *, by: Any, at: datetime) -> dict[str, int]:
    """Erase again whoever these lines name and the database still knows. How many were erased, and how many not there.

    A line names everybody whom the erasure was about, for in the backup they may be people of their own who became one
    later. Whom the backup makes one with somebody else, from whom they were parted later, is parted first. People are
    told by number and time of birth alone: an identifier may have been another one's when the backup was made.

    A line of which the database has the certificate is done. One whose customer does not exist (they came after the
    backup was made), or is another one with the same number, gets a certificate that says so: the number may be given
    away again, and must then not be erased.
    """
    done = {"erased": 0, "not_there": 0}
    known = set(Certificate.objects.values_list("key", flat=True))
    for line in lines:
        if line.key not in known:
            done[_again(line, by=by, at=at)] += 1
    return done


def _again(line: Line, *, by: Any, at: datetime) -> str:
    born = people().born([number for number, _at in line.people])
    there = [number for number, born_at in line.people if born.get(number) == born_at]
    if there:
        people().part(there, by=by, at=at)
        there.sort(key=lambda number: number != line.customer_id)
        again = erasing.Replay(line.key, line.erased_at, line.erased_by, tuple(there))
        erasing.erase(line.customer_id, by=by, at=at, replay=again)
        return "erased"
    Certificate.objects.create(
        key=line.key, customer_id=line.customer_id, born_at=line.born_at, erased_at=line.erased_at, replayed_at=at,
        erased_by=line.erased_by, digests=line.digests, was_there=False,
        customer_ids=[number for number, _at in line.people],
    )  # fmt: skip
    return "not_there"
