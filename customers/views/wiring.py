"""What notes and follow-ups enter into the registers of the house, when it starts."""

from django.utils.translation import gettext_lazy as _

from crm.org.permissions import Permission
from crm.ui import slots
from crm.ui.navigation import Section, register
from customers import interactions, notetouches, panels
from customers.views import noticing


def fill() -> None:
    interactions.register_kind("work.result", _("Follow-up done"), icon="checkbox", group="service")
    interactions.register_kind("work.reopened", _("Result taken back"), icon="arrow-back-up", group="service")
    noticing.fill()
    notetouches.fill()
    register(
        Section(
            "work",
            _("Follow-ups"),
            "customers:work",
            icon="checklist",
            key="w",
            permission=Permission.WORK_ITEMS,
            order=15,
        )
    )
    may = Permission.VIEW_CUSTOMERS
    slots.offer(
        "customer.next",
        slots.Panel("work", "customers/panel_work.html", panels.follow_ups, Permission.WORK_ITEMS, order=10),
    )
    slots.offer(
        "customer.main", slots.Panel("notes", "customers/panel_notes.html", panels.notes, may, order=20)
    )
