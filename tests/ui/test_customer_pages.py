"""Counter, list, one customer: what they show, to whom, at what cost."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone

from crm.audit.models import Entry
from crm.org.models import Staff, Store
from customers import serving
from customers.bought import Bought
from customers.masks import masked
from customers.models import Customer, CustomerTag, NameKey, Product, Purchase, Tag
from tests import cast
from tests.ui.forms import filled

Browser = Callable[[Staff], Client]


def found(client: Client, words: str, **more: str) -> list[tuple[str, str, bool]]:
    answer = client.post("/counter/find/", {"q": words, **more})
    assert answer.status_code == 200
    return [
        (shown.name, address, is_exact) for _row, shown, address, is_exact, _more in answer.context["hits"]
    ]


def test_the_counter_finds_by_everything(
    chen: Staff, irina: Customer, harbour: Store, signed_in: Browser
) -> None:
    cast.customer("林小雨", of=harbour, phone="+8613700137000")
    theirs = signed_in(chen)
    for words in (
        "13800138000",
        "+86 138-0013-8000",
        "8000",
        "irina@example.com",
        "m0001",
        "C1000001",
        "irina",
        "Petrova I",
    ):
        assert [hit[0] for hit in found(theirs, words)] == ["Irina Petrova"], words
    for words in ("林", "小雨", "lin", "linxiao", "lxy", "7000"):
        assert [hit[0] for hit in found(theirs, words)] == ["林小雨"], words
    assert found(theirs, "nobody") == []
    assert found(theirs, " ") == []


def test_a_hit_tells_what_the_clerk_needs(
    chen: Staff, irina: Customer, harbour: Store, signed_in: Browser
) -> None:
    cast.purchase(irina, at=harbour, on="2026-03-02")
    cast.night("2026-03-09")
    page = signed_in(chen).post("/counter/find/", {"q": "irina"}).content.decode()
    for words in ("Irina Petrova", "+86 138****8000", "Harbour", "New", 'data-answers="irina"'):
        assert words in page
    assert "13800138000" not in page


def test_another_branch_is_found_exactly_and_served_only(
    chen: Staff, yusuf: Customer, signed_in: Browser
) -> None:
    cast.purchase(yusuf, at=Store.objects.get(code="UPTN"), on="2026-03-02", external_id="T-secret")
    theirs = signed_in(chen)
    assert found(theirs, "yusuf") == []
    [(name, address, is_exact)] = found(theirs, "13900139000")
    assert (name, is_exact) == ("Yusuf Demir", True)
    assert address.startswith("/counter/served/")
    page = theirs.get(address)
    assert page.status_code == 200
    assert "T-secret" not in page.content.decode()
    assert theirs.get(f"/customers/{yusuf.public_id}/").status_code == 404


def test_counter_and_api_show_the_same_of_another_branchs_customer(
    chen: Staff, harbour: Store, yusuf: Customer, signed_in: Browser, calling: Callable[..., Client]
) -> None:
    """Chen's Counter and a till of Harbour: who this is, and nothing that Uptown learnt about them."""
    uptown = Store.objects.get(code="UPTN")
    cast.purchase(yusuf, at=uptown, on="2026-03-02", amount="77.00")
    cast.night("2026-03-09")
    till = calling("customers:read", stores=[harbour])
    told = till.post(
        "/api/v1/customers/lookup/",
        {"kind": "phone", "value": "13900139000"},
        content_type="application/json",
    ).json()
    assert (
        set(told) - {"id", "scope"} == set(serving.FIELDS) == {"name", "home_store", "is_stub", "enrolled_at"}
    )
    theirs = signed_in(chen)
    hits = theirs.post("/counter/find/", {"q": "13900139000"})
    [(row, shown, address, _exact, _more)] = hits.context["hits"]
    assert row is None
    assert shown == serving.Serving("Yusuf Demir", "Uptown", False, yusuf.enrolled_at)
    page = theirs.get(address)
    assert page.context["shown"] == shown
    for html in (hits.content.decode(), page.content.decode()):
        assert "Yusuf Demir" in html
        assert "Uptown" in html
        for word in (
            "139****9000",
            "Last visit",
            "No visit yet",
            "Champions",
            "New customers",
            "77.00",
            "is-accent",
        ):
            assert word not in html, word
    assert yusuf.public_id not in hits.content.decode()


