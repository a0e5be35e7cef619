"""Lifetime value on pages and in the API: sums, list and panel agree, everybody sees their own stores alone."""

import csv
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.test import Client

from crm.audit.models import Entry
from crm.org.models import Staff, Store
from crm.ui import pages
from customers.models import Customer, Night, PublishedNight
from segmentation.models import LifetimeFit, LifetimeScore, LifetimeSum
from tests import cast

pytestmark = pytest.mark.django_db
Browser = Callable[[Staff], Client]
ON = date(2026, 3, 9)
HELD = {
    "until": "2025-12-29", "customers": 7, "params": [0.5, 20.0, 0.6, 9.0],
    "weeks": [[str(ON - timedelta(days=7 * n)), 10 + n, 11.5] for n in range(20, -1, -1)],
    "holdout": {"days": 70, "actual": 50, "expected": 55.0, "by_count": [[0, 4, 4.0, 6.0], [7, 3, 46.0, 49.0]]},
    "counts": [[0, 4, 3.5], [7, 3, 3.5]],
}  # fmt: skip
MODEL: dict[str, Any] = {
    "customers": 7, "repeaters": 3, "histories": 5, "days": 400, "rate": 0.02, "value": 20.0, "r": 0.5, "alpha": 20.0,
    "a": 0.5, "b": 9.5, "log_likelihood": -123.4, "spend_p": 6.0, "spend_q": 4.0, "spend_v": 15.0, "correlation": 0.05,
    "search": {"starts": 4, "agreeing": 4, "errors": [0.1, 2.0, 0.3, 1.5]}, "tracking": HELD,
}  # fmt: skip
AVERAGES: dict[str, Any] = {
    "customers": 7, "repeaters": 3, "histories": 5, "days": 101, "rate": 0.01, "value": 20.0, "why": "few",
    "why_value": "few",
}  # fmt: skip


def fitted(values: dict[str, Any], on: date = ON) -> LifetimeFit:
    """A published night with a fit of these values instead of its own; everybody has bought once."""
    for person in Customer.objects.all():
        assert person.home_store is not None
        cast.purchase(person, at=person.home_store, on="2026-02-10")
    cast.night(on)
    night = PublishedNight.objects.get().night
    for model in (LifetimeFit, LifetimeScore, LifetimeSum):
        model.objects.filter(night=night).delete()
    return LifetimeFit.objects.create(night=night, until=on, **values)


def scored(person: Customer, fit: LifetimeFit, value: int, alive: int | None = 900) -> LifetimeScore:
    """Worth `value` in 90 days, a third of it in 30 and four times in 365 (where that is told)."""
    is_told = fit.days >= 365
    return LifetimeScore.objects.create(
        customer=person, night=fit.night, alive=alive, purchases_30=50, purchases_90=150,
        purchases_365=600 if is_told else None, value_30=Decimal(value) / 4, value_90=value,
        value_365=4 * value if is_told else None,
    )  # fmt: skip


@pytest.fixture
def fit(irina: Customer, yusuf: Customer, harbour: Store, uptown: Store) -> LifetimeFit:
    """Irina (Harbour) is worth 100 in 90 days, Yusuf (Uptown) 40."""
    found = fitted(MODEL)
    for person, store, value in ((irina, harbour, 100), (yusuf, uptown, 40)):
        scored(person, found, value)
        LifetimeSum.objects.create(
            night=found.night, store=store, customers=1, alive=1, value_30=value // 4, value_90=value,
            value_365=4 * value,
        )  # fmt: skip
    return found


def test_before_the_first_fit(max_: Staff, signed_in: Browser, irina: Customer) -> None:
    theirs = signed_in(max_)
    for path in ("/segments/lifetime/", "/segments/lifetime/customers/"):
        assert "Nothing to expect yet" in theirs.get(path).content.decode()
    assert theirs.get("/segments/lifetime/customers/export/").status_code == 200
    assert "Expected value" not in theirs.get(f"/customers/{irina.public_id}/").content.decode()


def test_one_store_is_told_what_is_the_whole_chains(
    marta: Staff, max_: Staff, fit: LifetimeFit, signed_in: Browser
) -> None:
    for who, said in ((max_, False), (marta, True)):
        assert ("of the whole chain" in signed_in(who).get("/segments/lifetime/").content.decode()) is said


def test_everybody_sees_their_own_stores(
    marta: Staff, uma: Staff, max_: Staff, fit: LifetimeFit, uptown: Store, signed_in: Browser
) -> None:
    for who, query, customers, value, names in (
        (marta, "", 1, 400, ["Irina Petrova"]),
        (uma, "", 1, 160, ["Yusuf Demir"]),
        (max_, "", 2, 560, ["Irina Petrova", "Yusuf Demir"]),
        (max_, f"?store={uptown.pk}", 1, 160, ["Yusuf Demir"]),
        (max_, "?store=99999", 0, 0, []),
    ):
        page = signed_in(who).get(f"/segments/lifetime/{query}")
        assert page.context["expected"].customers == customers, (who, query)
        assert page.context["expected"].values[365] == value
        assert [one.row.customer.pk for one in page.context["top"]] == [
            Customer.objects.get(name=name).pk for name in names
        ]
        listed = signed_in(who).get(f"/segments/lifetime/customers/{query}")
        assert listed.context["count"] == customers


