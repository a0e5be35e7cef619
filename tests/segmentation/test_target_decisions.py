"""Judging, choosing, noting: rows of who and when, refusals that change nothing, one reminder."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from crm.audit.models import Entry
from crm.lib.edits import ChangedMeanwhile
from crm.notices import kinds
from crm.notices.models import Notice
from crm.org.models import Staff, Store
from segmentation import schemes, tasks
from segmentation.models import Group, Target, TargetDecision, Targeting, TargetJudgement
from segmentation.targets import editing, history, reminding, weighing
from segmentation.targets.editing import InvalidTarget
from segmentation.targets.weighing import InvalidWeights
from tests import cast
from tests.segmentation import markets

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 11, 4, tzinfo=UTC)
TODAY = date(2026, 3, 11)
LATER = TODAY + timedelta(days=90)


@pytest.fixture
def loyal(chain: Any) -> Group:
    schemes.groups()
    return Group.objects.get(code="loyal")


def edit(record: Any, by: Staff, remark: str = "", **wanted: Any) -> Target | None:
    return editing.edit(record, wanted, by=by, at=NOON, remark=remark)


def test_a_judgement_and_a_decision_are_rows_of_their_own(loyal: Group, max_: Staff, ana: Staff) -> None:
    edit(
        loyal,
        max_,
        "They live here.",
        status="chosen",
        review_on=LATER,
        fit=4,
        competition=2,
        goal=" 500 more ",
    )
    edit(loyal, ana, "A discounter opens.", competition=5)
    edit(loyal, ana, competition=5, goal="500 more")  # nothing new
    target = Target.objects.get(group=loyal)
    assert (target.status, target.fit, target.competition, target.goal) == ("chosen", 4, 5, "500 more")
    judged = TargetJudgement.objects.order_by("pk").values_list("competition", "fit", "remark", "created_by")
    assert list(judged) == [
        (2, 4, "They live here.", f"staff:{max_.pk}"), (5, 4, "A discounter opens.", f"staff:{ana.pk}"),
    ]  # fmt: skip
    decided = TargetDecision.objects.values_list("status", "remark", "night", "created_by")
    assert list(decided) == [("chosen", "They live here.", None, f"staff:{max_.pk}")]
    acts = Entry.objects.filter(action="target.edit").order_by("pk")
    assert [act.details["fields"] for act in acts] == [
        ["competition", "fit", "goal", "review_on", "status"],
        ["competition"],
    ]
    assert acts[1].changes["competition"] == [2, 5]


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        ({"fit": 6}, "/fit"), ({"competition": 0}, "/competition"), ({"goal": "x" * 201}, "/goal"),
        ({"price": "x" * 2001}, "/price"), ({"review_on": TODAY - timedelta(days=1)}, "/review_on"),
        ({"review_on": date(9999, 12, 31)}, "/review_on"), ({"status": "chosen"}, "/review_on"),
        ({"status": "loved"}, "/status"),
    ],
)  # fmt: skip
def test_a_refusal_changes_nothing(loyal: Group, max_: Staff, wanted: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidTarget) as refused:
        edit(loyal, max_, product="Fresh", **wanted)
    assert [fault.pointer for fault in refused.value.faults] == [place]
    assert not Target.objects.exists()
    assert not Entry.objects.filter(action="target.edit").exists()


def test_a_chosen_market_keeps_its_day_of_review(loyal: Group, max_: Staff) -> None:
    edit(loyal, max_, status="chosen", review_on=LATER)
    with pytest.raises(InvalidTarget) as refused:
        edit(loyal, max_, review_on=None)
    assert [str(fault.detail) for fault in refused.value.faults] == [
        "A chosen market has a day on which it is looked at again."
    ]
    Target.objects.update(review_on=None)  # chosen before there was this rule
    edit(loyal, max_, goal="More")
    edit(loyal, max_, status="dropped")
    assert Target.objects.get().goal == "More"


def test_who_looks_after_it_must_see_it(loyal: Group, max_: Staff, chen: Staff, marta: Staff) -> None:
    with pytest.raises(InvalidTarget):
        edit(loyal, max_, owner=chen)  # a clerk
    edit(loyal, max_, owner=marta)
    assert Target.objects.get().owner == marta


def test_a_segment_of_ones_own_cannot_be_the_chains_target(chain: Any, max_: Staff) -> None:
    mine = markets.segment("Mine", owner=max_, is_shared=False)
    with pytest.raises(InvalidTarget) as refused:
        edit(mine, max_, status="chosen", review_on=LATER)
    assert refused.value.faults[0].pointer == "/status"
    edit(mine, max_, fit=3)
    assert Target.objects.get().key == mine.public_id


def test_nobody_overwrites_what_they_have_not_seen(loyal: Group, max_: Staff, ana: Staff) -> None:
    seen = editing.values_of(None)
    edit(loyal, ana, product="Fresh bread")
    with pytest.raises(ChangedMeanwhile) as refused:
        editing.edit(loyal, {"product": "Tea"}, by=max_, at=NOON, based_on=seen)
    assert refused.value.now == {"product": "Fresh bread"}
    editing.edit(
        loyal, {"product": "", "price": "Low"}, by=max_, at=NOON, based_on=seen
    )  # touched the price alone
    assert (Target.objects.get().product, Target.objects.get().price) == ("Fresh bread", "Low")


def test_weights_are_versions_and_sum_to_a_hundred(chain: Any, max_: Staff) -> None:
    first = Targeting.current()
    with pytest.raises(InvalidWeights) as refused:
        weighing.change(by=max_, size=30)
    assert (refused.value.faults[0].pointer, "110" in refused.value.faults[0].detail) == ("/size", True)
    with pytest.raises(InvalidWeights) as refused:
        weighing.change(by=max_, fit=101, wallet=-1, revenue=0)
    assert [fault.pointer for fault in refused.value.faults] == ["/fit", "/wallet"]
    assert Targeting.current() == first
    second = weighing.change(by=max_, remark="Size counts", size=30, growth=10, mode="one")
    assert (second.pk > first.pk, second.size, second.mode, second.created_by) == (
        True, 30, "one", f"staff:{max_.pk}",
    )  # fmt: skip
    assert weighing.change(by=max_, size=30) == second
    assert Entry.objects.get(action="targeting.change").changes["mode"] == ["segments", "one"]


def test_two_people_at_the_weights(chain: Any, max_: Staff, ana: Staff) -> None:
    seen = weighing.settings_of(Targeting.current())
    weighing.change(by=ana, based_on=seen, fit=50, wallet=20)
    with pytest.raises(ChangedMeanwhile) as refused:
        weighing.change(by=max_, based_on=seen, fit=60, wallet=10)
    assert refused.value.now == {"fit": 50, "wallet": 20}
    assert refused.value.authors["fit"][0] == f"staff:{ana.pk}"


def test_before_and_after_the_choice(max_: Staff, marta: Staff, harbour: Store, uptown: Store) -> None:
    one, people = markets.tea_people(harbour, uptown)
    assert history.since_chosen(max_, None) is None
    cast.night("2026-02-25")
    target = edit(one, max_, status="chosen", review_on=LATER)
    cast.purchase(people["D"], at=uptown, on="2026-03-09", amount="70.00")
    cast.night(markets.ON)
    whole, own = (history.since_chosen(person, target) for person in (max_, marta))
    assert whole is not None
    assert whole.then is not None
    assert own is not None
    assert own.then is not None
    assert (str(whole.night), whole.then.customers, str(whole.then.revenue)) == ("2026-02-25", 5, "680.00")
    assert (own.then.customers, str(own.then.revenue)) == (4, "680.00")
    target = edit(one, max_, status="dropped")
    assert history.since_chosen(max_, target) is None
    assert [type(row).__name__ for row in history.told(target)] == ["TargetDecision", "TargetDecision"]


def told() -> list[tuple[str, str]]:
    return list(Notice.objects.order_by("pk").values_list("staff__name", "once"))


def test_a_review_is_told_once_on_its_day(loyal: Group, max_: Staff, marta: Staff) -> None:
    edit(loyal, max_, status="chosen", owner=marta, review_on=TODAY + timedelta(days=2))
    assert reminding.remind(TODAY + timedelta(days=1)) == 0
    assert reminding.remind(TODAY + timedelta(days=2)) == 1
    assert reminding.remind(TODAY + timedelta(days=2)) == 0
    assert reminding.remind(TODAY + timedelta(days=9)) == 0
    assert told() == [("Marta", "20260313")]
    [(sentence, address)] = kinds.shown(marta, Notice.objects.all()).values()
    assert (sentence, address) == (
        "Target market to be reviewed since Mar 13, 2026: Loyal", "/segments/targets/loyal/",
    )  # fmt: skip
    edit(loyal, max_, review_on=TODAY + timedelta(days=20))
    assert reminding.remind(TODAY + timedelta(days=20)) == 1  # a new day is told again


def test_without_an_owner_whoever_decided_is_told_and_of_what_is_dropped_nobody(
    loyal: Group, max_: Staff, ana: Staff, marta: Staff
) -> None:
    edit(loyal, max_, status="chosen", review_on=TODAY)
    edit(loyal, ana, goal="More")
    assert reminding.remind(TODAY) == 1
    assert told() == [("Max", "20260311")]
    edit(loyal, ana, status="dropped", review_on=TODAY + timedelta(days=1))
    assert reminding.remind(TODAY + timedelta(days=1)) == 0
    Staff.objects.filter(pk=marta.pk).update(is_active=False)
    tasks.remind_of_targets()
    assert len(told()) == 1
