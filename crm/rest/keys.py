"""Keys: making, revoking, recognising.

A process remembers a recognised key for `REMEMBERED` seconds, so that a till which sends ten receipts a second does
not ask the database ten times who it is. That is also the longest time for which another process still accepts a key
after its revocation; the process that revokes forgets at once.
"""

import hashlib
import re
import secrets
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.audit import trail
from crm.lib.refusals import Fault, Refusal
from crm.org.models import Store
from crm.org.permissions import Permission
from crm.org.scope import CHAIN, Scope
from crm.rest.models import ApiKey
from crm.rest.scopes import KeyScope, permissions_of

REMEMBERED = 5.0  # seconds
USE_NOTED_EVERY = 60.0  # seconds
MOST_REMEMBERED = 10_000
_SHAPE = re.compile(r"^rgl_[A-Za-z0-9_-]{43}$")
_PREFIX_LENGTH = 10


class InvalidKey(Refusal):
    """A key cannot be made like this."""

    code = "invalid"


class KeyRevoked(Refusal):
    code = "key_revoked"
    status = 409


@dataclass(frozen=True)
class Caller:
    """A key at work. A `Viewer`: `visible_to(caller)` gives the rows of its stores."""

    key_id: int
    name: str
    scopes: frozenset[str]
    permissions: frozenset[Permission]
    visible: Scope
    rate_per_minute: int | None

    @property
    def actor(self) -> str:
        """How the trail names it: "key:3"."""
        return f"key:{self.key_id}"

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    def scope(self) -> Scope:
        return self.visible


def create_key(
    *,
    name: str,
    scopes: Iterable[str],
    by: object,
    stores: Iterable[Store] = (),
    expires_at: datetime | None = None,
    rate_per_minute: int | None = None,
) -> tuple[ApiKey, str]:
    """Make a key for these stores, or for the whole chain when none is named.

    Returns its row and the key itself, which is never seen again.
    """
    wanted, shops = sorted(set(scopes)), list(stores)
    _check(name, wanted, expires_at, rate_per_minute)
    secret = "rgl_" + secrets.token_urlsafe(32)
    with transaction.atomic():
        key = ApiKey.objects.create(
            name=name.strip(), scopes=wanted, prefix=secret[:_PREFIX_LENGTH], digest=_digest(secret),
            created_by=trail.actor_name(by), expires_at=expires_at, rate_per_minute=rate_per_minute,
            is_chain_wide=not shops,
        )  # fmt: skip
        key.stores.set(shops)
        trail.record(
            "key.create", key, by=by, details={"scopes": wanted, "stores": [shop.pk for shop in shops]}
        )
    return key, secret


def revoke_key(key: ApiKey, *, by: object) -> ApiKey:
    """From now on nobody gets in with it (elsewhere within `REMEMBERED` seconds)."""
    with transaction.atomic():
        if not ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=Now()):
            raise KeyRevoked(_("This key is revoked already."))
        trail.record("key.revoke", key, by=by)
        transaction.on_commit(forget)
    key.refresh_from_db(fields=["revoked_at"])
    return key


def recognise(secret: str) -> Caller | None:
    """Who shows this key, or None. Notes its use, at most once a minute."""
    if not _SHAPE.match(secret):
        return None
    digest = _digest(secret)
    remembered = _memory.get(digest)
    now = time.monotonic()
    if remembered is None or now - remembered.since > REMEMBERED:
        remembered = _memory.put(digest, _Remembered(_load(digest), now))
    caller = remembered.caller
    if caller is not None:
        _note_use(caller.key_id, now)
    return caller


def forget() -> None:
    """Forget all remembered keys of this process."""
    _memory.clear()


@dataclass(frozen=True)
class _Remembered:
    caller: Caller | None  # None: no such key, remembered too, so that guessing costs the database nothing
    since: float


@dataclass
class _Memory:
    """What the threads of one process share."""

    keys: dict[bytes, _Remembered] = field(default_factory=dict)
    noted: dict[int, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, digest: bytes) -> _Remembered | None:
        return self.keys.get(digest)

    def put(self, digest: bytes, remembered: _Remembered) -> _Remembered:
        with self.lock:
            if len(self.keys) >= MOST_REMEMBERED:
                self.keys.clear()
            self.keys[digest] = remembered
        return remembered

    def clear(self) -> None:
        with self.lock:
            self.keys.clear()
            self.noted.clear()


_memory = _Memory()


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _load(digest: bytes) -> Caller | None:
    key = (
        ApiKey.objects.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=Now()))
        .filter(digest=digest, revoked_at__isnull=True)
        .first()
    )
    if key is None:
        return None
    stores = frozenset(key.stores.values_list("pk", flat=True))
    return Caller(
        key_id=key.pk, name=key.name, scopes=frozenset(key.scopes), permissions=permissions_of(key.scopes),
        visible=CHAIN if key.is_chain_wide else Scope(stores), rate_per_minute=key.rate_per_minute,
    )  # fmt: skip


def _note_use(key_id: int, now: float) -> None:
    """One UPDATE a minute and process; the condition keeps several processes to one a minute together."""
    if now - _memory.noted.get(key_id, -USE_NOTED_EVERY) < USE_NOTED_EVERY:
        return
    _memory.noted[key_id] = now
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE rest_apikey SET last_used_at = now() WHERE id = %s"
            " AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')",
            [key_id],
        )


def _check(name: str, scopes: list[str], expires_at: datetime | None, rate: int | None) -> None:
    if not name.strip():
        raise InvalidKey(_("A key needs a name."), faults=(Fault("name", str(_("A key needs a name."))),))
    unknown = [scope for scope in scopes if scope not in KeyScope.values]
    if unknown or not scopes:
        sentence = _("Take at least one of: %s.") % ", ".join(KeyScope.values)
        raise InvalidKey(sentence, faults=(Fault("scopes", sentence),))
    if rate is not None and rate < 1:
        raise InvalidKey(_("At least one call a minute."), faults=(Fault("rate_per_minute", ""),))
