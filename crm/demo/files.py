"""The demo chain as import files: what a chain would hand over when it starts with us, in the public format."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from crm.demo import agreeing
from crm.demo.journey import Lines, decimals, pick, read_demographics, to_utc
from crm.demo.people import Inventor, Person, member_number
from crm.demo.places import Place, homes_by_household

SOURCE = "journey"
WEEK = np.timedelta64(7, "D")


@dataclass(frozen=True)
class Member:
    """A person with the store they buy most at."""

    person: Person
    home: Place


def invent_members(lines: Lines, stores: dict[int, Place], data: Path, *, weeks: int) -> list[Member]:
    """Everybody of the data set, in household order; the same people whatever part is loaded."""
    known, homes = read_demographics(data), homes_by_household(lines)
    households, first = np.unique(lines.household[lines.starts], return_index=True)
    first_days = (lines.local[lines.starts][first] + weeks * WEEK).astype("datetime64[D]").tolist()
    inventor = Inventor(lines.last_day + timedelta(weeks=weeks, days=1))
    return [
        Member(
            inventor.person(household, known.get(household, {}), stores[homes[household]].region, day), home
        )
        for household, day in zip(households.tolist(), first_days, strict=True)
        for home in [stores[homes[household]]]
    ]


def write_receipts(path: Path, lines: Lines, stores: dict[int, Place], *, weeks: int) -> None:
    """One row a line, in the order of time."""
    receipt = np.cumsum(lines.number == 1) - 1
    households, member = np.unique(lines.household, return_inverse=True)
    products, product = np.unique(lines.product, return_inverse=True)
    numbers, store = np.unique(lines.store, return_inverse=True)
    nothing = np.zeros(len(lines), dtype=np.int32)
    table = pa.table(
        {
            "source": pick([SOURCE], nothing),
            "external_id": pick([str(b) for b in lines.basket[lines.starts].tolist()], receipt),
            "store": pick([stores[number].code for number in numbers.tolist()], store),
            "channel": pick(["store"], nothing),
            "occurred_at": pick(_times(lines, stores, weeks), receipt),
            "customer_kind": pick(["member"], nothing),
            "customer_value": pick([member_number(household) for household in households.tolist()], member),
            "line": pa.array(lines.number),
            "product": pick([str(sku) for sku in products.tolist()], product),
            "quantity": decimals(lines.milli, 3),
            "amount": decimals(lines.cents, 2),
            "discount": decimals(lines.discount_cents, 2),
            "payments": pick(*_payments(lines, receipt)),
        }
    )
    pq.write_table(table, path)


def _times(lines: Lines, stores: dict[int, Place], weeks: int) -> list[str]:
    """When each receipt was, with the offset of its store's zone: "2026-11-21T18:03:11-05:00"."""
    local = lines.local[lines.starts] + weeks * WEEK
    zone_of = {number: place.timezone for number, place in stores.items()}
    zones = np.array([zone_of[number] for number in lines.store[lines.starts].tolist()])
    utc = np.empty_like(local)
    for zone in np.unique(zones).tolist():
        here = zones == zone
        utc[here] = to_utc(local[here], ZoneInfo(zone))
    hours = ((utc - local) / np.timedelta64(1, "h")).astype(int)  # what is later in UTC is written as minus
    # An hour that summer time skips: the clock then shows the next one.
    return [
        f"{at}{'-' if behind >= 0 else '+'}{abs(behind):02d}:00"
        for at, behind in zip(np.datetime_as_string(local).tolist(), hours.tolist(), strict=True)
    ]


def _payments(lines: Lines, receipt: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Receipts partly paid with manufacturers' coupons say so; how the others were paid the data does not tell."""
    totals = np.bincount(receipt, lines.cents).astype(np.int64)
    coupons = np.minimum(np.bincount(receipt, lines.coupon_cents).astype(np.int64), totals)
    pairs, which = np.unique(
        np.stack([coupons, (totals - coupons) * (coupons > 0)]), axis=1, return_inverse=True
    )
    texts = [
        ";".join(
            f"{method}:{cents // 100}.{cents % 100:02d}"
            for method, cents in (("coupon", c), ("other", o))
            if cents
        )
        for c, o in pairs.T.tolist()
    ]
    return texts, which.reshape(-1)[receipt]


def write_customers(path: Path, members: Iterable[Member]) -> None:
    rows = [_customer(member.person, member.home) for member in members]
    pq.write_table(pa.Table.from_pylist(rows), path)


def _customer(person: Person, home: Place) -> dict[str, str]:
    return {
        "number": person.member,
        "phone": person.phone,
        "email": person.email,
        "card": person.card,
        "name": person.name,
        "gender": person.gender,
        "birthday": _day(person.birthday),
        "age_band": person.age_band,
        "income_band": person.income_band,
        "household_size": str(person.household_size or ""),
        "household": person.household_kind,
        "language": person.language,
        "home_store": home.code,
        "enrolled_at": f"{_day(person.enrolled_on)}T12:00:00+00:00",
        **agreeing.said(person),
    }


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def few(lines: Lines, stores: dict[int, Place], *, households: int) -> np.ndarray:
    """Households for a small chain: a third of Harbour's, a third of Uptown's, the rest from everywhere."""
    homes = homes_by_household(lines)
    of = {
        code: [h for h, number in homes.items() if stores[number].code == code] for code in ("HARB", "UPTN")
    }
    picked = of["HARB"][: households // 3] + of["UPTN"][: households // 3]
    others = [household for household in sorted(homes) if household not in set(picked)]
    step = max(1, len(others) // (households - len(picked)))
    return np.array(picked + others[::step][: households - len(picked)])
