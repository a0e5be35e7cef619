"""Analyses on pages: filters in the address, numbers that open their people, files, empty states, movement as flows."""

import csv
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any
from urllib.parse import unquote

import pytest
from django.test import Client

from crm.audit.models import Entry
from crm.org.models import Staff, Store
from customers.models import Brand, Category, Customer, Night, Product
from segmentation.models import Standing
from segmentation.segments import lists
from tests import cast
from tests.night.helpers import run_night

Browser = Callable[[Staff], Client]
PAGES = ["revenue", "gains", "crossshop", "comings", "cohorts"]
RICH = {
    "revenue": "?period=13w",
    "gains": "?category=food/tea&period=13w",
    "crossshop": "?first=c:food/tea&second=c:food/rice&third=b:Leaf&period=13w",
    "comings": "?span=6",
    "cohorts": "",
}


@pytest.fixture
def sales(harbour: Store, uptown: Store) -> None:
    """Ten of Harbour, of whom one moves to rice, and four of Uptown, of whom one shops at Harbour, too."""
    food = Category.objects.create(path="food", name="Food")
    tea, rice = (
        Category.objects.create(path=f"food/{name.lower()}", name=name, parent=food)
        for name in ("Tea", "Rice")
    )
    leaf = Brand.objects.create(name="Leaf")
    Product.objects.create(sku="T", name="Tea", category=tea, brand=leaf)
    Product.objects.create(sku="R", name="Rice", category=rice)
    for n in range(10):
        person = cast.customer(f"H{n}", of=harbour)
        cast.purchase(person, at=harbour, on="2026-02-01", lines=[("T", "1", "10.00"), ("R", "1", "5.00")])
        if n < 7:
            cost = ("4.00", "11.00") if n == 0 else ("12.00", "5.00")
            lines = [("T", "1", cost[0]), ("R", "2", cost[1])]
            cast.purchase(person, at=harbour, on="2026-03-01", lines=lines)
    for n in range(4):
        person = cast.customer(f"U{n}", of=uptown)
        cast.purchase(person, at=harbour if n == 0 else uptown, on="2026-03-02", lines=[("R", "1", "6.00")])
    cast.night("2026-02-10")
    cast.night("2026-03-10")


def test_a_period_ends_with_the_last_day_of_which_there_are_receipts(
    irina: Customer, harbour: Store, max_: Staff, signed_in: Browser
) -> None:
    """Tills that are some days behind are not customers who stay away; after a week they are."""
    on = date(2026, 3, 10)
    for back in (30, 3):
        cast.purchase(irina, at=harbour, on=on - timedelta(days=back))
    run_night(on)
    page = signed_in(max_).get("/analyses/revenue/")
    assert "<title>Analyses · Segments · Regulars</title>" in page.content.decode()
    assert page.context["question"].period.until == date(2026, 3, 7)
    run_night(on + timedelta(days=5))
    assert signed_in(max_).get("/analyses/revenue/").context["question"].period.until == date(2026, 3, 15)


def test_before_the_first_night(max_: Staff, signed_in: Browser) -> None:
    theirs = signed_in(max_)
    for page in PAGES:
        assert "No night yet" in theirs.get(f"/analyses/{page}/").content.decode()
        assert theirs.get(f"/analyses/{page}/export/").status_code == 404


@pytest.mark.parametrize("page", PAGES)
def test_any_address_is_answered(page: str, max_: Staff, sales: None, signed_in: Browser) -> None:
    theirs = signed_in(max_)
    for query in (
        "", RICH[page], "?period=nonsense", "?period=own", "?period=own&since=2026-03-09&until=2026-03-01",
        "?period=own&since=0001-01-01&until=9999-12-31", "?store=x", "?group=dragons", "?category=moon", "?brand=moon",
        "?against=year", "?channel=7", "?span=x&quiet=x", "?on=1999-01-01", "?first=c:moon&second=s:x",
    ):  # fmt: skip
        assert theirs.get(f"/analyses/{page}/{query}").status_code == 200, query


