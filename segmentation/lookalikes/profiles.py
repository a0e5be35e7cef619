"""What is known of people apart from what they buy, as columns of yes and no.

Age in tens of years, gender, home store, size of the household, how they joined, and whether they were on the web or in
the app in the last 90 days. What people did there who said no to a profile never becomes theirs, so it is not counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import numpy as np
from django.db import connection

from crm.lib.copy import BOOL, INT4, INT8, read_packed
from crm.lib.statements import Statement
from customers import consents
from customers.histories import RANGE
from customers.models import TouchChannel

STORES = 40  # the largest among the sample; those beyond tell nothing
RECENT_DAYS = 90  # for being a new member, and for what was done on the web
_OUTSIDE = ", ".join(str(int(one)) for one in (TouchChannel.WEB, TouchChannel.APP))

_PEOPLE = f"""
SELECT c.id,
       coalesce(extract(year FROM age(%(on)s::date, c.birthday))::int,
                nullif(substring(c.age_band FROM '[0-9]{{1,3}}'), '')::int, -1),
       coalesce(ascii(nullif(c.gender, '')), 0), coalesce(c.home_store_id, 0)::int, coalesce(c.household_size, 0)::int,
       c.is_stub, coalesce(%(on)s::date - c.enrolled_at::date, 100000)::int,
       EXISTS (SELECT FROM customers_interaction i WHERE i.customer_id = c.id AND i.channel IN ({_OUTSIDE})
               AND i.occurred_at > %(on)s::date - interval '{RECENT_DAYS} days')
FROM customers_customer c
WHERE c.id >= %(low)s AND c.id < %(high)s AND c.merged_into_id IS NULL AND c.erased_at IS NULL
    AND NOT {consents.refusal(None, "profiling")}
    AND (%(stores)s::bigint[] IS NULL OR c.home_store_id = ANY(%(stores)s::bigint[]))
"""  # noqa: S608  our own names and numbers
_TYPES = {
    "id": INT8, "age": INT4, "gender": INT4, "store": INT4, "household": INT4, "is_stub": BOOL, "days": INT4,
    "web": BOOL,
}  # fmt: skip
_BY_FORM = """
SELECT customer_id FROM customers_signup WHERE customer_id >= %(low)s AND customer_id < %(high)s AND state IN (2, 4)
"""
STATEMENTS = [
    Statement(
        "lookalikes.people", _PEOPLE, {"low": 1, "high": 25_001, "on": date(2026, 3, 10), "stores": None}
    )
]
BY_STAFF, BY_FORM = 1, 2
OLDEST, LARGEST = 80, 5  # and older, and larger


@dataclass(frozen=True)
class Profiles:
    """A row a person, rising by `id`. `age`: -1 not known; the others: 0. `days`: since they enrolled."""

    id: Any
    age: Any
    gender: Any
    store: Any
    household: Any
    days: Any
    web: Any
    joined: Any

    def __len__(self) -> int:
        return len(self.id)

    def of(self, mask: Any) -> "Profiles":
        return Profiles(**{name: values[mask] for name, values in self.columns().items()})

    def columns(self) -> dict[str, Any]:
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @property
    def is_new(self) -> Any:
        return self.days < RECENT_DAYS


def read(number: int, on: date, stores: Sequence[int] | None) -> Profiles:
    """Those of a range who live, are of these stores, and do not object."""
    params = {"low": number * RANGE, "high": (number + 1) * RANGE, "on": on, "stores": stores}
    with connection.cursor() as cursor:
        found = read_packed(cursor, _PEOPLE, _TYPES, params)
        by_form = read_packed(cursor, _BY_FORM, {"customer": INT8}, params)["customer"]
    order = np.argsort(found["id"])
    found = {name: values[order] for name, values in found.items()}
    joined = np.where(np.isin(found["id"], by_form), BY_FORM, np.where(found.pop("is_stub"), 0, BY_STAFF))
    return Profiles(**found, joined=joined)


def columns_of(people: Profiles) -> list[str]:
    """The codes of the columns that these people give: those that some have and some have not."""
    stores, counts = np.unique(people.store[people.store > 0], return_counts=True)
    largest = sorted(stores[np.argsort(-counts, kind="stable")][:STORES].tolist())
    codes = [f"age:{low}" for low in range(0, OLDEST + 1, 10)]
    codes += [f"gender:{chr(code)}" for code in np.unique(people.gender[people.gender > 0])]
    codes += [f"store:{pk}" for pk in largest]
    codes += [f"household:{size}" for size in range(1, LARGEST + 1)]
    codes += [f"joined:{BY_STAFF}", f"joined:{BY_FORM}", "web:1"]
    table = encoded(people, codes)
    varies = (table.min(axis=0) < table.max(axis=0)) if len(table) else np.zeros(len(codes), dtype=bool)
    return [code for code, is_told in zip(codes, varies, strict=True) if is_told]


def encoded(people: Profiles, codes: Sequence[str]) -> Any:
    """float64[n, len(codes)] of 0 and 1."""
    facts = {
        "age": np.where(people.age < 0, -1, np.minimum(people.age // 10 * 10, OLDEST)), "store": people.store,
        "gender": people.gender, "household": np.minimum(people.household, LARGEST), "joined": people.joined,
        "web": people.web.astype(np.int64),
    }  # fmt: skip
    table = np.zeros((len(people), len(codes)))
    for at, code in enumerate(codes):
        name, _colon, value = code.partition(":")
        table[:, at] = facts[name] == (ord(value) if name == "gender" else int(value))
    return table
