"""The card of a member on a phone: shown without a connection, gone after signing out."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from customers.models import Customer
from loyalty import ledger
from loyalty.ledger import Cause, NewLot
from tests.loyalty import member


@pytest.fixture
def phone(chromium_or_skip: Any, transactional_db: None, live_server: Any) -> Iterator[Page]:
    context = chromium_or_skip.new_context(
        base_url=live_server.url, viewport={"width": 360, "height": 740}, locale="en-GB"
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()


KEPT = """async () => {
    const caught = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
    return caught.flat().some((one) => new URL(one.url).pathname === "/member/");
}"""


def test_the_card_without_a_connection_and_after_signing_out(phone: Page, irina: Customer) -> None:
    ledger.earn(irina.pk, [NewLot(420)], Cause("receipt:1", timezone.now(), "till:1"))
    phone.goto("/member/")
    phone.get_by_label("Phone or e-mail").fill("irina@example.com")
    phone.get_by_role("button", name="Send me a code").click()
    phone.get_by_label("Code of six digits").fill(member.code_sent())
    phone.get_by_role("button", name="Sign in").click()
    expect(phone.get_by_role("heading", name="Irina Petrova")).to_be_visible()
    phone.wait_for_function(KEPT)
    phone.context.set_offline(True)
    phone.goto("/member/points/")
    expect(phone.get_by_text("No connection. This is how it was on")).to_be_visible()
    expect(phone.get_by_text("420", exact=True)).to_be_visible()
    expect(phone.get_by_role("img", name="Your card as a code to scan")).to_be_visible()
    phone.context.set_offline(False)
    phone.goto("/member/")
    expect(phone.get_by_text("No connection.")).to_be_hidden()
    phone.get_by_role("button", name="Sign out").click()
    expect(phone.get_by_role("button", name="Send me a code")).to_be_visible()
    assert phone.evaluate(KEPT) is False
    phone.context.set_offline(True)
    phone.goto("/member/")
    expect(phone.get_by_text("Irina")).to_have_count(0)
