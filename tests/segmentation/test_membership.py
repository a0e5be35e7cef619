"""Who is in a segment from when until when: by the night, by the follower, told again for ever."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.lib.owned import Owned
from crm.org.models import Staff, Store
from crm.org.permissions import Role
from customers import nights
from customers.attributes import Moment
from customers.models import Customer, CustomerTag, CustomField, Tag
from loyalty.models import Referral, ReferralState
from segmentation.following import looking, objections, watching
from segmentation.models import (
    Changed,
    Segment,
    SegmentKind,
    SegmentNight,
    SegmentSpell,
    SegmentUse,
    SegmentVersion,
    Touched,
)
from segmentation.segments import active, evaluating, growth, reasons, saving, settling, timetravel, uses
from segmentation.targets import step as targets
from tests import cast
from tests.night.helpers import run_night
from tests.segmentation import crowds

pytestmark = pytest.mark.django_db
ON = date(2026, 3, 10)
BUYERS = {
    "all": [{"did": "purchase", "count": "times", "is": "at_least", "value": 2, "when": {"last_days": 90}}]
}


def segment(definition: Any, name: str = "Twice") -> Segment:
    made = Segment.objects.create(name=name, kind=SegmentKind.RULES)
    version(made, definition)
    return made


def version(of: Segment, definition: Any) -> SegmentVersion:
    number = SegmentVersion.objects.filter(segment=of).count() + 1
    return SegmentVersion.objects.create(segment=of, number=number, definition=definition)


def members(of: Segment) -> set[int]:
    return set(SegmentSpell.objects.filter(segment=of).at().values_list("customer_id", flat=True))


def test_every_watched_table_has_its_triggers() -> None:
    assert watching.missing() == []
    assert {"customers_customer", "customers_purchase", "customers_customertag", "loyalty_lot"} <= set(
        watching.of_customers()
    )
    assert {"org_store", "customers_consentrules"} <= set(watching.of_everybody()), "nobody's"


def test_a_table_that_is_no_longer_watched_loses_its_triggers(monkeypatch: pytest.MonkeyPatch) -> None:
    every = watching.watched()
    monkeypatch.setattr(watching, "watched", lambda: [one for one in every if one != "customers_customertag"])
    watching.install()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE c.relname = 'customers_customertag' AND t.tgname LIKE 'segments_touch%' AND t.tgparentid = 0"
        )
        assert cursor.fetchone() == (0,)
    monkeypatch.undo()
    assert watching.install() == ["customers_customertag"]


def test_a_night_touches_nobody_whom_nothing_happened_to(irina: Customer, harbour: Store) -> None:
    """Scores are new every night, for everybody; they wait for it, and the shelf is of that night."""
    for back in range(300, 0, -20):
        cast.purchase(irina, at=harbour, on=ON - timedelta(days=back))
    run_night(ON)
    looking.look()
    run_night(ON + timedelta(days=1))
    assert not Touched.objects.exists()
    assert not Changed.objects.exists()


def test_a_receipt_is_followed(irina: Customer, harbour: Store) -> None:
    twice = segment(BUYERS)
    today = evaluating.today()
    cast.purchase(irina, at=harbour, on=today - timedelta(days=3))
    assert looking.look() == 1
    assert members(twice) == set()
    cast.purchase(irina, at=harbour, on=today)
    assert looking.look() == 1
    spell = SegmentSpell.objects.get(segment=twice)
    assert (spell.customer_id, spell.ended_at, spell.because) == (irina.pk, None, [2])
    assert not Touched.objects.exists()
    assert list(Changed.objects.values_list("customer_id", flat=True)) == [irina.pk]
    assert looking.look() == 0


def test_who_is_merged_away_is_out(irina: Customer, harbour: Store, ana: Staff) -> None:
    everybody = segment({"all": []}, "Everybody")
    looking.look()
    assert irina.pk in members(everybody)
    Customer.objects.filter(pk=irina.pk).update(erased_at="2026-03-01T00:00:00Z")
    looking.look()
    assert irina.pk not in members(everybody)
    assert SegmentSpell.objects.get(segment=everybody, customer=irina).ended_at is not None
    Customer.objects.filter(pk=irina.pk).update(erased_at=None)
    looking.look()
    assert SegmentSpell.objects.filter(segment=everybody, customer=irina).count() == 2


def test_a_night_settles_and_counts_what_changed(irina: Customer, harbour: Store, ana: Staff) -> None:
    twice = segment(BUYERS)
    for day in (1, 2):
        cast.purchase(irina, at=harbour, on=f"2026-03-0{day}")
    run_night(ON)
    night = SegmentNight.objects.get(segment=twice)
    assert (night.customers, night.came, night.went) == (1, 1, 0)
    assert bytes(night.digest) == timetravel.digest_at(twice.pk, night.at)
    run_night(date(2026, 8, 1), steps=("segments",))
    later = SegmentNight.objects.order_by("-night_id")[0]
    assert (later.customers, later.came, later.went) == (0, 0, 1), "the window has moved on"
    assert timetravel.ids_at(twice.pk, night.at) == [irina.pk]
    assert timetravel.moment_of(twice, ON) == night.at
    why = reasons.then(twice, irina, ana, night.at)
    assert why is not None
    assert (why.version, why.until, [one.value for one in why.reasons]) == (1, later.at, [2])
    assert reasons.then(twice, irina, ana) is None
    assert list(timetravel.faults()) == []


def test_a_digest_tells_of_a_history_that_was_touched(irina: Customer, harbour: Store) -> None:
    everybody = segment({"all": []}, "Everybody")
    run_night(ON)
    SegmentSpell.objects.filter(customer=irina).delete()
    (fault,) = timetravel.faults()
    assert (fault.what, fault.segment_id, fault.kept - fault.found) == ("night", everybody.pk, 1)


def test_a_segment_that_names_another_is_settled_after_it(irina: Customer, harbour: Store) -> None:
    inner = segment(BUYERS)
    outer = segment({"all": [{"member_of": inner.public_id}]}, "Outer")
    version(inner, BUYERS)
    today = evaluating.today()
    for _ in range(2):
        cast.purchase(irina, at=harbour, on=today)
    looking.look()
    assert members(inner) == members(outer) == {irina.pk}
    assert [one.segment_id for one in active.segments()] == [inner.pk, outer.pk]


def test_what_can_no_longer_be_read_stops_nobody_else(irina: Customer, harbour: Store) -> None:
    field = CustomField.objects.create(code="size", label="Size", kind="text")
    inner = segment({"all": [{"attribute": "custom.size", "is": "is", "value": "l"}]})
    outer = segment({"all": [{"member_of": inner.public_id}]}, "Outer")
    others = segment({"none": [{"member_of": inner.public_id}]}, "Others")
    CustomField.objects.filter(pk=field.pk).update(kind="number")
    Customer.objects.filter(pk=irina.pk).update(name="Ira")
    looking.look()
    run_night(ON)
    assert (members(inner), members(outer), members(others)) == (set(), set(), {irina.pk})
    assert not Touched.objects.exists()


def test_what_comes_back_from_the_archive_is_settled_anew(
    irina: Customer, harbour: Store, ana: Staff
) -> None:
    women = segment({"all": [{"attribute": "person.gender", "is": "any_of", "value": ["f"]}]})
    Customer.objects.filter(pk=irina.pk).update(gender="f")
    looking.look()
    assert members(women) == {irina.pk}
    saving.archive(women, by=ana, at=timezone.now())
    assert members(women) == set()
    Customer.objects.filter(pk=irina.pk).update(gender="m")
    looking.look()
    saving.restore(women, by=ana)
    looking.look()
    assert (members(women), women.versions.count()) == (set(), 2)
    Customer.objects.filter(pk=irina.pk).update(gender="f")
    looking.look()
    assert members(women) == {irina.pk}
    assert looking.look() == 0


def test_a_version_that_was_overtaken_is_waited_for_no_more(irina: Customer) -> None:
    every = segment({"all": []})
    version(every, BUYERS)
    assert settling.new_versions() == 1
    assert settling.new_versions() == 0


def test_an_edit_while_a_night_runs_does_not_take_it_back(
    irina: Customer, harbour: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the step that settles segments and publishing, the follower asks by the night that is to come."""
    scored = segment({"all": [{"attribute": "rfm.r", "is": "known"}]})
    cast.purchase(irina, at=harbour, on=ON)

    def edited(*asked: Any, _step: Any = targets.step) -> None:
        Customer.objects.filter(pk=irina.pk).update(gender="f")
        assert looking.look() > 0
        _step(*asked)

    monkeypatch.setattr(targets, "step", edited)
    run_night(ON)
    assert members(scored) == {irina.pk}
    assert SegmentSpell.objects.count() == 1


