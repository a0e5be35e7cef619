"""Settings of the programme in words, and what one version says otherwise than another."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from crm.org.models import Chain
from crm.ui import words as ui
from customers.models import Category
from loyalty.accrual import words as earned
from loyalty.models import Programme, Rounding
from loyalty.views.earning_words import ends_of

Difference = tuple[str, str, str]  # what the page calls it, as it was, as it is


def between(before: Programme, after: Programme) -> list[Difference]:
    """What a version changes. The day from which it holds is no setting."""
    was, now = before.settings(), after.settings()
    names = [name for name in Programme.SETTINGS if name != "valid_from" and was[name] != now[name]]
    return differences(names, before, after)


def differences(names: Iterable[str], before: Programme, after: Programme) -> list[Difference]:
    told: dict[str, tuple[str, str]] = {}  # both parts of an ending are one
    for name in names:
        label, was = _setting(name, before)
        told[label] = (was, _setting(name, after)[1])
    return [(label, was, now) for label, (was, now) in told.items()]


def _setting(name: str, one: Programme) -> tuple[str, str]:
    """A setting's name and value in words; both parts of an ending are one."""
    if name in CAPS:
        return CAPS[name](), ui.number(getattr(one, name))
    currency = Chain.current().currency
    worth = "–" if one.point_worth is None else ui.money(one.point_worth.normalize(), currency, 4)
    return {
        "money_per_point": lambda: (_("Spent for one point"), earned.rate(one, currency)),
        "point_worth": lambda: (_("What a point is worth"), worth),
        "rounding": lambda: (_("Parts of a point are rounded"), str(Rounding(one.rounding).label)),
        "pending_days": lambda: (_("Return window in days"), ui.number(one.pending_days)),
        "excluded": lambda: (_("Earns nothing"), _goods(one)),
        "excludes_discounted": lambda: (
            _("Discounted lines earn nothing"), _("yes") if one.excludes_discounted else _("no"),
        ),
    }.get(name, lambda: (_("Points end"), ends_of(one)))()  # fmt: skip


CAPS = {
    "cap_receipt": lambda: _("Most points of a receipt"),
    "cap_day": lambda: _("Most points of a day"),
    "cap_month": lambda: _("Most points of a month"),
}


def _goods(one: Programme) -> str:
    paths = one.excluded.get("categories", [])
    named = Category.objects.filter(path__in=paths).order_by("name").values_list("name", flat=True)
    return ", ".join([*(named if paths else ()), *one.excluded.get("products", [])]) or "–"
