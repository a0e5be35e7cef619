"""openretailscience's RFM on a Parquet file of receipts. Runs in the peers' environment; prints JSON.

It is given what is quickest for it: the file is a DuckDB table for it, nothing is copied into pandas before, and the
result alone is fetched.
"""

import json
import sys
import time

import ibis
from openretailscience.segmentation.rfm import RFMSegmentation


def main(path: str, on: str) -> None:
    start = time.perf_counter()
    receipts = ibis.duckdb.connect().read_parquet(path)
    scores = RFMSegmentation(receipts, current_date=on, r_segments=5, f_segments=5, m_segments=5).df
    print(json.dumps({"seconds": time.perf_counter() - start, "customers": len(scores)}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