def test_whoever_objects_has_no_profile_within_seconds(irina: Customer, harbour: Store, noon: Any) -> None:
    for back in range(300, 0, -20):
        cast.purchase(irina, at=harbour, on=ON - timedelta(days=back))
    run_night(ON)
    known = segment({"all": [{"attribute": "persona.visits", "is": "known"}]})
    looking.look()
    assert members(known) == {irina.pk}
    crowds.refuse(irina, noon)
    looking.look()
    assert members(known) == set()
    with connection.cursor() as cursor:
        for table in objections.PROFILES:
            cursor.execute(f"SELECT count(*) FROM {table} WHERE customer_id = %s", [irina.pk])
            assert cursor.fetchone() == (0,), table


def test_every_table_about_a_person_alone_is_a_profile() -> None:
    """What is worked out about somebody goes; what is not: groups and standings (the chain's sales), and membership."""
    kept = {"segmentation_standing", "segmentation_segmentlisted", "segmentation_segmentspell"}
    owned = {
        m._meta.db_table for m in apps.get_app_config("segmentation").get_models() if issubclass(m, Owned)
    }
    assert owned - kept | {"customers_persona"} == set(objections.PROFILES)


def test_who_brought_a_friend_is_looked_at_when_it_is_paid(irina: Customer, harbour: Store) -> None:
    friend = cast.customer("Friend", of=harbour)
    brought = segment({"all": [{"attribute": "loyalty.friends", "is": "at_least", "value": 1}]})
    Referral.objects.create(
        customer=friend, referrer_id=irina.pk, terms_id=1, came_at=timezone.now(), came_on=evaluating.today()
    )
    looking.look()
    assert members(brought) == set()
    Referral.objects.update(state=ReferralState.PAID, settled_at=timezone.now())
    looking.look()
    assert members(brought) == {irina.pk}


