"""Thirty processes killed with -9 and five wiped brokers, while files are imported, tills post and nights run.

The system is the real one: the supervisor of `make run` with its servers, web, worker and beat. Afterwards every
receipt is there once, every job has ended by itself, and the nightly state equals a rebuild.
"""

import json
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from pathlib import Path

import psycopg
import pytest
import redis

from crm.embedded import servers
from crm.embedded.home import Home
from tests.platform.conftest import wait_until
from tests.resilience.chaos import Chaos, Killer
from tests.resilience.history import STORES, History

KILLS, WIPES = 30, 5
RECEIPTS_A_FILE, FILES_AT_ONCE, A_FEW_JOBS = 6_000, 6, 3
PATIENCE = 240  # seconds a till repeats one receipt
YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)
NIGHTS = tuple(str(YESTERDAY - timedelta(days=before)) for before in (3, 2, 1, 0))

SET_UP = f"""
from crm.org.models import Store
for code in {STORES!r}:
    Store.objects.create(code=code, name=code)
"""
ENQUEUE = """
from datetime import date
from pathlib import Path
from customers import imports, nights
for file in {files!r}:
    imports.start(Path(file), "receipts", by="system:test")
for on in {nights!r}:
    nights.start(date.fromisoformat(on), by="system:test")
"""


class Till(threading.Thread):
    """Posts receipts one after another, each until it is answered: what a till with a queue does."""

    def __init__(self, system: Chaos, key: str, number: int) -> None:
        super().__init__(daemon=True)
        self.system, self.key, self.number = system, key, number
        self.history = History(seed=1000 + number)
        self.answered: dict[str, str] = {}
        self.faults: list[str] = []
        self.is_closing = False

    def run(self) -> None:
        count = 0
        while not self.is_closing:
            external_id = f"{self.number}-{count}"
            body = json.dumps(self.history.call(external_id)).encode()
            self.answered[external_id] = self._post_until_answered(external_id, body)
            count += 1

    def _post_until_answered(self, external_id: str, body: bytes) -> str:
        headers = {
            "Authorization": f"Bearer {self.key}", "Content-Type": "application/json",
            "Idempotency-Key": f"till-{external_id}",
        }  # fmt: skip
        address = f"http://127.0.0.1:{self.system.port}/api/v1/receipts/"
        give_up_at = time.monotonic() + PATIENCE
        while time.monotonic() < give_up_at:
            try:
                with urllib.request.urlopen(
                    urllib.request.Request(address, body, headers), timeout=10
                ) as answer:
                    return json.load(answer)["id"]
            except urllib.error.HTTPError as error:
                if error.code < 500:
                    self.faults.append(f"{error.code} {error.read()[:300]!r}")
                    raise
            except (OSError, ValueError, HTTPException):  # refused, reset, cut off in the middle
                pass
            time.sleep(0.1)
        raise AssertionError(f"{external_id} was never answered")


def _wipe_broker(system: Chaos) -> None:
    redis.Redis.from_url(servers.redis_url(Home(system.home))).flushall()


class Work:
    """Files to import and nights to run: more whenever a fast machine is nearly through with what there was."""

    def __init__(self, system: Chaos, folder: Path) -> None:
        self.system, self.folder, self.history = system, folder, History(seed=7)
        self.files = 0
        self.nights = list(NIGHTS)
        folder.mkdir()

    def keep_up(self) -> None:
        try:
            waiting = self.system.open_jobs()
        except psycopg.OperationalError:
            return  # it is coming up again: nothing can have ended meanwhile
        if waiting < A_FEW_JOBS:
            self.give()

    def give(self) -> None:
        numbers = range(self.files, self.files + FILES_AT_ONCE)
        paths = [self.history.file(self.folder / f"{n:03}.csv", n, RECEIPTS_A_FILE) for n in numbers]
        nights, self.nights = self.nights[:2], self.nights[2:]
        self.system.shell(ENQUEUE.format(files=[str(path) for path in paths], nights=nights))
        self.files += len(paths)


@pytest.mark.slow
def test_thirty_kills_and_five_wipes_lose_nothing(chaos: Chaos, tmp_path: Path) -> None:
    work = Work(chaos, tmp_path / "files")
    chaos.start()
    chaos.shell(SET_UP)
    key = chaos.command(
        "manage.py", "create_api_key", "till", "--scope", "receipts:write", "--rate", "1000000"
    )
    tills = [Till(chaos, key.stdout.strip(), number) for number in range(2)]
    for till in tills:
        till.start()

    killer, during_work, wipes = Killer(chaos), 0, 0
    kinds = ["worker", "database", "worker", "web"]
    while len(killer.killed) < KILLS:
        work.keep_up()
        if killer.kill(kinds[len(killer.killed) % len(kinds)]):
            during_work += _is_working(chaos)
            if len(killer.killed) % (KILLS // WIPES) == 0:
                _wipe_broker(chaos)
                wipes += 1
        time.sleep(killer.random.uniform(0.5, 1.5))

    while work.nights:
        work.give()
    wait_until(lambda: _is_quiet(chaos), seconds=240)
    for till in tills:
        till.is_closing = True
    for till in tills:
        till.join(90)
        assert not till.is_alive() and till.faults == []
    assert wipes == WIPES
    assert during_work >= KILLS // 2, "the work was over before the kills were"
    _assert_nothing_lost_nothing_twice(chaos, work, tills)


def _is_working(chaos: Chaos) -> bool:
    try:
        return chaos.open_jobs() > 0
    except psycopg.OperationalError:
        return True  # it is coming up again: then nothing can have ended meanwhile


def _is_quiet(chaos: Chaos) -> bool:
    try:
        return chaos.open_jobs() == 0
    except psycopg.OperationalError:
        return False


def _assert_nothing_lost_nothing_twice(chaos: Chaos, work: Work, tills: list[Till]) -> None:
    jobs = chaos.rows("SELECT kind, key, state, error FROM jobs_job")
    assert [job for job in jobs if job[2] != "done"] == []
    assert sum(kind != "night" for kind, _, _, _ in jobs) == work.files
    # The clock asks for a night as well when a day ends while this runs.
    assert {key for kind, key, _, _ in jobs if kind == "night"} >= set(NIGHTS)

    parts = [work.history.expected, *(till.history.expected for till in tills)]
    purchases, cents = sum((p.purchases for p in parts), type(parts[0].purchases)()), None
    cents = sum((p.cents for p in parts), type(parts[0].cents)())
    found = chaos.rows(
        "SELECT i.value, count(*), (sum(p.amount) * 100)::bigint FROM customers_purchase p "
        "JOIN customers_identity i ON i.customer_id = p.customer_id GROUP BY i.value"
    )
    assert {member: n for member, n, _ in found} == dict(purchases)
    assert {member: c for member, _, c in found} == dict(cents)
    assert chaos.rows("SELECT count(*) FROM customers_line") == [(sum(p.lines for p in parts),)]

    counts = chaos.rows(
        "SELECT sum((counts->>'rows')::int), sum((counts->>'applied')::int), sum((counts->>'duplicates')::int), "
        "sum((counts->>'rejected')::int) FROM jobs_job WHERE kind LIKE 'import%'"
    )
    assert counts == [(work.history.expected.lines, work.history.expected.lines, 0, 0)]
    published = chaos.rows(
        "SELECT n.on::text FROM customers_publishednight p JOIN customers_night n ON n.id = p.night_id"
    )
    assert published[0][0] >= NIGHTS[-1]
    verified = chaos.command("manage.py", "verify_state")
    assert verified.returncode == 0, verified.stdout + verified.stderr
