"""Requests whose last day is near or over: told once a stage, to whom it concerns."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from crm.notices import kinds
from crm.notices.models import Notice
from crm.org.models import Staff, Store
from crm.privacy import reminding, requests, tasks
from crm.privacy.models import Request

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)


def asked(due_on: date, store: Store, owner: Staff | None = None) -> Request:
    made = requests.receive(
        "access",
        customer_id=None,
        received_on=date(2026, 1, 5),
        store=store,
        owner=owner,
        by="x:1",
        at=datetime(2026, 1, 5, 4, tzinfo=UTC),
    )
    Request.objects.filter(pk=made.pk).update(due_on=due_on)
    return made


def told() -> list[tuple[str, str, str]]:
    rows = Notice.objects.order_by("pk").values_list("staff__name", "about", "once")
    return [(name, about.rpartition(":")[2], once) for name, about, once in rows]


def test_once_a_stage_and_only_to_whom_it_concerns(
    harbour: Store, ana: Staff, rosa: Staff, marta: Staff
) -> None:
    mine, free = asked(TODAY + timedelta(days=3), harbour, rosa), asked(TODAY, harbour)
    asked(TODAY + timedelta(days=4), harbour)
    closed = asked(TODAY - timedelta(days=9), harbour)
    requests.close(closed, state="withdrawn", outcome="", by=ana, at=datetime(2026, 1, 5, 4, tzinfo=UTC))
    assert reminding.remind(TODAY) == 2
    first = [("Ana", str(free.pk), "soon"), ("Rosa", str(mine.pk), "soon")]
    assert told() == first
    assert reminding.remind(TODAY) == 0
    assert reminding.remind(TODAY + timedelta(days=1)) == 2  # one became overdue, another came near
    assert ("Ana", str(free.pk), "overdue") in told()
    assert ("Rosa", str(mine.pk), "overdue") not in told()
    requests.assign(free, owner=rosa, by=ana)
    assert reminding.remind(TODAY + timedelta(days=2)) == 1
    assert told()[-1] == ("Rosa", str(free.pk), "overdue")


def test_who_left_is_not_told_but_those_who_answer(harbour: Store, ana: Staff, rosa: Staff) -> None:
    one = asked(TODAY - timedelta(days=1), harbour, rosa)
    Staff.objects.filter(pk=rosa.pk).update(is_active=False)
    assert reminding.remind(TODAY) == 1
    assert told() == [("Ana", str(one.pk), "overdue")]


def test_a_notice_leads_to_the_request_and_names_nobody(harbour: Store, ana: Staff, chen: Staff) -> None:
    one = asked(TODAY - timedelta(days=1), harbour)
    reminding.remind(TODAY)
    notice = Notice.objects.get()
    sentence, address = kinds.shown(ana, [notice])[notice.pk]
    assert address.endswith(f"/requests/{one.key}/")
    assert f"#{one.pk}" in sentence
    assert "overdue" in sentence
    assert kinds.shown(chen, [notice]) == {}


def test_the_nightly_task_reminds(harbour: Store, ana: Staff, monkeypatch: Any) -> None:
    asked(timezone.localdate(), harbour)
    tasks.keep_house()
    assert Notice.objects.filter(kind=reminding.KIND).count() == 1
