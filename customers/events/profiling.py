"""Who does not want to be profiled: their events are counted and forgotten, no touch is made of them."""

from collections.abc import Iterable
from typing import Any

from customers import consents
from customers.models import Purpose


def refused(cur: Any, customer_ids: Iterable[int]) -> set[int]:
    """Those of these customers who were asked about their profile and whose yes does not hold.

    Who was never asked consented on the site, or the event would not be here.
    """
    cur.execute(_ASKED, [sorted(set(customer_ids)), int(Purpose.PROFILING)])
    asked = {row[0] for row in cur.fetchall()}
    return asked - consents.allowed(asked, None, Purpose.PROFILING) if asked else set()


_ASKED = "SELECT DISTINCT customer_id FROM customers_consent WHERE customer_id = ANY(%s) AND purpose = %s"
