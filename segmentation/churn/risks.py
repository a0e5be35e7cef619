"""Reading who is about to leave: the published scores, one customer's reasons, the people at risk. No mathematics here.

Everything goes by the newest night that scored, up to the published one (`segmentation.generations`).
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import Count, F, IntegerField, QuerySet, Sum
from django.db.models.functions import Cast, Floor, Least

from crm.org.scope import Viewer
from customers import consents, whole
from customers.models import Customer
from segmentation import generations
from segmentation.churn.catalogue import CANDIDATES, REASONS
from segmentation.models import ChurnModel, ChurnNight, ChurnScore

BINS = 20  # of the distribution
LIKELY = 0.5  # who is called at risk unless somebody asks otherwise
HISTORY = 12  # models that a page tells of

# The customer by value, so that one machine answers.
_OBJECTS = consents.refusal(None, "profiling").replace("customer_id = c.id", "customer_id = %(id)s")
# One customer's score as JSON; part of the profile (segmentation/api/profile.py) and of the customer page.
TOLD = f"""(
    SELECT json_build_object(
        'probability', score.probability, 'usual', model.average, 'horizon_days', model.horizon_days,
        'night', night.on, 'model', model.serves,
        'reasons', (
            SELECT json_agg(json_build_object('id', model.reasons ->> (one.place - 1)::int, 'points', one.points)
                            ORDER BY abs(one.points) DESC, one.place)
            FROM unnest(score.points) WITH ORDINALITY AS one (points, place)
        )
    )
    FROM segmentation_churnnight scored
    JOIN segmentation_churnmodel model ON model.id = scored.model_id
    JOIN customers_night night ON night.id = scored.night_id
    JOIN segmentation_churnscore score ON score.customer_id = %(id)s AND score.night_id = scored.night_id
    WHERE scored.night_id = (
        SELECT max(newest.night_id) FROM segmentation_churnnight newest
        JOIN customers_publishednight published ON newest.night_id <= published.night_id
    )
    AND NOT EXISTS (SELECT 1 FROM customers_customer c WHERE c.id = %(id)s AND {_OBJECTS})
    LIMIT 1
)"""  # noqa: S608  our own names and numbers


@dataclass(frozen=True)
class ReasonTold:
    """A reason in words, and how many points it adds: 0.12 is 12 points."""

    words: Any
    points: float


@dataclass(frozen=True)
class Told:
    """One customer's score. `usual` and the points of all reasons sum to `probability`; `reasons` has the largest
    ones, `rest` is what the others come to."""

    probability: float
    usual: float
    horizon_days: int
    night: date
    reasons: list[ReasonTold]
    rest: float


def serving() -> ChurnNight | None:
    """The night whose scores readers see, with its model; the model's tables are left in the database."""
    night: ChurnNight | None = generations.serving(ChurnNight)
    if night is not None:
        night.model = ChurnModel.objects.defer("tables", "shape", "numbers").get(pk=night.model_id)
    return night


def told(customer: Customer, most: int = 5) -> Told | None:
    """The customer's score with its reasons; None: they have none."""
    found = _read(customer)
    if found is None:
        return None
    pairs = [(one["id"], one["points"]) for one in found["reasons"]]
    reasons = in_words(pairs)
    return Told(
        found["probability"], found["usual"], found["horizon_days"], date.fromisoformat(found["night"]),
        reasons[:most], sum(one.points for one in reasons[most:]),
    )  # fmt: skip


def _read(customer: Customer) -> dict[str, Any] | None:
    """A page around the customer has read it already."""
    known = whole.around(customer).more
    if "leaving" in known:
        return known["leaving"]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {TOLD}", {"id": customer.pk})
        (found,) = cursor.fetchone()
    return found


def in_words(pairs: list[tuple[str, float]]) -> list[ReasonTold]:
    """Reasons with points in words, the largest first; what moves nobody is left out."""
    ordered = sorted(pairs, key=lambda pair: -abs(pair[1]))
    return [ReasonTold(_said(code, points), points) for code, points in ordered if code in REASONS and points]


def _said(code: str, points: float) -> Any:
    return REASONS[code].up if points > 0 else REASONS[code].down


def at_risk(viewer: Viewer, night: ChurnNight | None, least: float = LIKELY) -> QuerySet[ChurnScore]:
    """Scores of the viewer's customers who are at least so likely to leave, in no order.

    Nobody who was erased since that night, or has said no to a profile.
    """
    if night is None:
        return ChurnScore.objects.none()
    rows = _living(viewer, night).filter(probability__gte=least)
    return rows.filter(~consents.Refuses(F("customer"), None, "profiling"))


def _living(viewer: Viewer, night: ChurnNight) -> QuerySet[ChurnScore]:
    rows: QuerySet[ChurnScore] = ChurnScore.objects.visible_to(viewer)
    return rows.filter(night=night.night_id, customer__merged_into=None, customer__erased_at=None)


@dataclass(frozen=True)
class Spread:
    """How the viewer's customers are spread over the probabilities, by twentieth; `expected`: who will leave."""

    customers: int
    expected: float
    histogram: list[int]


def spread(viewer: Viewer, night: ChurnNight) -> Spread:
    """Whoever sees the whole chain reads what the night summed up; for a part of it its own scores are counted."""
    if viewer.scope().store_ids is None:
        return Spread(night.customers, night.expected, night.histogram)
    rows = _living(viewer, night)
    bins = Cast(Least(Floor(F("probability") * BINS), BINS - 1), IntegerField())
    counts = dict(rows.values(bin=bins).annotate(n=Count("customer")).values_list("bin", "n"))
    expected = rows.aggregate(all=Sum("probability"))["all"] or 0.0
    return Spread(sum(counts.values()), expected, [counts.get(place, 0) for place in range(BINS)])


@dataclass(frozen=True)
class Tested:
    """A candidate in the back-test: figures by day, newest first, and their means; None: never tested."""

    kind: str
    name: Any
    serves: bool
    folds: list[dict[str, Any]]

    @property
    def means(self) -> dict[str, float | None]:
        names = ("auc", "brier", "lift", "ece")
        return {name: _mean([fold.get(name) for fold in self.folds]) for name in names}


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def tested(model: ChurnModel) -> list[Tested]:
    """All candidates, the one that serves first, then by their Brier score; who could not be tested stands last."""
    rows = [
        Tested(kind, name, kind == model.serves, model.tested.get(kind, []))
        for kind, name in CANDIDATES.items()
    ]
    return sorted(rows, key=lambda one: (not one.serves, one.means["brier"] is None, one.means["brier"] or 0))


def models() -> list[ChurnModel]:
    """The last trainings of published nights, newest first."""
    rows = ChurnModel.objects.filter(night__published_at__isnull=False).defer("tables", "shape", "numbers")
    return list(rows.order_by("-night_id", "-pk")[:HISTORY])
