"""Features: exact values of small lives, and that nothing after the cut-off is read."""

from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crm.lib.spells import day_number
from crm.org.models import Store
from customers.histories import RANGE, Histories, Part
from customers.models import Customer, Line, Purchase
from segmentation.churn import features, labels
from segmentation.churn.catalogue import FEATURES, PLACE, REASONS
from tests import cast
from tests.segmentation.churn.parts import lives, part_of

KINDS = np.array([0, 1, 1, 2, 3, 4, 5, 6, 7])
ON = 100  # a Saturday: 1970-01-01 was a Thursday


def of(part: Part, on: int = ON, **told: Any) -> dict[str, list[float]]:
    found = features.matrix(features.known(part, on, KINDS, **told))
    return {code: found[:, place].tolist() for code, place in PLACE.items()}


def test_a_life_in_exact_figures() -> None:
    """Days 60, 70, 70 (two receipts), 90, and one of the future."""
    life = [
        (60, 1, 1000, 0, [1, 2]),
        (70, 1, 3000, 1000, [3]),
        (70, 2, 500, 0, [1]),
        (90, 2, 1500, 0, [3, 4]),
        (101, 3, 9900, 0, [5]),
    ]
    found = {code: values[0] for code, values in of(part_of({7: life})).items()}
    told = {
        "recency": 10, "tenure": 40, "visits": 3, "visits_7": 0, "visits_14": 1, "visits_28": 1, "visits_56": 3,
        "visits_84": 3, "visits_168": 3, "active_weeks": 3, "visits_trend_28": 0.0, "visits_trend_84": 1.0,
        "gap_mean": 15, "gap_median": 10, "gap_ninth": 10, "gap_longest": 20, "gap_last": 20, "gap_late": 15,
        "gaps_of_28": 0, "overdue_median": 1.0, "overdue_longest": 0.5,
        "spend": 60, "spend_28": 15, "spend_56": 60, "spend_84": 60, "spend_168": 60,
        "basket_spend": 15, "basket_lines": 1.5, "basket_last": 1.0, "kinds": 3, "stores": 2, "last_store_share": 0.5,
        "weekend_share": 0.0,
    }  # fmt: skip
    assert {code: found[code] for code in told} == told
    assert found["overdue_mean"] == pytest.approx(10 / 15)
    assert found["gap_spread"] == pytest.approx(5 / 15)
    assert found["gaps_as_long"] == pytest.approx((2 + 0.5) / 3)  # both gaps are at least ten days
    assert found["discount_share"] == pytest.approx(10 / 70)
    assert found["pace_14"] == pytest.approx(0.5 ** (40 / 14) + 0.5 ** (30 / 14) + 0.5 ** (10 / 14))
    # Day 60 was a Monday, 70 a Thursday, 90 a Wednesday.
    assert found["weekday_share"] == pytest.approx(1 / 3)


def test_after_a_single_visit_gaps_mean_nothing() -> None:
    found = of(part_of({7: [(95, 1, 1000, 0, [1])]}))
    unknown = {code for code, (value,) in found.items() if np.isnan(value)}
    assert unknown == {code for code in PLACE if code.startswith(("gap_", "overdue_"))}
    assert (found["recency"], found["gaps_as_long"], found["spend_trend_28"]) == ([5.0], [0.5], [1.0])


def test_who_has_not_bought_yet_is_not_there() -> None:
    part = part_of({1: [(101, 1, 100, 0, [1])], 2: [(100, 1, 100, 0, [1])]})
    assert features.known(part, ON, KINDS).customer.tolist() == [2]
    assert len(features.matrix(features.known(part, 99, KINDS))) == 0


def test_nothing_after_the_cutoff_is_read() -> None:
    """Everything after the cut-off is changed or taken away: the matrix stays as it is, bit by bit."""
    part, on = lives(300), 180
    before = features.known(part, on, KINDS)
    late = part.receipt_day > on
    assert late.sum() > 500
    rng = np.random.default_rng(3)
    late_lines = np.repeat(late, np.diff(part.line_first))
    changed = {
        "receipt_day": np.where(late, np.sort(rng.integers(on + 1, 9000, len(late))), part.receipt_day),
        "receipt_store": np.where(late, 99, part.receipt_store),
        "receipt_cents": np.where(late, 10**9, part.receipt_cents),
        "receipt_discount": np.where(late, 10**9, part.receipt_discount),
        "line_product": np.where(late_lines, 8, part.line_product),
    }
    after = features.known(replace(part, **changed), on, KINDS)
    assert after.customer.tolist() == before.customer.tolist()
    assert features.matrix(after).tobytes() == features.matrix(before).tobytes()
    cut = features.known(_without(part, late, late_lines), on, KINDS)
    assert features.matrix(cut).tobytes() == features.matrix(before).tobytes()


