"""The analyses in Chinese, with something to show."""

import pytest

from crm.org.permissions import Role
from customers.models import Brand, Category, Product
from tests import cast
from tests.i18n.test_pages_in_chinese import CHINESE, browser, read

pytestmark = pytest.mark.django_db

PAGES = [
    "/analyses/revenue/", "/analyses/revenue/?period=own", "/analyses/gains/", "/analyses/gains/?category=1/2",
    "/analyses/gains/?brand=龙井", "/analyses/crossshop/?first=c:1/2&second=c:1/3", "/analyses/comings/",
    "/analyses/cohorts/", "/analyses/revenue/customers/", "/analyses/gains/customers/?category=1/2&why=more",
    "/segments/movement/?steps=3", "/help/",
]  # fmt: skip


@CHINESE
def test_the_analyses_speak_no_english(language: str) -> None:
    cast.chain()
    shop = cast.store("s1", "港口店", of=cast.region("c1", "沿海"))
    root = Category.objects.create(path="1", name="食品")
    tea, rice = (
        Category.objects.create(path=f"1/{n}", name=name, parent=root) for n, name in ((2, "茶"), (3, "米"))
    )
    Product.objects.create(sku="1", name="绿茶", category=tea, brand=Brand.objects.create(name="龙井"))
    Product.objects.create(sku="2", name="大米", category=rice)
    for n in range(6):
        person = cast.customer(f"林{n}", of=shop)
        cast.purchase(person, at=shop, on="2026-02-01", lines=[("1", "1", "8.00"), ("2", "1", f"{n}.00")])
        cast.purchase(person, at=shop, on="2026-03-02", lines=[("1", "1", f"{5 + n}.00"), ("2", "1", "3.00")])
    for day in ("2026-02-10", "2026-03-01", "2026-03-10"):
        cast.night(day)
    client = browser(cast.staff("安娜", Role.ADMINISTRATOR), language)
    left = [f"{page} {text}" for page in PAGES for text in read(client.get(page))]
    assert "\n".join(left) == ""
    months = client.get("/analyses/comings/").context["chart"]["labels"]
    weeks = client.get("/analyses/cohorts/").context["chart"]["labels"]
    assert (months[-2:], weeks[0]) == (["2026年2月", "2026年3月"], "2月11日")
