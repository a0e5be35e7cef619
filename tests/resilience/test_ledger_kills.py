"""Many tills spend one member's points while web, worker, database sessions and the database itself are killed with -9.

A till repeats what was not answered, as tills do. Afterwards what was spent is what was answered, every number was
booked once and answers the same for ever, and the ledger proves itself. LEDGER_CLIENTS and LEDGER_TIMES say how many
tills spend how often at least; they go on while there is killing.
"""

import http.client
import json
import os
import threading
import time
from typing import Any

import pytest

from tests.resilience.chaos import Chaos, Killer

CLIENTS = int(os.environ.get("LEDGER_CLIENTS", "12"))
TIMES = int(os.environ.get("LEDGER_TIMES", "20"))
ROUND = ["web", "worker", "database", "web", "database"]
KILLS, POSTMASTERS = 20, 2
PATIENCE = 180  # seconds a till repeats one number
POINTS = 1_000_000

SET_UP = f"""
from django.utils.timezone import now
from customers.models import Customer
from loyalty import ledger
irina = Customer.objects.create(name="Irina Petrova")
ledger.earn(irina.pk, [ledger.NewLot({POINTS})], ledger.Cause("opening:1", now(), "system:test"))
print(irina.public_id)
"""
BOOKED = "SELECT source, -available FROM loyalty_movement WHERE kind = 3"
BALANCE = "SELECT available, pending, held, debt FROM loyalty_balance WHERE unit = 1"


class Till(threading.Thread):
    """Spends one point after another, each until it is answered."""

    def __init__(self, chaos: Chaos, key: str, who: str, number: int) -> None:
        super().__init__(daemon=True)
        self.port, self.key, self.who, self.number = chaos.port, key, who, number
        self.answered: dict[str, bytes] = {}
        self.faults: list[str] = []
        self.is_closing = threading.Event()

    def run(self) -> None:
        while len(self.answered) < TIMES or not self.is_closing.is_set():
            name = f"{self.number}-{len(self.answered)}"
            answer = self.ask(name)
            if answer is None:
                self.faults.append(name)
                return
            self.answered[name] = answer

    def ask(self, name: str) -> bytes | None:
        """The answer to a number, asked for until it comes; None: there was another than that it is done."""
        give_up_at = time.monotonic() + PATIENCE
        while time.monotonic() < give_up_at:
            try:
                status, answer = self._post(name)
            except (OSError, http.client.HTTPException):  # refused, reset, cut off in the middle
                status, answer = 503, b""
            if status < 500:
                return answer if status in (200, 201) else None
            time.sleep(0.1)
        return None

    def _post(self, name: str) -> tuple[int, bytes]:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {
            "Authorization": f"Bearer {self.key}", "Content-Type": "application/json", "Idempotency-Key": name,
        }  # fmt: skip
        body: dict[str, Any] = {"customer": self.who, "points": 1, "source": "till", "external_id": name}
        try:
            line.request("POST", "/api/v1/redemptions/", json.dumps(body), headers)
            answer = line.getresponse()
            return answer.status, answer.read()
        finally:
            line.close()


@pytest.mark.slow
def test_spending_survives_every_kill(chaos: Chaos) -> None:
    chaos.start()
    who = chaos.shell(SET_UP).strip()
    made = chaos.command(
        "manage.py", "create_api_key", "till", "--scope", "points:write", "--rate", "10000000"
    )
    tills = [Till(chaos, made.stdout.strip(), who, number) for number in range(CLIENTS)]
    for till in tills:
        till.start()
    killer = Killer(chaos)
    _kill(killer)
    for till in tills:
        till.is_closing.set()
    for till in tills:
        till.join(PATIENCE + 60)
        assert not till.is_alive() and till.faults == []

    answered = {f"till:{name}": 1 for till in tills for name in till.answered}
    assert len(answered) >= CLIENTS * TIMES
    assert dict(chaos.rows(BOOKED)) == answered
    assert chaos.rows(BALANCE) == [(POINTS - len(answered), 0, 0, 0)]
    for till in tills:
        for name in list(till.answered)[:: max(1, len(till.answered) // 10)]:
            assert till.ask(name) == till.answered[name]
    assert dict(chaos.rows(BOOKED)) == answered
    verified = chaos.command("manage.py", "verify_ledger")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def _kill(killer: Killer) -> None:
    """Twenty processes of all kinds, and the database itself after each ten of them."""
    wanted = ROUND * (KILLS // len(ROUND))
    for place in range(POSTMASTERS):
        wanted.insert((place + 1) * (KILLS // POSTMASTERS) + place, "postmaster")
    for kind in wanted:
        until = time.monotonic() + 60
        while not killer.kill(kind):
            assert time.monotonic() < until, f"nobody to kill: {kind}"
            time.sleep(0.2)
        time.sleep(killer.random.uniform(0.3, 1.2))
    assert len(killer.killed) == KILLS + POSTMASTERS
