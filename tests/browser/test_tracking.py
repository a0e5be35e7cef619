"""The tracking script in a real browser: what is sent and when, what is stored, what survives a lost line."""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import BrowserContext, Page, expect

from crm.org.models import Chain, Staff, Store
from customers import timeline
from customers.models import Customer, Event, EventState, Interaction, Site, SiteDay, VisitorMark
from customers.timeline import Asked
from tests import cast

AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
)
SCRIPT = Path(settings.BASE_DIR) / "static/dist/track.js"


class Visit:
    """A visitor's browser in the demo shop, with all that the script sent (`sent`: batches)."""

    def __init__(self, context: BrowserContext, base: str) -> None:
        self.context, self.base = context, base
        self.sent: list[dict[str, Any]] = []
        self.open()
        context.on("request", lambda asked: self._note(asked) if asked.url.endswith("/t/") else None)

    def open(self) -> None:
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(15_000)

    def _note(self, asked: Any) -> None:
        if asked.method == "POST":
            self.sent.append(json.loads(asked.post_data or "{}"))

    def go(self, path: str = "/shop/") -> Page:
        self.page.goto(self.base + path)
        return self.page

    def agree(self) -> None:
        self.page.get_by_role("button", name="Yes").click()

    def stored(self) -> list[str]:
        return _named(self.page.evaluate("Object.keys(localStorage)"))

    def sends(self, work: Callable[[], Any]) -> None:
        """Do it and wait for the answer to what the script sends."""
        with self.page.expect_response(lambda answer: answer.url.endswith("/t/")):
            work()

    @property
    def kinds(self) -> list[str]:
        return [event["k"] for batch in self.sent for event in batch["e"]]


@pytest.fixture
def shop(harbour: Store) -> Site:
    Chain.objects.update(demo_source="a test")
    for number in (1, 2):
        cast.product(f"SKU{number}", f"Green tea {number}")
    return Site.objects.create(name="Demo shop", domains=["localhost", "127.0.0.1"])


@pytest.fixture
def visit(
    chromium_or_skip: Any, transactional_db: None, live_server: Any, shop: Site
) -> Iterator[Callable[..., Visit]]:
    contexts: list[BrowserContext] = []

    def begin(**options: Any) -> Visit:
        context = chromium_or_skip.new_context(user_agent=AGENT, locale="en-US", **options)
        contexts.append(context)
        return Visit(context, live_server.url)

    yield begin
    for context in contexts:
        context.close()


def test_the_script_is_small() -> None:
    """At most 3 kB as it is, before any compression."""
    assert 500 < SCRIPT.stat().st_size <= 3 * 1024
    text = SCRIPT.read_text(encoding="utf-8")
    assert not re.search(r"\beval\b|new Function|document\.write|innerHTML|cookie", text)


def test_from_a_stranger_to_a_timeline(visit: Callable[..., Visit], marta: Staff) -> None:
    """Looking around, the cart, signing up: all of it stands in the new member's timeline, once."""
    here = visit()
    here.go()
    here.sends(here.agree)
    here.sends(lambda: here.go("/shop/products/SKU1/"))
    here.sends(lambda: here.page.get_by_role("button", name="Put into the cart").click())
    assert not Interaction.objects.exists()
    assert set(Event.objects.values_list("state", flat=True)) == {EventState.ANONYMOUS}

    here.go("/shop/sign-up/")
    here.page.get_by_label("Your name").fill("Nora Bell")
    here.page.get_by_label("Your phone").fill("13800138123")
    here.sends(lambda: here.page.get_by_role("main").get_by_role("button", name="Become a member").click())
    expect(here.page.get_by_role("heading", level=1)).to_have_text("Welcome")
    here.go("/shop/products/SKU2/")
    _until(lambda: Event.objects.filter(kind="product", data__product="SKU2").exists())
    _until(lambda: Event.objects.filter(data__path="/shop/products/SKU2/").exists())

    nora = Customer.objects.get(name="Nora Bell")
    assert VisitorMark.objects.values_list("customer_id", flat=True).get() == nora.pk
    touches = Interaction.objects.filter(customer=nora).order_by("occurred_at", "pk")
    said = [(touch.kind, touch.data.get("product") or touch.data.get("path")) for touch in touches]
    assert said.count(("product", "SKU1")) == 1
    assert said.count(("cart_add", "SKU1")) == 1
    assert ("page", "/shop/products/SKU2/") in said
    _until(lambda: Interaction.objects.count() == Event.objects.count())
    assert not any("13800138123" in json.dumps(batch) for batch in here.sent)
    told = timeline.page(Asked(marta, Chain.current(), nora))
    assert "cart_add" in [touch.kind for touch in told.touches]


