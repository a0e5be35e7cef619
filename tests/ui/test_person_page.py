"""The page of one customer: what it costs, the stream of touches, editing where a fact stands, and taking it back."""

import base64
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.test import Client

from crm.audit.models import Entry
from crm.lib import sealed
from crm.org.models import Staff, Store
from crm.scaleout.recording import recording
from customers import interactions
from customers.models import Customer, CustomerTag, CustomField, Identity, Tag, TouchChannel
from tests import cast
from tests.ui.forms import filled

pytestmark = pytest.mark.django_db
Browser = Callable[[Staff], Client]


@pytest.fixture
def size(db: None) -> CustomField:
    choices = [{"code": "s", "label": "Small"}, {"code": "l", "label": "Large"}]
    return CustomField.objects.create(code="size", label="Size", kind="choice", choices=choices)


def page_of(who: Customer, rest: str = "") -> str:
    return f"/customers/{who.public_id}/{rest}"


def undo_of(html: str) -> str:
    return re.search(r'name="undo" value="([^"]+)"', html)[1]  # type: ignore[index]


# --- What it costs --------------------------------------------------------------------------------------------------


def test_the_whole_page_takes_sixteen_statements_at_most(
    chen: Staff, irina: Customer, harbour: Store, size: CustomField, signed_in: Browser
) -> None:
    """With everything there is: receipts, a night, tags, own fields, a household, touches.

    Counted where the driver sends them, prepared ones too.
    """
    for n in range(40):
        cast.purchase(irina, at=harbour, on=date(2026, 1, 1 + n % 28))
    CustomerTag.objects.create(customer=irina, tag=Tag.objects.create(name="vip"))
    other = cast.customer("Pavel Petrov", of=harbour, household_code="H1")
    Customer.objects.filter(pk=irina.pk).update(household_code="H1", custom={"size": "l"})
    for kind in list(interactions.kinds())[:3]:
        interactions.record(irina.pk, kind, channel=TouchChannel.WEB, at=datetime(2026, 2, 3, tzinfo=UTC))
    cast.night("2026-03-09")
    theirs = signed_in(chen)
    theirs.get(page_of(irina))
    with recording() as kept:
        html = theirs.get(page_of(irina)).content.decode()
    assert len(kept.queries) <= 16, "\n".join(str(one)[:150] for one in kept.queries)
    for words in ("vip", "Large", "Pavel Petrov", other.public_id, "Bought for"):
        assert words in html, words


# --- The stream -----------------------------------------------------------------------------------------------------


def test_the_stream_goes_on_where_it_stopped(
    chen: Staff, irina: Customer, harbour: Store, signed_in: Browser
) -> None:
    for n in range(60):
        cast.purchase(irina, at=harbour, on=date(2026, 1, 1 + n % 28))
    theirs = signed_in(chen)
    shown: list[str] = []
    html = theirs.get(page_of(irina)).content.decode()
    for _ in range(9):
        shown += re.findall(r'data-touch="([^"]+)"', html)
        more = re.search(r'class="stream-more" hx-get="([^"]+)"', html)
        if not more:
            break
        html = theirs.get(more[1].replace("&amp;", "&"), headers={"HX-Request": "true"}).content.decode()
    assert len(shown) == len(set(shown)) == 61
    assert "This is where it began." in html


def test_filters_stand_in_the_address(
    chen: Staff, irina: Customer, harbour: Store, signed_in: Browser
) -> None:
    cast.purchase(irina, at=harbour, on="2026-03-02", amount="39.32")
    theirs = signed_in(chen)
    answer = theirs.get(
        page_of(irina, "timeline/"), {"kinds": "life", "from": ""}, headers={"HX-Request": "true"}
    )
    assert answer["HX-Push-Url"] == page_of(irina, "?kinds=life")
    html = theirs.get(page_of(irina, "?kinds=life")).content.decode()
    assert re.findall(r'data-touch="(\w+)-', html) == ["enrolment"]
    assert "39.32" not in html[html.index('id="timeline"') :]


@pytest.mark.parametrize("query", ["kinds=dragons", "channel=pigeon", "from=soon"])
def test_an_address_that_means_nothing_shows_nothing(
    chen: Staff, irina: Customer, signed_in: Browser, query: str
) -> None:
    html = signed_in(chen).get(page_of(irina, f"?{query}")).content.decode()
    assert "Nothing of this kind" in html


ENDLESS = base64.urlsafe_b64encode(b'["2026-01-01T00:00:00+00:00","x",Infinity]').decode().rstrip("=")


