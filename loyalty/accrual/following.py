"""What receiving tells of purchases, and what loyalty does then."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone

from customers.receiving.followers import Changed, Follower, register
from loyalty.accrual import jobs, rulesets
from loyalty.accrual.single import earn_for


def fill() -> None:
    register(Follower("loyalty", now=_now, later=_later))


def _now(_cur: Any, changed: Sequence[Changed], _by: Any) -> Mapping[str, Any]:
    earned = earn_for(changed, at=timezone.now())
    return {"points_earned": sum(earned.values())} if earned else {}


def _later(cur: Any, changed: Sequence[Changed]) -> None:
    if rulesets.book().begins_on is None:
        return
    cur.execute(_QUEUE, [[one.customer_id for one in changed], [one.purchase_id for one in changed]])
    jobs.ask_on_commit()


_QUEUE = """
INSERT INTO loyalty_accrualdue (customer_id, purchase_id) SELECT * FROM unnest(%s::bigint[], %s::bigint[])
"""
