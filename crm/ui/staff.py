"""Who sits at the browser."""

from typing import Any, cast

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest

from crm.notices.models import Notice
from crm.org.models import Chain, Staff

_MISSING = object()
# How many notices are new comes along with the person: the bell costs no page a question of its own.
_UNREAD = (
    Notice.objects.filter(staff=OuterRef("pk"), read_at=None)
    .order_by()
    .values("staff")
    .annotate(n=Count("pk"))
    .values("n")
)
# So do their stores: every page asks for them.
_OWN_STORES = Staff.stores.through.objects.filter(staff=OuterRef("pk")).values("store")


def staff_of(request: HttpRequest) -> Staff | None:
    """The member of staff who is signed in, loaded once a request; None for strangers and for people who left."""
    known: Any = getattr(request, "_staff", _MISSING)
    if known is _MISSING:
        known = None
        if request.user.is_authenticated and request.user.is_active:
            found = request.user._state.fields_cache.get("staff")
            known = found if found and "unread" in found.__dict__ else signed_in(request.user.pk)
        if known is not None and not known.is_active:
            known = None
        request._staff = known  # type: ignore[attr-defined]
    return cast(Staff | None, known)


def signed_in(user_id: int) -> Staff | None:
    """Who signs in as this user, with all that every page asks of them: user, region, stores, new notices."""
    rows = Staff.objects.filter(user_id=user_id).select_related("user", "region")
    return rows.annotate(unread=Coalesce(Subquery(_UNREAD), 0), own_stores=ArraySubquery(_OWN_STORES)).first()


class StaffBackend(ModelBackend):
    """Passwords as Django checks them; a session finds the user and their staff in one reading."""

    def get_user(self, user_id: int) -> User | None:
        staff = signed_in(user_id)
        if staff is None or staff.user is None:
            return super().get_user(user_id)
        return staff.user if self.user_can_authenticate(staff.user) else None


def chain_of(request: HttpRequest) -> Chain:
    """The chain's row, read once a request."""
    known: Any = getattr(request, "_chain", None)
    if known is None:
        known = request._chain = Chain.current()  # type: ignore[attr-defined]
    return cast(Chain, known)
