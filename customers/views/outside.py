"""What events, orders and facts of others put into the house: tabs under Settings, a card of a customer."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from crm.org import tabs
from crm.org.models import Staff
from crm.org.permissions import Permission
from crm.ui import slots
from customers.models import Customer, FactType, ProvidedFact
from customers.provided import facts

WORDS = {"true": gettext_lazy("Yes"), "false": gettext_lazy("No")}


def fill() -> None:
    for key, label, name in (
        ("tracking", gettext_noop("Web tracking"), "customers:sites"),
        ("connectors", gettext_noop("Order connectors"), "customers:connectors"),
        ("providers", gettext_noop("Facts of others"), "customers:providers"),
    ):
        tabs.register(tabs.Tab(key, label, name, Permission.MANAGE_ORGANISATION))
    tabs.register(tabs.Tab("nights", gettext_noop("Nights"), "customers:nights", Permission.VIEW_NIGHTS))
    may = Permission.VIEW_CUSTOMERS
    panel = slots.Panel("facts_of_others", "customers/facts_of_others.html", facts_of_others, may, order=90)
    slots.offer("customer.side", panel)


def facts_of_others(_staff: Staff, customer: Customer) -> dict[str, Any] | None:
    """Facts of providers that may be used today, with where they come from. One query."""
    held = list(facts.of(customer, today=timezone.localdate()))
    return {"facts": [(fact, in_words(fact)) for fact in held]} if held else None


def in_words(fact: ProvidedFact) -> Any:
    """The value as a reader writes it."""
    if fact.type == FactType.NUMBER:
        number = Decimal(fact.value)
        return number_format(number, use_l10n=True, force_grouping=True)
    if fact.type == FactType.DATE:
        return date_format(date.fromisoformat(fact.value), "DATE_FORMAT")
    if fact.type == FactType.YES_NO:
        return WORDS.get(fact.value, _("Not known"))
    return fact.value
