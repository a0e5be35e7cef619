"""What is held of customers here (crm/privacy/register.py)."""

from django.utils.translation import gettext_lazy as _

from crm.privacy.register import kept

_BOOKS = _("The chain's books must go on adding up; the customer's number is nobody's afterwards.")

TABLES = {
    "Balance": kept(
        _BOOKS, derived="available pending held debt", plain="customer unit version extended_to"
    ),
    "Movement": kept(
        _BOOKS, behaviour="kind source purchase store occurred_at available pending held debt contra", staff="actor",
        plain="id customer unit of recorded_at",
    ),
    "Lot": kept(
        _BOOKS, behaviour="points earned_at vests_at expires_at pending available held",
        plain="id customer unit movement is_extended",
    ),
    "Trace": kept(_BOOKS, behaviour="pending available held", plain="customer movement lot"),
}  # fmt: skip
