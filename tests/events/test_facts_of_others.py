"""Facts of providers: apart, with source and right of use, never instead of one's own, gone when the right ends."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from crm.org.models import Staff, Store
from customers import merging
from customers.models import Basis, Customer, FactType, ProvidedFact, Provider
from customers.provided import facts, files
from customers.views import outside
from tests import cast

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)


@pytest.fixture
def geo(chain: Any) -> Provider:
    return Provider.objects.create(code="geo", name="Geo Data", right="Contract 7: offers only")


def fact(**other: Any) -> dict[str, Any]:
    return {
        "kind": "phone", "identifier": "138 0013 8000", "name": "income", "type": "number", "value": "250000.00",
        "obtained_on": "2026-03-01", "valid_until": "2027-02-28", "basis": "consent", "purpose": "choosing offers",
    } | other  # fmt: skip


def give(provider: Provider, *rows: dict[str, Any]) -> tuple[int, int, int]:
    done = facts.give(provider, rows, today=TODAY, by="system:test")
    return done.applied, done.unchanged, done.rejected


def test_a_fact_stands_with_all_that_makes_it_usable(geo: Provider, irina: Customer) -> None:
    assert give(geo, fact()) == (1, 0, 0)
    held = ProvidedFact.objects.get()
    assert (held.customer, held.provider, held.name, held.type, held.value) == (
        irina, geo, "income", FactType.NUMBER, "250000",
    )  # fmt: skip
    assert (held.obtained_on, held.valid_until, held.basis) == (
        date(2026, 3, 1),
        date(2027, 2, 28),
        Basis.CONSENT,
    )
    assert (held.right, held.purpose) == ("Contract 7: offers only", "choosing offers")


def test_the_fact_obtained_last_counts_in_any_order(geo: Provider, irina: Customer) -> None:
    new = fact(value="2", obtained_on="2026-03-05")
    assert give(geo, new) == (1, 0, 0)
    assert give(geo, fact(value="1")) == (0, 1, 0)
    assert give(geo, new) == (0, 1, 0)
    assert give(geo, fact(value="0"), fact(value="3", obtained_on="2026-03-06")) == (1, 1, 0)
    assert ProvidedFact.objects.get().value == "3"


def test_it_never_replaces_what_the_customer_said(geo: Provider, irina: Customer) -> None:
    Customer.objects.filter(pk=irina.pk).update(occupation="baker")
    give(geo, fact(name="occupation", type="text", value="pilot"))
    irina.refresh_from_db()
    assert irina.occupation == "baker"


@pytest.mark.parametrize(
    ("other", "pointer"),
    [
        ({"identifier": "abc"}, "/identifier"), ({"identifier": "13900000000"}, "/identifier"),
        ({"value": "much"}, "/value"), ({"type": "date"}, "/value"), ({"type": "yes_no"}, "/value"),
        ({"type": "colour"}, "/type"), ({"basis": "none"}, "/basis"), ({"name": "In Come"}, "/name"),
        ({"valid_until": "2026-03-09"}, "/valid_until"), ({"obtained_on": "2026-03-11"}, "/obtained_on"),
        ({"purpose": ""}, "/purpose"), ({"surprise": "1"}, "/surprise"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_and_not_kept(
    other: dict[str, str], pointer: str, geo: Provider, irina: Customer
) -> None:
    wrong = fact(**{"name": "other"} | other)
    done = facts.give(geo, [fact(), wrong], today=TODAY, by="system:test")
    assert (done.applied, done.rejected) == (1, 1)
    assert (done.errors[0].place, done.errors[0].pointer) == (1, pointer)
    assert "8000" not in done.errors[0].detail


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        ("number", "1e3", "1000"), ("number", "-0.50", "-0.5"), ("number", "NaN", None), ("date", "2026-02-30", None),
        ("number", "1e1000000", None), ("number", "1e-300", None), ("number", "1e-1000000", None),
        ("number", "0e-1000000", "0"), ("number", "1e-198", f"0.{'0' * 197}1"), ("number", "-1e-198", None),
        ("yes_no", "YES", "true"), ("yes_no", "0", "false"), ("text", "  a b ", "a b"), ("text", "\t", None),
    ],
)  # fmt: skip
def test_values_have_one_form(type_: str, text: str, value: str | None) -> None:
    assert facts.canonical(type_, text) == value


def test_when_the_right_ends_the_fact_goes(geo: Provider, irina: Customer) -> None:
    give(geo, fact(), fact(name="cars", valid_until="2026-03-10"))
    assert [held.name for held in facts.of(irina, today=TODAY)] == ["cars", "income"]
    assert [held.name for held in facts.of(irina, today=date(2026, 3, 11))] == ["income"]
    assert facts.end(TODAY) == 0
    assert facts.end(date(2026, 3, 11)) == 1
    assert ProvidedFact.objects.get().name == "income"


def test_a_provider_that_is_off_is_hidden_and_gives_no_more(
    geo: Provider, irina: Customer, marta: Staff
) -> None:
    give(geo, fact())
    assert outside.facts_of_others(marta, irina) is not None
    geo.is_on = False
    geo.save()
    assert list(facts.of(irina, today=TODAY)) == []
    assert outside.facts_of_others(marta, irina) is None
    with pytest.raises(facts.ProviderOff):
        give(geo, fact(value="1", obtained_on="2026-03-09"))


def test_the_customer_page_shows_them_with_their_source(
    geo: Provider,
    irina: Customer,
    marta: Staff,
    signed_in: Callable[..., Client],
    django_assert_num_queries: Any,
) -> None:
    give(
        geo,
        fact(valid_until="2999-01-01"),
        fact(name="cars", type="yes_no", value="yes", valid_until="2999-01-01"),
    )
    page = signed_in(marta).get(f"/customers/{irina.public_id}/").content.decode()
    for words in ("250,000", "Geo Data", "Contract 7: offers only", "choosing offers", "Cars", "Yes"):
        assert words in page
    with django_assert_num_queries(1):
        outside.facts_of_others(marta, irina)


def test_merging_brings_them_along_and_keeps_the_survivors(
    geo: Provider, irina: Customer, harbour: Store, noon: Any
) -> None:
    twin = cast.customer("Irina P.", of=harbour, phone="+8613900139000")
    give(geo, fact(value="1"), fact(identifier="13900139000", value="2"), fact(name="cars", value="3"))
    merging.merge(twin, irina, by="system:test", at=noon)
    held = ProvidedFact.objects.filter(customer=twin).order_by("name").values_list("name", "value")
    assert list(held) == [("cars", "3"), ("income", "2")]


def test_the_api_gives_to_customers_in_its_scope(
    geo: Provider, irina: Customer, yusuf: Customer, calling: Callable[..., Client], harbour: Store
) -> None:
    client = calling("customers:write", stores=[harbour])
    rows = [fact(valid_until="2999-01-01"), fact(identifier="13900139000", valid_until="2999-01-01")]
    body = {"provider": "geo", "facts": rows}
    answer = client.post("/api/v1/facts/", body, content_type="application/json")
    told = answer.json()
    assert (told["applied"], told["unchanged"], told["rejected"]) == (1, 0, 1)
    assert (told["errors"][0]["code"], told["errors"][0]["pointer"]) == (
        "unknown_customer",
        "/facts/1/identifier",
    )
    assert ProvidedFact.objects.get().customer == irina


def test_a_file_of_facts(
    geo: Provider, irina: Customer, ana: Staff, signed_in: Callable[..., Client]
) -> None:
    head = ",".join(files.NAMES)
    rows = [fact(valid_until="2999-01-01", right=""), fact(value="x", right="", valid_until="2999-01-01")]
    lines = [",".join(str(row[name]) for name in files.NAMES) for row in rows]
    upload = SimpleUploadedFile("facts.csv", "\n".join([head, *lines]).encode())
    page = signed_in(ana).post(f"/settings/providers/{geo.pk}/file/", {"file": upload}).content.decode()
    assert "1 kept, 0 known already, 1 rejected" in page
    assert ProvidedFact.objects.get().value == "250000"


ALL = ",".join(files.NAMES).encode()


@pytest.mark.parametrize("body", [b"", b"kind,identifier\n", b"\xff\xfe", b"surprise," + ALL])
def test_a_file_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(files.NotAFile):
        list(files.read(body))
