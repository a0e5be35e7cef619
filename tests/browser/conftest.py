"""A real browser against a real server in this process. Chromium: $CHROMIUM, the system's, or Playwright's own."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, Error, Page, expect, sync_playwright

from crm.org.models import Staff
from tests.browser.shots import chromium

# Playwright's sync API keeps an event loop in this thread; Django would refuse to query from it.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
HERE = Path(__file__).parent
expect.set_options(timeout=15_000)  # a busy machine is no fault of the page


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(item.path).is_relative_to(HERE):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium_or_skip() -> Iterator[Any]:
    """One browser for all tests. Where CI is set, a missing browser is a failure and not a skip."""
    if not (Path(settings.BASE_DIR) / "static/dist/app.css").exists():
        pytest.fail("static/dist is missing: run `make front`.")
    with sync_playwright() as playwright:
        try:
            launched = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        except Error as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(f"no Chromium: {error.message.splitlines()[0]}")
        yield launched
        launched.close()


@pytest.fixture
def open_as(chromium_or_skip: Any, transactional_db: None, live_server: Any) -> Iterator[Callable[..., Page]]:
    """`open_as(chen, "/counter/")`: a page of Chen's own browser. A fault in its console fails the test."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def open_page(
        person: Staff, path: str = "/", *, width: int = 1280, height: int = 800, **options: Any
    ) -> Page:
        context = chromium_or_skip.new_context(
            base_url=live_server.url, viewport={"width": width, "height": height}, **options
        )
        contexts.append(context)
        context.add_cookies([{**_session(person), "url": live_server.url}])
        page: Page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda said: faults.append(said.text) if _is_fault(said) else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(path)
        if path.startswith("/counter/"):  # who types at once, types into the field
            expect(page.locator("[data-main]")).to_be_focused()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not faults


def _session(person: Staff) -> Any:
    client = Client()
    assert person.user is not None
    client.force_login(person.user, backend="crm.ui.staff.StaffBackend")
    return {"name": settings.SESSION_COOKIE_NAME, "value": client.cookies[settings.SESSION_COOKIE_NAME].value}


# What the browser's console calls an error and is none: a refused form, and a search that newer words cancelled.
HARMLESS = ("409", "422", "htmx:sendAbort", "htmx:afterRequest")


def _is_fault(said: Any) -> bool:
    return said.type == "error" and not any(words in said.text for words in HARMLESS)
