"""BG/NBD and Gamma-Gamma give what their papers print, and what can be worked out by hand."""

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta

from segmentation.lifetime import bgnbd, fitting, gammagamma, search, tracking
from segmentation.lifetime.bgnbd import Grouped, Likelihood, Params
from segmentation.lifetime.gammagamma import Spending
from tests.demo import cdnow

CALIBRATION = date(1997, 9, 30).toordinal()
HELD_OUT = 273  # days, 39 weeks
PAPER = Params(0.243, 7 * 4.414, 0.793, 2.426)


@pytest.fixture(scope="module")
def sample() -> dict[str, Any]:
    """The tenth of CDNOW's customers that the papers use, as of the end of September 1997."""
    days: dict[str, dict[int, int]] = {}
    for row in Path(cdnow.master()).with_name("CDNOW_sample.txt").read_text().splitlines():
        if row.strip():
            _id, customer, day, _discs, dollars = row.split()
            on = date(int(day[:4]), int(day[4:6]), int(day[6:])).toordinal()
            theirs = days.setdefault(customer, {})
            theirs[on] = theirs.get(on, 0) + round(100 * float(dollars))
    known = [(sorted(day for day in one if day <= CALIBRATION), one) for one in days.values()]
    later = [sum(day > CALIBRATION for day in one) for _days, one in known]
    spent = [sum(one[day] for day in past[1:]) for past, one in known]
    return {
        "x": np.array([len(past) - 1 for past, _one in known]),
        "tx": np.array([past[-1] - past[0] for past, _one in known]),
        "T": np.array([CALIBRATION - past[0] for past, _one in known]),
        "later": np.array(later),
        "cents": np.array(spent),
    }


@pytest.fixture(scope="module")
def fitted(sample: dict[str, Any]) -> search.Found:
    return search.fit(Grouped.of(sample["x"], sample["tx"], sample["T"]))


def test_bgnbd_on_cdnow_is_that_of_the_paper(sample: dict[str, Any], fitted: search.Found) -> None:
    """Table 2 of Fader, Hardie & Lee (2005); times are in weeks there."""
    r, alpha, a, b = fitted.params
    assert len(sample["x"]) == 2357
    assert [f"{value:.3f}" for value in (r, alpha / 7, a, b)] == ["0.243", "4.414", "0.793", "2.426"]
    in_weeks = fitted.log_likelihood + int(sample["x"].sum()) * np.log(7)
    assert f"{in_weeks:.1f}" == "-9582.4"
    assert fitted.search.is_converged
    assert (fitted.search.starts, fitted.search.agreeing, fitted.search.at_limit) == (4, 4, ())
    assert fitted.search.errors == pytest.approx((0.01256, 2.648, 0.1857, 0.7054), rel=1e-3)


def test_what_cdnow_expects_is_that_of_the_papers_note(fitted: search.Found, sample: dict[str, Any]) -> None:
    """Customer 0001 in "Implementing the BG/NBD Model … in Excel" (2005): x = 2, t_x = 30.43, T = 38.86 weeks."""
    assert f"{bgnbd.expected_purchases(fitted.params, [2], [213], [272], HELD_OUT)[0]:.3f}" == "1.226"
    x, tx, T = sample["x"], sample["tx"], sample["T"]
    expected = bgnbd.expected_purchases(fitted.params, x, tx, T, HELD_OUT)
    assert (int(sample["later"].sum()), round(float(expected.sum()))) == (1882, 1653)
    # what is expected of each of them comes to what is expected of new customers in that time of their lives
    of_new = bgnbd.expected_of_new(fitted.params, T + HELD_OUT) - bgnbd.expected_of_new(fitted.params, T)
    assert float(of_new.sum()) == pytest.approx(float(expected.sum()), rel=0.02)


