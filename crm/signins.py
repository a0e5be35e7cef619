"""Sign-ins in the audit trail: who came in, who did not, who was locked out.

The name that was typed is kept only where it is somebody's; anything else may be a password in the wrong field.
"""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.db import transaction

from crm.accounts import name_tried
from crm.audit import context, trail
from crm.org.models import Staff

BY = "system:sign_in"


def listen() -> None:
    from axes.signals import user_locked_out

    user_logged_in.connect(_came, dispatch_uid="trail.signed_in")
    user_login_failed.connect(_failed, dispatch_uid="trail.sign_in_failed")
    user_locked_out.connect(_locked, dispatch_uid="trail.locked_out")


def _came(user: Any, **_signal: Any) -> None:
    if not context.origin().channel:
        return  # a program that opens a session, not somebody at the door
    who = Staff.objects.filter(user_id=user.pk).values_list("pk", flat=True).first()
    if who is not None:
        _record("staff.sign_in", who, by=f"staff:{who}")


def _failed(credentials: Any, request: Any = None, **_signal: Any) -> None:
    _record("staff.sign_in_failed", _known(name_tried(request, credentials)))


def _locked(request: Any = None, username: str = "", **_signal: Any) -> None:
    _record("staff.lockout", _known(str(username or name_tried(request))))


def _known(name: str) -> int | None:
    """The member of staff of this name, if it is one."""
    return (
        Staff.objects.filter(user__username__iexact=name).values_list("pk", flat=True).first()
        if name
        else None
    )


def _record(action: str, who: int | None, *, by: str = BY) -> None:
    with transaction.atomic():
        trail.record(action, "org.staff" if who is None else f"org.staff:{who}", by=by)
