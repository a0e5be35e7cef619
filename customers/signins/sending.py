"""Sending codes, apart from the request that asked: how long that takes would tell who is a member."""

from datetime import datetime
from smtplib import SMTPException
from typing import Any

import structlog
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from crm.org.models import Chain
from customers.models import Identity, SignInCode
from customers.signins import codes, ways

log = structlog.get_logger(__name__)
MOST_FAILURES = 3
AT_ONCE = 200


def send_due(at: datetime) -> int:
    """Send what was asked for; how many went out. What fails is tried again by the next. Safe side by side."""
    ids = list(_due(at).order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    return sum(_send_one(pk, at) for pk in ids)


def _due(at: datetime) -> Any:
    return SignInCode.objects.filter(
        sent_at__isnull=True, customer_id__isnull=False, until__gt=at, failures__lt=MOST_FAILURES
    )


def _send_one(pk: int, at: datetime) -> bool:
    """Its row locked: the code is made here and stands nowhere but in the message."""
    with transaction.atomic():
        row = _due(at).filter(pk=pk).select_for_update(skip_locked=True).first()
        if row is None:
            return False
        owner = Identity.objects.filter(pk=row.identity_id).first()
        is_sent = owner is not None and _send(row, owner)
        if is_sent or owner is None:
            row.sent_at = at
        else:
            row.failures, row.secret = row.failures + 1, ""
        row.save(update_fields=["sent_at", "failures", "secret"])
    return is_sent


def _send(row: SignInCode, owner: Identity) -> bool:
    code = codes.new(row)
    with translation.override(row.language or None):
        chain = Chain.current().name
        told = {"code": code, "chain": chain, "minutes": int(codes.GOOD_FOR.total_seconds() // 60)}
        subject = _("%(code)s is your code for %(chain)s") % told
        text = _(
            "%(code)s is your code for %(chain)s. It is good for %(minutes)s minutes, once. We never ask you for it;"
            " if you did not want to sign in, nothing has to be done."
        )
        try:
            ways.send(owner.kind, owner.value, " ".join(subject.split()), text % told)
        except (OSError, SMTPException) as error:
            log.warning("code_not_sent", error=type(error).__name__, failures=row.failures + 1)
            return False
    return True
