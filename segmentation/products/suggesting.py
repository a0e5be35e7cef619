"""Suggestions where loyalty evaluates a basket, as hints (`loyalty/evaluation/suggesting.py`)."""

from collections.abc import Collection

from django.utils.translation import gettext as _

from loyalty.evaluation import suggesting
from loyalty.evaluation.telling import Hint
from segmentation.products import reasons, recommending
from segmentation.products.recommending import Suggestion

MOST = 3


def fill() -> None:
    suggesting.offer(hints)


def hints(customer_id: int, products: Collection[int]) -> list[Hint]:
    """What they need about now and is not in the basket, then what is new to them. One statement."""
    found = recommending.of(customer_id).without(products)
    due = [one for one in found.again if one.is_due]
    return [_hint(one, is_due=one in due) for one in recommending.shortened([*due, *found.fresh], MOST)]


def _hint(one: Suggestion, *, is_due: bool) -> Hint:
    code = "buy_again" if is_due else "new_to_them"
    told = _("%(name)s: %(reason)s") % {"name": one.name, "reason": reasons.sentence(one)}
    return Hint(code, told, one.sku, is_product=True)
