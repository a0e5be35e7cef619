"""Starting nights: dates, order, missed nights, the clock, one at a time."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from crm.jobs import runner
from crm.jobs.models import Job, State
from crm.org.models import Staff, Store
from crm.schedule import BEAT, NEWEST_ALONE, NIGHT_TITLES, WHEN_ASKED, night_steps
from customers import merging, nights, stages
from customers.models import Customer, Lifecycle, LifecycleRules, Persona, PurchaseState, Stage, StaleState
from segmentation import heatmap, movement, schemes, standings
from segmentation.models import CellCount, Scheme, Standing
from tests.night.helpers import buy, fingerprint, people, proven, run_night

MONDAY = date(2026, 3, 9)


def after(days: int) -> date:
    return MONDAY + timedelta(days=days)


def test_the_business_date_is_yesterday_in_the_chains_zone(chain: object) -> None:
    evening = datetime(2026, 3, 10, 15, 59, tzinfo=UTC)  # 23:59 in Shanghai
    assert nights.last_business_date(evening) == date(2026, 3, 9)
    assert nights.last_business_date(evening + timedelta(minutes=1)) == date(2026, 3, 10)


def test_the_clock_waits_until_half_past_two(chain: object) -> None:
    midnight = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)
    assert nights.due_date(midnight + timedelta(minutes=149)) == date(2026, 3, 9)
    assert nights.due_date(midnight + timedelta(minutes=150)) == date(2026, 3, 10)
    assert BEAT["nights.catch_up"]["task"] == "nights.catch_up"


def test_a_day_that_is_not_over_is_refused(chain: object) -> None:
    with pytest.raises(nights.NightNotOver):
        nights.start(nights.last_business_date() + timedelta(days=1), "system:test")
    assert not Job.objects.exists()


def test_nights_run_forward(harbour: Store) -> None:
    run_night(MONDAY)
    with pytest.raises(nights.NightIsPast):
        nights.start(after(-1), "system:test")
    assert nights.published().on == MONDAY  # type: ignore[union-attr]


def test_asking_twice_gives_one_job(ana: Staff) -> None:
    assert nights.start(MONDAY, ana) == nights.start(MONDAY, ana)
    assert Job.objects.get().created_by == f"staff:{ana.pk}"


def test_missed_nights_are_asked_for_in_order(chain: object) -> None:
    run_night(MONDAY)
    jobs = nights.catch_up("system:clock", after(3))
    assert [job.key for job in jobs] == ["2026-03-10", "2026-03-11", "2026-03-12"]
    assert nights.catch_up("system:clock", after(3)) == jobs


def test_a_later_night_runs_the_earlier_first(harbour: Store) -> None:
    run_night(MONDAY)
    first, second = nights.catch_up("system:clock", after(2))
    run_night(after(2))
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == (State.DONE, State.DONE)
    assert nights.published_dates() == [after(2), after(1), MONDAY]


def test_a_night_that_comes_too_late_does_nothing(harbour: Store) -> None:
    run_night(MONDAY)
    late = nights.start(after(1), "system:test")
    Job.objects.filter(pk=late.pk).update(state=State.CANCELLED)
    run_night(after(2))
    before = fingerprint()
    Job.objects.filter(pk=late.pk).update(state=State.QUEUED)
    runner.run_until_ended(late)
    assert (late.state, late.counts) == (State.DONE, {"skipped": 1})
    assert fingerprint() == before


def test_the_command_catches_up_and_says_so(harbour: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nights, "last_business_date", lambda at=None: after(2))
    run_night(MONDAY)
    out, err = StringIO(), StringIO()
    call_command("nightly", stdout=out, stderr=err)
    assert "Catching up on missed nights: 2026-03-10" in err.getvalue()
    assert nights.published_dates() == [after(2), after(1), MONDAY]
    assert all(name in out.getvalue() for name in NIGHT_TITLES)


@pytest.mark.parametrize(
    ("more", "left_out"), [({}, NEWEST_ALONE | WHEN_ASKED), ({"segments": True}, NEWEST_ALONE)]
)
def test_nights_of_the_past_leave_out_what_only_the_newest_shows(
    more: dict[str, bool], left_out: frozenset[str], harbour: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nights, "last_business_date", lambda at=None: after(7))
    who = people(3, harbour)
    buy([(c.pk, after(-i), 1000, 0) for i, c in enumerate(who)], harbour)
    call_command("nightly", weeks=1, stdout=StringIO(), **more)
    past, newest = Job.objects.order_by("key")
    assert (past.key, newest.key) == (MONDAY.isoformat(), after(7).isoformat())
    every = list(NIGHT_TITLES)
    assert [step.name for step in past.steps.all()] == [name for name in every if name not in left_out]
    assert [step.name for step in newest.steps.all()] == every
    assert Persona.objects.filter(ended_night=None).count() == 3


@pytest.mark.parametrize(
    "arguments", [["--date", "2026-02-30"], ["--step", "laundry"], ["--date", "2099-01-01"], ["--segments"]]
)
def test_the_command_refuses_in_a_sentence(chain: object, arguments: list[str]) -> None:
    with pytest.raises(CommandError, match=r".{20,}"):
        call_command("nightly", *arguments)
    assert not Job.objects.exists()


def test_steps_are_those_of_the_schedule(chain: object) -> None:
    job = run_night(MONDAY)
    assert (
        [step.name for step in job.steps.all()] == [step.name for step in night_steps()] == list(NIGHT_TITLES)
    )
    assert all(step.state == State.DONE for step in job.steps.all())


def test_one_step_alone_is_published_over_what_was_there(harbour: Store, max_: Staff) -> None:
    who = people(6, harbour)
    buy([(c.pk, after(-i), 1000 * i, 0) for i, c in enumerate(who, start=1)], harbour)
    run_night(MONDAY)
    schemes.set_cell(by=max_, r=5, x=1, group="loyal")
    lives = fingerprint()["lifecycle"]
    for name in ("rfm", "value_class", "snapshot"):
        run_night(MONDAY, steps=(name,))
    assert fingerprint()["lifecycle"] == lives
    found = heatmap.heatmap(max_)
    assert found is not None
    assert found.rows[0][0].group.code == "loyal"
    assert found.customers == 6


def test_a_new_window_rebuilds_by_itself(harbour: Store, max_: Staff) -> None:
    who = people(3, harbour)
    buy(
        [(who[0].pk, MONDAY, 100, 0), (who[0].pk, after(-40), 100, 0), (who[1].pk, after(-40), 100, 0)],
        harbour,
    )
    run_night(MONDAY)
    schemes.change(by=max_, window_days=30)
    run_night(after(1))
    assert sorted(PurchaseState.objects.values_list("customer_id", "window_count", "count")) == [
        (who[0].pk, 1, 2), (who[1].pk, 0, 1),
    ]  # fmt: skip
    assert [(s.r, s.group.code) for s in standings.members(max_, r=0)] == [(0, "lost")]
    assert proven()


def test_what_comes_in_while_the_night_runs_is_left_for_the_next(
    harbour: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An applier commits between the reading of the queue and the reading of the purchases."""
    from customers import stale

    who = people(2, harbour)
    buy([(who[0].pk, MONDAY, 100, 0), (who[1].pk, MONDAY, 100, 0)], harbour)
    run_night(MONDAY)
    buy([(who[0].pk, MONDAY, 200, 0)], harbour)
    monkeypatch.setattr("customers.states.REBUILD_SHARE", 1)
    seen = stale.seen

    def and_somebody_buys(cursor: Any, low: int, high: int) -> Any:
        found = seen(cursor, low, high)
        buy([(who[1].pk, MONDAY, 300, 0)], harbour)
        return found

    monkeypatch.setattr(stale, "seen", and_somebody_buys)
    run_night(after(1))
    assert list(StaleState.objects.values_list("customer_id", flat=True)) == [who[1].pk]
    monkeypatch.setattr(stale, "seen", seen)
    run_night(after(2))
    assert dict(PurchaseState.objects.values_list("customer_id", "spent")) == {who[0].pk: 3, who[1].pk: 4}
    assert not StaleState.objects.exists()


