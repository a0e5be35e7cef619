"""docs/api.md against the code: every scope and every call stands in it, and nothing that is not there."""

import re
from pathlib import Path

from django.conf import settings

from crm.rest.scopes import KeyScope
from tests import walk

WRITTEN = (Path(settings.BASE_DIR) / "docs/api.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the table that begins with this heading."""
    table = WRITTEN.split(f"| {heading} |", 1)[1].split("\n\n", 1)[0]
    lines = [line for line in table.splitlines()[2:] if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def calls() -> set[tuple[str, str, str]]:
    """(method, address without names of its parts, scope) of each call that the table names."""
    found = set()
    for what, scope, *_answer in rows("call"):
        last = ""
        for method, address in re.findall(r"(GET|POST|PATCH|PUT|DELETE) ([\w{}/…-]+)", what):
            last = last if address == "…" else address
            for one in dict.fromkeys(re.findall(r"`([a-z]+:[a-z]+)`", scope)):
                found.add((method, re.sub(r"{\w+}", "{}", last), one))
    return found


def test_every_scope_is_explained() -> None:
    assert {row[0].strip("`") for row in rows("scope")} == set(KeyScope.values)


def test_every_call_is_listed_with_its_scope() -> None:
    there = {
        (method.upper(), re.sub(r"<[\w:]+>", "{}", route.pattern.removeprefix("api/v1/")), route.scope(method))
        for route in walk.routes()
        if route.is_api
        for method in route.methods
    }  # fmt: skip
    written = calls()
    assert there - written == set(), "not in docs/api.md"
    assert {call[:2] for call in written} == {call[:2] for call in there}, "in docs/api.md only"
