"""Becoming a member and choosing what may be sent, in a real browser."""

import re
from collections.abc import Callable

from django.urls import reverse
from playwright.sync_api import Page, expect

from crm.org.models import Staff, Store
from customers import consents, signups
from customers.consents import CELLS, links
from customers.models import Customer, SignUp
from customers.views import join

Open = Callable[..., Page]


def given(customer: Customer) -> set[str]:
    return {one.code for one in CELLS if consents.allows(customer.pk, one.channel, one.purpose)}


def test_a_clerk_enrols_with_the_keyboard_alone(open_as: Open, chen: Staff, harbour: Store) -> None:
    page = open_as(chen, "/counter/")
    page.keyboard.type("138 1111 2222")
    expect(page.get_by_role("button", name="Enrol 138 1111 2222")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Phone")).to_have_value("138 1111 2222")
    assert "1111" not in page.url
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("陈伟")
    page.keyboard.press("Tab")  # birthday: day, month, year
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.get_by_label(re.compile("offers and news by SMS")).focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("陈伟")
    expect(page.get_by_text("陈伟 is a member now.")).to_be_visible()
    assert given(Customer.objects.get()) == {"sms.marketing"}


def test_enrolment_takes_two_fields_and_a_tick(open_as: Open, chen: Staff, harbour: Store) -> None:
    """What PRODUCT promises in fifteen seconds: two required fields and consent; what is not typed is counted here."""
    page = open_as(chen, "/counter/")
    loaded: list[str] = []
    page.on("request", lambda sent: loaded.append(sent.url) if sent.resource_type == "document" else None)
    acts = 0

    def act(work: Callable[[], object]) -> None:
        nonlocal acts
        work()
        acts += 1

    page.keyboard.type("138 1111 2222")
    expect(page.get_by_role("button", name="Enrol 138 1111 2222")).to_be_visible()
    act(lambda: page.keyboard.press("Enter"))
    expect(page.get_by_label("Name")).to_be_focused()
    assert page.locator("main form [required]").count() == 2
    page.keyboard.type("陈伟")
    act(lambda: page.get_by_label(re.compile("offers and news by SMS")).click())
    act(lambda: page.keyboard.press("Enter"))
    expect(page.get_by_role("heading", level=1)).to_have_text("陈伟")
    assert acts == 3
    assert len(loaded) == 3, "the form, its answer and the member's page"
    assert given(Customer.objects.get()) == {"sms.marketing"}


def test_f2_takes_along_what_was_typed(open_as: Open, chen: Staff, harbour: Store) -> None:
    page = open_as(chen, "/counter/")
    page.keyboard.type("陈伟")
    page.keyboard.press("F2")
    expect(page.get_by_label("Name")).to_have_value("陈伟")
    expect(page.get_by_label("Phone")).to_be_focused()


def test_do_not_contact_and_its_undoing(open_as: Open, chen: Staff, irina: Customer) -> None:
    page = open_as(chen, f"/customers/{irina.public_id}/")
    page.get_by_role("button", name="Do not contact").click()
    asked = page.get_by_role("dialog", name=f"Never contact {irina.name}?")
    asked.get_by_role("button", name="Cancel").click()
    assert not consents.state_of(irina).do_not_contact
    page.get_by_role("button", name="Do not contact").click()
    asked.get_by_role("button", name="Do not contact").click()
    expect(page.get_by_text("What is below holds again once this is lifted.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken back.")).to_be_visible()
    assert not consents.state_of(irina).do_not_contact


def test_a_customer_chooses_on_a_phone(open_as: Open, chen: Staff, irina: Customer) -> None:
    address = reverse("customers:preferences", args=[links.preferences_token(irina)])
    page = open_as(chen, address, width=360, height=760, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.get_by_label(re.compile("offers and news by SMS")).tap()
    page.get_by_role("button", name="Save").tap()
    expect(page.get_by_text("This holds from now on.")).to_be_visible()
    expect(page.get_by_label(re.compile("offers and news by SMS"))).to_be_checked()
    assert given(irina) == {"sms.marketing"}
    page.get_by_role("button", name="Do not contact me at all").tap()
    expect(page.get_by_text("You asked us not to contact you.")).to_be_visible()
    assert given(irina) == set()


def test_somebody_signs_up_on_their_phone(open_as: Open, chen: Staff, harbour: Store) -> None:
    form = signups.switch(harbour, on=True, by="system:test")
    page = open_as(chen, reverse("customers:join", args=[form.code]), width=360, height=760, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.get_by_label("Name").fill("陈伟")
    expect(page.locator("label[for=id_phone]")).to_have_text("Phone or e-mail")
    expect(page.locator("label[for=id_email]")).to_have_text("E-mail or phone")
    page.locator("#id_phone").fill("138 1111 2222")
    page.get_by_label(re.compile("offers and news by SMS")).tap()
    page.wait_for_timeout(join.SOONEST.total_seconds() * 1000)
    page.get_by_role("button", name="Become a member").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    assert SignUp.objects.get().facts["phone"] == "138 1111 2222"
