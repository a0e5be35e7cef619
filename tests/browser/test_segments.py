"""A marketer builds a segment: by keyboard, with its reach beside it, saved, and changed into a new version."""

from collections.abc import Callable

from playwright.sync_api import Dialog, Page, expect

from crm.org.models import Staff, Store
from segmentation.models import Segment, SegmentVersion
from tests import cast

Open = Callable[..., Page]


def add(page: Page, words: str) -> None:
    """By keyboard alone: the list, some letters, Enter."""
    page.get_by_role("button", name="Add a condition").last.click()
    expect(page.locator("[data-picker]")).to_be_focused()
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    expect(page.locator("#picker")).to_be_hidden()


def test_a_segment_of_three_conditions(open_as: Open, max_: Staff, harbour: Store) -> None:
    for n in range(8):
        born = f"{1960 + 5 * n}-01-01"
        person = cast.customer(f"H{n}", of=harbour, birthday=born, email=f"h{n}@example.com" if n % 2 else "")
        for _time in range(n):
            cast.purchase(person, at=harbour, on="2026-03-02")
    page = open_as(max_, "/segments/build/")
    count = page.locator("[data-count]")
    expect(count).to_have_text("8")
    add(page, "age")
    expect(page.locator("[id='c0.value']")).to_be_focused()
    page.keyboard.type("40")
    expect(count).to_have_text("6")  # born until 1985
    add(page, "has an e-mail")
    expect(count).to_have_text("3")  # the odd ones
    add(page, "made a purchase")
    page.locator("[id='c2.when']").select_option("ever")
    page.locator("[id='c2.value']").fill("3")
    expect(count).to_have_text("2")
    expect(page.locator("#reach")).to_contain_text("at least 3 times")
    page.get_by_role("button", name="Remove: Age").click()
    expect(count).to_have_text("3")
    page.get_by_role("button", name="Undo").click()
    expect(count).to_have_text("2")
    page.locator("[id='c0.value']").press("Alt+ArrowDown")
    expect(page.locator("#n1 .rule-name").first).to_have_text("Age")
    page.get_by_label("Name").fill("Good and grown")
    page.get_by_role("button", name="Save the segment").click()
    page.wait_for_url("**/segments/saved/seg_*/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Good and grown")
    expect(page.locator("#customers tbody tr")).to_have_count(2)
    page.get_by_role("link", name="Change", exact=True).click()
    page.locator("[id='c2.value']").fill("6")
    expect(count).to_have_text("0")
    page.locator("[id='c2.value']").fill("4")
    expect(count).to_have_text("1")
    page.get_by_label("Why it changes").fill("Fewer, better")
    page.get_by_role("button", name="Save as a new version").click()
    page.wait_for_url("**/segments/saved/seg_*/")
    expect(page.locator("#versions ins").first).to_have_text("4")
    expect(page.locator("#versions")).to_contain_text("Fewer, better")
    assert Segment.objects.get().owner == max_
    assert SegmentVersion.objects.count() == 2


def test_leaving_asks_when_something_was_not_kept(open_as: Open, max_: Staff, harbour: Store) -> None:
    asked: list[str] = []
    page = open_as(max_, "/segments/build/")

    def told(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss() if len(asked) == 1 else dialog.accept()

    page.on("dialog", told)
    page.get_by_role("button", name="Add a condition").last.click()
    page.keyboard.press("Escape")
    page.reload()  # nothing was written
    add(page, "age")
    page.get_by_role("link", name="Segments", exact=True).first.click()
    expect(page.locator("[id='c0.value']")).to_be_visible()  # the answer was no
    assert asked == ["beforeunload"]
    page.get_by_role("link", name="Cancel").click()
    page.wait_for_url("**/segments/saved/")
    assert asked == ["beforeunload"]
    page.goto("/segments/build/")
    page.get_by_label("Name").fill("All")
    page.get_by_role("button", name="Save the segment").click()
    page.wait_for_url("**/segments/saved/seg_*/")
    page.get_by_role("link", name="Change", exact=True).click()
    page.get_by_label("Name").fill("")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.locator(".is-invalid")).to_be_visible()  # refused, and still not kept
    assert asked == ["beforeunload"]
    page.get_by_role("link", name="Segments", exact=True).first.click()
    expect(page.locator("#builder")).to_have_count(0)
    assert asked == ["beforeunload"] * 2


def test_a_condition_is_found_by_another_word(open_as: Open, max_: Staff, harbour: Store) -> None:
    page = open_as(max_, "/segments/build/")
    add(page, "sex")
    expect(page.locator(".rule-name")).to_have_text(["Gender"])
    add(page, "clv")
    expect(page.locator(".rule-name")).to_have_text(["Gender", "Expected value of 90 days"])
