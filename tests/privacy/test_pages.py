"""Privacy's pages: requests with their deadlines, exports, erasure by typing, masking, reveals, retention."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.audit.models import Entry
from crm.jobs import runner
from crm.jobs.models import State
from crm.org.models import Staff, Store
from crm.org.permissions import Role
from crm.privacy import masking, requests, retention, reveals
from crm.privacy.models import Certificate, Law, PrivacySettings, Request, Reveal
from crm.privacy.reveals import Habit
from customers import masks
from customers.models import Arrival, Customer

pytestmark = pytest.mark.django_db
Browser = Callable[[Staff], Any]


@pytest.mark.parametrize(
    ("law", "received", "due"),
    [
        (Law.GDPR, date(2026, 1, 31), date(2026, 2, 28)),
        (Law.GDPR, date(2026, 12, 15), date(2027, 1, 15)),
        (Law.PIPL, date(2026, 3, 6), date(2026, 3, 27)),  # a Friday: 15 working days are three weeks
        (Law.PIPL, date(2026, 3, 7), date(2026, 3, 27)),  # a Saturday
        (Law.CCPA, date(2026, 3, 1), date(2026, 4, 15)),
        (Law.OWN, date(2026, 3, 1), date(2026, 3, 11)),
    ],
)
def test_the_deadline_follows_from_the_law(law: Law, received: date, due: date) -> None:
    assert requests.due_on(received, PrivacySettings(law=law, own_days=10)) == due


def test_the_law_follows_from_the_country_until_somebody_chooses(chain: Any, ana: Staff) -> None:
    assert requests.settings_of_chain().law == Law.PIPL
    requests.choose(PrivacySettings(law=Law.OWN, own_days=7, officer="Ana"), by=ana)
    assert (requests.settings_of_chain().law, requests.settings_of_chain().own_days) == (Law.OWN, 7)


def test_a_request_from_receipt_to_certificate(ana: Staff, irina: Customer, signed_in: Browser) -> None:
    browser = signed_in(ana)
    new = reverse("privacy:request-new") + f"?customer={irina.public_id}"
    assert (
        browser.post(new, {"kind": "erasure", "received_on": timezone.localdate().isoformat()}).status_code
        == 303
    )
    asked = Request.objects.get()
    assert asked.customer_id == irina.pk
    assert asked.store == irina.home_store

    close = reverse("privacy:request-closure", args=[asked.key])
    early = browser.post(close, {"state": "done", "outcome": "Erased."})
    assert early.status_code == 422
    assert "First say how you made sure" in early.content.decode()
    refused = browser.post(close, {"state": "refused", "outcome": ""})
    assert refused.context["form"]["outcome"].errors == ["Say why."]
    assert '<option value="refused" selected>' in refused.content.decode()  # what was chosen is not lost
    asked.refresh_from_db()
    assert asked.state == "open"  # nobody had made sure who asks

    browser.post(reverse("privacy:request-check", args=[asked.key]), {"kind": "code"})
    erasure = reverse("privacy:erasure", args=[irina.public_id]) + f"?request={asked.key}"
    assert "cus_" in browser.get(erasure).content.decode()
    assert browser.post(erasure, {"typed": "irina"}).status_code == 422
    assert Certificate.objects.count() == 0
    answer = browser.post(erasure, {"typed": irina.public_id})
    certificate = Certificate.objects.get()
    assert answer["Location"] == reverse("privacy:certificate", args=[certificate.key])
    assert certificate.request == asked
    page = browser.get(answer["Location"]).content.decode()
    assert "customers.Identity" in page
    assert "Irina" not in page
    assert erasure not in browser.get(reverse("privacy:request", args=[asked.key])).content.decode()
    browser.post(close, {"state": "done", "outcome": "Erased."})
    asked.refresh_from_db()
    assert (asked.state, asked.closed_by) == ("done", f"staff:{ana.pk}")
    assert browser.get(reverse("customers:customer", args=[irina.public_id])).status_code == 410


def test_an_overdue_request_stands_out(ana: Staff, harbour: Store, signed_in: Browser) -> None:
    late = timezone.localdate() - timedelta(days=90)
    requests.receive("access", customer_id=None, received_on=late, store=harbour, by=ana, at=timezone.now())
    page = signed_in(ana).get(reverse("privacy:requests") + "?state=overdue").content.decode()
    assert "Overdue" in page
    assert "1 request" in page


def test_a_request_of_long_ago_is_refused_at_its_field(
    ana: Staff, harbour: Store, signed_in: Browser
) -> None:
    told = {"kind": "access", "store": str(harbour.pk), "received_on": "0001-01-01"}
    answer = signed_in(ana).post(reverse("privacy:request-new"), told)
    assert "This day is more than a year ago." in str(answer.context["form"]["received_on"].errors)
    told["received_on"] = (timezone.localdate() - timedelta(days=365)).isoformat()
    assert signed_in(ana).post(reverse("privacy:request-new"), told).status_code == 303


def test_exports_are_whole_in_the_readers_language_and_written_down(
    ana: Staff, irina: Customer, signed_in: Browser
) -> None:
    browser = signed_in(ana)
    address = reverse("privacy:export", args=[irina.public_id])
    told = json.loads(b"".join(browser.get(address).streaming_content))
    names = {table["table"] for table in told["tables"]}
    assert {"customers.Customer", "customers.Identity"} <= names
    ana.language = "zh-hans"
    ana.save()
    page = b"".join(browser.get(address + "?format=html").streaming_content).decode()
    assert "我们持有的您的数据" in page
    assert "irina@example.com" in page
    assert 'lang="zh-hans"' in page
    assert Entry.objects.filter(action="customer.export").count() == 2


def test_a_manager_enters_requests_and_does_not_erase(
    marta: Staff, irina: Customer, yusuf: Customer, signed_in: Browser
) -> None:
    browser = signed_in(marta)
    assert browser.get(reverse("privacy:request-new") + f"?customer={irina.public_id}").status_code == 200
    assert browser.get(reverse("privacy:request-new") + f"?customer={yusuf.public_id}").status_code == 404
    assert (
        browser.post(
            reverse("privacy:erasure", args=[irina.public_id]), {"typed": irina.public_id}
        ).status_code
        == 403
    )
    assert Certificate.objects.count() == 0


# --- Masking and reveals ----------------------------------------------------------------------------------------------


def test_every_role_has_its_row_and_a_stranger_sees_nothing() -> None:
    assert {role for role, _sights, _reveal in masking.table()} == set(Role)
    nobody = type("Nobody", (), {"role": "dragon"})()
    assert {masking.sight(nobody, what) for what in masking.What} == {masking.Sight.HIDDEN}


@pytest.mark.parametrize(
    ("name", "shown"), [("Irina Petrova", "I. P."), ("林小雨", "林**"), ("", ""), ("Cher", "C.")]
)
def test_short_names(name: str, shown: str) -> None:
    assert masks.short_name(name) == shown


@pytest.mark.parametrize(
    ("born", "band"), [("1990-03-11", "30-39"), ("1996-03-10", "30-39"), ("1996-03-11", "20-29")]
)
def test_age_bands(born: str, band: str) -> None:
    assert masks.age_band(date.fromisoformat(born), date(2026, 3, 10)) == band


def test_an_analyst_sees_no_contact_and_no_full_name_on_page_list_or_export(
    noor: Staff, irina: Customer, signed_in: Browser
) -> None:
    Customer.objects.filter(pk=irina.pk).update(birthday=date(1990, 1, 2))
    browser = signed_in(noor)
    addresses = (
        reverse("customers:customer", args=[irina.public_id]), reverse("customers:list"),
        reverse("customers:export") + "?format=csv",
    )  # fmt: skip
    for address in addresses:
        answer = browser.get(address)
        text = (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode()
        assert "I. P." in text, address
        for secret in ("Irina", "Petrova", "8000", "example.com", "M0001", "1990"):
            assert secret not in text, (address, secret)


def test_a_clerk_has_a_phone_shown_and_it_is_written_down(
    chen: Staff, irina: Customer, signed_in: Browser
) -> None:
    phone = irina.identities.get(kind="phone")
    answer = signed_in(chen).post(reverse("customers:reveal", args=[irina.public_id, phone.pk]))
    assert "+8613800138000" in answer.content.decode()
    made = Reveal.objects.get()
    assert (made.staff, made.customer_id, made.what, made.reason) == (chen, irina.pk, "phone", "none")
    assert Entry.objects.filter(action="customer.reveal").count() == 1


def test_whoever_must_say_why_sees_nothing_before(max_: Staff, irina: Customer, signed_in: Browser) -> None:
    phone = irina.identities.get(kind="phone")
    address = reverse("customers:reveal", args=[irina.public_id, phone.pk])
    for told in ({}, {"reason": ""}, {"reason": "bogus"}, {"reason": "none"}):
        answer = signed_in(max_).post(address, told)
        assert answer.status_code == 422
        assert "+8613800138000" not in answer.content.decode()
        assert 'value="contact"' in answer.text
        assert 'value="none"' not in answer.text
    assert Reveal.objects.count() == 0
    assert "+8613800138000" in signed_in(max_).post(address, {"reason": "verify"}).content.decode()
    assert Reveal.objects.get().reason == "verify"


def test_an_unknown_reason_is_refused_also_where_none_is_asked(
    chen: Staff, marta: Staff, irina: Customer, signed_in: Browser
) -> None:
    phone = irina.identities.get(kind="phone")
    address = reverse("customers:reveal", args=[irina.public_id, phone.pk])
    for reason in ("bogus", "none", "x" * 400):
        answer = signed_in(chen).post(address, {"reason": reason})
        assert answer.status_code == 422
        assert "+8613800138000" not in answer.text
    assert not Reveal.objects.exists()
    assert not Entry.objects.filter(action="customer.reveal").exists()
    assert signed_in(chen).post(address).status_code == 200
    assert Entry.objects.get(action="customer.reveal").details["reason"] == "none"
    assert "None given" in signed_in(marta).get(reverse("privacy:reveals")).text


def test_unusual_numbers_stand_first(
    chen: Staff, agnes: Staff, marta: Staff, irina: Customer, signed_in: Browser
) -> None:
    for person, count in ((chen, 25), (agnes, 3)):
        for _n in range(count):
            reveals.reveal(person, customer_id=irina.pk, store_id=irina.home_store_id, what="phone")
    first, second = reveals.habits(Reveal.objects.all())
    assert (first.staff, first.count, first.is_unusual) == (chen, 25, True)
    assert (second.staff, second.is_unusual) == (agnes, False)
    page = signed_in(marta).get(reverse("privacy:reveals")).content.decode()
    assert "Unusual" in page
    steady = Habit(chen)
    steady.days.update({date(2026, 3, day): 25 for day in (1, 2, 3)})
    assert not steady.is_unusual


# --- Retention --------------------------------------------------------------------------------------------------------


def test_what_cannot_be_brought_back_is_off() -> None:
    assert {one.rule.name for one in retention.rules() if one.is_on and not one.rule.fixed} == {"reveals"}


def test_a_rule_that_is_on_removes_what_is_past_its_time(
    ana: Staff, irina: Customer, signed_in: Browser, harbour: Store
) -> None:
    from tests import cast

    kept = cast.purchase(irina, at=harbour, on="2026-03-02")
    arrival = Arrival.objects.get(purchase_id=kept.pk)
    old = datetime(2024, 1, 1, tzinfo=UTC)
    Arrival.objects.filter(pk=arrival.pk).update(raw={"a": 1}, recorded_at=old)
    retention.choose("arrivals", is_on=True, days=365, by=ana)
    at = datetime(2026, 3, 10, tzinfo=UTC)
    (one,) = [rule for rule in retention.rules() if rule.rule.name == "arrivals"]
    assert one.rule.count(one.before(at)) == 1
    job = runner.run_until_ended(retention.ask(at))
    assert (job.state, job.counts["arrivals"]) == (State.DONE, 1)
    arrival.refresh_from_db()
    assert arrival.raw is None
    assert Entry.objects.filter(action="retention.remove").count() == 1
    browser = signed_in(ana)
    browser.post(reverse("privacy:retention-rule", args=["arrivals"]), {"days": "5"})
    assert [rule.days for rule in retention.rules() if rule.rule.name == "arrivals"] == [365]
    browser.post(reverse("privacy:retention-rule", args=["arrivals"]), {"days": "400"})
    assert [(rule.days, rule.is_on) for rule in retention.rules() if rule.rule.name == "arrivals"] == [
        (400, False)
    ]


def test_a_stub_that_bought_long_ago_is_erased_and_one_that_bought_since_is_not(
    harbour: Store, ana: Staff
) -> None:
    from tests import cast

    idle = cast.customer("", of=harbour, phone="+8613911114444", is_stub=True, enrolled_at=None)
    busy = cast.customer("", of=harbour, phone="+8613911115555", is_stub=True, enrolled_at=None)
    cast.purchase(idle, at=harbour, on="2020-01-02")
    cast.purchase(busy, at=harbour, on="2026-03-02")
    Customer.objects.update(created_at=datetime(2019, 1, 1, tzinfo=UTC))
    retention.choose("stubs", is_on=True, days=1000, by=ana)
    runner.run_until_ended(retention.ask(datetime(2026, 3, 10, tzinfo=UTC)))
    assert [one.customer_id for one in Certificate.objects.all()] == [idle.pk]
    assert busy.identities.count() == 1


def test_pages_ask_a_fixed_number_of_questions(
    ana: Staff, harbour: Store, signed_in: Browser, django_assert_max_num_queries: Any
) -> None:
    for day in range(1, 9):
        requests.receive(
            "access",
            customer_id=None,
            received_on=timezone.localdate() - timedelta(days=day),
            store=harbour,
            by=ana,
            at=timezone.now(),
        )
    browser = signed_in(ana)
    for name in ("requests", "reveals", "retention", "register", "masking", "certificates", "settings"):
        browser.get(reverse(f"privacy:{name}"))
        with django_assert_max_num_queries(16):
            assert browser.get(reverse(f"privacy:{name}")).status_code == 200
