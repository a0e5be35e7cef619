"""mlxtend's fpgrowth on the baskets in a file (.npz: basket, item, minimum); prints seconds and the pairs as JSON."""

import json
import sys
import time

import numpy as np
import pandas as pd
from mlxtend.frequent_patterns import fpgrowth
from scipy import sparse


def main(path: str) -> None:
    told = np.load(path)
    ones = np.ones(len(told["basket"]), dtype=bool)
    frame = pd.DataFrame.sparse.from_spmatrix(sparse.csr_matrix((ones, (told["basket"], told["item"]))))
    start = time.perf_counter()
    found = fpgrowth(frame, min_support=float(told["minimum"]), max_len=2)
    seconds = time.perf_counter() - start
    baskets = len(frame)
    rows = [
        (sorted(map(int, items)), round(support * baskets))
        for support, items in zip(found["support"], found["itemsets"], strict=True)
    ]
    print(json.dumps({"seconds": seconds, "sets": rows}))


if __name__ == "__main__":
    main(sys.argv[1])
