"""What people decide about possible duplicates: different people, or one person (`merging` does that).

A decision holds as long as the facts of both stay as they were when they were compared (`DuplicatePair.digest`).
"""

from datetime import datetime
from typing import Any, ClassVar

from django.db import connection, transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.refusals import Refusal
from customers import merging
from customers.matching import engine, facts
from customers.models import Customer, DuplicatePair, MatchRules, Merge, PairState

SWEEP = "system:sweep"


class PairDecided(Refusal):
    code: ClassVar[str] = "pair_decided"
    status: ClassVar[int] = 409


def dismiss(pair: DuplicatePair, *, by: Any, at: datetime) -> None:
    """They are different people. Raises PairDecided when somebody has decided already; then nothing has changed."""
    _decide(pair, PairState.DISMISSED, "duplicate.dismiss", by=by, at=at)


def reopen(pair: DuplicatePair, *, by: Any) -> None:
    """Take a decision back. Raises PairDecided where there is none."""
    with transaction.atomic():
        decided = DuplicatePair.objects.filter(pk=pair.pk, state=PairState.DISMISSED)
        if not decided.update(state=PairState.OPEN, decided_at=None, decided_by=""):
            raise PairDecided(_("Nobody has decided about these two."))
        trail.record("duplicate.reopen", pair, by=by, details=_both(pair))


def join(pair: DuplicatePair, *, by: Any, at: datetime) -> Merge:
    """They are one person: merge them into the suggested survivor. Raises PairDecided, CannotMerge."""
    with transaction.atomic():
        survivor, loser = survivor_of(pair)
        _decide(pair, PairState.MERGED, "duplicate.merge", by=by, at=at)
        return merging.merge(survivor, loser, by=by, at=at)


def part(pair: DuplicatePair, *, by: Any, at: datetime) -> None:
    """Take the merge of these two back and ask again. Raises PairDecided where they are not merged, CannotUndo."""
    ids = [pair.first_id, pair.second_id]
    with transaction.atomic():
        merge = Merge.objects.filter(customer__in=ids, loser_id__in=ids).order_by("-merged_at", "-pk").first()
        joined = DuplicatePair.objects.filter(pk=pair.pk, state=PairState.MERGED)
        if merge is None or not joined.update(state=PairState.OPEN, decided_at=None):
            raise PairDecided(_("These two are not merged."))
        merging.unmerge(merge, by=by, at=at)
        trail.record("duplicate.reopen", pair, by=by, details=_both(pair))


def survivor_of(pair: DuplicatePair) -> tuple[Customer, Customer]:
    """(who stays, who goes): the enrolled before the stub, then who has more receipts, then who came first."""
    people = [pair.first, pair.second]
    bought = _receipts([person.pk for person in people])
    people.sort(
        key=lambda one: (one.is_stub, -bought.get(one.pk, 0), one.enrolled_at or one.created_at, one.pk)
    )
    return people[0], people[1]


def _receipts(ids: list[int]) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT customer_id, count(*) FROM customers_purchase WHERE customer_id = ANY(%s) GROUP BY customer_id",
            [ids],
        )
        return dict(cursor.fetchall())


def join_the_sure(rules: MatchRules) -> int:
    """Join the open pairs that these rules join without asking; how many. Each is a transaction of its own.

    About whom somebody has decided before, by other facts or by taking a merge back, a person decides again.
    """
    joined = 0
    waiting = DuplicatePair.objects.waiting().filter(rules=rules, conflict="", decided_by="")
    waiting = waiting.order_by("-score", "pk")
    for pair in waiting.select_related("first", "second").iterator(chunk_size=500):
        known = facts.of([pair.first_id, pair.second_id])
        if len(known) < 2:
            continue
        if engine.compare(known[pair.first_id], known[pair.second_id], rules).decision == engine.JOIN:
            try:
                join(pair, by=SWEEP, at=now())
            except Refusal:
                continue  # somebody decided, or a chain of duplicates was joined just before
            joined += 1
    return joined


def _decide(pair: DuplicatePair, state: PairState, action: str, *, by: Any, at: datetime) -> None:
    with transaction.atomic():
        changed = DuplicatePair.objects.filter(pk=pair.pk, state=PairState.OPEN).update(
            state=state, decided_at=at, decided_by=trail.actor_name(by)
        )
        if not changed:
            raise PairDecided(_("Somebody has decided about these two already."))
        trail.record(action, pair, by=by, details=_both(pair))


def _both(pair: DuplicatePair) -> dict[str, Any]:
    return {"first": pair.first_id, "second": pair.second_id, "score": pair.score}
