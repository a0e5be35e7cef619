"""The segment and the cluster in a customer's profile: read in the one statement that reads the profile."""

from customers import consents
from customers.api import slots
from segmentation.api.shapes import ClusterOfOut, StandingOut

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

_OBJECTS = consents.refusal(None, "profiling", customer="customer").replace("customer.id", "%(id)s")
_CLUSTER = f"""(
    SELECT json_build_object('id', member.cluster_id, 'since', since.on)
    FROM customers_publishednight published
    JOIN segmentation_clustermember member ON member.customer_id = %(id)s
        AND member.night_id <= published.night_id
        AND (member.ended_night IS NULL OR member.ended_night > published.night_id)
    JOIN customers_night since ON since.id = member.night_id
    WHERE NOT {_OBJECTS}
    LIMIT 1
)"""  # noqa: S608  our own names


def fill() -> None:
    slots.offer("cluster", sql=_CLUSTER, shape=ClusterOfOut | None)
    slots.offer("segment", sql=_SQL, shape=StandingOut | None)