def test_the_tree_says_what_changed(max_: Staff, sales: None, signed_in: Browser) -> None:
    theirs = signed_in(max_)
    page = theirs.get("/analyses/revenue/")
    root = page.context["root"]
    # 6 × 17 + 15 + 4 × 6 against 10 × 15
    assert (root.value, root.before) == (Decimal("141.00"), Decimal("150.00"))
    assert "Sales fell by ¥9 (6.0%)." in page.content.decode()
    rows = {str(row["label"]): row for row in page.context["rows"]}
    assert theirs.get(rows["Customers"]["href"]).context["count"] == 11
    assert sum(row["contribution"] for row in page.context["rows"] if row["depth"] == 1) == Decimal("-9.00")


def test_a_manager_sees_the_sales_of_the_store_and_its_own_people(
    marta: Staff, sales: None, signed_in: Browser
) -> None:
    """U0 is Uptown's and bought at Harbour: in the sum, not in the list."""
    theirs = signed_in(marta)
    page = theirs.get("/analyses/revenue/")
    found = {node.key: node.value for node in page.context["root"].walk()}
    assert (found["members"], found["customers"]) == (Decimal("123.00"), 8)
    rows = {str(row["label"]): row for row in page.context["rows"]}
    people = theirs.get(rows["Customers"]["href"])
    assert people.context["count"] == 7
    assert "U0" not in people.content.decode()


def test_gain_and_loss_open_their_people(max_: Staff, sales: None, signed_in: Browser) -> None:
    theirs = signed_in(max_)
    overview = theirs.get("/analyses/gains/").context["overview"]
    assert [(name, now, before) for name, now, before, _change, _link in overview] == [
        ("Food", Decimal("141.00"), Decimal("150.00"))
    ]
    page = theirs.get("/analyses/gains/?category=food/tea")
    found = page.context["found"]
    assert (found.value, found.before) == (Decimal("76.00"), Decimal("100.00"))
    amounts = {
        one.key: (one.customers, one.amount)
        for _label, one, _link in page.context["reasons"]
        if one.customers
    }
    assert amounts == {
        "more": (6, Decimal("12.00")), "less": (1, Decimal("0.00")), "lost": (1, Decimal("-6.00")),
        "left_chain": (3, Decimal("-30.00")),
    }  # fmt: skip
    for _label, one, link in page.context["reasons"]:
        assert theirs.get(link).context["count"] == one.customers, one.key
    ((switch, link),) = page.context["switches"]
    assert (switch.name, switch.amount) == ("Rice", Decimal("-6.00"))
    assert theirs.get(link).context["count"] == 1
    assert theirs.get("/analyses/gains/customers/?category=food/tea&why=nonsense").status_code == 404
    assert theirs.get("/analyses/gains/customers/?why=more").status_code == 404


def test_cross_shop_opens_its_people(max_: Staff, sales: None, signed_in: Browser) -> None:
    theirs = signed_in(max_)
    assert "Choose two or three" in theirs.get("/analyses/crossshop/").content.decode()
    page = theirs.get(f"/analyses/crossshop/{RICH['crossshop']}")
    assert [(name, one.customers) for name, one, *_rest in page.context["rows"]] == [
        ("Tea + Rice + Leaf", 10), ("Only Rice", 4),
    ]  # fmt: skip
    for _name, one, _share, _spent, link in page.context["rows"]:
        assert theirs.get(link).context["count"] == one.customers
    for _name, buyers, _spent, link in page.context["sets"]:
        assert theirs.get(link).context["count"] == buyers
    for wrong in ("mask=9", "mask=0", "mask=", "set=7", ""):
        assert theirs.get(f"/analyses/crossshop/customers/{RICH['crossshop']}&{wrong}").status_code == 404


def test_months_open_their_people(max_: Staff, sales: None, signed_in: Browser) -> None:
    theirs = signed_in(max_)
    rows = theirs.get("/analyses/comings/?span=6").context["rows"]
    march, february = rows[0], rows[1]
    assert [n for n, _amount, _link in march[2]] == [4, 7, 0, 0, 3]
    assert (march[0].customers, february[0].customers) == (11, 10)
    for month, link, cells in (march, february):
        assert theirs.get(link).context["count"] == month.customers
        for n, _amount, href in cells:
            assert theirs.get(href).context["count"] == n
    for wrong in ("month=&kind=new", "month=0001-01-01&kind=new", "month=2026-03-01&kind=dragons"):
        assert theirs.get(f"/analyses/comings/customers/?{wrong}").status_code == 404


