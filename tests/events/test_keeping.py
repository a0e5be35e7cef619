"""What was looked at is kept for a time, what a stranger did for a shorter one; what has weight stays."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.utils.timezone import now

from customers.events import inbox, keeping, quarantine
from customers.models import Customer, Event, EventKind, Interaction, KeptOrder, Visitor, VisitorMark

pytestmark = pytest.mark.django_db
PHONE = {"kind": "phone", "value": "+8613800138000"}


def send(number: int, days: int, kind: str = "page", **other: Any) -> inbox.Outcome:
    event = {
        "id": f"e{number}", "kind": kind, "occurred_at": (now() - timedelta(days=days)).isoformat(),
        "data": {"path": "/"} if kind == "page" else {},
    } | other  # fmt: skip
    return inbox.receive("shop", [msgspec.json.encode(event)], by="system:test")


def left() -> list[str]:
    return sorted(Event.objects.values_list("external_id", flat=True))


def test_web_events_go_after_their_time_and_calls_stay(irina: Customer, settings: Any) -> None:
    send(1, 10, customer=PHONE, visitor="visitor-1")
    send(2, 390, customer=PHONE)
    send(3, 390, kind="visit", customer=PHONE, channel="store")
    settings.WEB_EVENTS_DAYS = 30
    done = keeping.forget_old(now())
    assert (done["interactions"], done["events"]) == (1, 1)
    assert left() == ["e1", "e3"]
    assert sorted(Interaction.objects.values_list("external_id", flat=True)) == ["e1", "e3"]
    assert keeping.forget_old(now())["events"] == 0
    assert send(2, 390, customer=PHONE).errors[0].pointer == "/occurred_at"  # it does not come back


def test_strangers_are_forgotten_sooner(irina: Customer, settings: Any) -> None:
    settings.ANONYMOUS_EVENTS_DAYS = 20
    send(1, 30, visitor="visitor-1")
    send(2, 10, visitor="visitor-2")
    send(3, 30, customer=PHONE)
    assert keeping.forget_old(now())["anonymous"] == 1
    assert left() == ["e2", "e3"]


def test_visitors_and_their_marks_go_with_their_last_event(irina: Customer, settings: Any) -> None:
    send(1, 100, customer=PHONE, visitor="visitor-1")
    assert (Visitor.objects.count(), VisitorMark.objects.count()) == (1, 1)
    settings.WEB_EVENTS_DAYS = 50
    assert keeping.forget_old(now())["visitors"] == 1
    assert (Visitor.objects.count(), VisitorMark.objects.count()) == (0, 0)


def test_a_device_that_was_forgotten_changes_no_owner(
    irina: Customer, yusuf: Customer, settings: Any
) -> None:
    """Years later somebody else signs in there: what stays of the first one stays theirs."""
    send(1, 101, kind="visit", visitor="visitor-1")
    send(2, 100, kind="sign_in", customer=PHONE, visitor="visitor-1")
    settings.WEB_EVENTS_DAYS = 50
    keeping.forget_old(now())
    send(3, 0, kind="sign_in", customer={"kind": "phone", "value": "+8613900139000"}, visitor="visitor-1")
    mine = set(Interaction.objects.filter(customer=irina).values_list("external_id", flat=True))
    assert mine == {"e1", "e2"}


def test_orders_set_aside_go_after_their_time(harbour: Any, settings: Any) -> None:
    from customers.models import Connector

    shop = Connector.objects.create(code="tea", name="Tea", store=harbour)
    KeptOrder.objects.create(connector=shop, external_id="1", reason="unmapped", raw={})
    KeptOrder.objects.create(connector=shop, external_id="2", reason="unmapped", raw={})
    KeptOrder.objects.filter(external_id="1").update(recorded_at=now() - timedelta(days=31))
    assert keeping.forget_old(now())["orders"] == 1
    assert KeptOrder.objects.get().external_id == "2"


# What was set aside --------------------------------------------------------------------------------------------------


def test_events_set_aside_are_tried_again_as_a_group(irina: Customer) -> None:
    send(1, 1, visitor="visitor-1")
    send(2, 0, kind="tasting", customer=PHONE, visitor="visitor-1")
    send(3, 0, kind="tasting", customer=PHONE, store="NOWH")
    groups = {(group.reason, group.kind, group.store_code): group.events for group in quarantine.groups()}
    assert groups == {("unknown_kind", "tasting", ""): 1, ("unknown_kind", "tasting", "NOWH"): 1}
    assert quarantine.replay("unknown_kind", "tasting", "", by="system:test") == (0, 1)
    EventKind.objects.create(code="tasting", name="Tasting")
    assert quarantine.replay("unknown_kind", "tasting", "", by="system:test") == (1, 0)
    assert quarantine.replay("unknown_kind", "tasting", "NOWH", by="system:test") == (0, 1)
    assert Event.objects.get(external_id="e3").reason == "unknown_store"  # what is missing now
    mine = set(Interaction.objects.filter(customer=irina).values_list("external_id", flat=True))
    assert mine == {"e1", "e2"}  # the mark that it makes counts, too


def test_a_group_can_be_put_away(irina: Customer) -> None:
    send(1, 0, kind="tasting", customer=PHONE)
    assert quarantine.discard("unknown_kind", "tasting", "", by="system:test") == 1
    assert not Event.objects.exists()
