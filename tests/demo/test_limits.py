"""What the demo chain suggests to nobody, or only to adults."""

import pytest

from crm.demo import limits
from customers.models import Category
from segmentation.models import AgeLimit

pytestmark = pytest.mark.django_db


def test_what_is_for_adults_and_what_is_left_out() -> None:
    for path in ("grocery", "grocery/beers-ales", "grocery/beers-ales/beers-ales", "grocery/teas", "spirits",
                 "spirits/liquor", "fuel", "fuel/fuel", "fuel/fuel/gasoline-reg-unleaded", "coupon",
                 "grocery/coupon-misc-items"):  # fmt: skip
        parent = Category.objects.filter(path=path.rpartition("/")[0]).first()
        Category.objects.create(path=path, name=path.rpartition("/")[2].title(), parent=parent)
    assert limits.make() == 4
    assert list(AgeLimit.objects.values_list("category__path", "minimum_age")) == [
        ("coupon", 999), ("fuel/fuel/gasoline-reg-unleaded", 999), ("grocery/beers-ales", 21), ("spirits/liquor", 21),
    ]  # fmt: skip
    assert limits.make() == 0