def test_a_group_is_followed(max_: Staff, sales: None, signed_in: Browser) -> None:
    theirs = signed_in(max_)
    page = theirs.get("/analyses/cohorts/")
    found = page.context["found"]
    assert [sum(one.customers for one in found.cohorts), found.days, found.night.on.isoformat()] == [
        10,
        7,
        "2026-02-10",
    ]
    blocks = [[one.blocks[i].buyers for one in found.cohorts] for i in range(4)]
    assert [sum(block) for block in blocks] == [0, 0, 7, 0]
    assert sum(one.blocks[2].revenue for one in found.cohorts) == Decimal("117.00")
    for one in page.context["became"]:
        assert theirs.get(one.link).context["count"] == one.customers
    assert sum(one.customers for one in page.context["became"]) == page.context["chosen"].customers


def test_a_segment_is_followed_beside_the_others(
    max_: Staff, marta: Staff, sales: None, harbour: Store, signed_in: Browser
) -> None:
    """H0 to H5 were in it; H0 and H1 come back, H0 for much, and H5 is put out. Of the other eight U0 comes back."""
    six = [Customer.objects.get(name=f"H{i}") for i in range(6)]
    segment = lists.create(by=max_, name="Six of them", customers=[one.pk for one in six])
    cast.night("2026-03-17")
    for name, amount in (("H0", "100.00"), ("H1", "20.00"), ("U0", "9.00")):
        cast.purchase(Customer.objects.get(name=name), at=harbour, on="2026-03-20", amount=amount)
    lists.replace(segment, [one.pk for one in six[:5]], by=max_)
    cast.night("2026-03-24")
    theirs = signed_in(max_)
    page = theirs.get(f"/analyses/cohorts/?segment={segment.public_id}")
    found = page.context["found"]
    assert (found.night.on.isoformat(), [one.of for one in found.cohorts]) == ("2026-03-17", [segment, None])
    assert [
        (one.customers, [(block.buyers, block.visits, str(block.revenue)) for block in one.blocks])
        for one in found.cohorts
    ] == [(6, [(2, 2, "120.00")]), (8, [(1, 1, "9.00")])]
    assert [(one.name, one.customers) for one in page.context["stayed"]] == [
        ("Still in the segment", 5),
        ("No longer in it", 1),
    ]
    assert sum(one.customers for one in page.context["became"]) == 6
    own = signed_in(marta).get(f"/analyses/cohorts/?segment={segment.public_id}").context["found"]
    assert [one.customers for one in own.cohorts] == [6, 4]
    both = theirs.get(f"/analyses/cohorts/?segment={segment.public_id}&group=loyal")
    assert [str(label) for label, _fault in both.context["form"].left_out] == ["Group"]
    unknown = theirs.get(f"/analyses/cohorts/?segment={segment.public_id}&on=2026-02-10")
    assert "Two nights are needed" in unknown.content.decode()