def test_a_receipt_of_a_store_that_is_a_day_ahead_counts_today(irina: Customer, harbour: Store) -> None:
    bought = {"did": "purchase", "count": "times", "is": "at_least", "value": 1}
    once = segment({"all": [bought | {"when": {"last_days": 7}}]})
    cast.purchase(irina, at=harbour, on=evaluating.today() + timedelta(days=2))
    looking.look()
    assert members(once) == set()
    cast.purchase(irina, at=harbour, on=evaluating.today() + timedelta(days=1))
    looking.look()
    assert members(once) == {irina.pk}


WHAT = ["buy", "tag", "untag", "gender", "erase", "unerase", "version", "archive", "look", "night", "use"]
OPS = st.lists(
    st.tuples(st.sampled_from(WHAT), st.integers(0, 5), st.integers(0, 3)), min_size=20, max_size=40
)
DEFINITIONS = [
    {"all": []},
    BUYERS,
    {"any": [{"attribute": "person.gender", "is": "any_of", "value": ["f"]}, BUYERS]},
    {"none": [{"attribute": "person.gender", "is": "known"}]},
]


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(ops=OPS)
def test_every_past_night_is_told_again(ops: list[tuple[str, int, int]], harbour: Store, ana: Staff) -> None:
    """Random edits and receipts: what each night found stays what it was, whatever comes later."""
    with transaction.atomic():
        _replayed(ops, harbour, ana)
        transaction.set_rollback(True)


def _replayed(ops: list[tuple[str, int, int]], harbour: Store, ana: Staff) -> None:
    people = [cast.customer(f"Person {n}", of=harbour) for n in range(6)]
    made = [segment(one, f"Segment {n}") for n, one in enumerate(DEFINITIONS)]
    found: dict[tuple[int, int], list[int]] = {}
    used: list[tuple[SegmentUse, list[int]]] = []
    on = evaluating.today() - timedelta(days=60)
    for what, who, which in ops:
        if what == "look":
            looking.look()
        elif what == "night":
            on += timedelta(days=1)
            found |= _night(on)
        elif what == "use":
            used.append(_use(made[which]))
        elif what == "buy":
            cast.purchase(people[who], at=harbour, on=on)
        elif what in ("version", "archive"):
            _change(what, made[which], who)
        else:
            _edit(what, people[who], which)
    for row in SegmentNight.objects.all():
        assert timetravel.ids_at(row.segment_id, row.at) == found[row.segment_id, row.night_id]
        for pk in found[row.segment_id, row.night_id]:
            why = reasons.then(row.segment, Customer(pk=pk), ana, row.at)
            assert why is not None
            assert why.version == row.version.number
    assert [(uses.audience(one), one.members) for one, _ids in used] == [(ids, None) for _one, ids in used]
    assert list(timetravel.faults()) == []
    max_, marta = cast.staff("Max", Role.MARKETER), cast.staff("Marta", Role.STORE_MANAGER, stores=[harbour])
    for one in made:
        _grown(one, max_, marta)


def _grown(of: Segment, max_: Staff, marta: Staff) -> None:
    """The nights tell who came and went, and the spells of the only store tell the same."""
    told = growth.growth(of, max_)
    before = 0
    for point in told:
        assert point.customers == before + point.came - point.went
        before = point.customers
    assert growth.growth(of, marta) == told


def _use(of: Segment) -> tuple[SegmentUse, list[int]]:
    return uses.take(of, lambda: members(of), used_for="export", by="system:test")


def _night(on: date) -> dict[tuple[int, int], list[int]]:
    """Run it; who is in each segment by the database alone."""
    run_night(on, steps=("segments",))
    night = nights.published()
    assert night is not None
    moment = Moment(on + timedelta(days=1), night.pk)
    return {(one.segment_id, night.pk): evaluating.ids(one.tree, moment) for one in active.segments()}


def _change(what: str, of: Segment, number: int) -> None:
    if what == "version":
        version(of, DEFINITIONS[number % 4])
    else:
        Segment.objects.filter(pk=of.pk).update(archived_at=None if number % 2 else "2026-03-01T00:00:00Z")


def _edit(what: str, person: Customer, number: int) -> None:
    rows = Customer.objects.filter(pk=person.pk)
    match what:
        case "tag":
            CustomerTag.objects.get_or_create(customer=person, tag=Tag.objects.get_or_create(name="Any")[0])
        case "untag":
            CustomerTag.objects.filter(customer=person).delete()
        case "gender":
            rows.update(gender="fmx"[number % 3])
        case "erase":
            rows.update(erased_at="2026-03-01T00:00:00Z")
        case "unerase":
            rows.update(erased_at=None)