def test_ones_own_customer_is_seen_whole(
    rosa: Staff, harbour: Store, irina: Customer, signed_in: Browser
) -> None:
    """Rosa's region holds both stores: nobody there is of another branch."""
    cast.purchase(irina, at=harbour, on="2026-03-02")
    [(row, _shown, address, is_exact, _more)] = (
        signed_in(rosa).post("/counter/find/", {"q": "13800138000"}).context["hits"]
    )
    assert (row.phone, is_exact) == ("+86 138****8000", True)
    assert address == f"/customers/{irina.public_id}/"


def test_a_pass_is_for_one_person_and_half_an_hour(
    chen: Staff, marta: Staff, yusuf: Customer, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    [(_name, address, _exact)] = found(signed_in(chen), "13900139000")
    assert signed_in(marta).get(address).status_code == 404
    assert (
        signed_in(chen)
        .get("/counter/served/" + signing.dumps([yusuf.pk, chen.pk], salt="other") + "/")
        .status_code
        == 404
    )
    late = signing.time.time() + 31 * 60
    monkeypatch.setattr(signing.time, "time", lambda: late)
    assert signed_in(chen).get(address).status_code == 404


def test_finding_costs_the_same_however_many_are_found(
    chen: Staff, harbour: Store, signed_in: Browser, django_assert_num_queries: Any
) -> None:
    for n in range(12):
        cast.customer(f"Smith {n}", of=harbour, phone=f"+861380013{n:04}")
    theirs = signed_in(chen)
    found(theirs, "smith")
    for words, count in (("smith1", 3), ("smith", 12)):
        with django_assert_num_queries(9):
            assert len(found(theirs, words)) == count


def test_the_list_is_ones_own_and_filtered_by_the_address(
    marta: Staff, rosa: Staff, irina: Customer, yusuf: Customer, lin: Customer, signed_in: Browser
) -> None:
    names = lambda who, query="": [  # noqa: E731
        row.customer.name for row in signed_in(who).get(f"/customers/{query}").context["rows"]
    ]
    assert names(marta) == ["Irina Petrova"]
    assert sorted(names(rosa)) == ["Irina Petrova", "Yusuf Demir"]
    uptown = Store.objects.get(code="UPTN")
    assert names(rosa, f"?store={uptown.pk}") == ["Yusuf Demir"]
    mill = Store.objects.get(code="MILL")
    assert lin.name not in names(rosa, f"?store={mill.pk}")
    tag = Tag.objects.create(name="vip")
    CustomerTag.objects.create(customer=irina, tag=tag)
    assert names(rosa, f"?tag={tag.pk}") == ["Irina Petrova"]


@pytest.mark.parametrize(
    "query", ["tag=99999", "stage=77", "enrolled=maybe", "store=0", "tag=99999&enrolled=yes"]
)
def test_a_filter_that_means_nothing_finds_nobody_and_says_so(
    rosa: Staff, irina: Customer, yusuf: Customer, signed_in: Browser, query: str
) -> None:
    theirs = signed_in(rosa)
    page = theirs.get(f"/customers/?{query}")
    assert (page.context["count"], page.context["rows"]) == (0, [])
    assert 'aria-invalid="true"' in page.content.decode()
    answer = theirs.get(f"/customers/export/?{query}&format=csv")
    assert len(b"".join(answer.streaming_content).decode().splitlines()) == 1


def test_the_list_filters_by_stage(marta: Staff, harbour: Store, signed_in: Browser) -> None:
    fresh, silent = cast.customer("Fresh", of=harbour), cast.customer("Silent", of=harbour)
    cast.purchase(fresh, at=harbour, on="2026-03-02")
    cast.purchase(silent, at=harbour, on="2025-03-02")
    cast.night("2026-03-09")
    rows = signed_in(marta).get("/customers/?stage=5").context["rows"]
    assert [(row.customer.name, row.stage.label, row.tone) for row in rows] == [("Silent", "Lost", "alert")]


def test_a_list_page_costs_the_same_for_one_and_for_fifty(
    marta: Staff, harbour: Store, signed_in: Browser, django_assert_max_num_queries: Any
) -> None:
    for n in range(60):
        person = cast.customer(f"P{n}", of=harbour, phone=f"+861380013{n:04}")
        cast.purchase(person, at=harbour, on="2026-03-02")
    cast.night("2026-03-09")
    theirs = signed_in(marta)
    with django_assert_max_num_queries(19):
        page = theirs.get("/customers/")
    assert len(page.context["rows"]) == 50
    token = page.context["page"].next
    assert len(theirs.get("/customers/", {"after": token}).context["rows"]) == 10


def test_export_holds_the_list_and_is_written_down(
    marta: Staff, irina: Customer, yusuf: Customer, signed_in: Browser
) -> None:
    answer = signed_in(marta).get("/customers/export/?format=csv")
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0] == "Customer,Name,Phone,Home store,Stage,Last visit,Purchases,Spent,Group,Tier"
    assert lines[1:] == [f"{irina.public_id},Irina Petrova,'+86 138****8000,Harbour,,,0,0,–,–"]
    entry = Entry.objects.latest("pk")
    assert (entry.action, entry.details) == ("customers.export", {"format": "csv", "filters": {}})