@pytest.mark.parametrize("pause", [61, 90, 181, 300])
def test_a_receipt_between_two_steps_stops_no_night(
    harbour: Store, monkeypatch: pytest.MonkeyPatch, pause: int
) -> None:
    """It commits after the states were computed and before the lives are: for somebody new, long after their last."""
    from customers import lifecycle

    irina = people(1, harbour)[0]
    buy([(irina.pk, after(-pause), 100, 0)], harbour)
    spells_of = lifecycle._spells_of

    def and_somebody_buys(*args: Any) -> Any:
        buy([(irina.pk, MONDAY, 300, 0)], harbour)
        return spells_of(*args)

    with monkeypatch.context() as patch:
        patch.setattr(lifecycle, "_spells_of", and_somebody_buys)
        run_night(MONDAY)
    open_spell = Lifecycle.objects.get(customer=irina, ended_night=None)
    assert (open_spell.stage, open_spell.began_on) == (
        (Stage.ACTIVE, MONDAY) if pause <= 180 else (Stage.WON_BACK, MONDAY)
    )
    run_night(after(1))
    assert Lifecycle.objects.get(customer=irina, ended_night=None) == open_spell
    assert proven()


def test_a_return_between_two_steps_stops_no_night(harbour: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from customers import lifecycle
    from customers.models import Purchase

    irina = people(1, harbour)[0]
    buy([(irina.pk, after(-5), 100, 0)], harbour)
    spells_of = lifecycle._spells_of

    def and_it_comes_back(*args: Any) -> Any:
        Purchase.objects.update(returned=1)
        StaleState.objects.create(customer_id=irina.pk)
        return spells_of(*args)

    with monkeypatch.context() as patch:
        patch.setattr(lifecycle, "_spells_of", and_it_comes_back)
        run_night(MONDAY)
    run_night(after(1))
    assert [s.stage for s in Lifecycle.objects.filter(customer=irina, ended_night=None)] == [Stage.POTENTIAL]
    assert proven()


def test_a_night_that_failed_changes_no_published_number(
    marta: Staff, max_: Staff, harbour: Store, uptown: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from customers import lifecycle

    who = people(3, harbour) + people(1, uptown)
    buy([(c.pk, after(-i), 1000, 0) for i, c in enumerate(who)], harbour)
    run_night(MONDAY)
    shown = [(heatmap.heatmap(staff).customers, heatmap.heatmap(staff).revenue) for staff in (marta, max_)]  # type: ignore[union-attr]
    assert shown == [(3, Decimal(30)), (4, Decimal(40))]
    buy([(who[0].pk, after(-1), 500_000, 0)], harbour)

    def fails(*args: Any) -> Any:
        raise RuntimeError("in the middle")

    with monkeypatch.context() as patch:
        patch.setattr(lifecycle, "_bring_up", fails)
        job = nights.start(MONDAY, "system:test")
        assert runner.run(job.pk) is False
    assert PurchaseState.objects.get(customer=who[0]).count == 2
    assert [
        (heatmap.heatmap(staff).customers, heatmap.heatmap(staff).revenue)
        for staff in (marta, max_)  # type: ignore[union-attr]
    ] == shown
    Job.objects.filter(pk=job.pk).update(available_at=job.created_at)
    assert runner.run(job.pk) is True
    assert heatmap.heatmap(marta).revenue == Decimal(5030)  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["purchase_state", "rfm", "value_class"])
def test_a_step_alone_takes_along_what_rests_on_it(
    harbour: Store, max_: Staff, marta: Staff, name: str
) -> None:
    who = people(4, harbour)
    buy([(c.pk, after(-i), 1000, 0) for i, c in enumerate(who)], harbour)
    run_night(MONDAY)
    before = {staff.name: heatmap.heatmap(staff) for staff in (max_, marta)}
    job = run_night(MONDAY, steps=(name,))
    assert [step.name for step in job.steps.all()][-2] in ("snapshot", "persona", "targets")
    for staff in (max_, marta):
        found, known = heatmap.heatmap(staff), before[staff.name]
        assert found is not None and known is not None
        assert (found.customers, found.revenue) == (known.customers, known.revenue) == (4, Decimal(40))


def test_what_killed_nights_left_on_disk_is_swept(harbour: Store, settings: Any) -> None:
    left = settings.HOME.path / "tmp" / str(connection.settings_dict["NAME"]) / "columns-left"
    left.mkdir(parents=True)
    run_night(MONDAY)
    assert not left.exists()


def test_verify_state_names_who_differs(irina: Customer, yusuf: Customer, harbour: Store) -> None:
    with pytest.raises(CommandError, match="run `nightly` first"):
        call_command("verify_state")
    buy([(irina.pk, MONDAY, 1000, 0), (yusuf.pk, MONDAY, 1000, 0)], harbour)
    run_night(MONDAY)
    out, err = StringIO(), StringIO()
    call_command("verify_state", stdout=out)
    assert "2 purchase states as of 2026-03-09 equal a rebuild." in out.getvalue()
    PurchaseState.objects.filter(customer=irina).update(spent=11)
    PurchaseState.objects.filter(customer=yusuf).delete()
    with pytest.raises(CommandError, match="2 of 2 purchase states differ"):
        call_command("verify_state", stderr=err)
    assert f"{irina.public_id} (row {irina.pk}): spent" in err.getvalue()
    assert f"{yusuf.public_id} (row {yusuf.pk}): row" in err.getvalue()


def test_readers_see_their_stores_only(
    marta: Staff, uma: Staff, max_: Staff, harbour: Store, uptown: Store
) -> None:
    ours, theirs = people(3, harbour), people(2, uptown)
    buy([(c.pk, after(-i), 1000, 0) for i, c in enumerate([*ours, *theirs])], harbour)
    run_night(MONDAY)
    counted = {staff.name: heatmap.heatmap(staff).customers for staff in (marta, uma, max_)}  # type: ignore[union-attr]
    assert counted == {"Marta": 3, "Uma": 2, "Max": 5}
    assert {s.customer_id for s in standings.members(marta)} == {c.pk for c in ours}
    assert {s.customer_id for s in standings.members(uma)} == {c.pk for c in theirs}
    assert sum(stages.counts(uma).values()) == 2
    classes = {part.key: part.customers for part in heatmap.value_classes(marta)}
    assert sum(classes.values()) == 3


def test_movement_between_two_nights(marta: Staff, uma: Staff, harbour: Store) -> None:
    who = people(5, harbour)
    buy([(who[i].pk, after(-10 * i), 1000 * (5 - i), 0) for i in range(5)], harbour)
    run_night(MONDAY)
    old = {s.customer_id: s.group.code for s in standings.members(marta)}
    buy([(who[4].pk, after(5), 90_000, 0)], harbour)
    newcomer = people(1, harbour)[0]
    buy([(newcomer.pk, after(5), 100, 0)], harbour)
    run_night(after(5))
    new = {s.customer_id: s.group.code for s in standings.members(marta)}
    found = movement.movement(marta, MONDAY, after(5))
    assert found is not None
    expected: dict[tuple[str | None, str | None], int] = {}
    for customer, group in new.items():
        pair = (old.get(customer), group)
        expected[pair] = expected.get(pair, 0) + 1
    assert found.counts == expected
    assert sum(map(sum, found.matrix())) == 6  # the newcomer stood nowhere before
    moved = movement.movers(marta, MONDAY, after(5), old[who[4].pk], new[who[4].pk])
    assert who[4] in moved
    assert movement.movement(uma, MONDAY, after(5)).counts == {}  # type: ignore[union-attr]
    assert standings.standing_of(who[4], MONDAY).group.code == old[who[4].pk]  # type: ignore[union-attr]


def test_a_customer_whose_purchases_all_went_back_stands_nowhere(
    marta: Staff, irina: Customer, harbour: Store
) -> None:
    from customers.models import Purchase

    buy([(irina.pk, MONDAY, 1000, 0)], harbour)
    run_night(MONDAY)
    Purchase.objects.update(returned=10)
    StaleState.objects.create(customer_id=irina.pk)
    run_night(after(1))
    assert standings.standing_of(irina) is None
    assert stages.stage_of(irina).stage == Stage.POTENTIAL  # type: ignore[union-attr]
    assert movement.movement(marta, MONDAY, after(1)).counts == {("new", None): 1}  # type: ignore[union-attr]


def test_new_lifecycle_rules_hold_from_the_next_night_on(irina: Customer, harbour: Store) -> None:
    buy([(irina.pk, after(-25), 1000, 0)], harbour)
    run_night(MONDAY)
    assert stages.stage_of(irina).stage == Stage.NEW  # type: ignore[union-attr]
    LifecycleRules.objects.create(new_days=5, dormant_days=10, lost_days=20, won_back_days=5)
    run_night(after(1))
    spell = stages.stage_of(irina)
    assert (spell.stage, spell.began_on) == (Stage.LOST, after(1))  # type: ignore[union-attr]
    assert Lifecycle.objects.get(stage=Stage.NEW).ended_on == after(1)


def test_a_merged_customer_leaves_the_nights(
    irina: Customer, yusuf: Customer, marta: Staff, harbour: Store
) -> None:
    buy([(irina.pk, MONDAY, 1000, 0), (yusuf.pk, after(-3), 1000, 0)], harbour)
    run_night(MONDAY)
    sure: dict[str, Any] = {"is_confirmed": True, "reason": "one person"}  # two member numbers
    merging.merge(irina, yusuf, by=marta, at=datetime(2026, 3, 10, 4, tzinfo=UTC), **sure)
    run_night(after(1))
    assert [s.customer_id for s in Standing.objects.filter(ended_night=None)] == [irina.pk]
    assert stages.stage_of(yusuf) is None
    assert PurchaseState.objects.get().count == 2


def test_a_night_adds_up_more_than_a_receipt_can_be(irina: Customer, harbour: Store) -> None:
    largest = 10**14 - 1
    buy([(irina.pk, after(-day), largest, 0) for day in range(3)], harbour)
    run_night(MONDAY)
    assert PurchaseState.objects.get().window_spent == Decimal(3 * largest) / 100
    assert CellCount.objects.get(night__on=MONDAY).revenue == Decimal(3 * largest) / 100


def test_a_scheme_that_cannot_score_is_refused_and_changes_nothing(max_: Staff) -> None:
    before, fixed = Scheme.current().pk, {name: [1, 2, 3, 4] for name in schemes.MEASURES}
    for wrong in (
        {"buckets": 11}, {"window_days": 0}, {"high_percent": 80, "medium_percent": 20}, {"grid": [["lost"]]},
        {"lapsed_group": "nobody"}, {"method": "fixed", "cuts": {"recency": [3, 2, 1, 0]}},
        {"method": "fixed", "cuts": fixed | {"monetary": [1, 2, 3, 10**20]}},
    ):  # fmt: skip
        with pytest.raises(schemes.SchemeInvalid) as refused:
            schemes.change(by=max_, **wrong)
        assert refused.value.faults
    assert Scheme.current().pk == before
