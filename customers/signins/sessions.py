"""Sessions of customers: apart from those of staff, bound to the member and to the identifier that proved them."""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from customers import present
from customers.models import Customer, Identity, MemberSession
from customers.signins.codes import Proven

LASTS = timedelta(days=60)


def begin(proven: Proven, *, at: datetime) -> str:
    """The token that the browser holds; here only its digest stays."""
    token = secrets.token_urlsafe(32)
    MemberSession.objects.create(
        secret=_secret(token), customer_id=proven.customer_id, identity_id=proven.identity_id, began_at=at,
        until=at + LASTS,
    )  # fmt: skip
    return token


def of(token: str, *, at: datetime) -> Customer | None:
    """Who is signed in: the member, or who they became. None after the end, an erasure, or when the phone or e-mail
    that proved them is not theirs any more."""
    known = MemberSession.objects.filter(secret=_secret(token), until__gt=at).first() if token else None
    if known is None:
        return None
    member = present.living(known.customer_id)
    if member is None or not Identity.objects.filter(pk=known.identity_id, customer_id=member.pk).exists():
        return None
    return member


def end(token: str) -> None:
    MemberSession.objects.filter(secret=_secret(token)).delete()


def forget_old(at: datetime) -> Any:
    return MemberSession.objects.filter(until__lt=at).delete()[0]


def _secret(token: str) -> str:
    return sha256(token.encode()).hexdigest()
