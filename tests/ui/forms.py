"""What a browser would send back of a page, and what the page offers to take over."""

from html.parser import HTMLParser
from typing import Any


class Filled(HTMLParser):
    """Names and values of a page's fields when nothing is touched; a name with several ticked boxes has a list."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, Any] = {}
        self.taken: dict[str, str] = {}
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "input" and told.get("name") and told["name"] != "_method":
            self._input(str(told["name"]), told)
        elif tag == "select":
            self.select = told.get("name") or ""
        elif tag == "option" and "selected" in told:
            self.values[self.select] = told.get("value") or ""
        elif tag == "button" and "data-takes" in told:
            self.taken[str(told["data-takes"])] = told.get("data-value") or ""

    def _input(self, name: str, told: dict[str, str | None]) -> None:
        if told.get("type") != "checkbox":
            self.values[name] = told.get("value") or ""
        elif "checked" in told:
            self.values.setdefault(name, []).append(told.get("value") or "on")


def filled(page: Any) -> dict[str, Any]:
    return _read(page).values


def taken(page: Any) -> dict[str, str]:
    return _read(page).taken


def _read(page: Any) -> Filled:
    form = Filled()
    form.feed(page.content.decode())
    return form
