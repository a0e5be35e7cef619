"""Personal data with its middle hidden: enough to recognise what one knows, too little to copy out."""

from customers.models import IdentityKind


def masked(kind: str, value: str) -> str:
    """+8613800138000 → +86 138****8000; irina@example.com → i***@example.com; M0001234 → M0***34."""
    if kind == IdentityKind.PHONE:
        return _phone(value)
    if kind == IdentityKind.EMAIL:
        name, _, host = value.partition("@")
        return f"{name[:1]}***@{host}"
    if kind in (IdentityKind.MEMBER, IdentityKind.CARD):
        return value if len(value) <= 4 else f"{value[:2]}***{value[-2:]}"
    return f"{value[:3]}***"


def _phone(value: str) -> str:
    if value.startswith("+86") and len(value) == 14:
        return f"+86 {value[3:6]}****{value[-4:]}"
    if value.startswith("+1") and len(value) == 12:
        return f"+1 {value[2:5]}***{value[-4:]}"
    return f"{value[:-8]}****{value[-4:]}" if len(value) > 9 else f"{value[:2]}****{value[-2:]}"
