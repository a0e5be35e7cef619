"""Saving segments: versions, names, circles, what others rest on, and what the trail tells."""

from datetime import datetime
from typing import Any

import pytest

from crm.audit.models import Entry
from crm.lib.edits import ChangedMeanwhile
from crm.org.models import Staff
from customers.models import CustomField
from segmentation.models import Segment, SegmentVersion
from segmentation.segments import saving
from segmentation.segments.asking import Circular
from segmentation.segments.reading import InvalidSegment
from segmentation.segments.saving import Archived, InUse, NameTaken

pytestmark = pytest.mark.django_db
WOMEN = {"attribute": "person.gender", "is": "any_of", "value": ["f"]}
MEN = {"attribute": "person.gender", "is": "any_of", "value": ["m"]}


def asks(segment: Segment) -> dict[str, Any]:
    return {"all": [WOMEN, {"member_of": segment.public_id}]}


def acts() -> list[str]:
    return list(
        Entry.objects.order_by("pk").filter(action__startswith="segment.").values_list("action", flat=True)
    )


def test_a_change_is_a_new_version(max_: Staff) -> None:
    made = saving.create(by=max_, name=" Women ", definition=WOMEN)
    assert (made.name, made.owner, made.is_shared) == ("Women", max_, True)
    assert saving.change(made, WOMEN, by=max_, seen=1).number == 1
    changed = saving.change(made, MEN, by=max_, seen=1, remark="A mistake")
    assert (changed.number, changed.definition, changed.remark) == (2, MEN, "A mistake")
    assert list(made.versions.order_by("number").values_list("definition", flat=True)) == [WOMEN, MEN]
    assert acts() == ["segment.create", "segment.change"]


def test_nobody_overwrites_a_version_that_they_have_not_seen(max_: Staff, noor: Staff) -> None:
    made = saving.create(by=max_, name="Women", definition=WOMEN)
    saving.change(made, MEN, by=noor, seen=1)
    with pytest.raises(ChangedMeanwhile) as refused:
        saving.change(made, {"all": []}, by=max_, seen=1)
    assert refused.value.now == {"definition": MEN}
    assert made.versions.count() == 2


def test_a_name_that_differs_by_spaces_or_case_is_taken(max_: Staff) -> None:
    made = saving.create(by=max_, name=" Bargain \u3000 hunters", definition=WOMEN)
    assert made.name == "Bargain hunters"
    other = saving.create(by=max_, name="Men", definition=MEN)
    for name in ("bargain  HUNTERS", "Bargain\thunters", " BARGAIN HUNTERS "):
        with pytest.raises(NameTaken):
            saving.create(by=max_, name=name, definition=MEN)
        with pytest.raises(NameTaken):
            saving.describe(other, by=max_, name=name)
    Segment.objects.filter(pk=made.pk).update(name="Bargain   Hunters ")  # as one may have been kept before
    with pytest.raises(NameTaken):
        saving.create(by=max_, name="bargain hunters", definition=MEN)
    assert saving.describe(other, by=max_, name="Old  men").name == "Old men"


def test_a_name_is_there_once_among_those_in_use(max_: Staff, noon: datetime) -> None:
    made = saving.create(by=max_, name="Women", definition=WOMEN)
    with pytest.raises(NameTaken):
        saving.create(by=max_, name="WOMEN", definition=MEN)
    saving.archive(made, by=max_, at=noon)
    saving.create(by=max_, name="women", definition=MEN)
    with pytest.raises(NameTaken):
        saving.restore(made, by=max_)
    assert Segment.objects.in_use().count() == 1


def test_segments_do_not_ask_each_other_in_a_circle(max_: Staff) -> None:
    first = saving.create(by=max_, name="First", definition=WOMEN)
    second = saving.create(by=max_, name="Second", definition=asks(first))
    third = saving.create(by=max_, name="Third", definition=asks(second))
    for wanted in (asks(first), asks(second), asks(third), {"none": [{"none": [asks(third)]}]}):
        with pytest.raises(Circular):
            saving.change(first, wanted, by=max_)
    assert SegmentVersion.objects.count() == 3


def test_what_others_ask_is_not_archived(max_: Staff, noor: Staff, noon: datetime) -> None:
    first = saving.create(by=max_, name="First", definition=WOMEN)
    second = saving.create(by=noor, name="Noor's own", definition=asks(first), is_shared=False)
    with pytest.raises(InUse, match="Noor's own"):
        saving.archive(first, by=noor, at=noon)
    with pytest.raises(InUse) as refused:
        saving.archive(first, by=max_, at=noon)
    assert "Noor's own" not in str(refused.value)
    saving.archive(second, by=noor, at=noon)
    saving.archive(first, by=max_, at=noon)
    with pytest.raises(InvalidSegment, match="First"):
        saving.restore(second, by=noor)
    with pytest.raises(Archived):
        saving.change(first, MEN, by=max_)


def test_ones_own_are_seen_by_nobody_else(max_: Staff, noor: Staff) -> None:
    own = saving.create(by=max_, name="Own", definition=WOMEN, is_shared=False)
    shared = saving.create(by=noor, name="Shared", definition=WOMEN)
    assert set(Segment.objects.visible_to(max_)) == {own, shared}
    assert set(Segment.objects.visible_to(noor)) == {shared}
    with pytest.raises(InvalidSegment):
        saving.create(by=noor, name="Third", definition=asks(own))
    with pytest.raises(InUse):
        saving.describe(shared, by=max_, is_shared=False)
    saving.create(by=max_, name="Rests on it", definition=asks(shared))
    with pytest.raises(InUse, match="Rests on it"):
        saving.describe(shared, by=noor, is_shared=False)
    saving.describe(own, by=max_, name="Ours", is_shared=True, based_on={"name": "Own", "is_shared": False})
    assert Segment.objects.get(name="Ours").is_shared


def test_a_copy_is_ones_own(max_: Staff, noor: Staff) -> None:
    made = saving.create(by=max_, name="Women", definition=WOMEN)
    copied = saving.copy(made, by=noor, name="Women too")
    assert (copied.owner, copied.is_shared, copied.versions.get().definition) == (noor, False, WOMEN)


def test_a_field_that_a_role_does_not_see_cannot_be_asked_by_it(
    max_: Staff, marta: Staff, noor: Staff
) -> None:
    CustomField.objects.create(code="salary", label="Salary", kind="number", roles=["marketer"])
    asked = {"attribute": "custom.salary", "is": "at_least", "value": 5000}
    made = saving.create(by=max_, name="Rich", definition=asked)
    for other in (marta, noor):
        with pytest.raises(InvalidSegment):
            saving.create(by=other, name="Rich too", definition=asked)
    assert Segment.objects.get() == made


@pytest.mark.parametrize("name", ["", "  ", "x" * 81])
def test_a_segment_has_a_name(max_: Staff, name: str) -> None:
    with pytest.raises(InvalidSegment):
        saving.create(by=max_, name=name, definition=WOMEN)
    assert not Segment.objects.exists()