def _without(part: Part, late: Any, late_lines: Any) -> Part:
    """The part as it was on the cut-off day."""
    kept = {f.name: getattr(part, f.name)[~late] for f in fields(Part) if f.name.startswith("receipt_")}
    kept |= {
        f.name: getattr(part, f.name)[~late_lines]
        for f in fields(Part)
        if f.name.startswith("line_") and f.name != "line_first"
    }
    first = np.concatenate(([0], np.cumsum(~late)))[part.first]
    lines = np.diff(part.line_first)[~late]
    return replace(part, first=first, line_first=np.cumsum([0, *lines]), **kept)


@pytest.mark.django_db
def test_what_comes_back_later_was_not_known(irina: Customer, harbour: Store, tmp_path: Path) -> None:
    """From the rows themselves: one receipt comes back whole, of another a part."""
    whole = cast.purchase(irina, at=harbour, on="2026-01-20", lines=[("TEA", "2", "8.00")])
    some = cast.purchase(
        irina, at=harbour, on="2026-02-01", lines=[("MILK", "4", "6.00"), ("TEA", "1", "4.00")]
    )
    label = cast.purchase(irina, at=harbour, on="2026-02-20", lines=[("TEA", "1", "4.00")])
    on = day_number(date(2026, 2, 10))

    def told(name: str) -> tuple[Any, Any]:
        part = Histories(date(2026, 3, 10), tmp_path / name).sold.part(irina.pk // RANGE)
        history = features.known(part, on, np.zeros(10_000, dtype=np.int64))
        return features.matrix(history), labels.stayed_away(part, history.customer, on, 28)

    before, stayed = told("before")
    assert (before[0, PLACE["visits"]], before[0, PLACE["recency"]], before[0, PLACE["spend"]]) == (2, 9, 18)
    for receipt, number, quantity, amount in (
        (whole, 1, 2, "8.00"),
        (some, 1, 3, "4.50"),
        (label, 1, 1, "4.00"),
    ):
        Line.objects.filter(purchase=receipt, number=number).update(
            returned_quantity=quantity, returned_amount=Decimal(amount)
        )
        Purchase.objects.filter(pk=receipt.pk).update(returned=Decimal(amount))
    after, stays = told("after")
    assert np.array_equal(before, after, equal_nan=True)
    assert (stayed.tolist(), stays.tolist()) == ([False], [False])


def test_every_nth_customer_is_the_same_one_on_every_day() -> None:
    part = lives(50)
    for on in (100, 200):
        whole, some = (features.known(part, on, KINDS, every=n) for n in (1, 7))
        keep = whole.customer % 7 == 0
        assert some.customer.tolist() == whole.customer[keep].tolist()
        assert np.array_equal(features.matrix(some), features.matrix(whole)[keep], equal_nan=True)


def test_the_list_of_features_is_whole() -> None:
    assert len(PLACE) == len(FEATURES) == 43
    assert {feature.reason for feature in FEATURES} == set(REASONS)


def test_who_bought_within_the_horizon_has_not_left() -> None:
    part = part_of({
        1: [(90, 1, 100, 0, [1]), (101, 1, 100, 0, [1])],
        2: [(90, 1, 100, 0, [1]), (128, 1, 100, 0, [1])],
        3: [(90, 1, 100, 0, [1]), (129, 1, 100, 0, [1])],
        4: [(100, 1, 100, 0, [1])],
    })  # fmt: skip
    gone = labels.stayed_away(part, np.array([1, 2, 3, 4]), on=100, horizon=28)
    assert gone.tolist() == [False, False, True, True]


@pytest.mark.parametrize(("gap", "days"), [(3, 14), (20, 21), (26, 28), (60, 63), (300, 182)], ids=str)
def test_the_horizon_follows_the_rhythm_in_whole_weeks(gap: int, days: int) -> None:
    counts = np.zeros(364, dtype=np.int64)
    counts[1], counts[gap] = 900, 100
    assert labels.horizon(counts) == days
    counts[gap] = 20  # two in a hundred gaps are no rhythm
    assert labels.horizon(counts) == 14


def test_with_few_gaps_the_horizon_is_four_weeks() -> None:
    part = part_of({1: [(1, 1, 1, 0, [1]), (3, 1, 1, 0, [1]), (3, 1, 1, 0, [1]), (9, 1, 1, 0, [1])]})
    counts = labels.gap_counts([part], on=8)
    assert (counts.sum(), counts[2]) == (1, 1)
    assert labels.horizon(counts) == 28
