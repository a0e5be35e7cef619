"""Recommendations by `implicit` (ALS, BM25, cosine) on the matrix in a file; prints their recall as JSON.

The file (numpy's .npz) holds the rows and columns of what each household bought before (`row`, `column`, with `times`)
and of what it bought in the weeks that are tested (`test_row`, `test_column`).
"""

import json
import sys
from typing import Any

import numpy as np

K = 10


def recall(lists: Any, row: Any, column: Any) -> float:
    """Mean over the households with anything to find: found of the ten ÷ the most that could be found."""
    width = int(max(column.max(initial=0), lists.max(initial=0))) + 1
    wanted = row * width + column
    total = np.bincount(row, minlength=len(lists))
    hit = np.isin(np.arange(len(lists))[:, None] * width + lists, wanted) & (lists >= 0)
    some = total > 0
    return float((hit.sum(axis=1)[some] / np.minimum(lists.shape[1], total[some])).mean())


def new(row: Any, column: Any, known_row: Any, known_column: Any) -> tuple[Any, Any]:
    """Those of the pairs that are not among the known ones."""
    width = int(max(column.max(initial=0), known_column.max(initial=0))) + 1
    keep = ~np.isin(row * width + column, known_row * width + known_column)
    return row[keep], column[keep]


def main(path: str) -> None:
    from implicit.als import AlternatingLeastSquares
    from implicit.nearest_neighbours import BM25Recommender, CosineRecommender
    from scipy import sparse

    told = np.load(path)
    row, column = told["row"], told["column"]
    bought = sparse.csr_matrix((told["times"].astype(np.float32), (row, column)))
    test = told["test_row"], told["test_column"]
    fresh = new(*test, row, column)
    models = {
        "item-item cosine": CosineRecommender(K=100, num_threads=2),
        "BM25": BM25Recommender(K=100, num_threads=2),
        "ALS": AlternatingLeastSquares(factors=64, iterations=15, random_state=1, num_threads=2),
    }
    found = {}
    for name, model in models.items():
        model.fit(bought, show_progress=False)
        everybody = np.arange(bought.shape[0])
        own, _scores = model.recommend(everybody, bought, N=K, filter_already_liked_items=False)
        others, _scores = model.recommend(everybody, bought, N=K, filter_already_liked_items=True)
        found[name] = [recall(own, *test), recall(others, *fresh)]
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
