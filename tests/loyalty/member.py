"""A member at their own pages: signing in as a person does, with the code from the mail."""

import re
from datetime import datetime

from django.core import mail
from django.test import Client
from django.utils import timezone

from customers.signins import sending


def ask(browser: Client, who: str) -> None:
    answer = browser.post("/member/code/", {"who": who})
    assert (answer.status_code, answer["Location"]) == (303, "/member/code/")


def code_sent(at: datetime | None = None) -> str:
    """Send what is due; the code in the newest mail, or "" where none went out."""
    before = len(mail.outbox)
    sending.send_due(at or timezone.now())
    found = re.findall(r"\b\d{6}\b", str(mail.outbox[-1].body)) if len(mail.outbox) > before else []
    return found[0] if found else ""


def signed_in(who: str) -> Client:
    browser = Client()
    ask(browser, who)
    answer = browser.post("/member/session/", {"code": code_sent()})
    assert answer.status_code == 303
    return browser
