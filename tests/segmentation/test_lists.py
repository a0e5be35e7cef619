"""Lists: whom a file names, what is nobody's, and lists of those who are in a segment now."""

from pathlib import Path

import pytest
from openpyxl import Workbook

from crm.org.models import Staff
from customers.models import Customer
from segmentation.models import SegmentListed, SegmentSpell
from segmentation.segments import evaluating, listchanges, listcolumns, lists, roster, saving
from segmentation.segments.listchanges import Change
from segmentation.segments.listcolumns import NoColumn
from segmentation.segments.reading import read
from segmentation.segments.saving import NameTaken

pytestmark = pytest.mark.django_db


def file(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def listed(segment: object) -> set[int]:
    return set(SegmentListed.objects.filter(version__segment=segment).values_list("customer_id", flat=True))


def test_a_file_names_people_by_what_is_theirs(
    irina: Customer, yusuf: Customer, lin: Customer, max_: Staff, tmp_path: Path
) -> None:
    phones = file(
        tmp_path / "a.csv",
        "Name,Phone",
        "I,138 0013 8000",
        "Y,+86 139-0013-9000",
        "I,13800138000",
        "?,99",
        ",",
    )
    found = lists.match(phones, max_)
    assert found.customers == sorted([irina.pk, yusuf.pk])
    assert found.unmatched == [(5, "99")]
    numbers = file(
        tmp_path / "b.csv", "customer_id;note", f"{lin.public_id};x", "cus_000000000000;y", "=1+1;z"
    )
    found = lists.match(numbers, max_)
    assert (found.customers, found.unmatched) == ([lin.pk], [(3, "cus_000000000000"), (4, "=1+1")])
    assert found.unmatched_file().splitlines() == ["row,value", "3,cus_000000000000", "4,'=1+1"]


def test_a_workbook_is_read_as_well(irina: Customer, max_: Staff, tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["card"])
    book.active.append(["c1000001"])
    book.save(tmp_path / "list.xlsx")
    assert lists.match(tmp_path / "list.xlsx", max_).customers == [irina.pk]


def test_people_of_other_stores_are_nobody(
    irina: Customer, yusuf: Customer, marta: Staff, tmp_path: Path
) -> None:
    cards = file(tmp_path / "a.csv", "number", "m0001", "M0002")
    found = lists.match(cards, marta)
    assert (found.customers, found.unmatched) == ([irina.pk], [(3, "M0002")])


def test_rows_that_are_no_rows_are_told(irina: Customer, max_: Staff, tmp_path: Path) -> None:
    rows = file(tmp_path / "a.ndjson", '{"a":1}', "[1]", "null", '{"number":"m0001"}', '{"number":"M9"}')
    found = lists.match(rows, max_)
    assert (found.customers, found.unmatched, found.broken, found.empty) == (
        [irina.pk],
        [(5, "M9")],
        [2, 3],
        1,
    )
    told = ["row,value", "5,M9", "2,(could not be read)", "3,(could not be read)"]
    assert found.unmatched_file().splitlines() == told
    wide = file(tmp_path / "b.csv", "number,name", "M0001,I", "M0002,Y,of Uptown")
    assert (lists.match(wide, max_).customers, lists.match(wide, max_).broken) == ([irina.pk], [3])


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        ("M0001", "M0002", "member"), ("138 0013 8000", "+8613900139000", "phone"),
        ("irina@example.com", "nobody@example.com", "email"), ("C1000001", "C9999999", "card"),
    ],
)  # fmt: skip
def test_a_file_without_a_heading_loses_nobody(
    first: str, second: str, kind: str, irina: Customer, yusuf: Customer, max_: Staff, tmp_path: Path
) -> None:
    path = file(tmp_path / "a.csv", first, second)
    assert listcolumns.of(path).kinds == {first: kind}
    found = lists.match(path, max_)
    assert found.is_headless
    assert irina.pk in found.customers
    assert len(found.customers) + len(found.unmatched) == 2
    headed = lists.match(file(tmp_path / "b.csv", "card 1", first, second), max_, column="card 1", kind=kind)
    assert (headed.is_headless, headed.customers) == (False, found.customers)