@pytest.mark.parametrize(
    "asked",
    ["to=9999-12-31", "from=0001-01-01", f"t={ENDLESS}"],
)
def test_the_ends_of_time_are_no_crash(chen: Staff, irina: Customer, signed_in: Browser, asked: str) -> None:
    assert signed_in(chen).get(f"/customers/{irina.public_id}/timeline/?{asked}").status_code == 200


@pytest.mark.parametrize("token", ["x", "W10", "WyJhIiwiYiIsImMiXQ", "WzEsMiwzXQ"])
def test_a_bent_place_begins_again(chen: Staff, irina: Customer, signed_in: Browser, token: str) -> None:
    assert 'data-touch="enrolment-' in signed_in(chen).get(page_of(irina, f"?t={token}")).content.decode()


# --- One fact -------------------------------------------------------------------------------------------------------


def test_a_fact_is_edited_where_it_stands_and_taken_back(
    chen: Staff, irina: Customer, signed_in: Browser
) -> None:
    theirs, address = signed_in(chen), page_of(irina, "facts/occupation/")
    form = theirs.get(address)
    assert list(form.context["form"].fields) == ["occupation"]
    html = theirs.post(address, filled(form) | {"occupation": "baker"}).content.decode()
    assert "baker" in html
    irina.refresh_from_db()
    assert (irina.occupation, irina.name) == ("baker", "Irina Petrova")
    assert Entry.objects.latest("pk").details == {"fields": ["occupation"]}
    answer = theirs.post(page_of(irina, "undo/"), {"undo": undo_of(html)})
    assert (answer.status_code, answer["HX-Refresh"]) == (200, "true")
    irina.refresh_from_db()
    assert irina.occupation == ""


def test_an_undo_does_not_overwrite_what_came_later(
    chen: Staff, marta: Staff, irina: Customer, signed_in: Browser
) -> None:
    first, second = signed_in(chen), signed_in(marta)
    address = page_of(irina, "facts/occupation/")
    undo = undo_of(first.post(address, {"occupation": "baker"}).content.decode())
    second.post(address, {"occupation": "cook"})
    answer = first.post(page_of(irina, "undo/"), {"undo": undo})
    assert answer.status_code == 409
    irina.refresh_from_db()
    assert irina.occupation == "cook"


