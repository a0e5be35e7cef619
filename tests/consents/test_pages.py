"""Pages of consent: staff write down what a customer said, customers change it on signed links."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import signing
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from crm.audit.models import Entry
from crm.org.models import Chain, Staff
from crm.scaleout.recording import recording
from customers import consents, present, timeline
from customers.consents import CELLS, agerule, cell, guardians, links, wordings
from customers.models import Consent, Customer, Guardian
from customers.timeline import Asked

pytestmark = pytest.mark.django_db

Browser = Callable[[Staff], Client]
EMAIL, SMS = cell("email", "marketing"), cell("sms", "marketing")


def given(customer: Customer) -> set[str]:
    return {one.code for one in CELLS if consents.allows(customer.pk, one.channel, one.purpose)}


def say(customer: Customer, word: bool | None, where: Any = EMAIL) -> int:
    wording = wordings.current("en", [where])[where] if where in CELLS else None
    return consents.record(customer, channel=where.channel, purpose=where.purpose, is_given=word, wording=wording,
                           source="counter", by="system:test", at=None)  # fmt: skip


def carried(page: str) -> dict[str, str]:
    """What a form showed, as it carries it hidden."""
    return dict(re.findall(r'name="(shown-[^"]+)" value="([^"]*)"', page))


def fill(browser: Client, address: str, form: dict[str, str]) -> Any:
    """Open the page and send it."""
    return browser.post(address, carried(browser.get(address).text) | form)


def test_a_clerk_records_what_changed_and_takes_it_back(
    chen: Staff, irina: Customer, signed_in: Browser
) -> None:
    browser = signed_in(chen)
    say(irina, True)
    address = reverse("customers:consent-record", args=[irina.public_id])
    assert "Send me offers and news by SMS." in browser.get(address).text
    answer = fill(
        browser,
        address,
        {"how": "phone", "email.marketing": "yes", "sms.marketing": "yes", "profiling": "no"},
    )
    assert answer.status_code == 303
    assert given(irina) == {"email.marketing", "sms.marketing"}
    new = list(Consent.objects.filter(source="phone").order_by("pk"))
    assert [(one.purpose, one.channel, one.is_given, one.wording and one.wording.code) for one in new] == [
        (1, 2, True, "sms.marketing.en.1"),
        (3, 0, False, "profiling.en.1"),
    ]
    assert [(one.recorded_by, one.store_id) for one in new] == [(f"staff:{chen.pk}", irina.home_store_id)] * 2
    page = browser.get(answer["Location"]).text
    undo = reverse("customers:words", args=[irina.public_id, f"{new[0].pk}-{new[1].pk}"])
    assert undo in page
    assert browser.post(undo, {"_method": "DELETE"}).status_code == 303
    assert given(irina) == {"email.marketing"}
    assert consents.state_of(irina).cells[cell(None, "profiling")].is_given is None
    assert (
        browser.post(undo, {"_method": "DELETE"}).status_code == 303
    )  # a second time: something newer was said
    assert Consent.objects.count() == 5


def test_the_wording_is_in_the_customers_language(chen: Staff, irina: Customer, signed_in: Browser) -> None:
    Customer.objects.filter(pk=irina.pk).update(language="zh-hans")
    address = reverse("customers:consent-record", args=[irina.public_id])
    fill(signed_in(chen), address, {"how": "counter", "sms.marketing": "yes"})
    wording = Consent.objects.get().wording
    assert wording is not None
    assert wording.code == "sms.marketing.zh-hans.1"


def test_what_nobody_offered_is_refused(chen: Staff, irina: Customer, signed_in: Browser) -> None:
    address = reverse("customers:consent-record", args=[irina.public_id])
    for form in ({"how": "dream", "sms.marketing": "yes"}, {"how": "phone", "sms.marketing": "maybe"}):
        assert signed_in(chen).post(address, form).status_code == 422
    assert not Consent.objects.exists()


def test_do_not_contact_stands_on_the_page_until_it_is_lifted(
    chen: Staff, irina: Customer, signed_in: Browser
) -> None:
    browser, page = signed_in(chen), reverse("customers:customer", args=[irina.public_id])
    address = reverse("customers:do-not-contact", args=[irina.public_id])
    browser.post(address)
    assert consents.state_of(irina).do_not_contact
    assert "What is below holds again once this is lifted." in browser.get(page).text
    browser.post(address, {"_method": "DELETE"})
    assert not consents.state_of(irina).do_not_contact
    assert "What is below holds again" not in browser.get(page).text


def test_consent_costs_the_customers_page_one_statement(
    chen: Staff, irina: Customer, signed_in: Browser
) -> None:
    say(irina, True)
    with recording() as kept:
        signed_in(chen).get(reverse("customers:customer", args=[irina.public_id]))
    # Who says no to a profile is left out where scores are read; this is about what they agreed to.
    asked = [one for one in map(str, kept.queries) if "json_agg(json_build_array(last.purpose" in one]
    assert len(asked) == 1  # the timeline asks for words in its own


def test_words_stand_in_the_timeline(irina: Customer, marta: Staff) -> None:
    say(irina, True)
    say(irina, None)
    say(irina, False, consents.cell(None, "contact"))
    asked = Asked(marta, Chain.current(), irina, groups=frozenset({"consent"}))
    told = [(touch.title, touch.channel) for touch in timeline.page(asked).touches]
    assert told == [
        ("Do not contact", ""),
        ("Taken back to: Offers and news by E-mail", "email"),
        ("Yes to: Offers and news by E-mail", "email"),
    ]


def test_the_history_in_few_queries(
    chen: Staff, irina: Customer, signed_in: Browser, django_assert_max_num_queries: Any
) -> None:
    for word in (True, False, None, True):
        say(irina, word)
    browser, address = signed_in(chen), reverse("customers:consents", args=[irina.public_id])
    with django_assert_max_num_queries(12):
        page = browser.get(address).text
    assert page.count("email.marketing.en.1") == 4


def test_a_guardian_makes_a_minors_yes_count(chen: Staff, irina: Customer, signed_in: Browser) -> None:
    browser, address = signed_in(chen), reverse("customers:guardian", args=[irina.public_id])
    Customer.objects.filter(pk=irina.pk).update(birthday=(now() - timedelta(days=3000)).date())
    say(irina, True)
    assert given(irina) == set()
    assert browser.post(address, {"name": " ", "relation": "mother", "verified": "signed"}).status_code == 422
    assert not Guardian.objects.exists()
    assert (
        browser.post(address, {"name": "Petra", "relation": "mother", "verified": "signed"}).status_code
        == 303
    )
    assert given(irina) == {"email.marketing"}
    assert "Petra" not in str(Entry.objects.values_list("details", flat=True))
    assert "Petra" in browser.get(address).text
    browser.post(address, {"_method": "DELETE"})
    assert given(irina) == set()


def test_a_guardian_goes_to_who_the_customer_became(
    chen: Staff, irina: Customer, yusuf: Customer, signed_in: Browser
) -> None:
    """A form that was open while somebody else merged the two."""
    Customer.objects.filter(pk=yusuf.pk).update(merged_into=irina)
    guardian = guardians.appoint(yusuf, name="Petra", relation="mother", verified="signed", by=chen)
    assert guardian.customer_id == irina.pk
    assert guardians.dismiss(yusuf, by=chen) == 1
    with pytest.raises(guardians.NoGuardian):
        guardians.dismiss(yusuf, by=chen)
    about = Entry.objects.filter(action__startswith="guardian.").values_list("subject", flat=True)
    assert set(about) == {f"customers.customer:{irina.pk}"}
    browser = signed_in(chen)
    answer = browser.post(reverse("customers:guardian", args=[irina.public_id]), {"_method": "DELETE"})
    assert "No guardian stands for this customer" in browser.get(answer["Location"]).text


def test_an_administrator_changes_texts_and_the_age(ana: Staff, signed_in: Browser) -> None:
    browser = signed_in(ana)
    assert "Send me offers and news by SMS." in browser.get(reverse("customers:wordings")).text
    address = reverse("customers:wording", args=["sms.marketing", "en"])
    assert browser.post(address, {"text": "Text me offers."}).status_code == 303
    assert wordings.current("en")[cell("sms", "marketing")].text == "Text me offers."
    assert browser.post(address, {"text": ""}).status_code == 422
    for bent in ("contact", "sms.fun"):
        assert browser.get(reverse("customers:wording", args=[bent, "en"])).status_code == 404
    assert agerule.current() == 14
    assert browser.post(reverse("customers:wordings"), {"adult_at": "18"}).status_code == 303
    assert agerule.current() == 18
    assert browser.post(reverse("customers:wordings"), {"adult_at": "40"}).status_code == 422


# On signed links ----------------------------------------------------------------------------------------------------


def preferences(customer: Customer) -> str:
    return reverse("customers:preferences", args=[links.preferences_token(customer)])


def unsubscribe(customer: Customer, where: Any = EMAIL) -> str:
    return reverse("customers:unsubscribe", args=[links.unsubscribe_token(customer, where)])


def test_a_customer_changes_their_preferences(irina: Customer, client: Client) -> None:
    say(irina, True)
    say(irina, True, cell("sms", "marketing"))
    address = preferences(irina)
    page = client.get(address)
    assert page.status_code == 200
    assert page.text.count("checked") == 2
    assert "+86 138****8000" in page.text
    assert "+8613800138000" not in page.text
    assert "Irina" not in page.text
    assert "Corner Grocers" in page.text
    answer = fill(client, address, {"sms.marketing": "on", "profiling": "on"})
    assert answer.status_code == 303
    assert "Saved." in client.get(answer["Location"]).text
    assert given(irina) == {"sms.marketing", "profiling"}
    assert Consent.objects.filter(source="preferences", recorded_by="customer").count() == 2
    fill(client, address, {"sms.marketing": "on", "stop": ""})
    assert given(irina) == set()
    fill(client, address, {"contact": "on", "sms.marketing": "on", "profiling": "on"})
    assert given(irina) == {"sms.marketing", "profiling"}


def test_a_stale_page_makes_no_new_yes(irina: Customer, client: Client) -> None:
    """Unsubscribed elsewhere while the page was open, with e-mail ticked."""
    for where in (EMAIL, SMS):
        say(irina, True, where)
    shown = carried(client.get(preferences(irina)).text)
    client.post(unsubscribe(irina))
    client.post(preferences(irina), shown | {"email.marketing": "on"})
    assert given(irina) == set()
    assert Consent.objects.filter(source="preferences").values_list("channel", "is_given").get() == (2, False)
    client.post(preferences(irina), {"email.marketing": "on"})  # nobody knows what was shown
    assert given(irina) == set()
    say(irina, True)
    client.post(preferences(irina), {})
    assert given(irina) == set()


def test_a_stale_form_of_staff_makes_no_new_yes(
    chen: Staff, irina: Customer, client: Client, signed_in: Browser
) -> None:
    browser, address = signed_in(chen), reverse("customers:consent-record", args=[irina.public_id])
    say(irina, True)
    shown = carried(browser.get(address).text)
    client.post(unsubscribe(irina))
    form = {"how": "phone", "email.marketing": "yes", "sms.marketing": "yes"}
    assert browser.post(address, shown | form).status_code == 303
    assert given(irina) == {"sms.marketing"}


def test_the_wording_is_the_one_that_was_shown(
    ana: Staff, chen: Staff, irina: Customer, client: Client, signed_in: Browser
) -> None:
    staffs = reverse("customers:consent-record", args=[irina.public_id])
    shown, read_out = (carried(one.get(way).text) for one, way in
                       ((client, preferences(irina)), (signed_in(chen), staffs)))  # fmt: skip
    wordings.change(SMS, "en", "Text me offers.", by=ana)
    bent = shown | {"shown-profiling": ":sms.marketing.en.1"}  # of another cell
    client.post(preferences(irina), bent | {"sms.marketing": "on", "profiling": "on"})
    assert given(irina) == {"sms.marketing"}
    assert Consent.objects.get().wording.code == "sms.marketing.en.1"  # type: ignore[union-attr]
    wordings.change(EMAIL, "en", "Mail me offers.", by=ana)
    wrong = signed_in(chen).post(staffs, read_out | {"how": "dream", "email.marketing": "yes"}).text
    assert "Mail me offers." not in wrong
    signed_in(chen).post(staffs, carried(wrong) | {"how": "phone", "email.marketing": "yes"})
    assert Consent.objects.get(source="phone").wording.code == "email.marketing.en.1"  # type: ignore[union-attr]


def test_a_page_speaks_the_customers_language_unless_they_chose(irina: Customer, client: Client) -> None:
    Customer.objects.filter(pk=irina.pk).update(language="zh-hant")
    assert "用簡訊把優惠和新消息傳給我" in client.get(preferences(irina)).text
    client.post(reverse("ui:preferences"), {"language": "zh-hans"})
    assert "用短信把优惠和新消息发给我" in client.get(preferences(irina)).text
    fill(client, preferences(irina), {"sms.marketing": "on"})
    assert Consent.objects.get().wording.code == "sms.marketing.zh-hans.1"  # type: ignore[union-attr]


def test_looking_changes_nothing(irina: Customer, client: Client) -> None:
    """A mail program's scanner follows every link, some of them with HEAD."""
    say(irina, True)
    before = list(Consent.objects.values()), Entry.objects.exclude(action="defaults.make").count()
    for address in (
        preferences(irina),
        unsubscribe(irina),
        unsubscribe(irina, consents.cell(None, "contact")),
    ):
        for ask in (client.get, client.head, client.options):
            for _again in range(3):
                assert ask(address).status_code == 200
        assert client.delete(address).status_code == 405
        assert client.put(address).status_code == 405
    assert (list(Consent.objects.values()), Entry.objects.exclude(action="defaults.make").count()) == before


