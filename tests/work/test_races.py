"""Two at one item, each with a connection of their own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from crm.audit.models import Entry
from crm.org.models import Staff
from customers import work
from customers.models import Customer, WorkItem

pytestmark = pytest.mark.django_db(transaction=True)


def together(*calls: Callable[[], Any]) -> list[Any]:
    """All at the same moment; what each gave or raised."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return call()
        except work.Refusal as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_of_two_who_finish_one_is_told_who_was_first(
    irina: Customer, chen: Staff, agnes: Staff, noon: datetime
) -> None:
    item = work.create(irina, kind="call", title="Call", due_at=noon, by=chen, at=noon)
    answers = together(
        *(lambda by=one: work.finish(item, result="reached", by=by, at=noon) for one in (chen, agnes))
    )
    refused = [one for one in answers if isinstance(one, work.EndedAlready)]
    first = Staff.objects.get(pk=int(WorkItem.objects.get().ended_by.removeprefix("staff:")))
    assert [str(one) for one in refused] == [f"{first.name} has finished this already."]
    assert Entry.objects.filter(action="work.finish").count() == 1


def test_of_two_who_take_it_one_has_it(irina: Customer, chen: Staff, agnes: Staff, noon: datetime) -> None:
    item = work.create(irina, kind="call", title="Call", due_at=noon, by=chen, at=noon)
    answers = together(*(lambda by=one: work.take(item, by=by, at=noon) for one in (chen, agnes)))
    refused = [one for one in answers if isinstance(one, work.TakenAlready)]
    owner = WorkItem.objects.select_related("owner").get().owner
    assert owner is not None
    assert [str(one) for one in refused] == [f"{owner.name} has taken this already."]