def test_without_consent_nothing_is_sent_and_nothing_is_stored(visit: Callable[..., Visit]) -> None:
    here = visit()
    here.go()
    here.page.get_by_role("link", name="Green tea 1").click()
    here.page.get_by_role("button", name="Put into the cart").click()
    here.page.wait_for_timeout(1800)  # longer than a batch waits
    here.page.get_by_role("button", name="No").click()
    here.page.wait_for_timeout(1500)
    assert (here.sent, here.stored()) == ([], [])
    assert not [cookie for cookie in here.context.cookies() if "regulars" in cookie["name"]]
    assert not Event.objects.exists()
    assert not SiteDay.objects.exists()


def test_the_answer_is_remembered_and_may_be_changed(visit: Callable[..., Visit]) -> None:
    """No page asks again; the yes holds on the next page, and the foot of each page takes it back."""
    here = visit()
    question = here.go().get_by_text("May we remember what you look at here?")
    here.sends(here.agree)
    expect(question).to_be_hidden()
    here.sends(lambda: here.go("/shop/products/SKU1/"))
    expect(question).to_be_hidden()
    here.page.get_by_role("button", name="change your answer").click()
    expect(here.page.get_by_text("You said yes.")).to_be_visible()
    here.page.get_by_role("button", name="No", exact=True).click()
    assert here.stored() == []
    before = len(here.sent)
    here.go("/shop/products/SKU2/")
    expect(question).to_be_hidden()
    here.page.wait_for_timeout(1500)
    assert (len(here.sent), here.stored()) == (before, [])


def test_what_this_page_saw_before_the_yes_is_told_after_it(visit: Callable[..., Visit]) -> None:
    here = visit()
    here.go("/shop/products/SKU1/")
    here.sends(here.agree)
    assert sorted(here.kinds) == ["page", "product"]
    assert all(batch["c"] == 1 for batch in here.sent)


def test_taking_consent_back_forgets_the_visitor_and_what_waits(visit: Callable[..., Visit]) -> None:
    here = visit()
    here.go()
    here.sends(here.agree)
    assert here.stored() == ["regulars.visitor"]
    here.context.set_offline(True)
    here.page.evaluate("regulars('product', {product: 'SKU1'})")
    assert here.stored() == ["regulars.queue", "regulars.visitor"]
    here.page.evaluate("regulars('consent', false)")
    assert here.stored() == []
    here.context.set_offline(False)
    before = len(here.sent)
    here.page.evaluate("regulars('product', {product: 'SKU2'})")
    here.page.wait_for_timeout(1800)
    assert len(here.sent) == before
    assert here.stored() == []


def test_what_happened_under_a_no_is_not_told_after_a_later_yes(visit: Callable[..., Visit]) -> None:
    """Neither when the no was said here nor when it was said in another tab."""
    here = visit()
    here.go()
    here.page.evaluate("regulars('consent', false)")
    here.page.evaluate("regulars('product', {product: 'SECRET1'})")
    here.sends(
        lambda: here.page.evaluate("regulars('consent', true); regulars('product', {product: 'SKU1'})")
    )
    other = here.context.new_page()
    other.goto(here.base + "/shop/")
    other.evaluate("regulars('consent', false)")
    here.page.evaluate("regulars('product', {product: 'SECRET2'})")
    here.page.evaluate("regulars('consent', true); regulars('product', {product: 'SKU2'})")
    _until(lambda: Event.objects.filter(data__product="SKU2").exists())  # whichever tab sends what both hold
    told = (
        Event.objects.filter(kind="product").order_by("occurred_at").values_list("data__product", flat=True)
    )
    assert list(told) == ["SKU1", "SKU2"]


