"""Reading the lifecycle (C9): where a customer stands in their life with the chain, and how many stand where."""

from datetime import date

from django.db.models import Count

from crm.org.scope import Viewer
from customers import nights
from customers.models import Customer, Lifecycle, SpellQuerySet, Stage


def stage_of(customer: Customer, on: date | None = None) -> Lifecycle | None:
    """The customer's spell at the published night (`on`: the latest night up to that date), or None."""
    night = nights.night_of(on)
    return Lifecycle.objects.filter(customer=customer).at(night.pk).first() if night else None


def life_of(customer: Customer) -> list[Lifecycle]:
    """All spells of the customer as the published night knows them, newest first; `ended_on` None: still."""
    night = nights.published()
    if night is None:
        return []
    rows = Lifecycle.objects.filter(customer=customer, night__lte=night.pk).order_by("-began_on", "-night_id")
    spells = []
    for spell in rows:
        if spell.ended_night is not None and spell.ended_night > night.pk:
            spell.ended_on = spell.ended_night = None  # closed by a night that is not published yet
        if spell.ended_on != spell.began_on:  # replaced on the day it began
            spells.append(spell)
    return spells


def members(viewer: Viewer, stage: Stage | int, on: date | None = None) -> SpellQuerySet:
    """Spells of the viewer's customers in a stage, one row a customer, `customer` loaded, in no order."""
    night = nights.night_of(on)
    rows = Lifecycle.objects.at(night.pk if night else None).visible_to(viewer)
    return rows.filter(stage=stage).select_related("customer")


def counts(viewer: Viewer, on: date | None = None) -> dict[Stage, int]:
    """How many of the viewer's customers are in each stage; every stage is there."""
    night = nights.night_of(on)
    rows = Lifecycle.objects.at(night.pk if night else None).visible_to(viewer)
    found = dict(rows.values_list("stage").annotate(n=Count("customer_id")).order_by())
    return {stage: found.get(stage.value, 0) for stage in Stage}
