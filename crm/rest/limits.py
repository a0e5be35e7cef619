"""How many calls a key may make a minute. Counted in Valkey, so that all web processes count together.

A process takes calls from the key's quota in small lots (a hundredth of it) and gives them out itself, so that one call
in a hundred asks Valkey. A key may therefore be told "too much" up to one lot early for each further process.

Valkey is no record: when it is gone, calls go through uncounted and a line in the log says so.
"""

import threading
import time
from dataclasses import dataclass
from functools import lru_cache

import redis
import structlog
from django.conf import settings

from crm.rest.keys import Caller
from crm.rest.problems import TooManyCalls

log = structlog.get_logger(__name__)
MINUTE = 60
LOOK_AGAIN_AFTER = 5.0  # seconds without asking a Valkey that did not answer
PATIENCE = 0.1  # seconds

_silent_until = 0.0


@dataclass(frozen=True)
class Standing:
    """Where a key stands in the present minute."""

    quota: int
    left: int
    seconds: int  # until the count begins anew

    def headers(self) -> dict[str, str]:
        """As in the IETF draft "RateLimit header fields for HTTP"."""
        return {
            "RateLimit-Policy": f'"calls";q={self.quota};w={MINUTE}',
            "RateLimit": f'"calls";r={self.left};t={self.seconds}',
        }


@dataclass
class _Lot:
    """What this process may give out of a key's quota in one minute. `used`: by all, as Valkey last knew."""

    minute: int
    used: int = 0
    left: int = 0


_lots: dict[int, _Lot] = {}
_lock = threading.Lock()


def count(caller: Caller) -> dict[str, str]:
    """Count this call. Returns the headers that tell where the key stands; refuses what is too much."""
    global _silent_until  # noqa: PLW0603  one word that the threads of a process share
    now = time.time()
    if now < _silent_until:
        return {}
    quota = caller.rate_per_minute or settings.API_CALLS_PER_MINUTE
    try:
        is_free, used = _take(caller.key_id, quota, int(now // MINUTE))
    except redis.RedisError as error:
        _silent_until = now + LOOK_AGAIN_AFTER
        log.warning("rate_limit_not_counted", error=type(error).__name__)
        return {}
    standing = Standing(quota, max(quota - used, 0), MINUTE - int(now % MINUTE))
    if not is_free:
        raise TooManyCalls(
            f"This key may make {quota} calls a minute.",
            headers={**standing.headers(), "Retry-After": str(standing.seconds)},
        )
    return standing.headers()


def forget() -> None:
    """Forget the lots of this process."""
    with _lock:
        _lots.clear()


def _take(key_id: int, quota: int, minute: int) -> tuple[bool, int]:
    """Whether one more call is free, and how many are used with it."""
    with _lock:
        lot = _lots.get(key_id)
        if lot is None or lot.minute != minute:
            lot = _lots[key_id] = _Lot(minute)
        if lot.left == 0 and lot.used < quota:
            size = max(1, quota // 100)
            taken = add(f"regulars:calls:{key_id}:{minute}", size)
            lot.left = max(0, min(size, quota - (taken - size)))
            lot.used = min(taken, quota)
        if lot.left == 0:
            return False, quota
        lot.left -= 1
        return True, lot.used - lot.left


def add(name: str, calls: int) -> int:
    """Add calls to a counter that lives for two minutes; what it says then."""
    with _valkey().pipeline(transaction=False) as pipe:
        pipe.incrby(name, calls)
        pipe.expire(name, 2 * MINUTE)
        return int(pipe.execute()[0])


@lru_cache(maxsize=1)
def _valkey() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
