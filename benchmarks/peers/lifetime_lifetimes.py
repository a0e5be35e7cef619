"""BG/NBD of the package `lifetimes`, on (x, t_x, T) of an .npz file. Runs in the peers' environment; prints JSON.

It is given times in units that suit it (its own optimiser scales T), no penalty, and one start, which is its default.
"""

import json
import sys
import time
import warnings

import numpy as np

warnings.filterwarnings("ignore")

from lifetimes import BetaGeoFitter  # noqa: E402

TOLD = 1000  # expectations that are handed back


def main(path: str, horizon: int) -> None:
    rows = np.load(path)
    x, tx, T = (rows[name].astype(float) for name in ("x", "tx", "T"))
    BetaGeoFitter().fit(x[:2000], tx[:2000], T[:2000])
    wall, cpu = time.perf_counter(), time.process_time()
    model = BetaGeoFitter()
    model.fit(x, tx, T)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    start = time.perf_counter()
    expected = model.conditional_expected_number_of_purchases_up_to_time(horizon, x, tx, T)
    told = {
        "wall": wall,
        "cpu": cpu,
        "params": {name: float(model.params_[name]) for name in ("r", "alpha", "a", "b")},
        "predict": time.perf_counter() - start,
        "expected": np.asarray(expected)[:TOLD].tolist(),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
