"""Accounts of staff. They are made by an administrator: there is no sign-up."""

from collections.abc import Mapping
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class StaffAccounts(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


def name_tried(request: HttpRequest | None, credentials: Mapping[str, Any] | None = None) -> str:
    """The name that somebody tries to sign in with. The form calls it "login", the backends "username"."""
    given = (credentials or {}).get("username") or (request.POST.get("login") if request else "")
    return str(given or "").strip().casefold()
