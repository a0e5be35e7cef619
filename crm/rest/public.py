"""Bounds for doors that are open to everybody: so many calls a minute by whoever it is.

Counted in Valkey under a keyed digest: no address is kept. When Valkey is away calls go through, as for keys.
"""

import time
from hashlib import blake2b

import redis
import structlog
from django.conf import settings
from django.http import HttpRequest

from crm.rest.limits import MINUTE, add

log = structlog.get_logger(__name__)


def allows(door: str, who: str, *, a_minute: int) -> bool:
    """Count one call at a door; whether it is still within the bound."""
    secret = settings.SECRET_KEY.encode()[:64]
    name = blake2b(f"{door}:{who}".encode(), key=secret, digest_size=12).hexdigest()
    try:
        return add(f"regulars:door:{name}:{int(time.time() // MINUTE)}", 1) <= a_minute
    except redis.RedisError as error:
        log.warning("rate_limit_not_counted", error=type(error).__name__)
        return True


def address_of(request: HttpRequest) -> str:
    """Where a call comes from, behind as many proxies as are ours (PROXY_COUNT). To be counted, not to be kept."""
    proxies = settings.AXES_IPWARE_PROXY_COUNT or 0
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    if proxies and len(hops) >= proxies:
        return str(hops[-proxies])
    return str(request.META.get("REMOTE_ADDR", ""))