def test_consent_taken_back_in_another_tab_silences_this_one(visit: Callable[..., Visit]) -> None:
    """Two tabs, off-line with something to send: the no in one is a no in both, and what waited is never sent."""
    here = visit()
    here.go()
    here.sends(here.agree)
    other = here.context.new_page()
    other.goto(here.base + "/shop/products/SKU1/")
    _until(lambda: Event.objects.filter(kind="product").exists())
    _until(lambda: here.stored() == ["regulars.visitor"])  # nothing is on its way
    lost: list[str] = []

    def hang_up(route: Any) -> None:
        lost.append(route.request.post_data or "")
        route.abort()

    here.context.route("**/t/", hang_up)  # a line that is dead at once, in both tabs
    here.page.evaluate("regulars('product', {product: 'SKU2'})")
    _until(lambda: bool(here.stored()) and any("SKU2" in body for body in lost))  # tried once, and waits
    other.evaluate("regulars('consent', false)")
    _until(lambda: here.stored() == [])
    here.page.wait_for_timeout(300)  # nothing hangs between the browser and us
    before = len(here.sent)
    here.page.evaluate("regulars('cart', {product: 'SKU2'})")
    here.context.unroute("**/t/")
    here.page.evaluate("dispatchEvent(new Event('online'))")
    here.page.wait_for_timeout(1800)
    assert len(here.sent) == before
    assert here.stored() == []
    assert not Event.objects.filter(data__product="SKU2").exists()


def test_what_two_tabs_saw_at_once_arrives_once(visit: Callable[..., Visit]) -> None:
    here = visit()
    here.go()
    here.sends(here.agree)
    other = here.context.new_page()
    other.goto(here.base + "/shop/")
    here.context.set_offline(True)
    for number in range(3):
        here.page.evaluate(f"regulars('product', {{product: 'A{number}'}})")
        other.evaluate(f"regulars('product', {{product: 'B{number}'}})")
    here.context.set_offline(False)
    for page in (here.page, other):
        page.evaluate("dispatchEvent(new Event('online'))")
    _until(lambda: Event.objects.filter(kind="product").count() == 6)
    _until(lambda: here.stored() == ["regulars.visitor"])
    assert VisitorMark.objects.count() == 0 and Event.objects.values("visitor").distinct().count() == 1


def test_who_turns_do_not_track_on_later_takes_back_what_waits(visit: Callable[..., Visit]) -> None:
    here = visit()
    here.go()
    here.sends(here.agree)
    here.context.set_offline(True)
    here.page.evaluate("regulars('product', {product: 'SKU1'})")
    assert any(one.startswith("regulars.queue") for one in here.stored())
    here.page.close()  # a page from before the change would send as soon as the line is back
    here.context.add_init_script("Object.defineProperty(Navigator.prototype, 'doNotTrack', {value: '1'})")
    here.context.set_offline(False)
    here.context.route("**/t/", lambda route: route.abort())  # nothing may even be tried
    before = len(here.sent)
    here.open()
    here.go()
    here.page.wait_for_timeout(1800)
    assert (len(here.sent), here.stored()) == (before, [])


def test_what_happened_off_line_comes_later_and_once(visit: Callable[..., Visit]) -> None:
    here = visit()
    here.go()
    here.sends(here.agree)
    here.context.set_offline(True)
    for number in range(3):
        here.page.evaluate(f"regulars('product', {{product: 'SKU{number}'}})")
    here.page.wait_for_timeout(1800)  # a try that fails
    assert not Event.objects.filter(kind="product").exists()
    here.context.set_offline(False)
    with here.page.expect_response(lambda answer: answer.url.endswith("/t/")):
        here.page.evaluate("dispatchEvent(new Event('online'))")
    assert Event.objects.filter(kind="product").count() == 3
    tried = [{event["i"] for event in batch["e"]} for batch in here.sent if batch["e"][0]["k"] == "product"]
    assert len(tried) >= 2
    assert tried[0] <= tried[-1]  # the same events under the same ids
    assert here.stored() == ["regulars.visitor"]