def test_an_undo_is_ones_own_and_not_for_ever(
    chen: Staff, marta: Staff, irina: Customer, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    html = signed_in(chen).post(page_of(irina, "facts/occupation/"), {"occupation": "baker"}).content.decode()
    undo = undo_of(html)
    assert signed_in(marta).post(page_of(irina, "undo/"), {"undo": undo}).status_code == 404
    assert signed_in(chen).post(page_of(irina, "undo/"), {"undo": undo[:-4] + "AAAA"}).status_code == 422
    monkeypatch.setattr("customers.views.undoing.OPEN_FOR", -1)
    assert signed_in(chen).post(page_of(irina, "undo/"), {"undo": undo}).status_code == 422
    irina.refresh_from_db()
    assert irina.occupation == "baker"


def test_two_people_at_one_fact(chen: Staff, marta: Staff, irina: Customer, signed_in: Browser) -> None:
    address = page_of(irina, "facts/occupation/")
    first, second = signed_in(chen), signed_in(marta)
    chens, martas = filled(first.get(address)), filled(second.get(address))
    first.post(address, chens | {"occupation": "baker"})
    answer = second.post(address, martas | {"occupation": "cook"})
    assert answer.status_code == 409
    assert "Take theirs: baker" in answer.content.decode()
    irina.refresh_from_db()
    assert irina.occupation == "baker"


@pytest.mark.parametrize(
    ("name", "value"),
    [("birthday", "2099-01-01"), ("name", ""), ("custom.size", "xl"), ("household_size", "-1"),
     ("household_size", "0"), ("household_size", "100"), ("household_size", "99999999999")],
)  # fmt: skip
def test_a_wrong_value_says_so_at_its_field(
    chen: Staff, irina: Customer, size: CustomField, signed_in: Browser, name: str, value: str
) -> None:
    answer = signed_in(chen).post(page_of(irina, f"facts/{name}/"), {name: value})
    assert answer.status_code == 422
    assert name in answer.context["form"].errors
    if name == "household_size":
        assert answer.context["form"].errors[name] == ["A number from 1 to 99."]
    assert not Entry.objects.filter(action="customer.change").exists()


def test_dates_and_stores_are_taken_back_too(
    chen: Staff, rosa: Staff, irina: Customer, harbour: Store, uptown: Store, signed_in: Browser
) -> None:
    theirs = signed_in(rosa)
    for name, value in (("birthday", "1990-02-03"), ("home_store", str(uptown.pk)), ("household_size", "3")):
        html = theirs.post(page_of(irina, f"facts/{name}/"), {name: value}).content.decode()
        assert theirs.post(page_of(irina, "undo/"), {"undo": undo_of(html)}).status_code == 200, name
    irina.refresh_from_db()
    assert (irina.birthday, irina.home_store_id, irina.household_size) == (None, harbour.pk, None)


def test_own_fields_are_edited_shown_and_taken_back(
    chen: Staff, irina: Customer, size: CustomField, signed_in: Browser
) -> None:
    theirs, address = signed_in(chen), page_of(irina, "facts/custom.size/")
    html = theirs.post(address, filled(theirs.get(address)) | {"custom.size": "l"}).content.decode()
    irina.refresh_from_db()
    assert irina.custom == {"size": "l"}
    assert "Large" in html
    assert Entry.objects.latest("pk").details == {"fields": ["custom.size"]}
    theirs.post(page_of(irina, "undo/"), {"undo": undo_of(html)})
    irina.refresh_from_db()
    assert irina.custom == {}


def test_a_role_edits_only_the_fields_it_sees(
    chen: Staff, irina: Customer, size: CustomField, signed_in: Browser
) -> None:
    CustomField.objects.update(roles=["administrator"])
    assert signed_in(chen).get(page_of(irina, "facts/custom.size/")).status_code == 404
    assert signed_in(chen).get(page_of(irina, "facts/is_stub/")).status_code == 404
    assert "Size" not in signed_in(chen).get(page_of(irina)).content.decode()


def test_the_edit_page_holds_the_own_fields_too(
    chen: Staff, irina: Customer, size: CustomField, signed_in: Browser
) -> None:
    theirs, address = signed_in(chen), page_of(irina, "edit/")
    form = filled(theirs.get(address))
    assert theirs.post(address, form | {"custom.size": "s", "occupation": "baker"}).status_code == 303
    irina.refresh_from_db()
    assert (irina.custom, irina.occupation) == ({"size": "s"}, "baker")
    assert Entry.objects.latest("pk").details == {"fields": ["custom.size", "occupation"]}
    stale = form | {"custom.size": "l"}
    assert theirs.post(address, stale).status_code == 409
    irina.refresh_from_db()
    assert irina.custom == {"size": "s"}


# --- Tags -----------------------------------------------------------------------------------------------------------


def test_tags_are_put_on_and_taken_off_with_undo(
    chen: Staff, marta: Staff, irina: Customer, signed_in: Browser
) -> None:
    managers, clerks = signed_in(marta), signed_in(chen)
    assert clerks.post(page_of(irina, "tags/"), {"name": "VIP"}).status_code == 422  # no such tag yet
    assert not Tag.objects.exists()
    html = managers.post(page_of(irina, "tags/"), {"name": " VIP "}).content.decode()
    tag = Tag.objects.get()
    assert (tag.name, Entry.objects.latest("pk").details) == ("VIP", {"tag": tag.pk})
    assert CustomerTag.objects.filter(customer=irina, tag=tag).exists()
    assert "undo" not in clerks.post(page_of(irina, "tags/"), {"name": "vip"}).content.decode()
    assert clerks.get("/tags/words/", {"name": "v"}).context["names"] == ["VIP"]
    managers.post(page_of(irina, "undo/"), {"undo": undo_of(html)})
    assert not CustomerTag.objects.exists()
    clerks.post(page_of(irina, "tags/"), {"name": "vip"})
    html = clerks.delete(page_of(irina, f"tags/{tag.pk}/")).content.decode()
    assert not CustomerTag.objects.exists()
    clerks.post(page_of(irina, "undo/"), {"undo": undo_of(html)})
    assert CustomerTag.objects.filter(customer=irina, tag=tag).exists()


# --- Contacts -------------------------------------------------------------------------------------------------------


def test_an_identifier_is_added_made_main_and_removed_with_undo(
    chen: Staff, irina: Customer, signed_in: Browser
) -> None:
    theirs = signed_in(chen)
    html = theirs.post(
        page_of(irina, "identifiers/"), {"kind": "phone", "value": "139 0000 1111"}
    ).content.decode()
    second = Identity.objects.get(value="+8613900001111")
    assert (second.customer_id, second.is_primary, "13900001111" in html) == (irina.pk, False, False)
    html = theirs.post(page_of(irina, f"identifiers/{second.pk}/main/")).content.decode()
    mains = Identity.objects.filter(customer=irina, kind="phone", is_primary=True)
    assert [one.value for one in mains.all()] == ["+8613900001111"]
    theirs.post(page_of(irina, "undo/"), {"undo": undo_of(html)})
    assert [one.value for one in mains.all()] == ["+8613800138000"]
    assert "Remove Phone" in theirs.get(page_of(irina, f"identifiers/{second.pk}/removal/")).content.decode()
    html = theirs.post(page_of(irina, f"identifiers/{second.pk}/removal/")).content.decode()
    assert not Identity.objects.filter(value="+8613900001111").exists()
    assert "13900001111" not in html
    with pytest.raises(Exception):  # noqa: B017  sealed: unreadable without the key
        sealed.unseal(undo_of(html), secret="other", purpose="customers.undo", max_age=900)
    theirs.post(page_of(irina, "undo/"), {"undo": undo_of(html)})
    back = Identity.objects.get(value="+8613900001111")
    assert (back.customer_id, back.is_primary, back.source) == (irina.pk, False, "page")
    assert "139" not in str(list(Entry.objects.values_list("details", flat=True)))


def test_the_main_one_that_goes_leaves_an_heir(chen: Staff, irina: Customer, signed_in: Browser) -> None:
    theirs = signed_in(chen)
    theirs.post(page_of(irina, "identifiers/"), {"kind": "phone", "value": "13900001111"})
    main = Identity.objects.get(value="+8613800138000")
    theirs.post(page_of(irina, f"identifiers/{main.pk}/removal/"))
    assert Identity.objects.get(value="+8613900001111").is_primary


def test_somebody_elses_identifier_is_refused_and_points_to_the_merge(
    chen: Staff, rosa: Staff, irina: Customer, yusuf: Customer, signed_in: Browser
) -> None:
    told = {"kind": "phone", "value": "+8613900139000"}
    answer = signed_in(chen).post(page_of(irina, "identifiers/"), told)
    assert answer.status_code == 422
    assert "Another customer has this already." in answer.content.decode()
    assert yusuf.public_id not in answer.content.decode()  # of another store
    assert yusuf.public_id in signed_in(rosa).post(page_of(irina, "identifiers/"), told).content.decode()
    assert Identity.objects.get(value="+8613900139000").customer_id == yusuf.pk


def test_the_last_identifier_stays(chen: Staff, harbour: Store, signed_in: Browser) -> None:
    lone = cast.customer("Lone", of=harbour, phone="+8613700001111")
    one = lone.identities.get()
    answer = signed_in(chen).post(page_of(lone, f"identifiers/{one.pk}/removal/"))
    assert answer.status_code == 409
    assert lone.identities.count() == 1


# --- The rest -------------------------------------------------------------------------------------------------------


def test_the_household_lists_whom_one_may_see(
    chen: Staff, rosa: Staff, irina: Customer, yusuf: Customer, lin: Customer, signed_in: Browser
) -> None:
    Customer.objects.filter(pk__in=[irina.pk, yusuf.pk]).update(household_code="H1")
    sharing = lambda who: [one.pk for one in signed_in(who).get(page_of(irina)).context["sharing"]]  # noqa: E731
    assert sharing(chen) == []
    assert sharing(rosa) == [yusuf.pk]


def test_why_a_value_class_is_told_with_ones_own_money(
    marta: Staff, harbour: Store, irina: Customer, signed_in: Browser
) -> None:
    cast.purchase(irina, at=harbour, on="2026-03-02", amount="900.00")
    cast.purchase(cast.customer("Small", of=harbour), at=harbour, on="2026-03-02", amount="100.00")
    cast.night("2026-03-09")
    context = signed_in(marta).get(page_of(irina)).content.decode()
    assert "They spent ¥900.00 in 365 days; high begins at ¥900." in context


def test_a_stub_and_an_empty_customer_have_a_page(chen: Staff, harbour: Store, signed_in: Browser) -> None:
    stub = cast.customer("", of=harbour, card="C9", is_stub=True, enrolled_at=None)
    html = signed_in(chen).get(page_of(stub)).content.decode()
    for words in ("Not enrolled yet", "No purchase yet", "No touch yet"):
        assert words in html
    assert Decimal(0) == signed_in(chen).get(page_of(stub)).context["whole"].bought.spent
