"""Segments in sentences."""

from typing import Any

import pytest
from django.utils import translation

from crm.org.models import Staff
from customers.models import Category, CustomField, Product, Tag
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
        ({"any": []}, "Nobody"),
        ({"none": []}, "All customers"),
        ({"all": [{"any": []}]}, "Nobody"),
        ({"all": [AGE, {"none": [{"any": []}]}]}, "Customers who are between 30 and 45 years old"),
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
            "Customers who brought goods back or got in touch at least 2 times",
        ),
        (
            {"first": {"did": "returned"}, "then": {"did": "purchase"}, "within_days": 14},
            "Customers who brought goods back and, 1 to 14 days later, made a purchase",
        ),
        (
            {"attribute": "person.birthday", "is": "next_days", "value": 7},
            "Customers whose next birthday is in the next 7 days",
        ),
        (
            {"attribute": "consent.sms.marketing", "is": "yes"},
            "Customers who agreed to “Offers and news by SMS”",
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


DAY = {"between": ["2026-11-21", "2026-11-21"]}


@pytest.mark.parametrize(
    ("given", "told", "hans", "hant"),
    [
        (
            {"attribute": "persona.deal_share", "is": "at_least", "value": 50},
            "whose share of goods bought with a discount is at least 50%",
            "折扣购买占比至少为50%", "折扣購買占比至少為50%",
        ),
        (
            {"attribute": "persona.online_share", "is": "at_most", "value": 10},
            "whose share of purchases made online is at most 10%",
            "线上消费占比最多为10%", "線上消費占比最多為10%",
        ),
        (
            {"attribute": "persona.next_on", "is": "next_days", "value": 7},
            "whose next visit is expected in the next 7 days",
            "预计下次到访在未来 7 天内", "預計下次到訪在未來 7 天內",
        ),
        (
            {"attribute": "persona.next_on", "is": "unknown"},
            "whose next visit cannot be foretold", "无法预计下次到访", "無法預計下次到訪",
        ),
        (
            {"attribute": "purchases.last_on", "is": "last_days", "value": 1},
            "whose last purchase was in the last 1 day",
            "最近一次消费在最近 1 天内", "最近一次消費在最近 1 天內",
        ),
        (
            {"attribute": "purchases.last_on", "is": "between", "value": DAY["between"]},
            "whose last purchase was on Nov 21, 2026",
            "最近一次消费为2026年11月21日", "最近一次消費為2026年11月21日",
        ),
        (
            {"attribute": "person.age", "is": "between", "value": [30, 30]},
            "who are 30 years old", "年龄为 30 岁", "年齡為 30 歲",
        ),
        (
            {"attribute": "person.age", "is": "at_most", "value": 1},
            "who are at most 1 year old", "年龄最多 1 岁", "年齡最多 1 歲",
        ),
        (
            {"attribute": "person.member_since", "is": "longer_ago", "value": 365},
            "whose enrolment was more than 365 days ago", "入会日期在 365 天以前", "入會日期在 365 天以前",
        ),
        (
            {"did": "purchase", "is": "is", "value": 1, "when": {"last_days": 1}},
            "who made a purchase exactly 1 time in the last 1 day",
            "最近 1 天内消费过正好 1 次", "最近 1 天內消費過正好 1 次",
        ),
        (
            {"did": "purchase", "is": "between", "value": [2, 4], "when": DAY},
            "who made a purchase 2 to 4 times on Nov 21, 2026",
            "2026年11月21日当天消费过 2 到 4 次", "2026年11月21日當天消費過 2 到 4 次",
        ),
        (
            {"did": "purchase", "count": "amount", "is": "at_most", "value": 0},
            "who made a purchase for at most ¥0.00 in all (or never)",
            "消费过，合计最多 ¥0.00（或从未有过）", "消費過，合計最多 ¥0.00（或從未有過）",
        ),
        (
            {"first": {"did": "returned"}, "then": {"did": "purchase"}, "within_days": 1},
            "who brought goods back and, on the next day, made a purchase",
            "退过货，并在第二天消费过", "退過貨，並在第二天消費過",
        ),
        (
            {"none": [{"did": "purchase", "is": "at_least", "value": 1}]},
            "who never made a purchase", "从未消费过", "從未消費過",
        ),
        (
            {"none": [{"did": "purchase", "is": "at_most", "value": 2}]},
            "who made a purchase at least 3 times", "消费过至少 3 次", "消費過至少 3 次",
        ),
        (
            {"none": [{"attribute": "person.has_email", "is": "yes"}]},
            "who have no e-mail address", "没有邮箱", "沒有電子郵件",
        ),
        (
            {"any": [{"none": [AGE]}, {"attribute": "person.has_card", "is": "yes"}]},
            "who are not among those (who are between 30 and 45 years old) or have a card",
            "并非（年龄在 30 到 45 岁之间），或有会员卡", "並非（年齡在 30 到 45 歲之間），或有會員卡",
        ),
        (
            {"attribute": "person.home_store", "is": "any_of", "value": ["41"]},
            "whose home store is 41 (no longer there)", "归属门店是41（已不存在）", "所屬門市是41（已不存在）",
        ),
    ],
)  # fmt: skip
def test_a_clause_reads_well(chain: Any, given: dict[str, Any], told: str, hans: str, hant: str) -> None:
    assert sentence(read(given)) == f"Customers {told}"
    with translation.override("zh-hans"):
        assert sentence(read(given)) == f"{hans}的顾客"
    with translation.override("zh-hant"):
        assert sentence(read(given)) == f"{hant}的顧客"


def test_what_was_bought_stands_beside_the_verb(chain: Any) -> None:
    milk, water = (Product.objects.create(sku=name, name=name) for name in ("Milk", "Water"))
    goods = {"field": "product", "is": "any_of", "value": [str(milk.pk), str(water.pk)]}
    bought = {"did": "bought", "where": [goods], "is": "at_least", "value": 1, "when": {"last_days": 30}}
    told = {
        sentence(read(bought | more))
        for more in ({}, {"value": 3}, {"count": "quantity", "value": 6}, {"is": "at_most", "value": 0})
    }
    assert told == {
        "Customers who bought Milk or Water in the last 30 days",
        "Customers who bought Milk or Water at least 3 times in the last 30 days",
        "Customers who bought at least 6 pieces of Milk or Water in the last 30 days",
        "Customers who never bought Milk or Water in the last 30 days",
    }


def test_many_choices_are_counted(chain: Any) -> None:
    tags = [str(Tag.objects.create(name=f"T{n}").pk) for n in range(7)]
    asked = {"attribute": "person.tags", "is": "has_all", "value": tags}
    assert sentence(read(asked)) == "Customers who are tagged T0, T1, T2, T3, T4 and 2 others"
    asked = {"attribute": "person.tags", "is": "has_none", "value": tags[:6]}
    assert sentence(read(asked)) == "Customers who are not tagged T0, T1, T2, T3, T4 or 1 other"
