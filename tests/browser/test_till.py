"""Points at the Counter in a real browser: found by a scan, redeemed in two steps, taken back in one."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone
from playwright.sync_api import expect

from crm.org.models import Staff
from customers.models import Customer
from loyalty import ledger
from loyalty.ledger import Cause, NewLot


def test_redeemed_in_two_steps_and_taken_back(
    chen: Staff, irina: Customer, open_as: Callable[..., Any]
) -> None:
    now = timezone.now()
    ledger.earn(irina.pk, [NewLot(420, now + timedelta(days=10))], Cause("receipt:1", now, "till:1"))
    page = open_as(chen, "/counter/", width=1024, height=768)
    page.keyboard.type("13800138000")
    points = page.locator(".till .till-points")
    expect(points).to_have_text("420")
    page.locator(".till").get_by_role("button", name="Redeem points").click()
    amount = page.locator("dialog input[name=points]")
    expect(amount).to_be_focused()
    expect(page.locator("dialog [data-tells]")).to_have_text(
        "200 are spent, those that end first first; 220 stay."
    )
    page.locator("dialog").get_by_role("button", name="Redeem 200").click()
    expect(points).to_have_text("220")
    expect(page.locator("[data-main]")).to_be_focused()  # the next one is scanned
    page.locator("#toasts .undo").click()
    expect(points).to_have_text("420")
    expect(page.locator("#toasts .undo")).to_have_count(0)
    page.keyboard.press("F4")
    amount.fill("5000")
    expect(page.locator("dialog [data-tells]")).to_have_text("There are only 420.")
    page.keyboard.press("Enter")
    expect(page.locator("dialog .note")).to_contain_text("There are 420 to spend.")
    expect(amount).to_have_value("5000")
