"""A few whole journeys, in a real browser."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from crm.jobs import runner
from crm.org.models import Staff, Store
from crm.rest import keys
from customers.models import Customer, ImportFile, Purchase
from tests import cast

Open = Callable[..., Page]


def test_a_clerk_finds_a_member_by_last_four_digits(open_as: Open, chen: Staff, irina: Customer) -> None:
    page = open_as(chen, "/counter/")
    expect(page.locator("[data-main]")).to_be_focused()
    page.keyboard.type("8000")
    expect(page.get_by_role("option")).to_have_text(re.compile("Irina Petrova"))
    expect(page.get_by_role("option")).to_contain_text("+86 138****8000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Irina Petrova")
    assert "8000" not in page.url


def test_a_scanner_is_faster_than_any_answer(open_as: Open, chen: Staff, irina: Customer) -> None:
    page = open_as(chen, "/counter/")
    page.keyboard.type("C1000001")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Irina Petrova")


def test_arrows_choose_and_escape_clears(open_as: Open, chen: Staff, harbour: Store) -> None:
    cast.customer("林小雨", of=harbour)
    cast.customer("林大海", of=harbour)
    page = open_as(chen, "/counter/")
    page.keyboard.type("lin")
    expect(page.get_by_role("option")).to_have_count(2)
    page.wait_for_load_state("networkidle")  # the answers to "l" and "li" look alike
    page.keyboard.press("ArrowDown")
    chosen = page.locator("[role=option][aria-selected=true] .who")
    second = page.locator("[role=option] .who").nth(1).inner_text()
    expect(chosen).to_have_text(second)
    page.keyboard.press("Escape")
    expect(page.get_by_text("Type or scan")).to_be_visible()


def test_a_member_of_another_branch_is_served_but_not_browsed(
    open_as: Open, chen: Staff, yusuf: Customer
) -> None:
    page = open_as(chen, "/counter/")
    page.keyboard.type("Yusuf")
    expect(page.get_by_text("Nobody found")).to_be_visible()
    page.locator("[data-main]").fill("139 0013 9000")
    expect(page.get_by_role("option")).to_contain_text("Yusuf Demir")
    page.keyboard.press("Enter")
    expect(page.get_by_text("A customer of another branch")).to_be_visible()
    expect(page.get_by_text("Purchases")).to_have_count(0)


def test_two_people_edit_one_customer(open_as: Open, chen: Staff, marta: Staff, irina: Customer) -> None:
    address = f"/customers/{irina.public_id}/edit/"
    chens, martas = open_as(chen, address), open_as(marta, address)
    chens.get_by_label("Occupation").fill("baker")
    chens.get_by_label("Gender").select_option("f")
    chens.get_by_role("button", name="Save").click()
    expect(chens.get_by_text("Saved.")).to_be_visible()
    martas.get_by_label("Occupation").fill("teacher")
    martas.get_by_label("Gender").select_option("x")
    martas.get_by_role("button", name="Save").click()
    expect(martas.get_by_label("Gender")).to_be_focused()
    expect(martas.get_by_text("Chen changed this just now.")).to_have_count(2)
    expect(martas.get_by_label("Occupation")).to_have_value("teacher")
    martas.get_by_role("button", name="Take theirs: Female").click()
    expect(martas.get_by_label("Gender")).to_have_value("f")
    martas.get_by_role("button", name="Save").click()
    expect(martas.get_by_text("Saved.")).to_be_visible()
    irina.refresh_from_db()
    assert (irina.occupation, irina.gender) == ("teacher", "f")


def test_a_marketer_reads_the_map_and_opens_the_people(open_as: Open, max_: Staff, harbour: Store) -> None:
    for n in range(12):
        person = cast.customer(f"Buyer {n}", of=harbour)
        for day in range(1 + n % 4):
            cast.purchase(person, at=harbour, on=f"2026-02-{10 + n - day:02}", amount=f"{10 + n}.00")
    cast.night("2026-03-09")
    page = open_as(max_, "/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Segments")
    cell = page.locator(".heat a").first
    count = int(cell.locator(".n").inner_text())
    cell.click()
    expect(page.locator("#customers tbody tr")).to_have_count(count)
    page.get_by_label("Home store").select_option(label="Harbour") if page.get_by_label(
        "Home store"
    ).count() else None
    page.locator("#customers tbody tr").first.click()
    expect(page.get_by_text("Where they stand, and why")).to_be_visible()
    expect(page.locator("#months canvas, .chart canvas")).to_have_count(1)


def test_an_administrator_enters_a_store_and_makes_a_key(open_as: Open, ana: Staff) -> None:
    page = open_as(ana, "/settings/stores/new/")
    page.get_by_label("Name").fill("Pier")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Code")).to_be_focused()  # the first error, and what was typed is still there
    expect(page.get_by_label("Name")).to_have_value("Pier")
    page.get_by_label("Code").fill("PIER")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved: Pier.")
    page.goto("/settings/keys/new/")
    page.get_by_label("Name").fill("Tills")
    page.get_by_label("Send receipts and returns").check()
    page.get_by_role("button", name="Make the key").click()
    secret = page.locator("#secret").inner_text()
    assert keys.recognise(secret)
    page.get_by_role("link", name="To the keys").click()
    expect(page.get_by_text(secret)).to_have_count(0)
    page.get_by_role("button", name="Revoke").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("Revoke “Tills”?")
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("Revoked", exact=True)).to_be_visible()


RECEIPTS = """external_id,store,occurred_at,product,quantity,amount,customer_kind,customer_value
U1,HARB,2026-03-01T10:00:00+08:00,SKU1,1,10.00,member,M0001
U1,HARB,2026-03-01T10:00:00+08:00,SKU2,2,20.00,member,M0001
U2,HARB,2026-13-40,SKU1,1,10.00,member,M0001
"""


def test_a_file_is_tried_and_then_imported(
    open_as: Open, max_: Staff, irina: Customer, tmp_path: Path
) -> None:
    file = tmp_path / "receipts.csv"
    file.write_text(RECEIPTS)
    page = open_as(max_, "/imports/new/")
    page.set_input_files("[name=file]", file)
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_text("You can leave this page")).to_be_visible()
    _work()
    expect(page.get_by_text("Import it: apply 2 rows")).to_be_visible()
    assert not Purchase.objects.exists()
    with page.expect_download() as download:
        page.get_by_role("link", name="Rejected rows with reasons").click()
    assert len(download.value.path().read_text(encoding="utf-8-sig").splitlines()) == 2
    page.get_by_text("Import it: apply 2 rows").click()
    expect(page.get_by_text("You can leave this page")).to_be_visible()
    _work()
    expect(page.get_by_text("Done", exact=True)).to_be_visible()
    assert Purchase.objects.get().customer_id == irina.pk


def _work() -> None:
    """What the worker does."""
    job = ImportFile.objects.latest("pk").job
    assert job is not None
    runner.run_until_ended(job)


def test_filters_stand_in_the_address_and_in_the_export(
    open_as: Open, rosa: Staff, irina: Customer, yusuf: Customer
) -> None:
    page = open_as(rosa, "/customers/")
    page.get_by_label("Home store").select_option(label="Uptown")
    expect(page.get_by_role("heading", name="1 customer")).to_be_visible()
    uptown = Store.objects.get(code="UPTN")
    expect(page).to_have_url(re.compile(rf"/customers/\?store={uptown.pk}$"))
    page.get_by_text("Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert "Yusuf Demir" in text
    assert "Irina" not in text
    page.reload()
    expect(page.get_by_label("Home store")).to_have_value(str(uptown.pk))


def test_everything_is_reached_by_keys(open_as: Open, rosa: Staff, irina: Customer, yusuf: Customer) -> None:
    page = open_as(rosa, "/customers/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Find a customer")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator("tr.is-current")).to_contain_text("Yusuf Demir")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Yusuf Demir")
    page.wait_for_load_state()  # keys are heard when the scripts have run
    page.keyboard.press("/")
    page.keyboard.type("M0001")
    expect(page.locator("#top-hits [role=option]")).to_contain_text("Irina Petrova")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Irina Petrova")
    page.wait_for_load_state()
    page.keyboard.press("g")
    page.keyboard.press("i")
    expect(page.get_by_role("heading", level=1)).to_have_text("Imports")
    page.get_by_role("link", name="Nights").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Nights")


@pytest.mark.parametrize(("width", "height"), [(360, 740), (1024, 768)])
def test_pages_fit_small_screens(open_as: Open, ana: Staff, irina: Customer, width: int, height: int) -> None:
    cast.purchase(irina, at=Store.objects.get(), on="2026-03-01")
    cast.night("2026-03-09")
    page = open_as(ana, "/counter/", width=width, height=height, color_scheme="dark", has_touch=True)
    paths = [
        "/customers/",
        f"/customers/{irina.public_id}/",
        "/segments/",
        "/segments/scheme/",
        "/nights/",
        "/imports/new/",
    ]
    for path in [*paths, "/settings/stores/", "/settings/staff/new/"]:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
        small = page.evaluate(
            "[...document.querySelectorAll('.btn, .nav-entry, .form-control, .form-select')]"
            ".filter(e => e.offsetHeight && e.offsetHeight < 44).map(e => e.outerHTML.slice(0, 90))"
        )
        assert not small, f"{path}: too small for fingers"
        assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
