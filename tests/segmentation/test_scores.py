"""Scores from cut points over histograms are those of the plain reference, on any data and under any scheme."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation import grid, scores
from segmentation.histogram import Histogram
from segmentation.models import Group, Method, NightCuts, Scheme
from tests.segmentation import reference

ON = date(2026, 3, 10)
MEASURES = ("recency", "frequency", "monetary")
GROUP_IDS = {code: i for i, code in enumerate(grid.NAMES, start=1)}

purchase = st.tuples(
    st.integers(1, 12),
    st.integers(-3, 120),
    st.sampled_from([0, 1, 99, 100, 101, 2500, 123_456, 10**9]),
    st.booleans(),
)


@st.composite
def schemes(draw: Any) -> reference.Settings:
    buckets = draw(st.integers(3, 10))
    high = draw(st.integers(1, 98))
    found = reference.Settings(
        window_days=draw(st.integers(1, 130)), buckets=buckets, axis=draw(st.sampled_from(["fm", "f"])),
        high_percent=high, medium_percent=draw(st.integers(1, 99 - high)), grid=grid.default_grid(buckets),
    )  # fmt: skip
    if draw(st.booleans()):
        limits = st.lists(st.integers(0, 5000), min_size=buckets - 1, max_size=buckets - 1, unique=True).map(
            sorted
        )
        found.cuts = {measure: draw(limits) for measure in ("recency", "frequency", "monetary")}
    return found


@given(st.lists(purchase, max_size=60), schemes())
@settings(max_examples=120, deadline=None)
def test_scores_are_those_of_the_reference(
    rows: list[tuple[int, int, int, bool]], wanted: reference.Settings
) -> None:
    frame = pd.DataFrame(
        [(c, ON - timedelta(days=d), cents, cents if back else 0) for c, d, cents, back in rows],
        columns=["customer", "day", "cents", "returned"],
    )
    expected = reference.standings(frame, ON, wanted)
    found = scored(states_of(frame, wanted), wanted)
    pd.testing.assert_frame_equal(
        found, expected, check_dtype=False, check_index_type=False, check_names=False
    )


def scored(states: dict[str, Any], wanted: reference.Settings) -> pd.DataFrame:
    """What the steps of the night do, without a database."""
    scheme = Scheme(
        buckets=wanted.buckets, window_days=wanted.window_days, axis=wanted.axis, grid=wanted.grid,
        method=Method.FIXED if wanted.cuts else Method.QUANTILE, cuts=wanted.cuts or {},
        high_percent=wanted.high_percent, medium_percent=wanted.medium_percent,
    )  # fmt: skip
    found = scores.measures(ON, states)
    cuts = wanted.cuts or {name: cuts_of(getattr(found, name)[found.in_window], scheme) for name in MEASURES}
    spent = Histogram()
    spent.add(found.monetary[found.in_window], found.cents[found.in_window])
    value = spent.least_of_top([wanted.high_percent + wanted.medium_percent, wanted.high_percent])
    codes = scores.codes(found, NightCuts(scheme=scheme, value=value, **cuts), GROUP_IDS)
    names = {number: code for code, number in GROUP_IDS.items()}
    return pd.DataFrame(
        {
            "r": codes.r, "f": codes.f, "m": codes.m, "x": codes.x,
            "group": pd.array([names[g] for g in codes.group], dtype="str"), "value_class": codes.value_class,
        },
        index=codes.customer,
    )  # fmt: skip


def cuts_of(values: Any, scheme: Scheme) -> list[int]:
    histogram = Histogram()
    for part in np.array_split(values, 3):  # slices
        histogram.add(part)
    return histogram.cuts(scheme.buckets)


def states_of(frame: pd.DataFrame, wanted: reference.Settings) -> dict[str, Any]:
    kept = frame[((frame.returned == 0) | (frame.returned < frame.cents)) & (frame.day <= ON)]
    window = kept[kept.day > ON - timedelta(days=wanted.window_days)]
    ids = np.array(sorted(kept.customer.unique()), dtype=np.int64)
    epoch = date(1970, 1, 1)
    last = kept.groupby("customer").day.max()
    return {
        "customer_id": ids,
        "last_on": np.array([(last[i] - epoch).days for i in ids], dtype=np.int32),
        "window_count": np.array([(window.customer == i).sum() for i in ids], dtype=np.int32),
        "window_spent": np.array(
            [(window.cents - window.returned)[window.customer == i].sum() for i in ids], np.int64
        ),
    }


@given(st.lists(st.one_of(st.integers(0, 50), st.integers(62, 5000)), min_size=1), st.integers(2, 10))
@settings(max_examples=200, deadline=None)
def test_cut_points_are_inverted_cdf_quantiles(values: list[int], buckets: int) -> None:
    histogram = Histogram(dense=64)
    for start in range(0, len(values), 7):
        histogram.add(np.array(values[start : start + 7], dtype=np.int64))
    assert histogram.cuts(buckets) == reference.quantiles(values, buckets)
    if buckets in {2, 4, 8}:  # shares that floating point holds exactly
        shares = [i / buckets for i in range(1, buckets)]
        assert histogram.cuts(buckets) == list(np.quantile(values, shares, method="inverted_cdf"))


def test_equal_values_have_equal_scores_and_the_line_is_crossed_inside() -> None:
    spent = Histogram()
    spent.add(np.array([10, 10, 5, 5, 1]), np.array([1000, 1000, 500, 500, 100]))
    # 31.00 in all: the two tens bring 64 %, so both are needed for half; the fives cross 80 %
    assert spent.least_of_top([80, 50]) == [5, 10]


def test_nobody_is_of_value_when_nothing_was_spent() -> None:
    spent = Histogram()
    spent.add(np.array([0, 0]), np.array([0, 0]))
    assert spent.least_of_top([80, 50]) == [1, 1]


@pytest.mark.parametrize("buckets", range(3, 11))
def test_the_default_grid_has_every_size_and_keeps_its_corners(buckets: int) -> None:
    drawn = grid.default_grid(buckets)
    assert [len(row) for row in drawn] == [buckets] * buckets
    assert (drawn[0][0], drawn[0][-1], drawn[-1][0], drawn[-1][-1]) == (
        "lost",
        "cannot_lose",
        "new",
        "champions",
    )
    if buckets >= len(grid.default_grid()):
        assert {code for row in drawn for code in row} == set(grid.NAMES)


def test_a_group_is_called_by_the_chains_own_name_first() -> None:
    assert Group(code="loyal").name == "Loyal"
    assert Group(code="loyal", names={"en": "Regulars"}).name == "Regulars"
    assert Group(code="vip", names={}).name == "vip"
