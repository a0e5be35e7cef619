"""What follows from the mode of the chain: one plan, a plan for each chosen segment, or each one's own goods."""

from typing import Any

from django.utils.translation import gettext as _

from crm.org.scope import Viewer
from customers.views.listing import COUNTED
from segmentation.models import Mode, Target, Targeting
from segmentation.products import needs, rules
from segmentation.targets.candidates import Market


def strategy_of(noted: Target | Targeting | None) -> list[tuple[str, str]]:
    """The four notes of a plan, by what they are called."""
    names = {
        "product": _("Product"),
        "price": _("Price"),
        "channel": _("Channel"),
        "promotion": _("Promotion"),
    }
    return [(label, getattr(noted, name) if noted else "") for name, label in names.items()]


def plan(viewer: Viewer, found: Market) -> dict[str, Any]:
    """For the page of the markets (`plan.html`); `is_whole`, `is_each` or neither says which."""
    mode = Mode(found.targeting.mode)
    if mode == Mode.UNDIFFERENTIATED:
        strategy = [(label, text) for label, text in strategy_of(found.targeting) if text]
        return {"is_whole": True, "goal": found.targeting.goal, "strategy": strategy}
    if mode == Mode.SEGMENTED:
        return {"is_each": True, "chosen": [(one, _noted(one.target)) for one in found.chosen]}
    fit = rules.fit()
    due = needs.people(fit, viewer).order_by()[: COUNTED + 1].count() if fit else 0
    return {"fit": fit, "due": due, "counted": COUNTED}


def _noted(target: Target | None) -> str:
    """Which of the four are written."""
    return _(", ").join(label for label, text in strategy_of(target) if text)
