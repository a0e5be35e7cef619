"""The page of one customer in a real browser: a fact edited with the keyboard and taken back; the stream goes on."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from playwright.sync_api import expect

from crm.org.models import Staff, Store
from customers.models import Customer
from tests import cast


def test_a_fact_is_edited_with_the_keyboard_and_taken_back(
    chen: Staff, irina: Customer, open_as: Callable[..., Any]
) -> None:
    page = open_as(chen, f"/customers/{irina.public_id}/")
    page.locator("#fact-occupation .fact-value").focus()
    page.keyboard.press("e")
    page.wait_for_selector("#fact-occupation input[name=occupation]:focus")
    page.keyboard.press("Escape")
    page.wait_for_selector("#fact-occupation .fact-value:focus")
    page.keyboard.press("e")
    page.wait_for_selector("#fact-occupation input[name=occupation]:focus")
    page.keyboard.type("baker")
    page.keyboard.press("Enter")
    page.wait_for_selector("#fact-occupation .fact-value:has-text('baker')")
    irina.refresh_from_db()
    assert irina.occupation == "baker"
    page.locator("#toasts .undo").click()
    page.wait_for_selector("#fact-occupation .fact-value:has-text('Add')")
    irina.refresh_from_db()
    assert irina.occupation == ""


def test_a_wrong_value_keeps_the_field_open(
    chen: Staff, irina: Customer, open_as: Callable[..., Any]
) -> None:
    page = open_as(chen, f"/customers/{irina.public_id}/")
    page.locator("#fact-birthday .fact-value").click()
    page.locator("input[name=birthday]").fill("2099-01-01")
    page.keyboard.press("Enter")
    page.wait_for_selector("#fact-birthday .errors")
    assert page.locator("input[name=birthday]").input_value() == "2099-01-01"


def test_the_stream_goes_on_while_one_scrolls(
    chen: Staff, irina: Customer, harbour: Store, open_as: Callable[..., Any]
) -> None:
    for n in range(60):
        cast.purchase(irina, at=harbour, on=date(2026, 1, 1 + n % 28))
    page = open_as(chen, f"/customers/{irina.public_id}/")
    assert page.locator("[data-touch]").count() == 25
    page.keyboard.press("t")
    for _ in range(30):
        if page.locator(".stream-end").count():
            break
        page.mouse.wheel(0, 4000)
        page.wait_for_timeout(100)
    page.wait_for_selector(".stream-end")
    keys = page.locator("[data-touch]").evaluate_all("all => all.map(one => one.dataset.touch)")
    assert len(keys) == len(set(keys)) == 61
    page.locator(".chip:has-text('Life with us')").click()
    expect(page).to_have_url(re.compile(r"\?kinds=life"))
    expect(page.locator("[data-touch]")).to_have_count(1)


def test_on_a_phone_what_is_not_needed_first_is_folded(
    chen: Staff, irina: Customer, open_as: Callable[..., Any]
) -> None:
    page = open_as(chen, f"/customers/{irina.public_id}/", width=360, height=760)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    birthday, contacts = page.locator("#fact-birthday"), page.get_by_role("heading", name="Reached by")
    expect(contacts).to_be_visible()
    expect(birthday).to_be_hidden()
    page.locator("#about > summary").click()
    expect(birthday).to_be_visible()
    page.locator(".anchors").get_by_role("link", name="Purchases").click()
    expect(page.get_by_text("No purchase yet")).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(page.locator("#about > summary")).to_be_hidden()
    expect(page.get_by_role("link", name="Record")).to_be_visible()  # of a fold that nobody opened
