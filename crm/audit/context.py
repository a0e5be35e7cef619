"""From where: what the doors know of an act and the domain need not pass on.

Middleware, the job runner and `manage.py` say it once; `trail.record` reads it. Threads that a job starts know nothing
of its context and fall back to what the process is.
"""

import contextlib
import ipaddress
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from structlog.contextvars import get_contextvars

from crm.audit import actor

# Whose address is kept as it is: people at work and systems. Anybody else's is cut to its network.
AT_WORK = ("staff:", "key:")
_V4, _V6 = 24, 48  # bits that are left of a customer's address


@dataclass(frozen=True)
class Origin:
    """`channel`: page, api, command, job; "" where nobody said. `agent`: family of the browser or program."""

    channel: str = ""
    address: str = ""
    agent: str = ""


_here: ContextVar[Origin | None] = ContextVar("audit_origin", default=None)
_process = Origin()


def origin() -> Origin:
    return _here.get() or _process


def request_id() -> str:
    """The id under which the log tells of the same request."""
    return str(get_contextvars().get("request_id") or "")[:40]


@contextlib.contextmanager
def at(channel: str, *, address: str = "", agent: str = "", by: str = "") -> Iterator[None]:
    """What is recorded inside comes from there; what is not recorded is `by`'s (see `crm/audit/actor.py`)."""
    token, name = _here.set(Origin(channel, address, agent)), actor.say(by)
    try:
        yield
    finally:
        actor.unsay(name)
        _here.reset(token)


def be(channel: str, agent: str = "") -> None:
    """What this whole process is, unless somebody says more."""
    global _process  # noqa: PLW0603  one process is one thing
    _process = Origin(channel, agent=agent[:40])


def be_command(arguments: list[str]) -> None:
    """`manage.py NAME …`; a server answers requests, which say themselves where they come from."""
    name = arguments[1] if len(arguments) > 1 else Path(sys.argv[0]).name
    name = "" if name.startswith("-") else name
    be("command", name)
    if name:
        actor.be(f"system:{name}")


def address_for(actor: str, address: str) -> str:
    """The address as the trail keeps it of this actor."""
    if not address or actor.startswith(AT_WORK):
        return address
    return network_of(address)


def network_of(address: str) -> str:
    """203.0.113.0/24: where, but not who."""
    try:
        parsed: Any = ipaddress.ip_address(address)
    except ValueError:
        return ""
    bits = _V4 if parsed.version == 4 else _V6
    return str(ipaddress.ip_network(f"{address}/{bits}", strict=False))
