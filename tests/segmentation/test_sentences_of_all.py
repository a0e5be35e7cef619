"""The sentence of everything that can be asked: each attribute with each operator, each behaviour with each measure and
field."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation

from customers.attributes import OPERATORS, Kind, Operator, registry
from segmentation.segments.reading import COUNTED
from segmentation.segments.sentences import sentence
from segmentation.segments.tree import Deed, Did, Is, Node, Where, Window
from tests.segmentation.world import World

pytestmark = pytest.mark.django_db
ONES: dict[Kind, Any] = {
    Kind.NUMBER: Decimal(3), Kind.MONEY: Decimal("12.50"), Kind.DATE: date(2026, 11, 21), Kind.TEXT: "x1",
}  # fmt: skip
OTHERS: dict[Kind, Any] = {Kind.NUMBER: Decimal(5), Kind.MONEY: Decimal(20), Kind.DATE: date(2026, 11, 25)}


def value(operator: Operator, asked: Any, days: int) -> Any:
    match operator.takes:
        case "nothing":
            return None
        case "days":
            return days
        case "two":
            return ONES[asked.kind], OTHERS[asked.kind]
        case "many":
            return tuple(list(asked.options())[:2]) or ("gold",)
    return ONES[asked.kind]


def everything(days: int = 7) -> Iterator[Node]:
    for one in registry.attributes():
        for operator in OPERATORS[one.kind]:
            yield Is(one.code, operator, value(operator, one, days))
    for behaviour in registry.behaviours():
        deed = Deed(behaviour.code, (), Window("last_days", days=days))
        for measure in behaviour.measures:
            for operator in COUNTED:
                yield Did(deed, measure.code, operator, value(operator, measure, days))
        for field in behaviour.fields:
            for operator in OPERATORS[field.kind]:
                where = (Where(field.code, operator, value(operator, field, days)),)
                yield Did(
                    Deed(behaviour.code, where, Window("longer_ago", days=days)),
                    "times",
                    COUNTED[0],
                    Decimal(1),
                )


def test_everything_is_told_in_three_languages() -> None:
    World(1)
    for days in (1, 7):
        for node in everything(days):
            told = sentence(node)
            assert re.match(r"Customers (who|whose) ", told), told
            assert not re.search(r"  |%\(|\b1 (days|times|pieces|points|years)\b", told), told
            for language, end in (("zh-hans", "的顾客"), ("zh-hant", "的顧客")):
                with translation.override(language):
                    assert sentence(node).endswith(end)


def test_what_is_no_noun_has_one_for_sentences() -> None:
    """Labels that are told as they are begin no sentence with "whose bought with a discount is"."""
    told = {
        one.code for one in registry.attributes() if not one.noun and one.kind in (Kind.NUMBER, Kind.MONEY)
    }
    assert told == {
        "person.age", "purchases.average", "purchases.window_average", "loyalty.stored", "rfm.r", "rfm.f", "rfm.m",
        "churn.probability", "churn.at_stake",
    }  # fmt: skip
