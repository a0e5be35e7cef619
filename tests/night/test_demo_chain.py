"""The demo chain's night is what the plain reference says, to every score."""

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from crm.demo import loader
from customers import nights
from customers.models import Purchase
from segmentation.models import Standing
from tests.night.helpers import proven, purchases_frame, run_night
from tests.segmentation import reference


@pytest.mark.django_db
def test_the_demo_chain_is_scored_as_the_reference_does(tmp_path: Path) -> None:
    loader.load(tmp_path, small=True, watcher=lambda *_: None)
    last = Purchase.objects.order_by("-business_date").values_list("business_date", flat=True)[0]
    for on in (last - timedelta(days=30), last):
        run_night(on)
    assert proven()
    expected = reference.standings(purchases_frame(), last, reference.Settings())
    assert len(expected) == loader.SMALL_HOUSEHOLDS
    night = nights.published()
    assert night is not None
    rows = Standing.objects.at(night.pk).values_list(
        "customer_id", "r", "f", "m", "x", "group__code", "value_class"
    )
    found = pd.DataFrame(sorted(rows), columns=["customer", *expected.columns]).set_index("customer")
    pd.testing.assert_frame_equal(
        found, expected, check_dtype=False, check_index_type=False, check_names=False
    )
