"""What notes and follow-ups enter into the registers of the house, when it starts."""

from django.utils.translation import gettext_lazy as _

from customers import interactions
from customers.views import noticing


def fill() -> None:
    interactions.register_kind("work.result", _("Follow-up done"), icon="checkbox", group="service")
    interactions.register_kind("work.reopened", _("Result taken back"), icon="arrow-back-up", group="service")
    noticing.fill()
