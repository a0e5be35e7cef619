"""Previews of segments: 30 reference segments of four conditions each over 5 M customers and 20 M receipts.

Ten ask attributes alone, twenty ask behaviours too. Each is counted, and previewed as the builder shows it (reach by
each channel, each condition by itself, some people), five times; a hundred customers have changed since the shelf was
laid by a whole night. Beside it the compiled statement counts some of them.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta
from itertools import product
from statistics import quantiles
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from benchmarks.figure import Figure, at_most
from benchmarks.lab import Lab, timed
from crm.org.models import Staff
from crm.org.permissions import Role
from customers import nights
from customers.attributes import Moment
from customers.models import Category
from segmentation.models import Changed, Touched
from segmentation.segments import compiling, evaluating
from segmentation.segments.preview import preview
from segmentation.segments.reading import read
from segmentation.segments.tree import Node
from segmentation.shelf import answering

TITLE = "segments counted while somebody edits, 5 M customers, 20 M receipts"
ROUNDS = 5


def run(lab: Lab) -> Iterable[Figure]:
    lab.filled("segments", lambda: fill(lab))
    keep_shelf()
    night = nights.published()
    assert night is not None
    moment = Moment(night.on + timedelta(days=1), night.pk)
    changed(100)
    plain, behaving = attribute_trees(), behaviour_trees()
    count([plain[0], behaving[0]], moment)  # the first mapping of the files
    yield figure("attributes alone, counted", plain, lambda tree: count([tree], moment), 50)
    yield figure("all of them, counted", plain + behaving, lambda tree: count([tree], moment), 500)
    viewer = marketer()
    yield figure(
        "all of them, the whole preview", plain + behaving, lambda tree: preview(tree, viewer, moment), 500
    )
    wrong, seconds = 0, 0.0
    for tree in (plain + behaving)[::5]:
        with timed() as asked:
            (told,) = evaluating.rows(compiling.counts([tree], moment, compiling.EVERYBODY))
        seconds += asked.seconds
        wrong += told[0] != count([tree], moment)[0]
    yield Figure(
        "counts that differ from the compiled statement",
        wrong,
        "",
        bar=at_most(0),
        note=f"{seconds:.0f} s for 6",
    )


def figure(name: str, trees: list[Node], ask: Callable[[Node], Any], bar: int) -> Figure:
    times = []
    for tree in trees * ROUNDS:
        with timed() as asked:
            ask(tree)
        times.append(asked.seconds * 1000)
    p95 = quantiles(times, n=20)[-1]
    return Figure(
        f"{name}: p95",
        p95,
        "ms",
        bar=at_most(bar),
        note=f"{len(trees)} segments, mean {sum(times) / len(times):.0f} ms",
    )


def keep_shelf() -> None:
    """The database had another name while it was filled; its shelf lies beside that."""
    home = answering.home()
    if (filled := home.with_name(f"{home.name}_making")).exists():
        filled.rename(home)


def marketer() -> Staff:
    user = get_user_model().objects.get_or_create(username="bench-marketer")[0]
    made = {"user": user, "name": "Marketer", "role": Role.MARKETER}
    return Staff.objects.get_or_create(code="BENCH-MARKETER", defaults=made)[0]


def count(trees: list[Node], moment: Moment) -> list[int]:
    standing = answering.standing(moment)
    assert standing is not None, "there is no shelf"
    return standing.counts(trees)


def attribute_trees() -> list[Node]:
    """Age or group, gender, sums, consent."""
    trees = []
    for low, gender in product((18, 30, 40, 50, 60), ("f", "m")):
        trees.append(read({"all": [
            {"attribute": "person.age", "is": "between", "value": [low, low + 15]},
            {"attribute": "person.gender", "is": "any_of", "value": [gender]},
            {"any": [{"attribute": "purchases.count", "is": "at_least", "value": 3},
                     {"attribute": "person.has_email", "is": "yes"}]},
        ]}))  # fmt: skip
    return trees


def behaviour_trees() -> list[Node]:
    categories = [str(pk) for pk in Category.objects.order_by("path").values_list("pk", flat=True)[:5]]
    trees = []
    for number in range(20):
        days = (14, 30, 90, 180)[number % 4]
        bought: dict[str, Any] = {"did": "bought", "count": "times", "is": "at_least", "value": 1 + number % 3,
                                  "when": {"last_days": days}}  # fmt: skip
        if categories:
            bought["where"] = [
                {"field": "category", "is": "any_of", "value": [categories[number % len(categories)]]}
            ]
        trees.append(read({"all": [
            bought,
            {"did": "purchase", "count": "amount", "is": "at_least", "value": 50, "when": {"last_days": days}},
            {"attribute": "person.gender", "is": "any_of", "value": ["f", "m"][number % 2 :]},
            {"none": [{"attribute": "purchases.last_on", "is": "longer_ago", "value": 200}]},
        ]}))  # fmt: skip
    return trees


def changed(customers: int) -> None:
    """The follower has caught up with everybody who was made; since then some changed."""
    Touched.objects.all().delete()
    Changed.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO segmentation_changed SELECT id, now() FROM customers_customer ORDER BY id LIMIT %s",
            [customers],
        )


def fill(lab: Lab) -> None:
    until = timezone.now().date() - timedelta(days=60)
    call_command(
        "create_synthetic", customers=lab.scaled(5_000_000), receipts=lab.scaled(20_000_000), days=730,
        until=until, no_arrivals=True,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    lab.manage("nightly", "--date", until.isoformat())
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")  # or autovacuum does it while previews are timed
