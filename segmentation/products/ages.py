"""Goods with a minimum age: which categories, changed by whom, and the rule at the moment of reading."""

from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.audit import trail
from crm.lib.refusals import Refusal
from customers.models import Category
from segmentation.models import AgeLimit
from segmentation.segments import owning

MOST = 100

# Is there a limit on the category, or on one above it, that the customer `c` is not known to reach on %(today)s?
TOO_YOUNG = """EXISTS (
    SELECT FROM segmentation_agelimit held
    JOIN customers_category above ON above.id = held.category_id
    JOIN customers_category own ON own.path = above.path OR starts_with(own.path, above.path || '/')
    WHERE own.id = {category}
        AND (c.birthday IS NULL OR c.birthday > %(today)s::date - make_interval(years => held.minimum_age))
)"""


def ages_of() -> dict[int, int]:
    """Of the categories with a limit, and all below them, the highest that holds."""
    limits = list(AgeLimit.objects.values_list("category__path", "minimum_age"))
    found: dict[int, int] = {}
    if not limits:
        return found
    for pk, path in Category.objects.values_list("pk", "path"):
        held = [age for above, age in limits if path == above or path.startswith(f"{above}/")]
        if held:
            found[pk] = max(held)
    return found


def latest_birthday(on: date, age: int) -> date:
    """The last birthday of those who are that old on a day."""
    try:
        return on.replace(year=on.year - age)
    except ValueError:  # 29 February: who was born the day after is not old enough yet
        return date(on.year - age, 2, 28)


def old_enough(on: date) -> Q:
    """For rows of a customer and a product: nobody is too young for it on a day, by the limits of this moment."""
    categories: dict[int, list[int]] = {}
    for category, age in ages_of().items():
        categories.setdefault(age, []).append(category)
    fits = Q()
    for age, limited in categories.items():
        fits &= ~Q(product__category__in=limited) | Q(customer__birthday__lte=latest_birthday(on, age))
    return fits


class TooManyLimits(Refusal):
    code = "too_many_age_limits"


def limits() -> list[AgeLimit]:
    return list(AgeLimit.objects.select_related("category"))


def put(category: Category, minimum_age: int, *, by: Any) -> AgeLimit:
    """Set the age from which goods of a category, and of all below it, may be suggested. Raises OfTheChain."""
    owning.require_chain(by)
    with transaction.atomic():
        held = AgeLimit.objects.select_for_update().filter(category=category).first()
        if held is None and AgeLimit.objects.count() >= MOST:
            raise TooManyLimits(_("There are %(n)s limits; remove one first.") % {"n": MOST})
        before = held.minimum_age if held else None
        if held is None:
            held = AgeLimit(category=category, created_by=trail.actor_name(by))
        if before != minimum_age:
            held.minimum_age = minimum_age
            held.full_clean()
            held.save()
            changed = {"minimum_age": (before, minimum_age)}
            trail.record("age_limit.set", held, by=by, details={"category": category.path}, changes=changed)
    return held


def remove(limit: AgeLimit, *, by: Any) -> None:
    """Raises OfTheChain."""
    owning.require_chain(by)
    with transaction.atomic():
        trail.record("age_limit.remove", limit, by=by, details={"category": limit.category.path})
        limit.delete()
