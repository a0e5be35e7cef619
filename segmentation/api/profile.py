"""Where a customer stands, in their profile: read in the one statement that reads the profile."""

from customers import consents
from customers.api import slots
from segmentation.api.shapes import ClusterOfOut, LeavingOut, LifetimeOut, StandingOut
from segmentation.churn import risks

_SEGMENT = """(
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
_LIFETIME = f"""(
    SELECT json_build_object(
        'alive', score.alive / 1000.0,
        'expected', (
            SELECT coalesce(json_agg(json_build_object(
                'days', days, 'purchases', purchases / 100.0, 'value', value::text
            ) ORDER BY days), '[]')
            FROM (VALUES (30, score.purchases_30, score.value_30), (90, score.purchases_90, score.value_90),
                (365, score.purchases_365, score.value_365)) AS span (days, purchases, value)
            WHERE value IS NOT NULL
        ),
        'night', night.on
    )
    FROM segmentation_lifetimescore score JOIN customers_night night ON night.id = score.night_id
    WHERE score.customer_id = %(id)s AND score.night_id = (
        SELECT max(fit.night_id) FROM segmentation_lifetimefit fit
        WHERE fit.night_id <= (SELECT night_id FROM customers_publishednight LIMIT 1)
    ) AND NOT EXISTS (SELECT FROM customers_customer customer WHERE customer.id = %(id)s AND {_OBJECTS})
)"""  # noqa: S608  our own names
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
    slots.offer("segment", sql=_SEGMENT, shape=StandingOut | None)
    slots.offer("lifetime", sql=_LIFETIME, shape=LifetimeOut | None)
    slots.offer("leaving", sql=risks.TOLD, shape=LeavingOut | None)
