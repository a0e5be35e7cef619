"""What the demo chain suggests to nobody, or not to everybody. Made once."""

from django.db.models import Q

from customers.models import Category
from segmentation.models import AgeLimit
from segmentation.models.products import NEVER
from segmentation.products import ages

BY = "system:load_demo"
DRINKING_AGE = 21  # the data set's stores are in the United States, for tobacco, too
OF_AGE = (
    "beers-ales", "domestic-wine", "imported-wine", "misc-wine", "liquor", "cigarettes", "cigars", "tobacco-other",
)  # fmt: skip
NOT_TO_SUGGEST = (
    "gasoline-reg-unleaded",
    "charitable-cont",
    "coupon",
)  # what people need, and not from advice


def make() -> int:
    """Returns how many; 0 when there are some already."""
    if AgeLimit.objects.exists():
        return 0
    wanted = dict.fromkeys(_called(OF_AGE), DRINKING_AGE)
    wanted |= dict.fromkeys(_called(NOT_TO_SUGGEST), NEVER)
    for category, age in wanted.items():
        ages.put(category, age, by=BY)
    return len(wanted)


def _called(names: tuple[str, ...]) -> list[Category]:
    """The uppermost categories whose last step is called so."""
    asked = Q(path__in=names)
    for name in names:
        asked |= Q(path__endswith=f"/{name}")
    found: list[Category] = []
    for category in Category.objects.filter(asked).order_by("path"):
        if not any(
            category.path.startswith(f"{above.path}/") for above in found
        ):  # a limit holds for all below it
            found.append(category)
    return found