def test_gamma_gamma_on_cdnow_is_that_of_the_note(sample: dict[str, Any]) -> None:
    """Fader & Hardie (2013), 946 customers who came again; their repeat purchases are what is averaged."""
    again = sample["x"] > 0
    found = gammagamma.fit(sample["x"][again], sample["cents"][again] / (100 * sample["x"][again]))
    assert found is not None
    p, q, v = found.spending
    assert (f"{p:.2f}", f"{q:.2f}", f"{v:.2f}") == ("6.25", "3.74", "15.44")
    assert (found.customers, found.is_converged) == (946, True)
    assert found.correlation == pytest.approx(0.1139, abs=1e-4)
    assert found.spending.mean == pytest.approx(35.17, abs=0.005)


def test_one_customer_by_hand() -> None:
    """r = a = 1, α = 10, b = 2; x = 1, t_x = 10, T = 20. L = e^(A1+A2) · (30⁻² + ½ · 20⁻²) with
    e^A1 = Γ(2)/Γ(1) · 10 and e^A2 = B(1,3)/B(1,2) = 2/3."""
    params = Params(1.0, 10.0, 1.0, 2.0)
    expected = np.log(10 * 2 / 3 * (1 / 900 + 1 / 2 / 400))
    assert bgnbd.log_likelihood(params, Grouped.of([1], [10], [20])) == pytest.approx(expected, rel=1e-12)
    # who never came again: α^r / (α+T)^r · 1
    assert bgnbd.log_likelihood(params, Grouped.of([0], [0], [20])) == pytest.approx(np.log(1 / 3), rel=1e-12)
    # 1 / (1 + a/(b+x−1) · (30/20)²) = 1 / (1 + 9/8)
    assert bgnbd.probability_alive(params, [1, 0], [10, 0], [20, 20]).tolist() == pytest.approx([8 / 17, 1.0])
    # dead, or alive and silent for 30 days: 9/17 + 8/17 · (30/60)²
    assert bgnbd.probability_of_no_purchase(params, 1, 10, 20, 30) == pytest.approx(11 / 17)
    assert bgnbd.probability_of_no_purchase(params, 0, 0, 20, 30) == pytest.approx(1 / 2)


def test_a_group_weighs_as_much_as_its_customers() -> None:
    one = Grouped.of([0, 2, 2, 2], [0, 5, 5, 9], [20, 20, 20, 20])
    assert (one.x.tolist(), one.tx.tolist(), one.customers.tolist()) == ([0, 2, 2], [0, 5, 9], [1, 2, 1])
    again = Grouped.of(one.x, one.tx, one.T, one.customers)
    assert again.customers.tolist() == [1, 2, 1]
    alone = [
        bgnbd.log_likelihood(PAPER, Grouped.of([x], [t], [20])) for x, t in ((0, 0), (2, 5), (2, 5), (2, 9))
    ]
    assert bgnbd.log_likelihood(PAPER, one) == pytest.approx(sum(alone), rel=1e-12)


def test_a_sample_keeps_the_shares_of_the_histories() -> None:
    crowd = Grouped.of([0, 1, 9], [0, 5, 90], [100, 100, 100], [8000, 1990, 10])
    some = crowd.sample(1000)
    assert int(some.customers.sum()) == 1000
    assert some.customers.tolist() == pytest.approx([800, 199, 1], abs=1)
    assert crowd.sample(10_000) is crowd


shapes = st.floats(0.05, 20)
lives = st.tuples(st.integers(0, 300), st.integers(1, 700), st.integers(0, 700)).map(
    lambda one: (one[0], one[1] if one[0] else 0, one[1] + one[2])
)


@given(shapes, st.floats(1, 200), shapes, shapes, lives, st.sampled_from([30, 90, 365]))
@settings(max_examples=200, deadline=None)
def test_probabilities_are_probabilities_and_more_days_bring_more(
    r: float, alpha: float, a: float, b: float, life: tuple[int, int, int], days: int
) -> None:
    params = Params(r, alpha, a, b)
    alive = float(bgnbd.probability_alive(params, *life))
    silent = float(bgnbd.probability_of_no_purchase(params, *life, days))
    assert 0 <= alive <= 1
    assert 1 - alive - 1e-12 <= silent <= 1
    assert silent >= float(bgnbd.probability_of_no_purchase(params, *life, days + 10)) - 1e-12
    expected = [float(bgnbd.expected_purchases(params, *life, span)) for span in (1, days, days + 10)]
    assert 0 <= expected[0] <= expected[1] <= expected[2]
    assert expected[1] >= (1 - silent) * (1 - 1e-9)  # at least one where there is any


