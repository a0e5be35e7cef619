"""Lists from files: what is said of a file before it is a list, in its sender's words and in three languages."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from crm.org.models import Staff
from customers.models import Customer
from segmentation.models import Segment, SegmentListed
from segmentation.segments import lists
from segmentation.segments.members import newest

pytestmark = pytest.mark.django_db
Browser = Callable[[Staff], Client]
NEW = "/segments/lists/new/"


def upload(theirs: Client, name: str, content: bytes, address: str = NEW) -> Any:
    return theirs.post(address, {"file": SimpleUploadedFile(name, content)})


def placed(theirs: Client, name: str, content: bytes, address: str = NEW) -> str:
    return str(upload(theirs, name, content, address)["Location"])


def listed(segment: Segment) -> set[int]:
    return set(SegmentListed.objects.filter(version=newest(segment.pk)).values_list("customer_id", flat=True))


def test_a_file_that_cannot_be_read_is_called_as_its_sender_calls_it(max_: Staff, signed_in: Browser) -> None:
    theirs = signed_in(max_)
    for name, content, said in (
        ("x.csv", b"a\x00b", "“x.csv” is no text file"),
        ("名单 3.xlsx", b"PK\x03\x04", "“名单 3.xlsx” is no whole Excel workbook"),
        ("../…/x.csv", b"a\x00b", "“x.csv” is no text file"),
    ):
        assert said in theirs.get(placed(theirs, name, content)).content.decode()
    for name, content, said in (
        ("none.csv", b"", "“none.csv” is empty."),
        ("x.exe", b"MZ", "“x.exe” is of no kind that can be read"),
    ):
        answer = upload(theirs, name, content)
        assert answer.status_code == 422
        assert said in answer.content.decode()
    long = placed(theirs, "名" * 150 + ".csv", b"number\nM0001\n")
    assert theirs.get(long).context["title"] == "名" * 66 + ".csv"


@pytest.mark.parametrize(
    ("language", "empty", "unknown", "nobody"),
    [
        (
            "en",
            "“x.csv” is empty.",
            "“x.exe” is of no kind that can be read",
            "None of your customers is in it",
        ),
        ("zh-hans", "“x.csv”是空的", "无法读取“x.exe”这类文件", "文件中没有您的顾客"),
        ("zh-hant", "「x.csv」", "無法讀取「x.exe」這類檔案", "檔案中沒有您的顧客"),
    ],
)
def test_what_is_said_of_files_in_three_languages(
    language: str, empty: str, unknown: str, nobody: str, max_: Staff, signed_in: Browser
) -> None:
    theirs = signed_in(max_)
    theirs.cookies["django_language"] = language
    assert empty in upload(theirs, "x.csv", b"").content.decode()
    assert unknown in upload(theirs, "x.exe", b"MZ").content.decode()
    page = theirs.get(placed(theirs, "x.csv", b"number\nM0001\n")).content.decode()
    assert nobody in page
    assert 'name="is_shared"' not in page  # nothing to be saved


def test_numbers_have_their_plural_and_lost_rows_are_told(
    irina: Customer, yusuf: Customer, max_: Staff, signed_in: Browser
) -> None:
    theirs = signed_in(max_)
    place = placed(theirs, "a.ndjson", b'{"a":1}\n[1]\nnull\n{"number":"M0001"}\n{"number":"x"}')
    page = theirs.get(place)
    said = " ".join(page.content.decode().split())
    assert (page.context["matched"], page.context["missing"], page.context["unread"]) == (1, 1, 2)
    for words in ("Save a list of 1 customer", "Could not be read", "Nothing in the column"):
        assert words in said
    assert "customers, each once" not in said
    assert "2,(could not be read)" in theirs.get(f"{place}unmatched/").content.decode()
    headless = theirs.get(placed(theirs, "b.csv", b"M0001\nM0002\n"))
    assert headless.context["matched"] == 2
    assert "begins with a customer" in headless.content.decode()


def test_a_file_is_asked_once(
    irina: Customer, max_: Staff, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, str]] = []
    match = lists.match
    monkeypatch.setattr(lists, "match", lambda *told, **more: (asked.append(more), match(*told, **more))[1])
    theirs = signed_in(max_)
    place = placed(theirs, "a.csv", b"who,number\nM0001,M0001\nx,M0002\n")
    theirs.get(place)
    assert "3,M0002" in theirs.get(f"{place}unmatched/").content.decode()
    assert asked == [{"column": "number", "kind": "member"}]
    theirs.get(f"{place}?column=who&kind=member")
    theirs.get(f"{place}unmatched/?column=who&kind=member")
    theirs.post(place, {"name": "Press"})
    assert asked == [{"column": "number", "kind": "member"}, {"column": "who", "kind": "member"}]
    assert listed(Segment.objects.get()) == {irina.pk}


def test_a_manager_changes_the_part_of_a_list_that_they_see(
    irina: Customer, yusuf: Customer, lin: Customer, marta: Staff, ana: Staff, signed_in: Browser
) -> None:
    one = lists.create(by=marta, name="Fair", customers=[irina.pk])
    lists.replace(one, [yusuf.pk, lin.pk], by=ana)  # by somebody who sees all
    theirs = signed_in(marta)
    place = placed(theirs, "a.csv", b"number\nM0001\nM0002\n", f"/segments/saved/{one.public_id}/list/")
    page = theirs.get(place)
    assert [(c.coming, c.going, c.staying) for _label, c in page.context["changes"]["rows"]] == [
        (1, 0, 0), (0, 0, 0), (1, 0, 0),
    ]  # fmt: skip
    assert "2 customers of other stores are on the list, too, and stay" in page.content.decode()
    done = theirs.post(place, {"how": "only"}, follow=True)
    assert "Kept. Added: 1, taken off: 0." in done.content.decode()
    assert listed(one) == {irina.pk, yusuf.pk, lin.pk}
    foreign = lists.create(by=ana, name="The chain's", customers=[lin.pk])
    sent = upload(theirs, "a.csv", b"number\nM0001\n", f"/segments/saved/{foreign.public_id}/list/")
    assert sent["Location"] == f"/segments/saved/{foreign.public_id}/"
    assert listed(foreign) == {lin.pk}