def test_an_unsubscribe_link_only_refuses(irina: Customer, client: Client) -> None:
    """It never ends and messages are passed on: nobody agrees to anything with it."""
    say(irina, True)
    address = unsubscribe(irina, cell("sms", "marketing"))
    for page in (client.get(address), client.post(address)):
        assert "/preferences/" not in page.text.replace(reverse("ui:preferences"), "")
        assert "ask in a store for a fresh link" in page.text
    client.post(address, {"email.service": "on", "contact": "on"})
    assert given(irina) == {"email.marketing"}
    assert 'name="stop"' in client.get(address).text
    answer = client.post(address, {"stop": ""}).text
    assert consents.state_of(irina).do_not_contact
    assert "You are unsubscribed" in answer
    assert 'name="stop"' not in answer
    assert given(irina) == set()


def test_a_link_against_any_contact_says_so_in_a_sentence(irina: Customer, client: Client) -> None:
    address = unsubscribe(irina, consents.cell(None, "contact"))
    for page in (client.get(address), client.post(address)):
        assert "We will not contact you any more." in page.text
        assert "Any contact" not in page.text


@pytest.mark.parametrize("body", [{}, {"List-Unsubscribe": "One-Click"}])
def test_unsubscribing_takes_one_post_without_a_cookie(body: dict[str, str], irina: Customer) -> None:
    say(irina, True)
    say(irina, True, cell("sms", "marketing"))
    stranger = Client(enforce_csrf_checks=True)
    address = unsubscribe(irina)
    assert "Unsubscribe?" in stranger.get(address).text
    assert "You are unsubscribed" in stranger.post(address, body).text
    assert given(irina) == {"sms.marketing"}
    last = consents.history(irina.pk).first()
    assert last is not None
    assert (last.source, last.evidence) == ("unsubscribe", {"one_click": bool(body)})
    assert stranger.post(address, body).status_code == 200  # again: no harm