def test_a_lost_answer_counts_nothing_twice(visit: Callable[..., Visit], shop: Site) -> None:
    """The batch arrives, the answer does not: it is sent again under the same ids."""
    here = visit()
    here.go()
    here.sends(here.agree)
    count = Event.objects.count()
    lost = [True]

    def lose(route: Any) -> None:
        if lost and lost.pop():
            route.fetch()
            route.abort()
        else:
            route.continue_()

    here.context.route("**/t/", lose)
    here.page.evaluate("regulars('product', {product: 'SKU1'})")
    here.page.wait_for_timeout(1800)
    with here.page.expect_response(lambda answer: answer.url.endswith("/t/")):
        here.page.evaluate("dispatchEvent(new Event('online'))")
    assert Event.objects.count() == count + 1
    assert SiteDay.objects.get(site=shop).duplicates == 1


@pytest.mark.parametrize("signal", ["doNotTrack: {value: '1'}", "globalPrivacyControl: {value: true}"])
def test_browsers_that_do_not_want_it_are_left_alone(signal: str, visit: Callable[..., Visit]) -> None:
    here = visit()
    here.context.add_init_script(f"Object.defineProperties(Navigator.prototype, {{{signal}}})")
    here.go("/shop/products/SKU1/")
    here.agree()
    here.page.evaluate("regulars('product', {product: 'SKU1'})")
    here.page.wait_for_timeout(1800)
    assert (here.sent, here.stored()) == ([], [])


def test_pages_that_change_without_loading_are_seen(visit: Callable[..., Visit]) -> None:
    here = visit()
    here.go()
    here.sends(here.agree)
    here.sends(lambda: here.page.evaluate("history.pushState({}, '', '/shop/elsewhere/?q=secret')"))
    paths = [event["d"]["path"] for batch in here.sent for event in batch["e"]]
    assert paths == ["/shop/", "/shop/elsewhere/"]
    assert "secret" not in json.dumps(here.sent)


def test_a_shop_of_another_origin_sends_too(
    visit: Callable[..., Visit], live_server: Any, shop: Site
) -> None:
    """As in real life: the shop's page and our server have different origins, and the page a strict policy."""
    Site.objects.update(domains=["tea.test"])
    policy = f"default-src 'none'; script-src 'self' {live_server.url}; connect-src {live_server.url}"
    script = f'<script async src="{live_server.url}/static/dist/track.js" data-key="{shop.key}"></script>'
    banner = "addEventListener('load', () => regulars('consent', true))"

    def answer(route: Any) -> None:
        if route.request.url.endswith(".js"):
            route.fulfill(body=banner, content_type="text/javascript")
        else:
            page = f"<!doctype html><title>Tea</title>{script}<script src='/banner.js'></script>"
            route.fulfill(body=page, content_type="text/html", headers={"Content-Security-Policy": policy})

    here = visit()
    # Browsers ask before a page of the internet may call this machine, where our server is just now.
    here.context.grant_permissions(["local-network-access"], origin="https://tea.test")
    here.context.route("https://tea.test/**", answer)
    here.sends(lambda: here.page.goto("https://tea.test/oolong"))
    assert Event.objects.get().data["path"] == "/oolong"
    _until(lambda: _names(here) == ["regulars.visitor"])  # the page may read the answer


def _names(here: Visit) -> list[str]:
    """What the browser stores, asked from outside of the page."""
    stored = here.context.storage_state()["origins"]
    names = [entry["name"] for origin in stored for entry in origin["localStorage"]]
    return _named(names)


def _named(keys: list[str]) -> list[str]:
    """Events that wait have a key each: told as one."""
    return sorted({"regulars.queue" if one.startswith("regulars.queue.") else one for one in keys})


def _until(holds: Callable[[], bool]) -> None:
    """Asked again and again: a page with a strict policy lets nobody wait inside it."""
    for _try in range(600):
        if holds():
            return
        time.sleep(0.05)
    pytest.fail("it did not come about")
