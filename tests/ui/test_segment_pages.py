"""Segments: the map and its people agree, movement opens who moved, the marketer paints."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from crm.org.models import Staff, Store
from customers import profile
from customers.models import Customer
from segmentation import heatmap, schemes
from segmentation.models import Group, Scheme
from tests import cast

Browser = Callable[[Staff], Client]


@pytest.fixture
def regulars(harbour: Store, uptown: Store) -> None:
    for n in range(10):
        person = cast.customer(f"H{n}", of=harbour)
        for day in range(1 + n % 5):
            cast.purchase(person, at=harbour, on=f"2026-02-{10 + n + day:02}", amount=f"{10 + n}.00")
    for n in range(4):
        cast.purchase(cast.customer(f"U{n}", of=uptown), at=uptown, on=f"2026-01-{10 + n:02}", amount="5.00")
    cast.night("2026-03-01")
    cast.night("2026-03-09")


def test_before_the_first_night(max_: Staff, signed_in: Browser) -> None:
    theirs = signed_in(max_)
    assert "No night yet" in theirs.get("/segments/").content.decode()
    assert "Two nights are needed" in theirs.get("/segments/movement/").content.decode()
    assert theirs.get("/segments/export/").status_code == 200


def test_every_number_of_the_map_is_the_length_of_its_list(
    max_: Staff, regulars: None, signed_in: Browser
) -> None:
    theirs = signed_in(max_)
    page = theirs.get("/segments/")
    cells = [cell for _label, row in page.context["rows"] for cell in row if cell["href"]]
    assert sum(cell["n"] for cell in cells) == 14
    for cell in cells:
        assert theirs.get(cell["href"]).context["count"] == cell["n"]
    for part, link in [*page.context["groups"], *page.context["classes"]]:
        assert theirs.get(link).context["count"] == part.customers, part.name


def test_numbers_open_their_rows_after_somebody_changed_stores(
    marta: Staff, uma: Staff, rosa: Staff, max_: Staff, regulars: None, signed_in: Browser
) -> None:
    """H9 spent most at Harbour; since the night they are Uptown's customer."""
    uptown = Store.objects.get(code="UPTN")
    moved = Customer.objects.get(name="H9")
    before = heatmap.heatmap(uma)
    profile.change(moved.pk, {"home_store": uptown}, by=marta)
    after = heatmap.heatmap(uma)
    assert before is not None
    assert after is not None
    assert (before.customers, before.revenue) == (4, Decimal("20.00"))
    assert (after.customers, after.revenue) == (5, Decimal("115.00"))  # and five purchases at 19.00
    for who, count in ((marta, 9), (uma, 5), (rosa, 14), (max_, 14)):
        theirs = signed_in(who)
        for query in ("", f"?store={uptown.pk}", "?on=2026-03-01"):
            page = theirs.get(f"/segments/{query}")
            if not query:
                assert page.context["map"].customers == count, who
            assert_opens_its_rows(theirs, page)


def assert_opens_its_rows(theirs: Client, page: Any) -> None:
    cells = [cell for _label, row in page.context["rows"] for cell in row]
    assert sum(cell["n"] for cell in cells) + page.context["outside"]["n"] == page.context["map"].customers
    for cell in cells:
        if cell["href"]:
            assert theirs.get(cell["href"]).context["count"] == cell["n"]
    for part, link in [*page.context["groups"], *page.context["classes"]]:
        assert theirs.get(link).context["count"] == part.customers, part.name


def test_revenue_of_an_earlier_night_is_of_its_own_customers(
    marta: Staff, uma: Staff, regulars: None, signed_in: Browser
) -> None:
    moved = Customer.objects.get(name="H9")
    profile.change(moved.pk, {"home_store": Store.objects.get(code="UPTN")}, by=marta)
    earlier = signed_in(uma).get("/segments/?on=2026-03-01")
    assert (earlier.context["map"].customers, earlier.context["map"].revenue) == (5, Decimal("20.00"))
    assert "whom these stores had then" in earlier.content.decode()
    assert "whom these stores had then" not in signed_in(uma).get("/segments/").content.decode()


def test_the_map_is_of_ones_own_stores(marta: Staff, rosa: Staff, regulars: None, signed_in: Browser) -> None:
    assert signed_in(marta).get("/segments/").context["map"].customers == 10
    assert signed_in(rosa).get("/segments/").context["map"].customers == 14
    uptown = Store.objects.get(code="UPTN")
    assert signed_in(rosa).get(f"/segments/?store={uptown.pk}").context["map"].customers == 4
    page = signed_in(marta).get(f"/segments/?store={uptown.pk}")
    assert page.context["map"].customers == 10  # one store only: nothing to choose, nothing to reach for
    assert signed_in(marta).get(f"/segments/customers/?store={uptown.pk}").context["count"] == 10


@pytest.mark.parametrize("query", ["store=99999", "region=x"])
def test_a_filter_that_means_nothing_finds_nobody_and_says_so(
    max_: Staff, regulars: None, signed_in: Browser, query: str
) -> None:
    theirs = signed_in(max_)
    for path in ("/segments/", "/segments/movement/", "/segments/customers/"):
        page = theirs.get(f"{path}?{query}")
        assert 'aria-invalid="true"' in page.content.decode()
        if path == "/segments/":
            assert page.context["map"].customers == 0
        if path == "/segments/movement/":
            assert page.context["movement"].counts == {}
        if path == "/segments/customers/":
            assert page.context["count"] == 0