def test_a_bent_link_opens_nothing(irina: Customer, yusuf: Customer, client: Client) -> None:
    for address in (preferences(irina), unsubscribe(irina)):
        start = address.index("/", 1) + 1
        for at in range(start, len(address) - 1):
            letter = "a" if address[at] != "a" else "b"
            assert client.get(address[:at] + letter + address[at + 1 :]).status_code == 404, at
        answer = client.get(address[:-2] + "/")
        assert answer.status_code == 404
        assert "This link is incomplete or too old" in answer.text
        assert "look after" not in answer.text
    other_use = reverse("customers:unsubscribe", args=[links.preferences_token(irina)])
    assert client.get(other_use).status_code == 404
    assert client.post(other_use).status_code == 404
    assert not Consent.objects.exists()


def test_preferences_end_and_unsubscribing_never_does(
    irina: Customer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, forever = preferences(irina), unsubscribe(irina)
    later = now().timestamp() + links.PREFERENCES_FOR.total_seconds() + 60
    monkeypatch.setattr(signing.time, "time", lambda: later)
    for ask in (client.get, client.post):
        assert ask(old).status_code == 410
    assert not Consent.objects.exists()
    assert client.get(forever).status_code == 200


def test_a_link_of_somebody_merged_leads_to_the_survivor(
    irina: Customer, yusuf: Customer, client: Client
) -> None:
    address = preferences(irina)
    Customer.objects.filter(pk=irina.pk).update(merged_into=yusuf)
    assert "+86 139****9000" in client.get(address).text
    fill(client, address, {"profiling": "on"})
    assert given(yusuf) == {"profiling"}


def test_a_link_of_somebody_erased_says_that_nothing_is_held(irina: Customer, client: Client) -> None:
    say(irina, True)
    addresses = preferences(irina), unsubscribe(irina)
    Customer.objects.filter(pk=irina.pk).update(erased_at=now())
    before = Consent.objects.count()
    for address, status in zip(addresses, (410, 200), strict=True):
        for ask in (client.get, client.post):
            answer = ask(address)
            assert answer.status_code == status
            assert "We hold nothing about the person" in answer.text
            assert "Corner Grocers" in answer.text
            assert not re.search(r"irina|8000|look after|first page", answer.text, re.IGNORECASE)
            assert answer["Cache-Control"] == "no-store"
    assert Consent.objects.count() == before
    assert given(irina) == consents.allowed([irina.pk], "email", "marketing") == set()
    with pytest.raises(present.Erased):
        say(irina, True)


def test_addresses_tell_nothing(irina: Customer) -> None:
    for address in (preferences(irina), unsubscribe(irina)):
        assert not re.search(r"irina|13800138000|8000|M0001", address, re.IGNORECASE)
        assert str(irina.pk) not in address.split("/")[2].split(":")


def test_too_many_tries_are_turned_away(
    irina: Customer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from customers.views import public

    monkeypatch.setattr(public, "MOST", 3)
    say(irina, True)
    address = preferences(irina)
    assert [client.get(address).status_code for _try in range(4)] == [200, 200, 200, 429]
    assert client.post(address).status_code == 429
    assert given(irina) == {"email.marketing"}
    assert client.post(unsubscribe(irina)).status_code == 200  # another link, from the same place
    assert given(irina) == set()


def test_staff_hand_out_a_link(chen: Staff, irina: Customer, signed_in: Browser, client: Client) -> None:
    page = signed_in(chen).post(reverse("customers:preferences-link", args=[irina.public_id])).text
    (path,) = re.findall(r"http://testserver(/preferences/[^<\s]+)", page)
    assert client.get(path).status_code == 200


def test_whoever_asks_a_minor_is_told_that_a_guardian_is_needed(
    chen: Staff, irina: Customer, signed_in: Browser
) -> None:
    browser, address = signed_in(chen), reverse("customers:consent-record", args=[irina.public_id])
    assert "counts only with a guardian" not in browser.get(address).content.decode()
    Customer.objects.filter(pk=irina.pk).update(birthday=now().date())
    assert "counts only with a guardian" in browser.get(address).content.decode()
