"""How often strangers may do something from one place. Counted in Valkey, which is no record: without it nothing is
counted, a line in the log says so, and people are served."""

from hashlib import blake2b

import structlog
from axes.helpers import get_client_ip_address
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

log = structlog.get_logger(__name__)


def is_too_often(what: str, who: str, *, most: int, seconds: int) -> bool:
    """Count one more of `what` by `who`; more than `most` in a window of `seconds`?"""
    key = f"throttle:{what}:{digest(who)}"
    try:
        if cache.add(key, 1, seconds):
            return most < 1
        return int(cache.incr(key)) > most
    except ValueError:  # it ran out between the two
        return False
    except Exception as error:  # noqa: BLE001  whatever the cache's client raises
        log.warning("throttle_unavailable", error=type(error).__name__)
        return False


def place_of(request: HttpRequest) -> str:
    """Where a request comes from, as the lockout of sign-ins sees it; never written down as it is."""
    return str(get_client_ip_address(request) or "")


def digest(text: str) -> str:
    """A name for a value that does not tell the value."""
    key = settings.SECRET_KEY.encode()[:64]
    return blake2b(text.encode(), key=key, digest_size=12).hexdigest()
