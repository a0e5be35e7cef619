"""Naming the columns of a file, keeping the answer, seeing what would change, undoing: on the pages."""

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from crm.jobs import runner
from crm.org.models import Staff
from customers.imports import mapping
from customers.models import Customer, ImportFile, ImportMapping

SHOP = "会员号,Mobile,Full name,Nonsense\nM2001,+8613900139001,Ivan Novak,x\n"


def upload(browser: Client, text: str, *, dry_run: bool = False) -> ImportFile:
    file = SimpleUploadedFile("people.csv", text.encode())
    sent = {"kind": "customers", "file": file} | ({"dry_run": "on"} if dry_run else {})
    answer = browser.post("/imports/new/", sent)
    assert answer.status_code == 303, answer.content
    return ImportFile.objects.latest("pk")


@pytest.fixture
def browser(max_: Staff, signed_in: Callable[[Staff], Client]) -> Client:
    return signed_in(max_)


def test_a_file_with_other_names_waits_for_them(browser: Client) -> None:
    file = upload(browser, SHOP)
    assert file.job is None
    page = browser.get(f"/imports/{file.pk}/columns/").content.decode()
    assert "Ivan Novak" in page  # the first values
    assert '<option value="number" selected>' in page
    assert '<option value="phone" selected>' in page
    assert browser.get(f"/imports/{file.pk}/").status_code == 303
    assert "Columns to name" in browser.get("/imports/").content.decode()


def test_named_it_is_imported_and_the_names_are_kept(browser: Client) -> None:
    file = upload(browser, SHOP)
    chosen = {
        "column_0": "number",
        "column_1": "phone",
        "column_2": "name",
        "column_3": "",
        "keep_as": "Web shop",
    }
    assert browser.post(f"/imports/{file.pk}/columns/", chosen).status_code == 303
    file.refresh_from_db()
    assert file.job is not None
    runner.run_until_ended(file.job)
    assert Customer.objects.get(name="Ivan Novak").identities.count() == 2
    kept = ImportMapping.objects.get(name="Web shop")
    assert kept.columns == {"会员号": "number", "Mobile": "phone", "Full name": "name", "Nonsense": ""}
    assert mapping.proposal("customers", ["Nonsense", "Mobile", "会员号", "Full name"]) == kept.columns
    assert browser.post(f"/mappings/{kept.pk}/", {"_method": "DELETE"}).status_code == 303
    assert not ImportMapping.objects.exists()


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"column_0": "phone", "column_1": "phone"}, "is chosen twice"),
        ({"column_0": "shoes"}, "Select a valid choice"),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_begins(
    browser: Client, chosen: dict[str, str], said: str
) -> None:
    file = upload(browser, SHOP)
    answer = browser.post(f"/imports/{file.pk}/columns/", chosen)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    file.refresh_from_db()
    assert file.job is None


def test_a_tried_file_shows_what_would_change_and_is_undone(browser: Client, irina: Customer) -> None:
    text = "phone,occupation,name\n+8613800138000,baker,\n+8613800138055,poet,Ada Byron\n"
    tried = upload(browser, text, dry_run=True)
    assert tried.job is not None
    runner.run_until_ended(tried.job)
    page = browser.get(f"/imports/{tried.pk}/").content.decode()
    assert "What would change" in page
    assert "baker" in page
    assert "Who would be new" in page
    assert "Ada Byron" in page
    assert b"occupation" in b"".join(browser.get(f"/imports/{tried.pk}/changes/"))  # type: ignore[arg-type]
    assert browser.post(f"/imports/{tried.pk}/application/").status_code == 303
    done = ImportFile.objects.latest("pk")
    assert done.job is not None
    runner.run_until_ended(done.job)
    irina.refresh_from_db()
    assert irina.occupation == "baker"
    assert "Undo this import" in browser.get(f"/imports/{done.pk}/").content.decode()
    browser.post(f"/imports/{done.pk}/undo/")
    done.refresh_from_db()
    assert done.undo_job is not None
    runner.run_until_ended(done.undo_job)
    irina.refresh_from_db()
    assert irina.occupation == ""
    assert "Customers as they were" in browser.get(f"/imports/{done.pk}/").content.decode()