def test_our_numbers_stand_without_a_heading_beside_others(
    irina: Customer, lin: Customer, max_: Staff, tmp_path: Path
) -> None:
    path = file(tmp_path / "a.csv", f"Irina,{irina.public_id}", f"Lin,{lin.public_id}", "?,cus_000000000000")
    found = lists.match(path, max_)
    assert (found.customers, found.unmatched) == (sorted([irina.pk, lin.pk]), [(3, "cus_000000000000")])
    fields = file(tmp_path / "b.ndjson", f'{{"{irina.public_id}": "x"}}')
    with pytest.raises(NoColumn):  # the names of NDJSON are names
        lists.match(fields, max_)


def test_a_list_holds_on_to_whom_one_does_not_see(
    irina: Customer, yusuf: Customer, lin: Customer, max_: Staff, marta: Staff
) -> None:
    made = lists.create(by=max_, name="Press", customers=[yusuf.pk, lin.pk])
    version = made.versions.get()
    found = listchanges.changes(version, [irina.pk], marta)
    outside = sorted([yusuf.pk, lin.pk])
    everybody = sorted([irina.pk, *outside])
    assert found == {
        "add": Change(everybody, 1, 0, 0, 2),
        "remove": Change(outside, 0, 0, 0, 2),
        "only": Change(everybody, 1, 0, 0, 2),
    }
    chain = listchanges.changes(version, [irina.pk, lin.pk], max_)
    assert chain == {
        "add": Change(everybody, 1, 0, 2, 0),
        "remove": Change([yusuf.pk], 0, 1, 1, 0),
        "only": Change(sorted([irina.pk, lin.pk]), 1, 1, 1, 0),
    }


def test_a_file_that_says_nobody_is_refused(max_: Staff, tmp_path: Path) -> None:
    with pytest.raises(NoColumn):
        lists.match(file(tmp_path / "a.csv", "colour", "red"), max_)


def test_a_new_file_is_a_new_version(irina: Customer, yusuf: Customer, max_: Staff) -> None:
    made = lists.create(by=max_, name="Press", customers=[irina.pk, irina.pk, 999_999])
    assert roster.now(made, max_) == [irina.pk]
    lists.replace(made, [yusuf.pk], by=max_, seen=1)
    assert roster.now(made, max_) == [yusuf.pk]
    assert listed(made) == {irina.pk, yusuf.pk}
    copied = saving.copy(made, by=max_, name="Press too")
    assert roster.now(copied, max_) == [yusuf.pk]
    with pytest.raises(NameTaken):
        lists.create(by=max_, name="press", customers=[])


def test_a_list_of_those_in_a_segment_stays_as_it_was(irina: Customer, yusuf: Customer, max_: Staff) -> None:
    segment = saving.create(by=max_, name="All", definition={"all": []})
    frozen = lists.from_segment(segment, by=max_, name="All of March")
    saving.change(segment, {"attribute": "person.is_member", "is": "no"}, by=max_)
    asked = read({"member_of": frozen.public_id})
    assert evaluating.ids(asked, evaluating.moment()) == sorted([irina.pk, yusuf.pk])


def test_a_segment_that_was_evaluated_is_asked_by_its_spells(
    irina: Customer, yusuf: Customer, max_: Staff
) -> None:
    segment = saving.create(by=max_, name="All", definition={"all": []})
    asked = read({"member_of": segment.public_id})
    assert evaluating.ids(asked, evaluating.moment()) == sorted([irina.pk, yusuf.pk])
    version = segment.versions.get()
    SegmentSpell.objects.create(
        customer=yusuf, segment=segment, version=version, began_at="2026-03-01T00:00Z"
    )
    assert evaluating.ids(asked, evaluating.moment()) == [yusuf.pk]
    assert [one.customer_id for one in roster.members(segment, max_)] == [yusuf.pk]