def test_an_empty_export_has_its_header(marta: Staff, signed_in: Browser) -> None:
    lines = (
        b"".join(signed_in(marta).get("/customers/export/").streaming_content)
        .decode("utf-8-sig")
        .splitlines()
    )
    assert lines == ["Customer,Name,Phone,Home store,Stage,Last visit,Purchases,Spent,Group,Tier"]


@pytest.fixture
def history(irina: Customer, harbour: Store) -> list[Purchase]:
    days = [date(2026, 1, 5), date(2026, 2, 5), date(2026, 3, 5)]
    return [
        cast.purchase(irina, at=harbour, on=day, lines=[("SKU1", "1.5", "12.00"), ("SKU2", "1", "8.00")])
        for day in days
    ]


def test_the_customer_page(chen: Staff, irina: Customer, history: list[Purchase], signed_in: Browser) -> None:
    cast.night("2026-03-09")
    page = signed_in(chen).get(f"/customers/{irina.public_id}/")
    html = page.content.decode()
    assert page.context["whole"].bought == Bought(3, Decimal("60.00"), date(2026, 1, 5), date(2026, 3, 5))
    assert [one.business_date for one in page.context["page"].rows] == [
        date(2026, 3, 5),
        date(2026, 2, 5),
        date(2026, 1, 5),
    ]
    for words in ("¥60.00", "+86 138****8000", "i***@example.com", "M0***01", "Last bought 4 days before this night",
                  "3 purchases in 365 days", "¥60.00 in 365 days", "Groups so far", "Life with us"):  # fmt: skip
        assert words in html, words
    assert "13800138000" not in html


def test_figures_are_of_now_and_scores_of_the_night(
    chen: Staff, irina: Customer, harbour: Store, history: list[Purchase], signed_in: Browser
) -> None:
    """After the night: another receipt, one brought back in part, one whole. The page agrees with its rows at once."""
    theirs = signed_in(chen)
    address = f"/customers/{irina.public_id}/"
    assert theirs.get(address).context["whole"].bought.count == 3  # before any night
    cast.night("2026-03-09")
    cast.purchase(irina, at=harbour, on="2026-03-10", amount="39.32")
    Purchase.objects.filter(pk=history[1].pk).update(returned=Decimal("8.00"))
    Purchase.objects.filter(pk=history[0].pk).update(returned=Decimal("20.00"))
    page = theirs.get(address)
    shown = page.context["whole"].bought
    assert shown == Bought(3, Decimal("71.32"), date(2026, 2, 5), date(2026, 3, 10), undone=1)
    rows = page.context["page"].rows
    assert sum(row.amount - row.returned for row in rows) == shown.spent
    assert len(rows) == shown.count + shown.undone
    html = page.content.decode()
    for words in ("¥71.32", "and 1 brought back whole", "night of", "Mar 9, 2026", "purchases: as of now"):
        assert words in html, words
    [listed] = theirs.get("/customers/").context["rows"]
    assert listed.bought == shown
    assert "purchases as of now" in theirs.get("/customers/").content.decode()


