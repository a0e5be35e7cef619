"""How mail leaves: one address for all of it."""

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

SCHEMES = ("console", "smtp", "smtps")
TIMEOUT = 10  # seconds


def settings(url: str) -> dict[str, Any]:
    """Django's settings for `smtp://user:password@host:587?tls=1` (STARTTLS), `smtps://…` or `console://`; "": none."""
    if not url:
        return {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend", "MAIL_IS_SENT": False}
    parts = urlsplit(url)
    if parts.scheme == "console":
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend", "MAIL_IS_SENT": True}
    if not parts.hostname:
        raise ImproperlyConfigured("EMAIL_URL names no host.")
    is_tls = parse_qs(parts.query).get("tls", ["0"])[-1] in ("1", "true", "yes")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if parts.scheme == "smtps" else 587 if is_tls else 25),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": is_tls,
        "EMAIL_TIMEOUT": TIMEOUT,
        "MAIL_IS_SENT": True,
    }


def phone_gateway(text: str) -> str:
    """The address that turns mails into text messages, with {number} in it; "": phones get none."""
    if text and (text.count("{number}") != 1 or "@" not in text or text.replace("{number}", "").count("{")):
        raise ImproperlyConfigured("PHONE_MAIL must be an address with {number} in it once.")
    return text
