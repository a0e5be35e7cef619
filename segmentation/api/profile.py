"""The segment in a customer's profile: read in the one statement that reads the profile."""

from customers.api import slots
from segmentation.api.shapes import LeavingOut, StandingOut
from segmentation.churn import risks

_SQL = """(
    SELECT json_build_object(
        'id', grouped.code, 'r', standing.r, 'f', standing.f, 'm', standing.m,
        'value_class', (ARRAY['none', 'low', 'medium', 'high'])[standing.value_class + 1], 'night', night.on
    )
    FROM customers_publishednight published
    JOIN customers_night night ON night.id = published.night_id
    JOIN segmentation_standing standing ON standing.customer_id = %(id)s
        AND standing.night_id <= published.night_id
        AND (standing.ended_night IS NULL OR standing.ended_night > published.night_id)
    JOIN segmentation_group grouped ON grouped.id = standing.group_id
    LIMIT 1
)"""


def fill() -> None:
    slots.offer("segment", sql=_SQL, shape=StandingOut | None)
    slots.offer("leaving", sql=risks.TOLD, shape=LeavingOut | None)
