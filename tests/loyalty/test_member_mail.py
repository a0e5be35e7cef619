"""The code as it leaves: a real conversation with a mail server, one that refuses, and settings that make no sense."""

import socketserver
import threading
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from crm.settings import mail as mailing
from customers.models import Customer, SignInCode
from customers.signins import codes, sending

pytestmark = pytest.mark.django_db


class Server(socketserver.ThreadingTCPServer):
    """As much of RFC 5321 as a mail takes. `refuses`: recipients are turned away."""

    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.said: list[str] = []
        self.mails: list[Any] = []
        self.refuses = False


class Conversation(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        self.tell("220 mail.example ready")
        while line := self.rfile.readline().decode().strip():
            verb = line.split(":")[0].split()[0].upper()
            self.server.said.append(verb)
            if verb == "DATA":
                self.tell("354 go on")
                body = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.mails.append((line, message_from_bytes(body, policy=default)))
            if verb == "RCPT" and self.server.refuses:
                self.tell("550 no such box")
            else:
                self.tell("221 bye" if verb == "QUIT" else "250 ok")
            if verb == "QUIT":
                return

    def tell(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    with Server() as made:
        threading.Thread(target=made.serve_forever, args=[0.05], daemon=True).start()
        for name, value in mailing.settings(f"smtp://127.0.0.1:{made.server_address[1]}").items():
            setattr(settings, name, value)
        yield made
        made.shutdown()


def test_a_code_goes_out_by_smtp(irina: Customer, server: Server) -> None:
    at = timezone.now()
    key = codes.ask("irina@example.com", language="zh-hans", at=at)
    assert (sending.send_due(at), sending.send_due(at)) == (1, 0)
    assert server.said[1:] == ["MAIL", "RCPT", "DATA", "QUIT"]
    (_line, told), *_more = server.mails
    code = told["subject"].split()[0]
    assert (told["to"], told["auto-submitted"], len(code)) == ("irina@example.com", "auto-generated", 6)
    assert f"{code} 是您在 Corner Grocers 的验证码" in told["subject"]
    assert codes.redeem(key, code, at=at) is not None


def test_what_is_refused_is_tried_again_and_then_left(irina: Customer, server: Server) -> None:
    server.refuses = True
    at = timezone.now()
    codes.ask("13800138000", language="en", at=at)
    assert [sending.send_due(at) for _n in range(4)] == [0, 0, 0, 0]
    row = SignInCode.objects.get()
    assert (row.failures, row.secret, row.sent_at, server.said.count("MAIL")) == (3, "", None, 3)


@pytest.mark.parametrize("text", ["sms.example", "sms@example", "{number}{number}@x", "{number}@x{y}"])
def test_a_gateway_that_makes_no_sense_stops_the_start(text: str) -> None:
    with pytest.raises(ImproperlyConfigured):
        mailing.phone_gateway(text)


def test_addresses_of_mail_servers() -> None:
    told = mailing.settings("smtp://me%40x:p%3Aw@mail.example?tls=1")
    assert (told["EMAIL_HOST"], told["EMAIL_PORT"], told["EMAIL_USE_TLS"]) == ("mail.example", 587, True)
    assert (told["EMAIL_HOST_USER"], told["EMAIL_HOST_PASSWORD"]) == ("me@x", "p:w")
    assert mailing.settings("")["MAIL_IS_SENT"] is False
