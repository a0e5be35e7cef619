"""Dates are written in one place (crm/formats), so that they look alike on all pages and axes."""

import re

from crm.translations import PACKAGES, ROOT

NAMED = {"DATE_FORMAT", "DATETIME_FORMAT", "TIME_FORMAT", "c"}  # "c" is for machines
IN_TEMPLATE = re.compile(r"""(?P<before>value="|min="|max=")?\{\{[^}]*\|date:["'](?P<form>[^"']+)["']""")
ON_AN_AXIS = re.compile(r"""["']labels["']: \[f["'][^\]]*%[a-zA-Z]""")


def test_no_template_builds_a_date_by_hand() -> None:
    wrong = []
    for path in sorted((ROOT / "templates").rglob("*.html")):
        for found in IN_TEMPLATE.finditer(path.read_text(encoding="utf-8")):
            is_typed = found["before"] and found["form"] == "Y-m-d"  # what a field of the browser takes
            if found["form"] not in NAMED and not is_typed:
                wrong.append(f"{path.name}: {found[0]}")
    assert wrong == []


def test_no_axis_builds_a_date_by_hand() -> None:
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("views/*.py")]
    assert [path.name for path in files if ON_AN_AXIS.search(path.read_text(encoding="utf-8"))] == []