def test_the_page_says_the_model_in_words(max_: Staff, fit: LifetimeFit, signed_in: Browser) -> None:
    page = signed_in(max_).get("/segments/lifetime/")
    html = page.content.decode()
    assert page.context["said"] == [
        "Whoever is a customer buys every 40 days on average.",
        "After a purchase 5.0% leave for good.",
        "How often they buy differs much: few come often, many seldom.",
        "A purchase is worth ¥30.00 on average of the customers.",
    ]
    assert [row[:3] for row in page.context["parameters"]][:2] == [
        ("r", "0.500", "± 0.100"),
        ("α", "20.000", "± 2.000"),
    ]
    assert "55 purchases were expected, 50 came" in html
    assert "4 of 4 searches" in html
    assert "2 are probably still there" in html
    tracked = page.context["tracked"]
    assert tracked["weekly"]["mark"]["at"] == tracked["weekly"]["labels"][10]
    assert tracked["weekly"]["series"][0]["values"] == list(range(30, 9, -1))
    assert tracked["summed"]["series"][0]["values"][-1] == sum(range(10, 31))
    assert tracked["by_count_chart"]["labels"] == ["0", "7+"]
    assert tracked["by_count_chart"]["series"][1]["values"] == [1.5, 49 / 3]
    assert [round(off, 3) for _fit, off in page.context["fits"]] == [0.1]


def test_averages_are_said_to_be_averages(
    max_: Staff, irina: Customer, harbour: Store, signed_in: Browser
) -> None:
    found = fitted(AVERAGES)
    scored(irina, found, 100, alive=None)
    LifetimeSum.objects.create(night=found.night, store=harbour, customers=1, value_30=25, value_90=100)
    theirs = signed_in(max_)
    html = theirs.get("/segments/lifetime/").content.decode()
    assert "Averages instead of a model: too few customers have come again so far." in html
    assert "the chain has been seen for 101 days" in html
    assert "probably still there" not in html
    assert theirs.get("/segments/lifetime/customers/").context["rows"][0].values[2] is None
    panel = theirs.get(f"/customers/{irina.public_id}/").content.decode()
    assert "cannot be told yet" in panel
    assert "<dt>in 90 days</dt>" in panel
    assert "<dt>in 365 days</dt>" not in panel


def test_the_list_goes_page_by_page_by_value(
    max_: Staff, fit: LifetimeFit, harbour: Store, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(7):
        scored(cast.customer(f"Person {n}", of=harbour), fit, 60 + n // 3)  # some share their value
    monkeypatch.setattr(pages.page_of, "__kwdefaults__", {"size": 4, "key": "pk"})
    theirs, found, query = signed_in(max_), [], ""
    while True:
        page = theirs.get(f"/segments/lifetime/customers/{query}").context["page"]
        found += [score.customer.name for score in page.rows]
        if not page.next:
            break
        query = f"?after={page.next}"
    expected = [f"Person {n}" for n in (6, 5, 4, 3, 2, 1, 0)]
    assert found == ["Irina Petrova", *expected, "Yusuf Demir"]


def test_scores_of_a_night_that_is_not_published_are_not_seen(
    max_: Staff, fit: LifetimeFit, irina: Customer, signed_in: Browser
) -> None:
    later = Night.objects.create(on=ON + timedelta(days=1), rules=fit.night.rules, window_days=365)
    scored(irina, LifetimeFit.objects.create(night=later, until=ON, **MODEL), 9999)
    theirs = signed_in(max_)
    page = theirs.get("/segments/lifetime/customers/")
    assert [score.value_90 for score in page.context["page"].rows] == [100, 40]
    assert "9,999" not in theirs.get(f"/customers/{irina.public_id}/").content.decode()
    assert len(theirs.get("/segments/lifetime/").context["fits"]) == 1


def test_the_export_has_the_values_and_leaves_a_trace(
    max_: Staff, marta: Staff, fit: LifetimeFit, irina: Customer, signed_in: Browser
) -> None:
    answer = signed_in(marta).get("/segments/lifetime/customers/export/")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    header, *rows = list(csv.reader(StringIO(text)))
    assert header[4:] == [
        "Still a customer", "Purchases, 30 days", "Purchases, 90 days", "Purchases, 365 days", "Value, 30 days",
        "Value, 90 days", "Value, 365 days",
    ]  # fmt: skip
    assert [row[:2] + row[4:] for row in rows] == [
        [irina.public_id, "Irina Petrova", "0.9", "0.5", "1.5", "6.0", "25.00", "100.00", "400.00"]
    ]
    assert Entry.objects.filter(action="customers.export").latest("pk").details["part"] == {
        "of": "lifetime value"
    }


def test_the_customers_page_says_what_is_expected_and_how_it_is_counted(
    chen: Staff, fit: LifetimeFit, irina: Customer, signed_in: Browser
) -> None:
    html = signed_in(chen).get(f"/customers/{irina.public_id}/").content.decode()
    for words in (
        "Expected value",
        "¥100.00",
        "¥400.00",
        "90% likely",
        "How it is counted",
        "days with a purchase: 1.5",
    ):
        assert words in html, words


def test_the_profile_in_the_api_has_it(
    calling: Callable[..., Client], fit: LifetimeFit, irina: Customer, lin: Customer
) -> None:
    api = calling("customers:read")
    found = api.get(f"/api/v1/customers/{irina.public_id}/").json()["lifetime"]
    assert found == {
        "alive": 0.9,
        "expected": [
            {"days": 30, "purchases": 0.5, "value": "25.00"},
            {"days": 90, "purchases": 1.5, "value": "100.00"},
            {"days": 365, "purchases": 6.0, "value": "400.00"},
        ],
        "night": "2026-03-09",
    }
    assert api.get(f"/api/v1/customers/{lin.public_id}/").json()["lifetime"] is None
