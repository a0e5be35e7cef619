"""How many calls a key may make a minute. Counted in Valkey, so that all web processes count together.

Valkey is no record: when it is gone, calls go through uncounted and a line in the log says so.
"""

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


def count(caller: Caller) -> dict[str, str]:
    """Count this call. Returns the headers that tell where the key stands; refuses what is too much."""
    global _silent_until  # noqa: PLW0603  one word that the threads of a process share
    now = time.time()
    if now < _silent_until:
        return {}
    try:
        used = _add(f"regulars:calls:{caller.key_id}:{int(now // MINUTE)}")
    except redis.RedisError as error:
        _silent_until = now + LOOK_AGAIN_AFTER
        log.warning("rate_limit_not_counted", error=type(error).__name__)
        return {}
    quota = caller.rate_per_minute or settings.API_CALLS_PER_MINUTE
    standing = Standing(quota, max(quota - used, 0), MINUTE - int(now % MINUTE))
    if used > quota:
        raise TooManyCalls(
            f"This key may make {quota} calls a minute.",
            headers={**standing.headers(), "Retry-After": str(standing.seconds)},
        )
    return standing.headers()


def _add(name: str) -> int:
    with _valkey().pipeline(transaction=False) as pipe:
        pipe.incr(name)
        pipe.expire(name, 2 * MINUTE)
        return int(pipe.execute()[0])


@lru_cache(maxsize=1)
def _valkey() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
