"""Consent at 1 M customers and 3 M words: who of 10,000 may be written to, beside a bare read of the same index."""

import random
from collections.abc import Iterable

from django.db import connection

from benchmarks.figure import Figure, at_most, ratio_at_most
from benchmarks.lab import Lab, best_of, percentile, timed
from crm.lib import prepared
from customers import consents
from customers.consents import wordings

TITLE = "consent, 1 M customers"
CUSTOMERS = 1_000_000
ASKED = 10_000
ONE_BY_ONE = 2_000

_PEOPLE = """
INSERT INTO customers_customer (name, gender, age_band, income_band, occupation, household, language, is_stub, birthday)
SELECT '', '', '', '', '', '', '', false, CASE WHEN n %% 3 = 0 THEN date '1950-01-01' + (n %% 27000) END
FROM generate_series(1, %(people)s) n
"""
# Three words a customer: e-mail and SMS, one in four of them taken back later; one in a hundred must not be contacted.
_WORDS = """
INSERT INTO customers_consent (customer_id, purpose, channel, is_given, occurred_at, recorded_at, wording_id, source,
    recorded_by, evidence)
SELECT c.id, word.purpose, word.channel, word.is_given, now() - word.age, now(), %(wording)s, 'bench',
    'system:bench', '{}'
FROM customers_customer c CROSS JOIN LATERAL (VALUES
    (1, 3, true, interval '300 days'), (1, 2, c.id %% 2 = 0, interval '200 days'),
    (CASE WHEN c.id %% 100 = 0 THEN 0 ELSE 1 END, CASE WHEN c.id %% 100 = 0 THEN 0 ELSE 3 END, c.id %% 4 > 0,
     interval '100 days')
) AS word (purpose, channel, is_given, age)
"""
# The floor: the same index entries of the same customers, read and counted.
_FLOOR = """
SELECT count(*) FROM unnest(%(ids)s::bigint[]) wanted (id) JOIN customers_consent w ON w.customer_id = wanted.id
    AND w.purpose IN (0, 1) AND w.channel IN (0, 3) AND w.is_given IS NOT NULL
"""


def run(lab: Lab) -> Iterable[Figure]:
    lab.filled("consent", lambda: _fill(lab))
    ids = _some(min(ASKED, lab.scaled(CUSTOMERS)))
    floor = best_of(5, lambda: prepared.rows(_FLOOR, {"ids": ids}))
    for purpose, channel in (("marketing", "email"), ("service", "email")):
        spent = best_of(5, lambda p=purpose, c=channel: consents.allowed(ids, c, p))  # type: ignore[misc]
        yield Figure(
            f"allowed of {len(ids):,}: {purpose} by {channel}", spent * 1000, "ms", "bare read of the index",
            floor * 1000, ratio_at_most(4),
        )  # fmt: skip
    waits = list(_one_by_one(ids))
    yield Figure(
        "allows, one customer", percentile(waits, 0.99) * 1000, "ms p99", bar=at_most(2),
        note=f"median {percentile(waits, 0.5) * 1000:.2f} ms",
    )  # fmt: skip


def _one_by_one(ids: list[int]) -> Iterable[float]:
    for place, customer in enumerate(ids[:ONE_BY_ONE]):
        with timed() as clock:
            consents.allows(customer, "email", "marketing")
        if place >= 50:
            yield clock.seconds


def _some(count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(id), max(id) FROM customers_customer")
        least, most = cursor.fetchone()
    return random.Random(7).sample(range(least, most + 1), count)


def _fill(lab: Lab) -> None:
    wording = wordings.find("unknown/bench")
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, {"people": lab.scaled(CUSTOMERS)})
        cursor.execute(_WORDS, {"wording": wording.pk})
        cursor.execute("VACUUM ANALYZE customers_customer")
        cursor.execute("VACUUM ANALYZE customers_consent")
