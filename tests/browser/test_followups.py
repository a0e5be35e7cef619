"""A clerk's day by keyboard; a mention that rings a bell."""

from collections.abc import Callable
from datetime import timedelta

from django.utils.timezone import now
from playwright.sync_api import Page, expect

from crm.org.models import Staff
from customers import work
from customers.models import Customer, Note, WorkItem, WorkState

Open = Callable[..., Page]


def make(customer: Customer, title: str, hours: int, owner: Staff) -> WorkItem:
    at = now()
    return work.create(
        customer, kind="call", title=title, due_at=at + timedelta(hours=hours), owner=owner, by=owner, at=at
    )


def test_a_day_of_calls_by_keyboard(open_as: Open, chen: Staff, irina: Customer) -> None:
    first, second = make(irina, "Ask about the cake", -3, chen), make(irina, "Ask about the tea", -2, chen)
    page = open_as(chen, "/work/")
    expect(page.locator("#item-title")).to_have_text("Ask about the cake")
    expect(page.get_by_text("Greet them by name")).to_be_visible()
    page.keyboard.press("1")  # the first result: one key
    expect(page.get_by_text("Recorded: Ask about the cake")).to_be_visible()
    expect(page.locator("#item-title")).to_have_text("Ask about the tea")
    page.keyboard.press("3")  # call again: when?
    page.keyboard.press("Enter")  # in an hour
    expect(page.get_by_text("Recorded: Ask about the tea")).to_be_visible()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.result.code, second.result.code) == ("reached", "call_again")
    page.get_by_role("button", name="Undo").last.click()
    expect(page.get_by_text("It is open again.")).to_be_visible()
    assert WorkItem.objects.filter(state=WorkState.CANCELLED).count() == 1
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url("**/counter/")


def test_the_list_moves_and_opens_by_keyboard(open_as: Open, chen: Staff, irina: Customer) -> None:
    make(irina, "Ask about the cake", -3, chen)
    make(irina, "Ask about the tea", -2, chen)
    page = open_as(chen, "/work/", width=1024, height=768)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#item-title")).to_have_text("Ask about the tea")
    page.locator(".work-row").first.click()
    expect(page.locator("#item-title")).to_have_text("Ask about the cake")
    expect(page.locator(".work-row.is-current")).to_contain_text("Ask about the cake")


def test_a_mention_rings_the_bell(open_as: Open, chen: Staff, marta: Staff, irina: Customer) -> None:
    page = open_as(chen, f"/customers/{irina.public_id}/")
    page.keyboard.press("n")
    page.keyboard.type("Likes green tea. @Mar")
    expect(page.locator(".note-people button")).to_have_text(["MartaStore manager · " + marta.code])
    page.keyboard.press("Enter")
    page.keyboard.type("look")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#notes .note-text")).to_have_text("Likes green tea. @Marta look")
    assert Note.objects.get().mentions == [marta.pk]
    other = open_as(marta, "/counter/")
    expect(other.locator(".bell-count")).to_have_text("1")
    other.locator("#bell").click()
    other.get_by_role("link", name="Chen mentions you in a note on Irina Petrova").click()
    expect(other.get_by_role("heading", level=1)).to_have_text("Irina Petrova")
    expect(other.locator(".bell-count")).to_have_count(0)
