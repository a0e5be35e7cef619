"""A job for tests: ten slices, each of which leaves one trace. Slow enough to be killed half way."""

import time

from crm.audit import trail
from crm.jobs.claim import Claim
from crm.jobs.registry import job

SLICES = 10


@job("test.sliced")
def run(claim: Claim) -> None:
    done = int(claim.checkpoint.get("done", 0))
    for number in range(done + 1, SLICES + 1):
        with claim.slice(done=number) as checkpoint:
            trail.record("test.slice", f"slice:{number}", by="system:test")
            checkpoint["done"] = number
        time.sleep(float(claim.params.get("pause", 0)))