def test_sales_of_a_segment(max_: Staff, sales: None, signed_in: Browser) -> None:
    """H0 (15) and H1 (17) of the last four weeks; the file says of whom it tells, in whole customers and cents."""
    two = Customer.objects.filter(name__in=["H0", "H1"]).values_list("pk", flat=True)
    segment = lists.create(by=max_, name="Two of them", customers=two)
    cast.night("2026-03-11")
    theirs = signed_in(max_)
    page = theirs.get(f"/analyses/revenue/?segment={segment.public_id}")
    assert (page.context["root"].key, page.context["root"].value) == ("members", Decimal("32.00"))
    answer = theirs.get(
        f"/analyses/revenue/export/?segment={segment.public_id}&period=own&since=2026-03-01&until=2026-03-09"
    )
    assert unquote(answer["Content-Disposition"]).endswith(
        "revenue-tree-2026-03-01-2026-03-09-two-of-them.csv"
    )
    rows = list(csv.reader(StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert rows[1][1:] == ["32.00", "0.00", "32.00", "32.00"]


def test_a_segment_of_somebody_else_is_not_offered(
    max_: Staff, ana: Staff, sales: None, signed_in: Browser
) -> None:
    own = lists.create(by=ana, name="Mine", is_shared=False, customers=[])
    page = signed_in(max_).get(f"/analyses/revenue/?segment={own.public_id}")
    assert "Mine" not in page.content.decode()
    assert [str(label) for label, _fault in page.context["form"].left_out] == ["Segment"]


@pytest.mark.parametrize("page", PAGES)
def test_files_hold_sums_and_are_written_down(
    page: str, max_: Staff, sales: None, signed_in: Browser
) -> None:
    theirs = signed_in(max_)
    answer = theirs.get(f"/analyses/{page}/export/{RICH[page] or '?'}&format=csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(StringIO(text)))
    assert len(rows) > 1
    assert "H0" not in text
    excel = theirs.get(f"/analyses/{page}/export/{RICH[page] or '?'}&format=xlsx")
    assert b"".join(excel.streaming_content).startswith(b"PK")
    assert Entry.objects.filter(action="analyses.export").count() == 2


@pytest.mark.parametrize(
    ("page", "name"),
    [
        ("gains", "gain-and-loss-2025-12-10-2026-03-10-tea"),
        ("crossshop", "cross-shop-tea-rice-leaf-2025-12-10-2026-03-10"),
        ("comings", "new-and-lapsed-2025-10-01-2026-03-10"),
        ("cohorts", "what-became-of-them-2026-02-10-2026-03-10"),
    ],
)
def test_files_are_named_by_what_they_hold(
    page: str, name: str, max_: Staff, sales: None, signed_in: Browser
) -> None:
    answer = signed_in(max_).get(f"/analyses/{page}/export/{RICH[page] or '?'}&format=xlsx")
    assert f'filename="{name}.xlsx"' in answer["Content-Disposition"]


def test_the_people_as_a_file(max_: Staff, sales: None, signed_in: Browser) -> None:
    answer = signed_in(max_).get("/analyses/revenue/customers/export/?format=csv")
    assert len(b"".join(answer.streaming_content).decode().splitlines()) == 1 + 11


def test_a_page_costs_the_same_for_any_number(
    max_: Staff, sales: None, signed_in: Browser, django_assert_max_num_queries: Any
) -> None:
    theirs = signed_in(max_)
    for page in PAGES:
        with django_assert_max_num_queries(46):
            theirs.get(f"/analyses/{page}/{RICH[page]}")


def test_flows_go_through_several_nights(max_: Staff, sales: None, signed_in: Browser) -> None:
    cast.night("2026-03-20")
    cast.night("2026-03-31")
    theirs = signed_in(max_)
    page = theirs.get("/segments/movement/?since=2026-02-10&until=2026-03-31&steps=3")
    nodes, links = page.context["chart"]["nodes"], page.context["chart"]["links"]
    assert {node["depth"] for node in nodes} == {0, 1, 2}
    assert [(a.isoformat(), b.isoformat()) for a, b, _words in page.context["steps"]] == [
        ("2026-02-10", "2026-03-20"), ("2026-03-20", "2026-03-31"),
    ]  # fmt: skip
    outside = [link for link in links if " " in (link["source"][1:], link["target"][1:])]
    assert [(link["source"], link["value"]) for link in outside] == [("0 ", 4)]
    for depth, whole in ((0, 14), (1, 14)):  # ten who stood somewhere and four who did not yet
        assert sum(link["value"] for link in links if link["source"].startswith(f"{depth} ")) == whole
    for link in links:
        assert theirs.get(link["href"]).context["count"] == link["value"]
    months = theirs.get("/segments/movement/?since=2026-02-10&until=2026-03-31&steps=months").context["steps"]
    assert [(a.isoformat(), b.isoformat()) for a, b, _words in months] == [("2026-02-10", "2026-03-31")]
    moved = theirs.get("/segments/movement/?since=2026-02-10&until=2026-03-31&show=moved").context["chart"]
    assert all(link["source"][2:] != link["target"][2:] for link in moved["links"])


def test_the_matrix_has_who_stands_in_no_group(max_: Staff, sales: None, signed_in: Browser) -> None:
    """Of the fourteen four had bought nothing at the first night; one has brought everything back since."""
    gone = Customer.objects.get(name="H9")
    page = signed_in(max_).get("/segments/movement/?since=2026-02-10&until=2026-03-10")
    (nowhere, cells, n) = page.context["rows"][-1]
    assert (nowhere.code, nowhere.name, n, sum(n for n, *_rest in cells)) == ("", "In no group", 4, 4)
    Standing.objects.at(Night.objects.latest("pk").pk).filter(customer=gone).delete()
    page = signed_in(max_).get("/segments/movement/?since=2026-02-10&until=2026-03-10")
    assert (page.context["totals"][-1], page.context["whole"]) == (1, 14)
    (link,) = [link for _place, cells, _n in page.context["rows"] for n, link, _same in cells[-1:] if n]
    assert [row.name for row in signed_in(max_).get(link).context["page"].rows] == ["H9"]
    nobody = signed_in(max_).get(link.replace("was=", "was=un"))
    assert nobody.context["count"] == 0  # a group that is not there is not "no group"


def test_axes_say_dates_as_the_reader_does(max_: Staff, sales: None, signed_in: Browser) -> None:
    theirs = signed_in(max_)
    page = theirs.get("/analyses/comings/")
    assert page.context["chart"]["labels"][-2:] == ["Feb 2026", "Mar 2026"]
    assert page.context["money_chart"]["currency"] == "CNY"
    weeks = theirs.get("/analyses/cohorts/")
    assert weeks.context["chart"]["labels"] == ["Feb 11", "Feb 18", "Feb 25", "Mar 4"]
    assert "Feb 11 – Feb 17" in weeks.content.decode()


@pytest.mark.parametrize(
    ("query", "left", "sold", "buyers", "kept"),
    [
        ("period=year", {"Period": "“year” is not one of the choices."}, "141.00", 11, "channel=1"),
        (
            "period=13w&brand=moon&group=dragons",
            {"Brand": "No brand has this name.", "Group": "“dragons” is not one of the choices."},
            "291.00", 14, "period=13w&channel=1",
        ),
    ],
)  # fmt: skip
def test_a_filter_that_is_not_understood_is_left_out_and_said(
    query: str,
    left: dict[str, str],
    sold: str,
    buyers: int,
    kept: str,
    max_: Staff,
    sales: None,
    signed_in: Browser,
) -> None:
    theirs = signed_in(max_)
    page = theirs.get(f"/analyses/revenue/?{query}&channel=1")
    assert {str(label): error for label, error in page.context["form"].left_out} == left
    assert page.context["root"].value == Decimal(sold)
    said = page.content.decode()
    assert "This is left out; the other filters hold." in said
    assert "Nothing was sold in these days" not in said
    (people,) = {row["href"] for row in page.context["rows"] if row["href"]}
    assert theirs.get(people).context["count"] == buyers
    assert page.context["query"] == kept
    for address in ("export", "customers", "customers/export"):
        assert theirs.get(f"/analyses/revenue/{address}/?{query}").status_code == 404


@pytest.mark.parametrize("page", PAGES)
def test_of_a_place_that_is_not_there_nothing_is_told(
    page: str, max_: Staff, sales: None, signed_in: Browser
) -> None:
    said = signed_in(max_).get(f"/analyses/{page}/?store=99999").content.decode()
    assert "No such place" in said
    assert "Nothing was sold in these days" not in said
    assert "the other filters hold" not in said


def test_the_flows_as_a_file(max_: Staff, sales: None, signed_in: Browser) -> None:
    answer = signed_in(max_).get("/segments/movement/export/?since=2026-02-10&until=2026-03-10&format=csv")
    rows = list(csv.reader(StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))[1:]
    assert sum(int(row[4]) for row in rows) == 14
    assert {(row[0], row[1]) for row in rows} == {("2026-02-10", "2026-03-10")}
