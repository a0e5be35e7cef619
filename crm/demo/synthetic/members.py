"""Synthetic people: names from a pool with real-life repetition, identifiers made from the row number.

Phones are in the 555 exchange of US area codes without 555-01xx (the demo's) and 555-1212: numbers that no
subscriber has. There are about 9,900 in an area; who comes after the last has none.
"""

import random
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import phonenumbers

from crm.demo import names
from crm.demo.synthetic.process import DAY, Block
from crm.demo.synthetic.tables import SECONDS, World, digits, texts
from crm.lib.copy import BOOL, DATE, EMPTY, INT8, TEXT, TIMESTAMPTZ, fixed_text, write_columns
from customers.models import IdentityKind
from customers.names import keys_of

LARGEST_POOL = 60_000  # distinct names
CHINESE_SHARE = 0.35
CUSTOMER = {
    "id": INT8, "name": TEXT, "gender": TEXT, "birthday": DATE, "age_band": EMPTY, "income_band": EMPTY,
    "occupation": EMPTY, "household": EMPTY, "language": EMPTY, "home_store_id": INT8, "is_stub": BOOL,
    "enrolled_at": TIMESTAMPTZ,
}  # fmt: skip
NAME_KEY = {"customer_id": INT8, "key": TEXT, "home_store_id": INT8}
MEMBER_WIDTH = 9  # digits before the check digit


@dataclass(frozen=True)
class NamePool:
    """Names and their search keys: those of name i are keys[begins[i] : begins[i + 1]]."""

    names: list[bytes]
    genders: list[bytes]
    keys: list[bytes]
    begins: np.ndarray


def name_pool(seed: int, customers: int) -> NamePool:
    size = min(LARGEST_POOL, customers)
    rng = random.Random(seed)  # noqa: S311 (not for secrets)
    found: dict[str, str] = {}
    families, weights = zip(*names.CHINESE_FAMILY, strict=True)
    while len(found) < size:
        gender = rng.choice("fm")
        if rng.random() < CHINESE_SHARE:
            letters = names.CHINESE_GIVEN_FEMALE if gender == "f" else names.CHINESE_GIVEN_MALE
            name = rng.choices(families, weights)[0] + "".join(
                rng.choices(letters, k=rng.choice((1, 2, 2, 2)))
            )
        else:
            given = rng.choice(names.GIVEN_FEMALE if gender == "f" else names.GIVEN_MALE)
            name = f"{given} {rng.choice(names.FAMILY_FIRST)}{rng.choice(names.FAMILY_SECOND)}"
        found.setdefault(name, gender)
    keys = [keys_of(name) for name in found]
    return NamePool(
        names=[name.encode() for name in found],
        genders=[gender.encode() for gender in found.values()],
        keys=[key.encode() for keys_of_one in keys for key in keys_of_one],
        begins=np.concatenate([[0], np.cumsum([len(k) for k in keys])]),
    )


def write_customers(
    cursor: Any, world: World, block: Block, *, first_id: int, pool: NamePool, rng: np.random.Generator
) -> None:
    """Customers, identifiers and name keys of one block; ids count from `first_id`."""
    rows = len(block.rate)
    ids = np.arange(first_id, first_id + rows)
    which = rng.integers(0, len(pool.names), rows)
    home = world.stores[block.home]
    birthday = world.first_day - rng.integers(18 * 365, 85 * 365, rows)
    first_at = (world.first_day + block.first_day) * DAY - world.utc_offset
    columns: dict[str, Any] = {
        "id": ids,
        "name": [pool.names[i] for i in which.tolist()],
        "gender": [pool.genders[i] for i in which.tolist()],
        "birthday": np.ma.array(birthday, mask=rng.random(rows) < 0.3),
        "home_store_id": home,
        "is_stub": np.zeros(rows, dtype=np.uint8),
        "enrolled_at": first_at * SECONDS,
    }
    nothing = np.zeros(rows, dtype=np.uint8)
    columns |= {name: nothing for name, kind in CUSTOMER.items() if kind is EMPTY}
    write_columns(cursor, "customers_customer", CUSTOMER, columns, freeze=world.freeze)
    _write_identities(cursor, world, ids)
    _write_name_keys(cursor, world, ids=ids, home=home, which=which, pool=pool)


def _write_name_keys(cursor: Any, world: World, *, ids: Any, home: Any, which: Any, pool: NamePool) -> None:
    sizes = (pool.begins[1:] - pool.begins[:-1])[which]
    of = np.repeat(np.arange(len(ids)), sizes)
    within = np.arange(len(of)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    place = pool.begins[which][of] + within
    columns = {
        "customer_id": ids[of],
        "key": [pool.keys[i] for i in place.tolist()],
        "home_store_id": home[of],
    }
    write_columns(cursor, "customers_namekey", NAME_KEY, columns, freeze=world.freeze)


def _write_identities(cursor: Any, world: World, ids: np.ndarray) -> None:
    """A member number and a phone each (while there are numbers), an e-mail for three in five."""
    body = digits(ids, MEMBER_WIDTH)
    with_phone = ids[ids < len(area_codes()) * len(_lines_of_555())]
    with_email = ids[ids % 5 < 3]
    for kind, of, values in (
        (IdentityKind.MEMBER, ids, texts(body, _luhn(body))),
        (IdentityKind.PHONE, with_phone, phones(with_phone)),
        (IdentityKind.EMAIL, with_email, texts(b"member", digits(with_email, 9), b"@example.org")),
    ):
        _write_identity(cursor, world, kind, of, values)


def _write_identity(cursor: Any, world: World, kind: str, of: np.ndarray, values: np.ndarray) -> None:
    if not len(of):
        return
    types = {
        "kind": fixed_text(len(kind)), "value": fixed_text(values.dtype.itemsize), "customer_id": INT8,
        "is_primary": BOOL, "source": fixed_text(len("synthetic")),
    }  # fmt: skip
    columns: dict[str, Any] = {
        "kind": np.full(len(of), kind.encode()),
        "value": values,
        "customer_id": of,
        "is_primary": np.ones(len(of), dtype=np.uint8),
        "source": np.full(len(of), b"synthetic"),
    }
    write_columns(cursor, "customers_identity", types, columns, freeze=world.freeze)


@lru_cache(maxsize=1)
def area_codes() -> np.ndarray:
    """Area codes of the United States whose numbers the phone library takes for valid."""
    found = []
    for area in range(201, 990):
        number = phonenumbers.parse(f"+1{area}5550100")
        if phonenumbers.is_valid_number(number) and phonenumbers.region_code_for_number(number) == "US":
            found.append(area)
    return np.array(found, dtype=np.int64)


@lru_cache(maxsize=1)
def _lines_of_555() -> np.ndarray:
    lines = np.arange(10_000)
    return lines[(lines // 100 != 1) & (lines != 1212)]


def phones(ids: np.ndarray) -> np.ndarray:
    """E.164 numbers; neighbours in id differ in area first, so that last digits are spread."""
    areas, lines = area_codes(), _lines_of_555()
    area, line = ids % len(areas), lines[(ids // len(areas) * 7919 + ids % len(areas) * 31) % len(lines)]
    return texts(b"+1", digits(areas[area], 3), b"555", digits(line, 4))


def _luhn(body: np.ndarray) -> np.ndarray:
    """Check digits (ISO/IEC 7812-1) of rows of digit codes, as codes."""
    values = body.astype(np.int64) - ord("0")
    values[:, ::-1][:, ::2] *= 2
    total = (values // 10 + values % 10).sum(axis=1)
    return (-total % 10 + ord("0")).astype(np.uint8)[:, None]
