"""Accounts of staff. They are made by an administrator: there is no sign-up."""

from collections.abc import Mapping
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.db import transaction
from django.http import HttpRequest


class StaffAccounts(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def set_password(self, user: Any, password: str) -> None:
        """One's own new password, by the page for it."""
        from crm.audit import trail
        from crm.org.models import Staff

        with transaction.atomic():
            super().set_password(user, password)
            if staff := Staff.objects.filter(user_id=user.pk).first():
                trail.record("staff.own_password", staff, by=staff)


def name_tried(request: HttpRequest | None, credentials: Mapping[str, Any] | None = None) -> str:
    """The name that somebody tries to sign in with. The form calls it "login", the backends "username"."""
    given = (credentials or {}).get("username") or (request.POST.get("login") if request else "")
    return str(given or "").strip().casefold()
