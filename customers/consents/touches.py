"""Words of a customer in their timeline."""

from typing import Any

from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from customers.consents.cells import NO_CONTACT, cell
from customers.models import Consent, ContactChannel
from customers.timeline import Asked, Row, TimelineSource, Touch, branch, register

CHANNEL = {
    ContactChannel.PHONE.value: "phone",
    ContactChannel.SMS.value: "sms",
    ContactChannel.EMAIL.value: "email",
    ContactChannel.WECHAT.value: "wechat",
    ContactChannel.PUSH.value: "app",
    ContactChannel.POST.value: "other",
}


def fill() -> None:
    register(TimelineSource("consent", ("consent",), words, of_word))


def words(asked: Asked) -> QuerySet[Any] | None:
    """Few a customer: no index by time is needed."""
    return branch(
        asked, Consent.objects.filter(customer=asked.customer), source="consent", at="occurred_at", kind="consent",
        channel=("channel", CHANNEL),
        data={"purpose": F("purpose"), "channel": F("channel"), "given": F("is_given"), "source": F("source")},
    )  # fmt: skip


def of_word(asked: Asked, row: Row) -> Touch:
    about, said = cell(row.data["channel"], row.data["purpose"]), row.data["given"]
    if about == NO_CONTACT:
        title = _("Do not contact") if said is False else _("May be contacted")
    else:
        word = {True: _("Yes"), False: _("No"), None: _("Taken back")}[said]
        title = _("%(word)s to: %(what)s") % {"word": word, "what": about.label}
    tone = {True: "good", False: "alert"}.get(said, "")
    url = reverse("customers:consents", args=[asked.customer.public_id])
    return Touch(row.at, row.kind, "consent", title, icon="checkbox", tone=tone, url=url, channel=row.channel)
