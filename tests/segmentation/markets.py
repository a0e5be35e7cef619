"""A segment whose every figure is worked out by hand in docs/algorithms/targets.md.

"Tea people", kept since 1 November; the night is that of 10 March 2026. Nights of 10 February (4 weeks before) and
9 December (13) settled it.

| who | home | in the segment | bought |
|---|---|---|---|
| A | Harbour | since 5 November | 100.00 on 5 December and on six days from 10 January, ten apart: tea and bread |
| B | Harbour | since 5 November | 50.00 on 1 August: tea |
| C | Harbour | since 15 January | 30.00 on 1 December: milk |
| D | Uptown | since 5 November | 30.00 on 5 March: tea and bread |
| E | Harbour | 5 November to 1 January | nothing |
| F | Harbour | since 20 February | nothing |
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from crm.org.models import Store
from customers import consents
from customers.models import Category, Customer, LifecycleRules, Night
from segmentation.models import Segment, SegmentNight, SegmentSpell, SegmentVersion
from tests import cast

ON = date(2026, 3, 10)


def moment(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), datetime.min.time(), tzinfo=UTC)


def segment(name: str = "Tea people", **more: Any) -> Segment:
    made = Segment.objects.create(name=name, **more)
    Segment.objects.filter(pk=made.pk).update(created_at=moment("2025-11-01"))
    SegmentVersion.objects.create(segment=made, number=1)
    return made


def inside(one: Segment, who: Customer, since: str, until: str | None = None) -> None:
    SegmentSpell.objects.create(
        customer=who, segment=one, version=one.versions.get(), began_at=moment(since),
        ended_at=moment(until) if until else None,
    )  # fmt: skip


def told(one: Segment, on: str, customers: int) -> None:
    """That a night of before settled it."""
    night = Night.objects.create(
        on=on, rules=LifecycleRules.current(), window_days=365, published_at=moment(on) + timedelta(days=1)
    )
    SegmentNight.objects.create(
        segment=one, night=night, version=one.versions.get(), at=night.published_at, customers=customers, came=0,
        went=0, digest=b"",
    )  # fmt: skip


def tea_people(harbour: Store, uptown: Store) -> tuple[Segment, dict[str, Customer]]:
    """The segment and its people; without a night."""
    _goods()
    known: dict[str, dict[str, Any]] = {
        "A": {"phone": "+8613800138001"},
        "B": {"email": "b@example.com"},
        "D": {},
    }
    people = {
        name: cast.customer(name, of=uptown if name == "D" else harbour, **known.get(name, {}))
        for name in "ABCDEF"
    }
    Customer.objects.filter(name__in="ABC").update(household_size=2, income_band="50-75K")
    one = segment()
    for name in "ABD":
        inside(one, people[name], "2025-11-05")
    inside(one, people["C"], "2026-01-15")
    inside(one, people["E"], "2025-11-05", "2026-01-01")
    inside(one, people["F"], "2026-02-20")
    for on, many in (("2025-12-09", 4), ("2026-02-10", 4)):
        told(one, on, many)
    both = [("TEA", "1", "60.00"), ("BREAD", "1", "40.00")]
    for day in (date(2025, 12, 5), *(date(2026, 1, 10) + timedelta(days=10 * n) for n in range(6))):
        cast.purchase(people["A"], at=harbour, on=day, lines=both)
    cast.purchase(people["B"], at=harbour, on="2025-08-01", lines=[("TEA", "1", "50.00")])
    cast.purchase(people["C"], at=harbour, on="2025-12-01", lines=[("MILK", "1", "30.00")])
    cast.purchase(
        people["D"], at=uptown, on="2026-03-05", lines=[("TEA", "1", "20.00"), ("BREAD", "1", "10.00")]
    )
    _consents(people)
    return one, people


def _goods() -> None:
    food = Category.objects.create(path="food", name="Food")
    for name in ("TEA", "BREAD", "MILK"):
        kind = Category.objects.create(path=f"food/{name.lower()}", name=name.title(), parent=food)
        cast.product(name, category=kind)


def _consents(people: dict[str, Customer]) -> None:
    """A says yes to SMS and has a phone; B has an e-mail and says no; C says yes by e-mail and has none."""
    for name, channel, is_given in (("A", "sms", True), ("B", "email", False), ("C", "email", True)):
        consents.record(
            people[name], channel=channel, purpose="marketing", is_given=is_given, wording="unknown/test",
            source="test", by="system:test", at=moment("2026-01-02"),
        )  # fmt: skip
