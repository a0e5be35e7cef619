"""CDNOW: 69,659 real purchases of 23,570 customers of an online music shop, 1997-01-01 to 1998-06-30.

The file lies in the package `lifetimes`, which is installed without its own dependencies (group `data`); it is found
and not imported. First published by Fader & Hardie (brucehardie.com/datasets). Each row becomes a receipt of one
line; rows have no number of their own, so the place of the row in the file is its number.
"""

import csv
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

PURCHASES = 69_659
CUSTOMERS = 23_570
STORE = "CDNOW"
COLUMNS = (
    "source", "external_id", "store", "channel", "occurred_at", "customer_kind", "customer_value",
    "line", "product", "quantity", "amount", "discount",
)  # fmt: skip


def master() -> Path:
    spec = find_spec("lifetimes")
    assert spec is not None and spec.submodule_search_locations, (
        "lifetimes is not installed (requirements/data.txt)"
    )
    return Path(spec.submodule_search_locations[0]) / "datasets" / "CDNOW_master.txt"


def rows() -> list[tuple[str, str, str, str]]:
    """(customer, day as YYYYMMDD, number of CDs, dollars)."""
    _header, *body = master().read_text().splitlines()
    return [tuple(line.split()) for line in body if line.strip()]  # type: ignore[misc]


def write_import_file(path: Path) -> Path:
    """The purchases as a CSV of receipts."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number, (customer, day, discs, dollars) in enumerate(rows(), start=1):
            at = datetime.strptime(day, "%Y%m%d").strftime("%Y-%m-%dT12:00:00-05:00")
            writer.writerow(
                (
                    "cdnow",
                    f"CDNOW-{number:05d}",
                    STORE,
                    "online",
                    at,
                    "account",
                    customer,
                    1,
                    "CD",
                    discs,
                    dollars,
                    "0",
                )
            )
    return path