def test_who_bought_for_the_first_time_today_has_visited(
    chen: Staff, irina: Customer, harbour: Store, signed_in: Browser
) -> None:
    theirs = signed_in(chen)
    assert "No visit yet" in theirs.post("/counter/find/", {"q": "irina"}).content.decode()
    cast.purchase(irina, at=harbour, on=timezone.localdate())
    assert "No visit yet" not in theirs.post("/counter/find/", {"q": "irina"}).content.decode()


def test_the_months_end_with_this_one(
    chen: Staff, irina: Customer, harbour: Store, signed_in: Browser
) -> None:
    today = timezone.localdate()
    cast.purchase(irina, at=harbour, on=today, lines=[("SKU1", "1", "39.32")])
    months = signed_in(chen).get(f"/customers/{irina.public_id}/").context["months"]["rows"]
    assert months[-1] == (today.replace(day=1), 39.32, 1)
    assert months[0] == (today.replace(year=today.year - 1, day=1), 0, 0)
    assert len({month for month, _spent, _visits in months}) == 13


def test_whom_no_night_has_seen_yet_is_told_so(
    chen: Staff, irina: Customer, harbour: Store, signed_in: Browser
) -> None:
    cast.purchase(irina, at=harbour, on="2026-03-08")
    cast.night("2026-03-09")
    later = cast.customer("Came Later", of=harbour, phone="+8613900139009")
    html = signed_in(chen).get(f"/customers/{later.public_id}/").content.decode()
    assert "Stage, group and scores come with the night after the first purchase." in html
    assert "night of" not in html
    cast.purchase(later, at=harbour, on="2026-03-10")
    html = signed_in(chen).get(f"/customers/{later.public_id}/").content.decode()
    assert "No night has seen them yet: stage, group and scores come with the next one." in html
    assert "night of" not in html


def test_the_customer_page_before_any_night(chen: Staff, irina: Customer, signed_in: Browser) -> None:
    html = signed_in(chen).get(f"/customers/{irina.public_id}/").content.decode()
    assert "Scores appear after the first night" in html
    assert "Stage, group and scores come with the night after the first purchase." in html
    assert "No purchase yet" in html


def test_the_customer_page_costs_the_same_for_few_and_many_purchases(
    chen: Staff, irina: Customer, harbour: Store, signed_in: Browser, django_assert_max_num_queries: Any
) -> None:
    for n in range(25):
        cast.purchase(irina, at=harbour, on=f"2026-02-{1 + n:02}")
    cast.night("2026-03-09")
    theirs = signed_in(chen)
    theirs.get(f"/customers/{irina.public_id}/")  # how the night scored is read once a process
    with django_assert_max_num_queries(15):
        theirs.get(f"/customers/{irina.public_id}/")


def test_lines_are_loaded_when_asked(
    chen: Staff, irina: Customer, history: list[Purchase], signed_in: Browser
) -> None:
    Product.objects.filter(sku="SKU1").update(name="Jasmine tea")
    address = f"/customers/{irina.public_id}/purchases/{history[0].public_id}/"
    html = signed_in(chen).get(address).content.decode()
    assert "Jasmine tea" in html
    assert "1.5" in html
    assert signed_in(chen).get(f"/customers/{irina.public_id}/purchases/rcp_nonsense/").status_code == 404


def test_a_purchase_of_another_customer_is_not_here(
    chen: Staff, irina: Customer, harbour: Store, signed_in: Browser
) -> None:
    other = cast.customer("Other", of=harbour)
    theirs = cast.purchase(other, at=harbour, on="2026-03-02")
    assert (
        signed_in(chen).get(f"/customers/{irina.public_id}/purchases/{theirs.public_id}/").status_code == 404
    )


