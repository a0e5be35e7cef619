"""Whose a change is that nobody recorded: the door's, without a query more."""

from collections.abc import Callable, Iterator

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from crm import celery
from crm.audit import actor, capture, context
from crm.audit.models import Entry
from customers.models import Tag

Told = Callable[[], list[str]]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def of_tags() -> Iterator[Callable[[], list[str]]]:
    """Who changed tags and did not record it, from here on."""
    capture.install()
    before = Entry.objects.count()
    rows = Entry.objects.order_by("pk")
    yield lambda: [one.actor for one in rows[before:] if one.subject.startswith("customers.tag")]
    connection.close()


def test_a_transaction_carries_the_name_and_no_query_more(of_tags: Told) -> None:
    with context.at("page", by="staff:12"), CaptureQueriesContext(connection) as seen, transaction.atomic():
        Tag.objects.bulk_create([Tag(name="one")])
    assert of_tags() == ["staff:12"]
    assert [one["sql"].split()[0] for one in seen] == ["BEGIN", "INSERT", "COMMIT"]


def test_a_statement_alone_carries_it_too(of_tags: Told) -> None:
    Tag.objects.bulk_create([Tag(name="one")])
    with context.at("page"):
        actor.say("key:3")
        Tag.objects.filter(name="one").update(name="two")
        with CaptureQueriesContext(connection) as seen:
            Entry.objects.filter(pk=0).update(action="")
    assert len(seen) == 1
    assert of_tags()[1:] == ["key:3"]


def test_it_ends_with_the_request_and_comes_with_a_new_connection(of_tags: Told) -> None:
    with context.at("job", by="system:sweep"):
        connection.close()
        with transaction.atomic():
            Tag.objects.bulk_create([Tag(name="one")])
    with transaction.atomic():
        Tag.objects.bulk_create([Tag(name="two")])
    first, second = of_tags()
    assert first == "system:sweep" and second.startswith("database:")


def test_what_is_no_name_is_not_told() -> None:
    for name in ("x'; DROP TABLE y; --", "staff:1'", "", "Staff"):
        with context.at("page", by=name), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT coalesce(current_setting('regulars.actor', true), '')")
            assert cursor.fetchone()[0] == ""


def test_tasks_of_the_clock_say_what_they_are() -> None:
    @celery.app.task(name="tests.tell")
    def tell() -> tuple[str, str]:
        return context.origin().channel, actor.current()

    assert tell() == ("job", "system:tests.tell")
    assert actor.current() == ""
