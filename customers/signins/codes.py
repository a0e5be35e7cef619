"""One-time codes: asking for one and proving it. What this answers does not tell whether there is such a member."""

import hmac
import secrets
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, ClassVar, NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from crm.lib.refusals import Refusal
from customers import identities
from customers.models import Customer, Identity, IdentityKind, SignInCode
from customers.signins import ways

GOOD_FOR = timedelta(minutes=10)
DIGITS = 6
MOST_TRIES = 5
LIMITS = ((timedelta(hours=1), 5), (timedelta(days=1), 10))  # codes of one identifier


class NoIdentifier(Refusal):
    """What was typed is neither a phone number nor an e-mail address."""

    code: ClassVar[str] = "invalid_identifier"


class TooManyCodes(Refusal):
    code: ClassVar[str] = "too_many_codes"
    status: ClassVar[int] = 429

    def __init__(self) -> None:
        super().__init__(_("Too many codes were asked for. Please wait."))


class Proven(NamedTuple):
    customer_id: int
    identity_id: int


def ask(text: str, *, language: str, at: datetime) -> str:
    """Ask for a code for this phone or e-mail; the key under which it can be proven. Raises NoIdentifier, TooManyCodes.

    The same work is done whoever has it, or nobody: one look-up, one row.
    """
    kind, value = _read(text)
    who = digest(f"who:{kind}:{value}")
    with transaction.atomic():
        with connection.cursor() as cursor:  # two that ask at once are counted one after the other
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [who])
        for span, most in LIMITS:
            if SignInCode.objects.filter(who=who, asked_at__gt=at - span).count() >= most:
                raise TooManyCodes
        owner = _owner(kind, value)
        made = SignInCode.objects.create(
            who=who, customer_id=owner and owner.customer_id, identity_id=owner and owner.identity_id,
            language=language, asked_at=at, until=at + GOOD_FOR,
        )  # fmt: skip
    return made.key


def _read(text: str) -> tuple[str, str]:
    kind = IdentityKind.EMAIL if "@" in text else IdentityKind.PHONE
    value = identities.normalised(kind.value, text)
    if value is None:
        raise NoIdentifier(
            identities.fault(kind.value, text, _("This is no phone number and no e-mail address."))
        )
    if kind not in ways.kinds():
        raise NoIdentifier(_("We cannot send codes to phones. Please take your e-mail address."))
    return kind.value, value


def _owner(kind: str, value: str) -> Proven | None:
    found = Identity.objects.filter(kind=kind, value=value).values_list("customer_id", "pk").first()
    members = Customer.objects.living().filter(is_stub=False)
    return Proven(*found) if members.filter(pk=found[0] if found else 0).exists() and found else None


def new(row: SignInCode) -> str:
    """A code for the row, which keeps its digest."""
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    row.secret = _secret(row, code)
    return code


def redeem(key: str, typed: str, *, at: datetime) -> Proven | None:
    """Whose code this is. Each call is a try, counted before anything is compared; a code is good once."""
    row = _tried(key, at)
    code = "".join(one for one in typed if one.isalnum())
    is_right = hmac.compare_digest(_secret(row or SignInCode(key=""), code), row.secret if row else "-")
    if row is None or not is_right or row.customer_id is None or row.identity_id is None:
        return None
    used = SignInCode.objects.filter(pk=row.pk, used_at__isnull=True).update(used_at=at)
    return Proven(row.customer_id, row.identity_id) if used else None


def _tried(key: str, at: datetime) -> SignInCode | None:
    with connection.cursor() as cursor:
        cursor.execute(_TRY, {"key": key, "at": at, "most": MOST_TRIES})
        row = cursor.fetchone()
    return SignInCode.objects.get(pk=row[0]) if row else None


def forget_old(at: datetime) -> Any:
    """Codes are counted for a day; then nothing is left of them."""
    return SignInCode.objects.filter(asked_at__lt=at - LIMITS[-1][0]).delete()[0]


def _secret(row: SignInCode, code: str) -> str:
    """Keyed by the installation: six digits alone would be tried out in a moment by whoever has the table."""
    return digest(f"code:{row.key}:{code}", size=32)


def digest(text: str, size: int = 12) -> str:
    key = blake2b(settings.SECRET_KEY.encode(), person=b"member sign-in").digest()
    return blake2b(text.encode(), key=key, digest_size=size).hexdigest()


_TRY = """
UPDATE customers_signincode SET tries = tries + 1
WHERE key = %(key)s AND used_at IS NULL AND until > %(at)s AND tries < %(most)s
RETURNING id
"""
