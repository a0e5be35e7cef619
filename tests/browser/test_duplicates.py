"""The review queue by keyboard, and the warning while typing, in a real browser."""

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from crm.org.models import Staff, Store
from customers.matching import keys
from customers.models import Customer, DuplicatePair, MatchRules, PairState
from tests import cast

Open = Callable[..., Page]
BORN = date(1990, 4, 12)
SHOTS = os.environ.get("SHOTS", "")  # a folder for pictures of the pages, to look at


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def people(shop: Store) -> list[DuplicatePair]:
    rules, made = MatchRules.current(), []
    for n, (name, score) in enumerate((("Ida", 90), ("Ada", 80), ("Eda", 70))):
        one = cast.customer(f"{name} Stone", of=shop, birthday=BORN, phone=f"+861380013800{n}")
        other = cast.customer(f"Stone {name}", of=shop, birthday=BORN, email=f"{name}@example.com".lower())
        reasons: list[Any] = [["name", "swapped", 36], ["birthday", "same", 30]]
        made.append(
            DuplicatePair.objects.create(
                first=one, second=other, score=score, reasons=reasons, rules=rules, digest=b"0" * 16
            )
        )
    return made


def test_a_queue_is_worked_without_the_mouse(open_as: Open, ana: Staff, harbour: Store) -> None:
    first, second, third = people(harbour)
    page = open_as(ana, "/duplicates/")
    shot(page, "queue")
    page.get_by_role("link", name="Begin").click()
    expect(page.locator(".pair-place")).to_have_text("1 of 3")
    page.evaluate("window.stayed = true")
    shot(page, "pair")
    page.keyboard.press("j")
    expect(page.locator(".pair-place")).to_have_text("2 of 3")
    page.keyboard.press("k")
    expect(page.locator(".pair-place")).to_have_text("1 of 3")
    page.keyboard.press("d")
    expect(page.locator("#toasts")).to_contain_text("Different people.")
    expect(page.locator(".pair-place")).to_have_text("1 of 2")
    expect(page.locator(".pair-table")).to_contain_text("Ada Stone")
    page.keyboard.press("m")
    expect(page.locator("#toasts")).to_contain_text("One person.")
    expect(page.locator(".pair-place")).to_have_text("1 of 1")
    assert page.evaluate("window.stayed")  # no page was loaded
    states = [DuplicatePair.objects.get(pk=one.pk).state for one in (first, second, third)]
    assert states == [PairState.DISMISSED, PairState.MERGED, PairState.OPEN]
    page.locator("#toasts .toast-line", has_text="One person.").get_by_role("button", name="Undo").click()
    expect(page.locator(".pair-table")).to_contain_text("Ada Stone")
    assert DuplicatePair.objects.get(pk=second.pk).state == PairState.OPEN
    assert not Customer.objects.exclude(merged_into=None).exists()


def test_somebody_known_is_named_while_one_types(open_as: Open, chen: Staff, harbour: Store) -> None:
    known = cast.customer("Irina Petrova", of=harbour, birthday=BORN)
    edited = cast.customer("Somebody Else", of=harbour)
    keys.index([known.pk, edited.pk])
    page = open_as(chen, f"/customers/{edited.public_id}/edit/")
    page.get_by_label("Name").fill("Petrova Irina")
    page.get_by_label("Birthday").fill("1990-04-12")
    expect(page.locator(".duplicates")).to_contain_text("Irina Petrova")
    expect(page.locator(".duplicates")).to_contain_text("the same birthday")
    shot(page, "warning")


def test_how_the_pages_look(open_as: Open, ana: Staff, harbour: Store) -> None:
    """Nothing is wider than the screen of a phone."""
    pair, *_others = people(harbour)
    token = f"{pair.first.public_id}.{pair.second.public_id}"
    for path, name in (
        ("/duplicates/", "queue"),
        (f"/duplicates/{token}/", "pair"),
        ("/duplicates/rules/", "rules"),
    ):
        for width, scheme in ((360, "light"), (1280, "dark")):
            page = open_as(ana, path, width=width, color_scheme=scheme)
            shot(page, f"{name}-{width}-{scheme}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)


def test_a_pair_takes_one_key_and_one_request(open_as: Open, ana: Staff, harbour: Store) -> None:
    """Five seconds a pair are the eyes' alone: a key decides, its answer is the next pair, no page is loaded."""
    first, second, third = people(harbour)
    page = open_as(ana, "/duplicates/")
    page.keyboard.press("Tab")  # from here on no mouse
    page.get_by_role("link", name="Begin").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".pair-place")).to_have_text("1 of 3")
    asked: list[tuple[str, str]] = []
    page.on("request", lambda sent: asked.append((sent.method, sent.resource_type)))
    keys = 0
    for key, shown in (("d", "1 of 2"), ("m", "1 of 1"), ("s", "1 of 1")):
        page.keyboard.press(key)
        keys += 1
        expect(page.locator(".pair-place")).to_have_text(shown)
    assert keys == 3, "one a pair"
    assert [kind for _method, kind in asked if kind == "document"] == [], "no page was loaded"
    decisions = [method for method, kind in asked if kind in ("xhr", "fetch") and method == "POST"]
    assert decisions == ["POST", "POST"], "one request a decision, and its answer is the next pair"
    states = [DuplicatePair.objects.get(pk=one.pk).state for one in (first, second, third)]
    assert states == [PairState.DISMISSED, PairState.MERGED, PairState.OPEN]
