"""How a code reaches its owner: by mail. A phone is reached through a gateway that turns mails into text messages
(`PHONE_MAIL`); on a developer's machine both are printed on the console.
"""

from django.conf import settings
from django.core.mail import EmailMessage

from customers.models import IdentityKind


def kinds() -> list[IdentityKind]:
    """The kinds of identifiers to which a code can be sent here."""
    if not settings.MAIL_IS_SENT:
        return []
    return [IdentityKind.EMAIL, *([IdentityKind.PHONE] if settings.PHONE_MAIL else [])]


def send(kind: str, value: str, subject: str, text: str) -> None:
    """Raises what the mail server's refusal raises (OSError, smtplib.SMTPException)."""
    address = value if kind == IdentityKind.EMAIL else settings.PHONE_MAIL.format(number=value.lstrip("+"))
    headers = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
    EmailMessage(subject, text, to=[address], headers=headers).send()
