"""Points for what members do: once a source, within the limits of the rule."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from crm.org.models import Staff, Store
from customers import merging
from customers.models import Customer
from loyalty import actions
from loyalty.models import Action, ActionDone, ActionTold, Balance, Lot
from tests.loyalty import rules

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)


def do(
    who: Customer, number: int, at: datetime = NOON, action: Action = Action.REVIEW
) -> list[tuple[str, int]]:
    done = actions.earn(who.pk, action, f"shop:{number}", at=at, by="system:test")
    return [(one.code, one.points) for one in done]


def test_an_action_earns_once_a_source(irina: Customer, harbour: Store) -> None:
    assert do(irina, 1) == []
    rules.programme()
    rules.rule("review", kind="action", action="review_written", points=20)
    rules.rule("survey", kind="action", action="survey_answered", points=50)
    assert [do(irina, 1), do(irina, 1), do(irina, 2)] == [[("review", 20)]] * 3
    assert Balance.objects.get(customer=irina).available == 40
    assert Lot.objects.first().expires_at == datetime(2027, 12, 31, 16, tzinfo=UTC)  # type: ignore[union-attr]
    assert ActionDone.objects.count() == 2


def test_limits_of_an_action(irina: Customer, yusuf: Customer, harbour: Store) -> None:
    rules.programme(ending="activity", ending_count=3)
    rules.rule("review", kind="action", action="review_written", points=20, cap_day=30, cap_month=60)
    rules.rule("welcome", kind="action", action="profile_completed", points=50, once=True)
    days = [0, 0, 0, 1, 2, 30]
    found = [do(irina, n, NOON + timedelta(days=day)) for n, day in enumerate(days)]
    assert found == [
        [("review", 20)],
        [("review", 10)],
        [],
        [("review", 20)],
        [("review", 10)],
        [("review", 20)],
    ]
    for number, who, earned in ((1, irina, 50), (2, irina, 0), (2, yusuf, 50)):
        assert sum(n for _code, n in do(who, number, action=Action.PROFILE)) == earned
    lot = Lot.objects.filter(customer=irina).earliest("id")
    assert (lot.is_extended, lot.expires_at) == (False, datetime(2026, 6, 10, 16, tzinfo=UTC))


def test_days_of_an_action(irina: Customer, harbour: Store) -> None:
    rules.programme()
    days = [date(2026, 3, 10).isoformat(), date(2026, 3, 11).isoformat()]
    rules.rule(
        "check", kind="action", action="check_in", points=5, condition={"dates": days, "weekdays": [1]}
    )
    found = [do(irina, n, NOON + timedelta(days=n), Action.CHECK_IN) for n in (-1, 0, 1, 7)]
    assert found == [[], [("check", 5)], [], []]


def test_other_systems_tell_it(calling: Callable[..., Client], irina: Customer) -> None:
    rules.programme()
    rules.rule("review", kind="action", action="review_written", points=20)
    shop = calling("points:write")
    body = {"customer": irina.public_id, "action": "review_written", "source": "shop", "external_id": "r1"}
    answers = [shop.post("/api/v1/actions/", body, content_type="application/json") for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 200]
    assert answers[0].json() == answers[1].json() == {
        "customer": irina.public_id, "points_earned": 20, "rules": [{"rule": "review", "points": 20}],
    }  # fmt: skip
    wrong = shop.post("/api/v1/actions/", body | {"action": "dance"}, content_type="application/json")
    assert wrong.status_code == 422
    assert Balance.objects.get(customer=irina).available == 20


def test_what_was_told_earns_no_more_when_it_is_told_again(irina: Customer, harbour: Store) -> None:
    """Neither when a limit has room again, nor by a rule that came since."""
    rules.programme()
    rules.rule("review", kind="action", action="review_written", points=20, cap_day=20)
    assert [do(irina, 1), do(irina, 2)] == [[("review", 20)], []]
    tomorrow = NOON + timedelta(days=1)
    assert [do(irina, 2, tomorrow), do(irina, 1, tomorrow)] == [[], [("review", 20)]]
    rules.rule("bonus", kind="action", action="review_written", points=500, valid_from=date(2026, 3, 15))
    later = NOON + timedelta(days=6)
    assert [do(irina, 1, later), do(irina, 2, later)] == [[("review", 20)], []]
    assert sorted(do(irina, 3, later)) == [("bonus", 500), ("review", 20)]
    assert Balance.objects.get(customer=irina).available == 540
    with pytest.raises(IntegrityError), transaction.atomic():
        ActionTold.objects.update(earned=[])


def test_what_was_told_is_known_after_a_merge_and_its_undoing(
    irina: Customer, yusuf: Customer, ana: Staff, harbour: Store
) -> None:
    rules.programme()
    rules.rule("review", kind="action", action="review_written", points=20)
    assert do(irina, 1) == do(yusuf, 1) == [("review", 20)]
    assert do(yusuf, 2) == [("review", 20)]
    done = merging.merge(irina, yusuf, by=ana, at=NOON, reason="one", is_confirmed=True)
    assert [do(irina, 1), do(irina, 2), do(yusuf, 3)] == [[("review", 20)]] * 3
    assert {*ActionDone.objects.values_list("customer_id", flat=True)} == {irina.pk}
    merging.unmerge(done, by=ana, at=NOON)
    assert [do(who, n) for who in (irina, yusuf) for n in (1, 2, 3)] == [[("review", 20)]] * 6
    held = {one.customer_id: one.available for one in Balance.objects.filter(unit=1)}
    assert sum(held.values()) == 80
