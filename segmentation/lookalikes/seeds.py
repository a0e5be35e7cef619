"""Sets of customers that look-alikes can be searched for. Packages that know further ones add theirs (`offer`)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.lib.refusals import Refusal
from customers import consents, nights
from segmentation import audience
from segmentation.clusters import reading
from segmentation.models import Cluster, Group, LookAlike, Segment, ValueClass
from segmentation.segments import uses

SEPARATOR = ":"
_RFM = frozenset({"recency", "frequency", "spend"})
_HELD = "night_id <= %(night)s AND (ended_night IS NULL OR ended_night > %(night)s)"
_GROUP = f"""
SELECT customer_id FROM segmentation_standing
WHERE group_id = (SELECT id FROM segmentation_group WHERE code = %(key)s) AND {_HELD}
"""  # noqa: S608  our own names
_CLASS = f"SELECT customer_id FROM segmentation_standing WHERE value_class = %(key)s::int AND {_HELD}"  # noqa: S608
_CLUSTER = f"SELECT customer_id FROM segmentation_clustermember WHERE cluster_id = %(key)s::int AND {_HELD}"  # noqa: S608
_LIVING = f"""
SELECT c.id FROM customers_customer c WHERE c.id IN ({{members}})
    AND c.merged_into_id IS NULL AND c.erased_at IS NULL AND NOT {consents.refusal(None, "profiling")}
    AND (%(stores)s::bigint[] IS NULL OR c.home_store_id = ANY(%(stores)s::bigint[])) ORDER BY c.id
"""  # noqa: S608


class SeedUnknown(Refusal):
    code = "seed_unknown"
    status = 404


@dataclass(frozen=True)
class Seed:
    """A kind of sets. `options`: key and name of each; `members(key)`: SQL that gives `customer_id`, and its values.

    `defines`: traits by which the set is made, from which therefore nothing is learnt.
    """

    code: str
    label: Any
    options: Callable[[], Sequence[tuple[str, str]]]
    members: Callable[[str], tuple[str, dict[str, Any]]]
    defines: frozenset[str] = frozenset()


_seeds: dict[str, Seed] = {}


def offer(seed: Seed) -> None:
    """Called from `AppConfig.ready()`."""
    _seeds[seed.code] = seed


def named(code: str) -> Seed:
    if code not in _seeds:
        raise SeedUnknown(_("There is no such set of customers."))
    return _seeds[code]


def title_of(code: str, key: str) -> str:
    """What a set is called: "Group: Champions". Raises SeedUnknown."""
    seed = named(code)
    name = dict(seed.options()).get(key)
    if name is None:
        raise SeedUnknown(_("There is no such set of customers."))
    return gettext("%(kind)s: %(name)s") % {"kind": seed.label, "name": name}


def choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """All sets for a form, by kind: values are "group:champions"."""
    found = [(str(seed.label), _valued(seed)) for seed in _seeds.values()]
    return [(label, options) for label, options in found if options]


def _valued(seed: Seed) -> list[tuple[str, str]]:
    return [(f"{seed.code}{SEPARATOR}{key}", name) for key, name in seed.options()]


def ids_of(code: str, key: str, stores: Sequence[int] | None) -> list[int]:
    """The living members of these stores who do not object to a profile, rising."""
    sql, values = named(code).members(key)
    with connection.cursor() as cursor:
        stores_ = None if stores is None else list(stores)
        cursor.execute(_LIVING.format(members=sql), {**values, "stores": stores_})
        return [row[0] for row in cursor.fetchall()]


def take(one: LookAlike) -> list[int]:
    """The set that a search learns from, in its stores; remembered as a use of it."""
    segment = Segment.objects.filter(pk=int(one.key)).first() if one.seed == "saved" else None
    _record, found = uses.take(
        segment, lambda: ids_of(one.seed, one.key, one.stores),
        part="" if segment else f"{one.seed}={one.key}", used_for=f"{uses.LOOKALIKES} {one.public_id}",
        by=one.created_by, store_ids=one.stores,
    )  # fmt: skip
    return found


def fill() -> None:
    offer(Seed("group", _("Group"), _groups, _of_the_night(_GROUP), _RFM))
    offer(Seed("value_class", _("Value class"), _classes, _of_the_night(_CLASS), _RFM))
    offer(Seed("cluster", _("Cluster"), _clusters, _of_the_night(_CLUSTER)))
    offer(Seed("saved", _("Segment"), audience.saved_segments, audience.members_of_saved))


def _of_the_night(sql: str) -> Callable[[str], tuple[str, dict[str, Any]]]:
    def members(key: str) -> tuple[str, dict[str, Any]]:
        night = nights.published()
        return sql, {"key": key, "night": night.pk if night else 0}

    return members


def _groups() -> list[tuple[str, str]]:
    return [(group.code, group.name) for group in Group.objects.order_by("position", "pk")]


def _classes() -> list[tuple[str, str]]:
    return [(str(one.value), str(one.label)) for one in reversed(ValueClass) if one]


def _clusters() -> list[tuple[str, str]]:
    ids = Cluster.objects.filter(ended_night=None).values_list("pk", flat=True)
    return [(str(pk), name) for pk, name in sorted(reading.names_of(ids).items())]
