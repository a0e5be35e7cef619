"""Reading what searches found: within one's stores, and never those who have said no to a profile since."""

from collections.abc import Iterable
from typing import Any

from django.db.models import BooleanField, Count, QuerySet
from django.db.models.expressions import RawSQL

from crm.org.scope import Viewer
from customers import consents
from customers.models import Customer
from segmentation.lookalikes import seeds
from segmentation.lookalikes.seeds import SeedUnknown
from segmentation.models import LookAlike, LookAlikeMatch

_REFUSES = consents.refusal(None, "profiling", customer="customers_customer")


def searches(viewer: Viewer) -> QuerySet[LookAlike]:
    """Those that the viewer may see, the newest first."""
    return LookAlike.objects.visible_to(viewer).select_related("job").order_by("-pk")


def people(viewer: Viewer, one: LookAlike) -> Any:
    """Whom a search found, in no order."""
    found = LookAlikeMatch.objects.filter(lookalike=one).values("customer_id")
    rows = Customer.objects.visible_to(viewer).living().filter(pk__in=found)
    return rows.annotate(refuses=RawSQL(_REFUSES, [], BooleanField())).filter(refuses=False)  # noqa: S611  # nosec B611  our own names


def counts(viewer: Viewer, searches: Iterable[LookAlike]) -> dict[int, int]:
    """Of each search how many of those that it found are there for the viewer."""
    rows = LookAlikeMatch.objects.filter(
        lookalike__in=[one.pk for one in searches],
        customer__in=Customer.objects.visible_to(viewer),
        customer__merged_into=None,
        customer__erased_at=None,
    ).extra(where=[f"NOT {_REFUSES}"])  # noqa: S610  # nosec B610  our own names
    return dict(rows.values("lookalike").annotate(n=Count("rank")).values_list("lookalike", "n"))


def ranked(viewer: Viewer, one: LookAlike, after: int = 0) -> Any:
    """The matches after a rank, the best first, with their customers."""
    rows = LookAlikeMatch.objects.filter(lookalike=one, rank__gt=after, customer__in=people(viewer, one))
    return rows.select_related("customer__home_store").order_by("rank")


def title_of(one: LookAlike) -> str:
    """What the set is called now, or was when it was searched."""
    try:
        return seeds.title_of(one.seed, one.key)
    except SeedUnknown:
        return one.title