@given(shapes, st.floats(1, 200), shapes, shapes)
@settings(max_examples=50, deadline=None)
def test_the_gradient_is_that_of_the_likelihood(r: float, alpha: float, a: float, b: float) -> None:
    data = Grouped.of([0, 0, 1, 3, 40], [0, 0, 9, 30, 98], [10, 100, 50, 31, 100])
    likelihood = Likelihood(data)
    logs = likelihood.logs(Params(r, alpha, a, b))
    slopes = [(likelihood(logs + e)[0] - likelihood(logs - e)[0]) / 2e-5 for e in 1e-5 * np.eye(4)]
    assert likelihood(logs)[1] == pytest.approx(slopes, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("life", [(0, 100), (1, 30), (12, 365), (250, 700)])
@pytest.mark.parametrize("a", [0.4, 1.0, 2.5])
def test_expected_purchases_are_the_integral_that_they_stand_for(life: tuple[int, int], a: float) -> None:
    """E[Y(t)] of who is there = ∫ (1 − ((α+T)/(α+T+pt))^(r+x)) / p · Beta(p | a, b+x) dp."""
    r, alpha, b, days, (x, T) = 0.8, 20.0, 3.0, 180, life

    def inside(p: float) -> float:
        return -np.expm1((r + x) * np.log1p(-p * days / (alpha + T + p * days))) / p * beta.pdf(p, a, b + x)

    expected = quad(inside, 0, 1, limit=500, epsabs=1e-10)[0]
    found = bgnbd.expected_while_alive(Params(r, alpha, a, b), x, T, days)
    assert float(found) == pytest.approx(expected, rel=2e-5)


def test_expected_purchases_where_half_leave_after_each() -> None:
    """a = b = 10,000: a purchase is followed by another with ½, so nearly the sum of ½ⁿ over many days."""
    params = Params(1.4, 9.6, 1e4, 1e4)
    assert float(bgnbd.expected_while_alive(params, 50, 338, 90)) == pytest.approx(2.0011967, rel=1e-6)


def test_counts_of_new_customers_add_up_to_what_is_expected_of_them() -> None:
    chances = bgnbd.probability_of_count(PAPER, 400, [30, 272])
    assert chances.sum(axis=1) == pytest.approx([1, 1], abs=1e-9)
    assert chances @ np.arange(401) == pytest.approx(bgnbd.expected_of_new(PAPER, [30, 272]), rel=1e-9)
    assert bgnbd.expected_of_new(PAPER, 0) == 0


def test_once_each_answers_every_row_in_its_place() -> None:
    calls = []

    def call(x: Any, T: Any) -> Any:
        calls.append(len(x))
        return x * 1000.0 + T

    x, T = np.array([3, 0, 3, 7]), np.array([9, 5, 9, 2])
    assert bgnbd.once_each(call, x, T).tolist() == [3009.0, 5.0, 3009.0, 7002.0]
    assert bgnbd.once_each(call, [4_000_000, 1], [9, 700_000]).tolist() == [4_000_000_009.0, 701_000.0]
    assert calls == [3, 2]
    assert len(bgnbd.once_each(call, [], [])) == 0


def population(params: Params, size: int, days: int, seed: int) -> Grouped:
    """Customers who live by the model, each seen for up to `days` days, their purchases each of its own."""
    rng = np.random.default_rng(seed)
    T = rng.integers(days // 3, days, size)
    rate, leave = rng.gamma(params.r, 1 / params.alpha, size), rng.beta(params.a, params.b, size)
    stays, most = rng.geometric(np.maximum(leave, 1e-9)), 400
    at = np.cumsum(rng.exponential(1 / rate[:, None], (size, most)), axis=1)
    counts = np.minimum((at <= T[:, None]).sum(axis=1), stays)
    last = np.where(counts > 0, at[np.arange(size), np.maximum(counts - 1, 0)], 0)
    return Grouped.of(counts, np.ceil(last).astype(int) * (counts > 0), T)


def test_known_parameters_are_found_again() -> None:
    truth = Params(0.9, 40.0, 0.8, 6.0)
    found = search.fit(population(truth, 30_000, 700, seed=4))
    assert found.search.is_converged
    away = np.abs(np.array(found.params) - np.array(truth)) / np.array(found.search.errors)
    assert away.max() < 3.5
    assert np.array(found.params) == pytest.approx(np.array(truth), rel=0.12)


def test_who_never_leaves_shows_as_a_parameter_that_runs_away() -> None:
    rng = np.random.default_rng(1)
    T = np.full(2000, 300)
    x = rng.poisson(0.02 * T)
    found = search.fit(Grouped.of(x, np.where(x > 0, 300, 0), T))  # everybody bought on the last day, too
    assert found.search.at_limit == ("a", "b")
    assert found.search.is_converged
    assert found.search.errors == ()
    assert found.params.r / found.params.alpha == pytest.approx(0.02, rel=0.02)
    assert float(bgnbd.expected_purchases(found.params, 6, 300, 300, 100)) == pytest.approx(2, rel=0.02)


@pytest.mark.parametrize(
    ("steepness", "at_limit", "holds"),
    [
        (1e-6, (), True),
        (1e-4, (), False),
        (1e-6, ("a", "b"), True),
        (1e-6, ("r",), False),
        (1e-6, ("alpha",), False),
    ],
)
def test_a_search_whose_rates_ran_away_has_found_nothing(
    steepness: float, at_limit: tuple[str, ...], holds: bool
) -> None:
    assert search.Search(4, 4, 100, steepness, at_limit, ()).is_converged == holds


def test_a_chain_that_is_young_is_told_averages(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(_histories: Any) -> Any:
        raise LookupError

    monkeypatch.setattr(fitting.search, "fit", asked)
    young: Any = SimpleNamespace(repeaters=1000, days=fitting.LEAST_DAYS - 1, whole=None)
    assert fitting._purchases(young) == {"why": "young"}
    with pytest.raises(LookupError):
        fitting._purchases(SimpleNamespace(repeaters=1000, days=fitting.LEAST_DAYS, whole=None))  # type: ignore[arg-type]


def test_counts_of_the_calibration_have_everybody_in_a_class(
    sample: dict[str, Any], fitted: search.Found
) -> None:
    """Whoever came more often than the last class says is in it, as expected and as counted."""
    known = Grouped.of(sample["x"], sample["tx"], sample["T"])
    rows = tracking.by_count(SimpleNamespace(known=known), fitted.params)  # type: ignore[arg-type]
    assert [row[0] for row in rows] == list(range(tracking.MOST + 1))
    assert sum(row[1] for row in rows) == 2357
    assert sum(row[2] for row in rows) == pytest.approx(2357, abs=0.5)
    assert rows[-1][1] == int((np.asarray(sample["x"]) >= tracking.MOST).sum()) > 0
    assert rows[-1][2] == pytest.approx(rows[-1][1], rel=0.2)


def test_spending_lies_between_ones_own_mean_and_everybodys() -> None:
    spending = Spending(6.25, 3.74, 15.44)
    assert gammagamma.expected_value(spending, [0], [0.0])[0] == pytest.approx(spending.mean)
    few, many = gammagamma.expected_value(spending, [1, 1000], [100.0, 100.0])
    assert spending.mean < few < many < 100
    # by hand: 6.25 · (15.44 + 100) / (6.25 + 2.74)
    assert few == pytest.approx(80.256, abs=1e-3)


@pytest.mark.parametrize("x, m", [([], []), ([3], [5.0]), ([2, 4], [5.0, 5.0]), ([0, 1], [0.0, 2.0])])
def test_nothing_is_told_of_spending_that_does_not_vary(x: list[int], m: list[float]) -> None:
    assert gammagamma.fit(np.array(x), np.array(m)) is None
