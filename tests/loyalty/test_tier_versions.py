"""Versions of the tiers by two people at once, by a second click, and beside one that is planned."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from crm.audit.models import Entry
from crm.lib.edits import ChangedMeanwhile
from crm.org.models import Staff
from loyalty.models import BenefitKind, TierScheme
from loyalty.tiers import keeping, schemes
from loyalty.tiers.schemes import InvalidScheme, TierDraft
from tests.loyalty.test_tiers import at_noon
from tests.ui.forms import filled

pytestmark = pytest.mark.django_db
SignIn = Callable[[Staff], Client]
TODAY, DAY = at_noon("2026-03-10"), date(2026, 3, 11)
MEMBER = TierDraft("member", {"en": "Member"})
SILVER = TierDraft("silver", {"en": "Silver"}, threshold=500, benefits={BenefitKind.DISCOUNT: Decimal(2)})
GOLD = TierDraft("gold", {"en": "Gold"}, threshold=1_000, keep_threshold=800)
CLUB = TierDraft("club", {"en": "Club"}, is_paid=True, price=Decimal(99), paid_months=12)


def publish(*drafts: TierDraft, seen: TierScheme | None = None, on: date = DAY, **rules: Any) -> TierScheme:
    based_on = None if seen is None else schemes.settings(seen)
    return schemes.publish({"valid_from": on} | rules, drafts, by="staff:1", at=TODAY, based_on=based_on)


def first() -> TierScheme:
    return publish(MEMBER, SILVER, GOLD, on=date(2026, 1, 1), grace_days=9)


def said(scheme: TierScheme, *names: str) -> list[Any]:
    found = schemes.settings(scheme)
    return [found[name] for name in names]


# --- Two people -----------------------------------------------------------------------------------------------------


def test_what_two_people_change_of_the_same_version_stands_both() -> None:
    seen = first()
    publish(MEMBER, SILVER, replace(GOLD, threshold=2_000), seen=seen, notice_days=5)
    cheaper = replace(SILVER, benefits={BenefitKind.DISCOUNT: Decimal(3)})
    made = publish(MEMBER, cheaper, GOLD, seen=seen, grace_days=12)
    assert said(made, "gold.threshold", "silver.discount", "grace_days", "notice_days", "tiers") == [
        2_000, Decimal(3), 12, 5, ["member", "silver", "gold"],
    ]  # fmt: skip
    assert made.valid_from == DAY


@pytest.mark.parametrize(
    ("theirs", "mine", "lost"),
    [
        ([MEMBER, SILVER, replace(GOLD, threshold=2_000)], [MEMBER, SILVER, replace(GOLD, threshold=3_000)],
         {"gold.threshold": 2_000}),
        ([MEMBER, GOLD], [MEMBER, replace(SILVER, threshold=600), GOLD], {"silver.threshold": None}),
        ([MEMBER, replace(SILVER, threshold=600), GOLD], [MEMBER, GOLD], {"silver.threshold": 600}),
        ([MEMBER, SILVER, GOLD, CLUB], [MEMBER, SILVER, GOLD, replace(CLUB, price=Decimal(80))],
         {"club.price": Decimal(99)}),
        ([MEMBER, GOLD], [MEMBER, SILVER], {"tiers": ["member", "gold"]}),
    ],
    ids=["one threshold", "gone", "changed while leaving out", "the same code twice", "other tiers"],
)  # fmt: skip
def test_what_somebody_else_published_meanwhile_is_not_overwritten(
    theirs: list[TierDraft], mine: list[TierDraft], lost: dict[str, Any]
) -> None:
    seen = first()
    newer = publish(*theirs, seen=seen)
    for do in (publish, previewed):
        with pytest.raises(ChangedMeanwhile) as refused:
            do(*mine, seen=seen)
        assert (refused.value.now, refused.value.record) == (lost, newer)
    assert (TierScheme.objects.count(), Entry.objects.filter(action="tiers.publish").count()) == (2, 2)


def previewed(*drafts: TierDraft, seen: TierScheme) -> None:
    told = {"valid_from": DAY}
    schemes.preview(told, drafts, by="staff:1", at=TODAY, based_on=schemes.settings(seen))


def test_who_saw_no_version_yet_does_not_overwrite_the_first() -> None:
    first()
    with pytest.raises(ChangedMeanwhile):
        schemes.publish({"valid_from": DAY}, [MEMBER, GOLD], by="staff:1", at=TODAY, based_on={})
    assert TierScheme.objects.count() == 1


# --- A second click -------------------------------------------------------------------------------------------------


def test_nothing_changed_answers_the_newest_version() -> None:
    seen = first()
    wanted = [MEMBER, SILVER, replace(GOLD, threshold=2_000), CLUB]
    made = publish(*wanted, seen=seen)
    assert [publish(*wanted, seen=seen).pk, publish(*wanted).pk, publish(*wanted, seen=made).pk] == [
        made.pk
    ] * 3
    assert (TierScheme.objects.count(), Entry.objects.filter(action="tiers.publish").count()) == (2, 2)
    assert Entry.objects.filter(action="tiers.publish").latest("pk").details["from"] == seen.pk


# --- Beside a planned one -------------------------------------------------------------------------------------------


def test_a_version_before_a_planned_one_is_refused() -> None:
    first()
    planned = publish(MEMBER, SILVER, replace(GOLD, threshold=2_000), on=date(2026, 5, 1))
    with pytest.raises(InvalidScheme) as refused:
        publish(MEMBER, SILVER, GOLD, on=date(2026, 4, 30))
    told = [(one.pointer, one.detail) for one in refused.value.faults]
    words = "A version from May 1, 2026 on is planned; take that day or a later one."
    assert told == [("valid_from", words)]
    assert TierScheme.objects.count() == 2
    assert schemes.latest() == planned
    instead = publish(MEMBER, SILVER, GOLD, on=date(2026, 5, 1))  # the same day, and it holds
    assert schemes.latest() == instead


# --- The page -------------------------------------------------------------------------------------------------------


def test_the_page_tells_which_version_was_seen(max_: Staff, signed_in: SignIn) -> None:
    first()
    page, address = signed_in(max_), "/loyalty/tiers/edit/"
    form = filled(page.get(address))
    assert form["seen"] == str(schemes.latest().pk)  # type: ignore[union-attr]
    assert page.post(address, form | {"t2_threshold": "2000"}).status_code == 303
    assert page.post(address, form | {"t2_threshold": "2000"}).status_code == 303  # a second click
    assert TierScheme.objects.count() == 2
    for more in ({}, {"preview": "1"}):
        answer = page.post(address, form | {"t2_threshold": "3000"} | more)
        assert answer.status_code == 409
        assert "Somebody else changed this meanwhile." in answer.content.decode()
    assert page.post(address, form | {"t1_discount": "3"}).status_code == 303
    made = schemes.latest()
    assert made is not None
    assert said(made, "gold.threshold", "silver.discount") == [2_000, Decimal(3)]
    assert TierScheme.objects.count() == 3


def test_the_page_begins_with_the_version_that_holds_last(max_: Staff, signed_in: SignIn) -> None:
    later = keeping.today(now()) + timedelta(days=40)
    first()
    planned = publish(MEMBER, SILVER, replace(GOLD, threshold=2_000), on=later)
    TierScheme.objects.create(valid_from=later - timedelta(days=9))  # made later, but it does not hold last
    form = filled(signed_in(max_).get("/loyalty/tiers/edit/"))
    assert (form["seen"], form["valid_from"], form["t2_threshold"]) == (
        str(planned.pk), later.isoformat(), "2000"
    )  # fmt: skip