def test_showing_an_identifier_is_written_down(chen: Staff, irina: Customer, signed_in: Browser) -> None:
    phone = irina.identities.get(kind="phone")
    html = signed_in(chen).post(f"/customers/{irina.public_id}/identifiers/{phone.pk}/").content.decode()
    assert "+8613800138000" in html
    entry = Entry.objects.latest("pk")
    assert (entry.action, entry.actor) == ("customer.reveal", f"staff:{chen.pk}")
    assert "138" not in str(entry.details)


def test_editing_renames_and_keeps_search_right(
    chen: Staff, irina: Customer, harbour: Store, signed_in: Browser
) -> None:
    values = {"name": "Irina Ivanova", "home_store": harbour.pk, "birthday": "1990-02-03"}
    theirs = signed_in(chen)
    answer = theirs.post(f"/customers/{irina.public_id}/edit/", values)
    assert (answer.status_code, answer["Location"]) == (303, f"/customers/{irina.public_id}/")
    assert [hit[0] for hit in found(theirs, "ivanova")] == ["Irina Ivanova"]
    assert found(theirs, "petrova") == []
    entry = Entry.objects.latest("pk")
    assert (entry.action, entry.details) == ("customer.change", {"fields": ["birthday", "name"]})


def test_an_edit_writes_only_what_was_changed(
    chen: Staff, marta: Staff, irina: Customer, signed_in: Browser
) -> None:
    """Two people have the page open; each changes something else."""
    address = f"/customers/{irina.public_id}/edit/"
    first, second = signed_in(chen), signed_in(marta)
    chens, martas = filled(first.get(address)), filled(second.get(address))
    assert first.post(address, chens | {"occupation": "baker"}).status_code == 303
    assert second.post(address, martas | {"household": "couple"}).status_code == 303
    irina.refresh_from_db()
    assert (irina.occupation, irina.household, irina.name) == ("baker", "couple", "Irina Petrova")
    assert Entry.objects.latest("pk").details == {"fields": ["household"]}
    assert first.post(address, filled(first.get(address)) | {"occupation": ""}).status_code == 303
    irina.refresh_from_db()
    assert (irina.occupation, irina.household) == ("", "couple")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "a\u0007b"),
        ("birthday", "2099-01-01"),
        ("birthday", "yesterday"),
        ("home_store", ""),
    ],
)
def test_a_wrong_edit_changes_nothing(
    chen: Staff, irina: Customer, harbour: Store, signed_in: Browser, field: str, value: str
) -> None:
    values = {"name": "X", "home_store": harbour.pk, field: value}
    answer = signed_in(chen).post(f"/customers/{irina.public_id}/edit/", values)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    irina.refresh_from_db()
    assert irina.name == "Irina Petrova"
    assert NameKey.objects.filter(customer=irina, key__startswith="irina").exists()


def test_who_was_merged_leads_to_who_they_became(
    chen: Staff, irina: Customer, harbour: Store, signed_in: Browser
) -> None:
    old = cast.customer("Irina P.", of=harbour)
    Customer.objects.filter(pk=old.pk).update(merged_into=irina)
    answer = signed_in(chen).get(f"/customers/{old.public_id}/")
    assert answer["Location"] == f"/customers/{irina.public_id}/"


def test_very_long_names_and_stubs_are_shown(chen: Staff, harbour: Store, signed_in: Browser) -> None:
    cast.customer("Wolfeschlegelsteinhausenbergerdorff" * 3, of=harbour)
    cast.customer("", of=harbour, is_stub=True, enrolled_at=None)
    html = signed_in(chen).get("/customers/").content.decode()
    assert "Not enrolled yet" in html


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("phone", "+8613800138000", "+86 138****8000"),
        ("phone", "+16315550104", "+1 631***0104"),
        ("phone", "+4930123456", "+49****3456"),
        ("email", "irina@example.com", "i***@example.com"),
        ("member", "M0001234", "M0***34"),
        ("openid", "oABCdef", "oAB***"),
    ],
)
def test_masks(kind: str, value: str, said: str) -> None:
    assert masked(kind, value) == said
