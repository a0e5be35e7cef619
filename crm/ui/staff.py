"""Who sits at the browser."""

from typing import Any, cast

from django.http import HttpRequest

from crm.org.models import Chain, Staff

_MISSING = object()


def staff_of(request: HttpRequest) -> Staff | None:
    """The member of staff who is signed in, loaded once a request; None for strangers and for people who left."""
    known: Any = getattr(request, "_staff", _MISSING)
    if known is _MISSING:
        known = None
        if request.user.is_authenticated and request.user.is_active:
            known = (
                Staff.objects.filter(user_id=request.user.pk, is_active=True).select_related("region").first()
            )
        request._staff = known  # type: ignore[attr-defined]
    return cast(Staff | None, known)


def chain_of(request: HttpRequest) -> Chain:
    """The chain's row, read once a request."""
    known: Any = getattr(request, "_chain", None)
    if known is None:
        known = request._chain = Chain.current()  # type: ignore[attr-defined]
    return cast(Chain, known)
