"""Who tries codes that are not there is stopped for a while: thirty misses in ten minutes are no typing slips.

Counted in Valkey, which is no record: without it nothing is counted and people are served.
"""

from typing import ClassVar

import structlog
from django.core.cache import cache
from django.utils.translation import gettext as _

from crm.lib.refusals import Refusal

log = structlog.get_logger(__name__)
MOST, SECONDS = 30, 600


class TooManyGuesses(Refusal):
    code: ClassVar[str] = "too_many_guesses"
    status: ClassVar[int] = 429
    headers: ClassVar[dict[str, str]] = {"Retry-After": str(SECONDS)}

    def __init__(self) -> None:
        super().__init__(_("Too many codes that are not there were tried. Wait ten minutes."))


def check(who: str) -> None:
    """Before a code is looked at, so that whoever guesses does not learn which one is there. Raises TooManyGuesses."""
    try:
        misses = int(cache.get(_key(who), 0))
    except Exception as error:  # noqa: BLE001  whatever the cache's client raises
        log.warning("guesses_not_counted", error=type(error).__name__)
        return
    if misses >= MOST:
        raise TooManyGuesses


def count(who: str) -> None:
    """One more code was not there."""
    try:
        if not cache.add(_key(who), 1, SECONDS):
            cache.incr(_key(who))
    except Exception as error:  # noqa: BLE001  the same; or it ran out between the two
        log.warning("guesses_not_counted", error=type(error).__name__)


def _key(who: str) -> str:
    return f"coupons:misses:{who}"
