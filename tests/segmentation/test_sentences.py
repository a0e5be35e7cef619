"""Segments in sentences."""

from typing import Any

import pytest
from django.utils import translation

from crm.org.models import Staff
from customers.models import Category, CustomField
from segmentation.segments import saving
from segmentation.segments.reading import read
from segmentation.segments.sentences import sentence

pytestmark = pytest.mark.django_db
AGE = {"attribute": "person.age", "is": "between", "value": [30, 45]}


def test_the_example_of_the_house(max_: Staff) -> None:
    dairy = Category.objects.create(path="dairy", name="Dairy")
    staff = saving.create(by=max_, name="Staff", definition={"attribute": "person.is_member", "is": "yes"})
    bought = {
        "did": "bought", "where": [{"field": "category", "is": "any_of", "value": [str(dairy.pk)]}],
        "count": "times", "is": "at_least", "value": 3, "when": {"last_days": 90},
    }  # fmt: skip
    tree = read({"all": [AGE, bought, {"none": [{"member_of": staff.public_id}]}]})
    assert sentence(tree) == (
        "Customers who are between 30 and 45 years old and bought at least 3 times from Dairy in the last 90 days,"
        " but not those who are in “Staff”"
    )


def test_in_chinese(max_: Staff) -> None:
    dairy = Category.objects.create(path="dairy", name="乳制品")
    staff = saving.create(by=max_, name="员工", definition={"attribute": "person.is_member", "is": "yes"})
    bought = {
        "did": "bought", "where": [{"field": "category", "is": "any_of", "value": [str(dairy.pk)]}],
        "is": "at_least", "value": 3, "when": {"last_days": 90},
    }  # fmt: skip
    tree = read({"all": [AGE, bought, {"none": [{"member_of": staff.public_id}]}]})
    told = {}
    for language in ("zh-hans", "zh-hant"):
        with translation.override(language):
            told[language] = sentence(tree)
    assert told == {
        "zh-hans": "年龄在 30 到 45 岁之间，且最近 90 天内在“乳制品”中购买过至少 3 次的顾客，但不包括属于“员工”的顾客",
        "zh-hant": "年齡在 30 到 45 歲之間，且最近 90 天內在「乳制品」中購買過至少 3 次的顧客，"
        "但不包括屬於「员工」的顧客",
    }


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"all": []}, "All customers"),
        ({"any": []}, "Customers who are nobody"),
        ({"none": [AGE]}, "All customers, but not those who are between 30 and 45 years old"),
        (
            {"did": "purchase", "is": "at_most", "value": 0, "when": {"last_days": 30}},
            "Customers who never made a purchase in the last 30 days",
        ),
        (
            {"did": "purchase", "count": "amount", "is": "at_least", "value": 1000.5},
            "Customers who made a purchase for at least ¥1,000.50 in all",
        ),
        (
            {"any": [{"did": "returned", "is": "at_least", "value": 1},
                     {"did": "touch", "is": "at_least", "value": 2}]},
            "Customers (who brought goods back or got in touch at least 2 times)",
        ),
        (
            {"first": {"did": "returned"}, "then": {"did": "purchase"}, "within_days": 14},
            "Customers who brought goods back and, on a later day, at most 14 days on, made a purchase",
        ),
        (
            {"attribute": "person.birthday", "is": "next_days", "value": 7},
            "Customers whose next birthday is in the next 7 days",
        ),
        (
            {"attribute": "consent.sms.marketing", "is": "yes"},
            "Customers who agreed to offers and news by SMS",
        ),
        (
            {"attribute": "life.stage", "is": "none_of", "value": ["4", "5"]},
            "Customers whose stage is not Dormant or Lost",
        ),
    ],
)  # fmt: skip
def test_conditions(chain: Any, given: dict[str, Any], told: str) -> None:
    assert sentence(read(given)) == told


def test_what_is_kept_from_a_role_is_not_told(max_: Staff, noor: Staff) -> None:
    CustomField.objects.create(code="salary", label="Salary", kind="number", roles=["marketer"])
    tree = read({"attribute": "custom.salary", "is": "at_least", "value": 5000})
    assert sentence(tree, max_) == "Customers whose Salary is at least 5,000"
    assert "Salary" not in sentence(tree, noor)
    assert "5" not in sentence(tree, noor)