@pytest.mark.parametrize(
    ("name", "ours"),
    [("Phone Number", "phone"), ("date_of_birth", "birthday"), ("手机", "phone"), ("E-Mail", "email"),
     ("birthdy", "birthday"), ("colour", "")],
)  # fmt: skip
def test_names_are_recognised(db: None, name: str, ours: str) -> None:
    assert mapping.proposal("customers", [name]) == {name: ours}


def test_whoever_may_not_import_sees_the_numbers_and_no_people(
    browser: Client, irina: Customer, rosa: Staff, signed_in: Callable[[Staff], Client]
) -> None:
    tried = upload(
        browser, "phone,occupation,name\n+8613800138000,baker,\n+8613800138055,poet,Ada Byron\n", dry_run=True
    )
    assert tried.job is not None
    runner.run_until_ended(tried.job)
    page = signed_in(rosa).get(f"/imports/{tried.pk}/")
    assert page.status_code == 200
    assert "Ada Byron" not in page.content.decode()
    assert "baker" not in page.content.decode()


def test_names_in_the_list_of_changes_are_no_formulas(browser: Client) -> None:
    tried = upload(browser, 'phone,name\n+8613800138055,"=HYPERLINK(1)"\n', dry_run=True)
    assert tried.job is not None
    runner.run_until_ended(tried.job)
    told = b"".join(browser.get(f"/imports/{tried.pk}/changes/")).decode()  # type: ignore[arg-type]
    assert "'=HYPERLINK" in told
    assert ",=HYPERLINK" not in told


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("people.csv", "Full name,手机,手机\nAda,+8613900139001,\n", "Two columns are called “手机”"),
        ("people.xlsx", "hello", "no whole Excel workbook"),
        ("people.xlsx", "name,phone\nAda,+8613900139001\n", "no whole Excel workbook"),
    ],
)
def test_what_nobody_could_map_is_refused_at_once(browser: Client, name: str, text: str, said: str) -> None:
    file = SimpleUploadedFile(name, text.encode())
    answer = browser.post("/imports/new/", {"kind": "customers", "file": file})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not ImportFile.objects.exists()


def test_columns_and_changes_are_told_in_the_readers_words(browser: Client, irina: Customer) -> None:
    waiting = upload(browser, SHOP)
    tried = upload(
        browser,
        "phone,gender,occupation,name\n+8613800138000,m,baker,\n+8613800138055,f,poet,Ada Byron\n",
        dry_run=True,
    )
    assert tried.job is not None
    runner.run_until_ended(tried.job)
    assert '<option value="phone" selected>Phone (phone)' in _page(browser, f"/imports/{waiting.pk}/columns/")
    page = _page(browser, f"/imports/{tried.pk}/")
    assert "Occupation poet" in page
    assert "Gender Female" in page
    browser.post(reverse("ui:preferences"), {"language": "zh-hans"})
    assert "电话（phone）" in _page(browser, f"/imports/{waiting.pk}/columns/")
    page = _page(browser, f"/imports/{tried.pk}/")
    assert "职业 poet" in page
    assert "occupation" not in page


def test_the_part_that_reloads_brings_the_question_before_undoing(browser: Client) -> None:
    done = upload(browser, "phone,name\n+8613800138055,Ada Byron\n")
    assert done.job is not None
    assert 'id="undo"' not in _page(browser, f"/imports/{done.pk}/?live=1")
    runner.run_until_ended(done.job)
    assert 'id="undo"' in _page(browser, f"/imports/{done.pk}/?live=1")


def _page(browser: Client, address: str) -> str:
    return browser.get(address).content.decode()
