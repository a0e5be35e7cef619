"""What staff wrote of a customer is read as the reader's role sees people: without numbers, or not at all."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from crm.org.models import Chain, Staff
from crm.org.permissions import Role
from crm.privacy import masking
from customers import notes, timeline, work
from customers.models import Customer
from customers.notetouches import SHOWN

pytestmark = pytest.mark.django_db
Browser = Callable[[Staff], Client]

SAID = "Her new number is +1 917 555 0199, or greta@kestrel.example; size 42. Ask for Greta Kestrelhurst"
BLOTTED = "Her new number is •••, or •••; size 42. Ask for Greta Kestrelhurst"
HIDDEN = "Notes are not shown to your role."
SECRETS = ("917 555", "0199", "greta@", "kestrel.example")


@pytest.mark.parametrize("role", list(Role))
def test_a_note_as_each_role_reads_it(role: Role) -> None:
    viewer = type("Viewer", (), {"role": role})()
    wanted = {Role.ANALYST: HIDDEN, Role.INTEGRATION: SAID}.get(role, BLOTTED)
    assert masking.text(viewer, SAID) == wanted


def test_a_stranger_reads_nothing_and_a_key_all() -> None:
    assert masking.text(type("Nobody", (), {"role": "dragon"})(), SAID) == HIDDEN
    assert masking.text(object(), SAID) == SAID


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("(917) 555-0199 or 917.555.0199", "••• or •••"),
        ("邮箱greta@x.com电话13800138000。", "邮箱•••电话•••。"),
        ("１３８００１３８０００", "•••"),
        ("12345 1234", "•••"),
        ("size 42, 1234 g, @Chen", "size 42, 1234 g, @Chen"),
    ],
)
def test_what_counts_as_a_number_or_an_address(said: str, shown: str) -> None:
    assert masking.text(type("Clerk", (), {"role": Role.CLERK})(), said) == shown


@pytest.mark.parametrize("who", ["chen", "agnes", "marta", "rosa", "max_", "ana", "noor"])
def test_pages_show_no_more(
    who: str, request: Any, irina: Customer, uma: Staff, marta: Staff, signed_in: Browser
) -> None:
    reader = request.getfixturevalue(who)
    note = notes.write(irina, SAID, by=uma, at=now())
    notes.edit(note, f"{SAID}!", by=uma, at=now())
    item = work.create(irina, kind="call", title="Call", due_at=now(), at=now(), by=marta)
    pages = [
        reverse("customers:customer", args=[irina.public_id]),
        reverse("customers:notes", args=[irina.public_id]),
        reverse("customers:note", args=[irina.public_id, note.public_id]),
        reverse("customers:work-item", args=[item.public_id]),
    ]
    shown = [one.text for one in map(signed_in(reader).get, pages) if one.status_code == 200]
    assert len(shown) >= 2
    for page in shown:
        assert not [secret for secret in SECRETS if secret in page]
        assert (HIDDEN in page) == (who == "noor")
        assert ("Greta Kestrelhurst" in page) == (who != "noor")


def test_the_timeline_shows_no_half_address(chain: Chain, irina: Customer, uma: Staff, max_: Staff) -> None:
    notes.write(irina, "x" * (SHOWN - 8) + " greta.kestrelhurst@kestrel.example", by=uma, at=now())
    (touch,) = timeline.page(timeline.Asked(max_, chain, irina, groups=frozenset({"service"}))).touches
    assert "greta" not in f"{touch.detail}{touch.data}"
    assert str(touch.detail).endswith("•••")
