"""The persona on the customer page: a picture of the person, and what they will need next."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.org.models import Staff
from crm.ui import words
from customers.consents import cell
from customers.models import Customer, Daypart, PriceLevel, Weekday
from customers.persona import pictures
from customers.persona.pictures import Picture
from customers.views.consentpanels import standing_of

PROFILE = cell(None, "profiling")
_SEEN = "_persona"  # both places of a page show one picture


def liking(staff: Staff, customer: Customer) -> dict[str, Any]:
    """What they like, when they come, how they buy."""
    if objects(customer):
        return {"picture": None, "objects": True}
    picture = picture_of(customer)
    if picture is None:
        return {"picture": None}
    persona = picture.persona
    best = {"day": Weekday(persona.weekday).label, "part": Daypart(persona.daypart).label}
    return {
        "picture": picture,
        "traits": traits(picture),
        "best": best,
        "days": [initial(one.name) for one in picture.weekdays],
    }


def needing(staff: Staff, customer: Customer) -> dict[str, Any] | None:
    """The visit that is expected next, and the goods that should be used up."""
    picture = None if objects(customer) else picture_of(customer)
    if picture is None or (picture.next_left is None and not picture.refills):
        return None
    return {"picture": picture, "soon": [one for one in picture.refills if one.left <= 7]}


def objects(customer: Customer) -> bool:
    """Did they say no to a personal profile? The page's consent card reads the same statement."""
    return standing_of(customer).refuses(PROFILE)


def initial(weekday: str) -> str:
    """Mo, Tu; of 星期一 the character that tells it from the others."""
    return weekday[:2] if weekday.isascii() else weekday[-1:]


def picture_of(customer: Customer) -> Picture | None:
    if not hasattr(customer, _SEEN):
        setattr(customer, _SEEN, pictures.of(customer, today=timezone.localdate()))
    return getattr(customer, _SEEN)


def traits(picture: Picture) -> list[tuple[str, str]]:
    """Label and words of what one number says each; what is not known is left out."""
    persona = picture.persona
    told = [
        (_("Lines a visit"), words.number(persona.basket_lines / 10, 1)),
        (_("Online"), words.percent(persona.online_share / 1000, 0)),
        (_("Bought with a discount"), words.percent(persona.deal_share / 1000, 0)),
        (_("Saved by discounts"), words.percent(persona.discount_share / 1000, 0)),
    ]
    if persona.price_level:
        told.insert(0, (_("Price level"), str(PriceLevel(persona.price_level).label)))
    if persona.brand_loyalty is not None:
        told.append((_("Keeps to one brand"), words.percent(persona.brand_loyalty / 1000, 0)))
    if persona.cycle_days is not None:
        days = ngettext("%(n)s day", "%(n)s days", persona.cycle_days)
        told.append((_("Comes every"), days % {"n": words.number(persona.cycle_days)}))
    return told
