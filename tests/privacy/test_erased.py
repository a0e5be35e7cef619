"""Of an erased customer nothing is written any more, and what was written meanwhile is erased by doing it again."""

from collections.abc import Callable
from typing import Any

import pytest

from crm.org.models import Store
from crm.privacy import erasing
from crm.privacy.models import Certificate
from customers import contacts, notes, present, profile, signups, work
from customers.consents import guardians
from customers.events import tokens
from customers.models import Customer, Identity, Note, SignUp, SignUpState
from tests.privacy import canary as birds

pytestmark = pytest.mark.django_db
NOW = birds.NOW
CALLS = [
    ("get", "", None),
    ("patch", "", {"occupation": "baker"}),
    ("post", "notes/", {"text": "Anna Anders called."}),
    ("post", "work/", {"kind": "call", "title": "Call Anna", "due_at": "2026-11-27T10:00:00+08:00"}),
    ("post", "consents/", {"channel": "sms", "purpose": "marketing", "is_given": False}),
]


@pytest.fixture
def gone(bystander: Customer) -> Customer:
    erasing.erase(bystander.pk, by="system:test", at=NOW)
    return bystander


@pytest.mark.parametrize(("method", "part", "body"), CALLS)
def test_the_api_answers_gone(
    gone: Customer, calling: Callable[..., Any], method: str, part: str, body: Any
) -> None:
    client = calling("customers:read", "customers:write", "work:write")
    answer = getattr(client, method)(
        f"/api/v1/customers/{gone.public_id}/{part}", body, content_type="application/json"
    )
    assert (answer.status_code, answer.json()["code"]) == (410, "erased"), answer.content


def test_their_token_is_nobodys(bystander: Customer) -> None:
    token, _until = tokens.make(bystander)
    assert tokens.customer_of(token) == bystander.pk
    erasing.erase(bystander.pk, by="system:test", at=NOW)
    assert tokens.customer_of(token) is None


WRITES: dict[str, Callable[[Customer], Any]] = {
    "profile": lambda one: profile.change(one.pk, {"occupation": "baker"}, by="system:test"),
    "note": lambda one: notes.write(one, "Anna called.", by="system:test", at=NOW),
    "work": lambda one: work.create(one, kind="call", title="Call", due_at=NOW, by="system:test", at=NOW),
    "guardian": lambda one: guardians.appoint(
        one, name="Ann", relation="parent", verified="seen", by="system:test"
    ),
    "contact": lambda one: contacts.add(one, "phone", "+8613911119999", by="system:test"),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_who_had_the_page_open_is_refused(gone: Customer, write: Callable[[Customer], Any]) -> None:
    """`gone` is as it was read before the erasure."""
    with pytest.raises(present.Erased):
        write(gone)


def test_what_came_back_is_erased_by_doing_it_again(gone: Customer, harbour: Store) -> None:
    first = Certificate.objects.get()
    Identity.objects.create(customer=gone, kind="phone", value="+8613911112222", source="test")
    Note.objects.create(customer=gone, text="Anna", created_by="system:test", created_at=NOW)
    again = erasing.erase(gone.pk, by="system:test", at=NOW)
    assert again != first
    assert not Identity.objects.filter(customer=gone).exists()
    assert not Note.objects.filter(customer=gone).exists()
    Customer.objects.filter(pk=gone.pk).update(occupation="baker")
    third = erasing.erase(gone.pk, by="system:test", at=NOW)
    assert Customer.objects.get(pk=gone.pk).occupation == ""
    assert erasing.erase(gone.pk, by="system:test", at=NOW) == third


def test_who_waited_for_an_erasure_makes_no_second_certificate(
    bystander: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = erasing._held

    def later(numbers: Any) -> Any:
        monkeypatch.setattr(erasing, "_held", held)
        erasing.erase(bystander.pk, by="system:other", at=NOW)
        return held(numbers)

    monkeypatch.setattr(erasing, "_held", later)
    assert erasing.erase(bystander.pk, by="system:test", at=NOW).erased_by == "system:other"
    assert Certificate.objects.count() == 1


@pytest.mark.parametrize(
    "phone", ["(139) 1111 2222", "\uff11\uff13\uff19\uff11\uff11\uff11\uff11\uff12\uff12\uff12\uff12", ""]
)
def test_a_sign_up_is_found_however_it_is_written(bystander: Customer, harbour: Store, phone: str) -> None:
    """Without a phone: by the member whom it waits for."""
    facts = {"name": "Bo", "phone": phone} if phone else {"name": "Bo"}
    mine = SignUp.objects.create(
        store=harbour, facts=facts, state=SignUpState.WAITING, customer_id=None if phone else bystander.pk
    )
    others = SignUp.objects.create(store=harbour, facts={"name": "Cy", "phone": "(139) 1111 2223"})
    erasing.erase(bystander.pk, by="system:test", at=NOW)
    mine.refresh_from_db()
    others.refresh_from_db()
    assert (mine.state, mine.facts, mine.decided_by) == (SignUpState.DISMISSED, {}, "system:erasure")
    assert mine.decided_at is not None
    assert (others.state, others.facts["name"]) == (SignUpState.NEW, "Cy")


def test_a_sign_up_of_somebody_gone_is_not_taken_over(gone: Customer, harbour: Store) -> None:
    one = SignUp.objects.create(
        store=harbour,
        facts={"agreed": ["sms.marketing.en.1"]},
        state=SignUpState.WAITING,
        customer_id=gone.pk,
    )
    with pytest.raises(present.Erased):
        signups.accept(one, by="system:test", at=NOW)