def test_a_night_that_is_not_there_is_not_last_night(max_: Staff, regulars: None, signed_in: Browser) -> None:
    theirs = signed_in(max_)
    assert theirs.get("/segments/?on=2020-01-01").context["map"].customers == 0
    assert theirs.get("/segments/customers/?on=2020-01-01").context["count"] == 0


def test_the_map_costs_the_same_for_any_number(
    max_: Staff, regulars: None, signed_in: Browser, django_assert_max_num_queries: Any
) -> None:
    theirs = signed_in(max_)
    with django_assert_max_num_queries(26):
        theirs.get("/segments/")
    with django_assert_max_num_queries(24):
        theirs.get("/segments/customers/")


@pytest.mark.parametrize(
    "query",
    ["?on=2026-03-01", "?on=1999-01-01", "?r=99999&x=abc", "?group=nonsense", "?by=nonsense", "?store=x"],
)
@pytest.mark.parametrize("path", ["/segments/", "/segments/customers/", "/segments/movement/"])
def test_any_address_is_answered(
    path: str, query: str, max_: Staff, regulars: None, signed_in: Browser
) -> None:
    assert signed_in(max_).get(path + query).status_code == 200


def test_movement_opens_who_moved(max_: Staff, harbour: Store, regulars: None, signed_in: Browser) -> None:
    theirs = signed_in(max_)
    page = theirs.get("/segments/movement/?since=2026-03-01&until=2026-03-09")
    rows, totals = page.context["rows"], page.context["totals"]
    cells = [cell for _place, row, _n in rows for cell in row]
    assert sum(n for n, _link, _same in cells) == page.context["whole"] == 14
    assert [sum(n for n, *_rest in row) for _place, row, _n in rows] == [n for _place, _row, n in rows]
    assert [
        sum(column) for column in zip(*([n for n, *_r in row] for _p, row, _n in rows), strict=True)
    ] == totals
    for n, link, _same in cells:
        if n:
            assert theirs.get(link).context["count"] == n
    assert theirs.get("/segments/movement/customers/").status_code == 404


def test_exports(max_: Staff, regulars: None, signed_in: Browser) -> None:
    theirs = signed_in(max_)
    lines = (
        b"".join(theirs.get("/segments/export/?format=csv").streaming_content)
        .decode("utf-8-sig")
        .splitlines()
    )
    assert len(lines) == 1 + 25 + 1
    assert sum(int(line.split(",")[3]) for line in lines[1:]) == 14
    people = (
        b"".join(theirs.get("/segments/customers/export/?format=csv").streaming_content).decode().splitlines()
    )
    assert len(people) == 1 + 14
    excel = theirs.get("/segments/customers/export/?format=xlsx")
    assert b"".join(excel.streaming_content).startswith(b"PK")


def painted(scheme: Scheme, **changes: str) -> dict[str, str]:
    cells = {f"g-{r}-{x}": code for r, row in enumerate(scheme.grid, 1) for x, code in enumerate(row, 1)}
    plain = {"window_days": "365", "buckets": "5", "axis": "fm", "method": "quantile", "lapsed_group": "lost",
             "high_percent": "50", "medium_percent": "30", "painted": str(scheme.buckets)}  # fmt: skip
    return {**plain, **cells, **changes}


def test_the_marketer_paints_a_cell(max_: Staff, signed_in: Browser) -> None:
    schemes.groups()
    first = Scheme.current()
    theirs = signed_in(max_)
    answer = theirs.post(
        "/segments/scheme/", painted(first, **{"g-1-1": "hibernating", "window_days": "180"})
    )
    assert answer.status_code == 303
    now = Scheme.current()
    assert (now.pk != first.pk, now.grid[0][0], now.window_days) == (True, "hibernating", 180)


def test_another_number_of_scores_brings_its_grid(max_: Staff, signed_in: Browser) -> None:
    schemes.groups()
    theirs = signed_in(max_)
    page = theirs.get("/segments/scheme/?buckets=3")
    assert page.context["size"] == 3
    changed = painted(Scheme.current(), buckets="3")
    assert theirs.post("/segments/scheme/", changed).status_code == 303
    assert [len(row) for row in Scheme.current().grid] == [3, 3, 3]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"window_days": "0"}, "window_days"),
        ({"high_percent": "80", "medium_percent": "30"}, "high_percent"),
        ({"method": "fixed", "recency": "7 3", "frequency": "1 2 3 4", "monetary": "1 2 3 4"}, "__all__"),
        ({"method": "fixed", "recency": "soon"}, "recency"),
        ({"g-1-1": "dragons"}, "__all__"),
    ],
)
def test_a_scheme_that_cannot_be_used_changes_nothing(
    max_: Staff, signed_in: Browser, changes: dict[str, str], field: str
) -> None:
    schemes.groups()
    first = Scheme.current()
    answer = signed_in(max_).post("/segments/scheme/", painted(first, **changes))
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert Scheme.current().pk == first.pk


def test_a_group_is_renamed_in_each_language(max_: Staff, signed_in: Browser) -> None:
    group = schemes.groups()[0]
    theirs = signed_in(max_)
    values = {"name_en": "Best friends", "name_zh-hans": "老朋友", "colour": "#112233", "position": "5"}
    assert theirs.post(f"/segments/groups/{group.pk}/", values).status_code == 303
    group.refresh_from_db()
    assert group.names == {"en": "Best friends", "zh-hans": "老朋友"}
    assert theirs.post("/segments/groups/new/", values | {"name_en": "Best friends"}).status_code == 303
    assert Group.objects.get(code="best_friends").colour == "#112233"
    assert theirs.post("/segments/groups/new/", values | {"colour": "red"}).status_code == 422
