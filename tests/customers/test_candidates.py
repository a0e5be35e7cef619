"""Who somebody may be already: the engine for all ways in, its warning and its endpoint."""

from datetime import UTC, date, datetime

import pytest
from django.test import Client

from crm.lib import prepared
from customers import enrolment, profile
from customers.enrolment import AlreadyEnrolled, IdentifiersDisagree
from customers.matching import conflicts, engine, facts
from customers.models import Customer, Identity, MatchKey, MatchRules

pytestmark = pytest.mark.django_db
BORN = date(1990, 4, 12)


@pytest.fixture
def lin_xiaoyu(harbour) -> Customer:
    """Enrolled through the door, so that the keys are those which it writes."""
    done = enrolment.enrol(
        [("phone", "13812345678"), ("email", "xiaoyu.lin@gmail.com"), ("member", "M77")],
        by="system:test", at=datetime(2026, 1, 1, tzinfo=UTC), name="林小雨", birthday=BORN, home_store_id=harbour.pk,
        address="上海市静安区南京西路1266号3楼",
    )  # fmt: skip
    return done.customer


def ask(*identifiers, **plain) -> list[tuple[int, str, str]]:
    return [
        (c.customer_id, c.decision, c.conflict) for c in engine.candidates(facts.told(identifiers, **plain))
    ]


def test_enrolment_writes_the_keys(lin_xiaoyu) -> None:
    assert len(MatchKey.objects.get(customer=lin_xiaoyu).keys) > 5


@pytest.mark.parametrize(
    "told",
    [
        {"name": "林小雨", "birthday": BORN},
        {"name": "Lin Xiaoyu", "birthday": BORN},
        {"name": "小雨林", "birthday": BORN},
        {"name": "林小雨", "birthday": date(1990, 12, 4)},
        {"name": "林晓雨", "address": "上海静安区南京西路 1266号3楼"},
    ],
)
def test_facts_alone_ask_for_a_look(lin_xiaoyu, told) -> None:
    assert ask(**told) == [(lin_xiaoyu.pk, "look", "")]


def test_a_slip_in_the_phone_or_another_way_of_writing_the_mailbox(lin_xiaoyu) -> None:
    assert ask(("phone", "13812345687"), name="林小雨") == [(lin_xiaoyu.pk, "look", "")]
    assert ask(("email", "xiaoyulin+shop@googlemail.com"), name="Lin Xiaoyu") == [(lin_xiaoyu.pk, "look", "")]


def test_a_name_alone_says_nothing(lin_xiaoyu) -> None:
    assert ask(name="林小雨") == []
    assert ask(name="王芳", birthday=BORN) == []


def test_an_identifier_decides_alone(lin_xiaoyu) -> None:
    assert ask(("member", "m77")) == [(lin_xiaoyu.pk, "join", "")]
    assert ask(("phone", "13812345678"), name="Xiaoyu Lin") == [(lin_xiaoyu.pk, "join", "")]
    assert ask(("member", "M77"), name="Peter Pan") == [(lin_xiaoyu.pk, "join", "")]


def test_a_shared_phone_with_clearly_another_name_does_not_decide(lin_xiaoyu) -> None:
    assert ask(("phone", "13812345678"), name="林建国") == [(lin_xiaoyu.pk, "look", conflicts.OTHER_NAME)]


def test_two_member_numbers_never_join_whatever_else_agrees(lin_xiaoyu) -> None:
    told = (("phone", "13812345678"), ("email", "xiaoyu.lin@gmail.com"), ("member", "M78"))
    assert ask(*told, name="林小雨", birthday=BORN) == [(lin_xiaoyu.pk, "look", conflicts.TWO_MEMBERS)]


def test_identifiers_of_two_customers_ask_for_a_look_at_both(lin_xiaoyu, irina) -> None:
    found = ask(("member", "M77"), ("member", "M0001"))
    assert sorted(found) == sorted([
        (lin_xiaoyu.pk, "look", conflicts.OWNERS_DIFFER), (irina.pk, "look", conflicts.OWNERS_DIFFER),
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("identifiers", "name", "refusal", "why"),
    [
        (
            [("phone", "13812345678"), ("member", "M0001")],
            "林小雨",
            IdentifiersDisagree,
            conflicts.OWNERS_DIFFER,
        ),
        ([("phone", "13812345678")], "林小雨", AlreadyEnrolled, ""),
        ([("phone", "13812345678"), ("member", "M78")], "林小雨", AlreadyEnrolled, conflicts.TWO_MEMBERS),
    ],
)
def test_what_the_engine_does_not_join_enrolment_refuses(
    lin_xiaoyu, irina, harbour, noon, identifiers, name, refusal, why
) -> None:
    before = Customer.objects.count(), Identity.objects.count()
    with pytest.raises(refusal):
        enrolment.enrol(identifiers, by="system:test", at=noon, name=name, home_store_id=harbour.pk)
    assert (Customer.objects.count(), Identity.objects.count()) == before
    assert {conflict for _who, _decision, conflict in ask(*identifiers, name=name)} == {why}


def test_a_named_stub_is_not_completed_under_another_name(harbour, noon) -> None:
    stub = Customer.objects.create(name="Peter Pan", is_stub=True, home_store=harbour)
    Identity.objects.create(kind="phone", value="+8613812345678", customer=stub)
    with pytest.raises(IdentifiersDisagree) as refused:
        enrolment.enrol([("phone", "13812345678")], by="system:test", at=noon, name="Wendy Darling")
    assert refused.value.why == conflicts.OTHER_NAME
    stub.refresh_from_db()
    assert (stub.name, stub.is_stub) == ("Peter Pan", True)


def test_keys_follow_the_facts(lin_xiaoyu) -> None:
    profile.change(lin_xiaoyu.pk, {"birthday": date(1991, 5, 1)}, by="system:test")
    assert ask(name="林小雨", birthday=date(1991, 5, 1)) == [(lin_xiaoyu.pk, "look", "")]
    assert ask(name="林小雨", birthday=BORN) == []


def test_the_engine_asks_a_fixed_number_of_questions(
    lin_xiaoyu, irina, monkeypatch, django_assert_num_queries
) -> None:
    told = facts.told([("phone", "13812345687"), ("member", "M0001")], name="林小雨", birthday=BORN)
    MatchRules.current()  # made on first use
    asked, ask_for = [], prepared.rows
    monkeypatch.setattr(prepared, "rows", lambda *how: asked.append(how) or ask_for(*how))
    with django_assert_num_queries(1):  # the rules
        assert len(engine.candidates(told)) == 2
    assert len(asked) == 4  # owners, those who are alike, their identifiers, their facts


# The warning --------------------------------------------------------------------------------------------------------


def warned(person, data) -> str:
    client = Client()
    client.force_login(person.user, backend="crm.ui.staff.StaffBackend")
    answer = client.post("/customers/duplicates/", data)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_warning_names_ones_own(lin_xiaoyu, chen) -> None:
    page = warned(chen, {"name": "Lin Xiaoyu", "birthday": "1990-04-12"})
    assert "林小雨" in page
    assert lin_xiaoyu.public_id in page
    assert "the same birthday, names that sound the same" in page


def test_of_another_branch_it_only_says_that_there_is_somebody(lin_xiaoyu, uma) -> None:
    page = warned(uma, {"name": "林小雨", "birthday": "1990-04-12"})
    assert "1 customer of another store is like this" in page
    assert "Harbour" not in page
    assert lin_xiaoyu.public_id not in page


def test_an_exact_identifier_shows_what_serving_takes(lin_xiaoyu, uma) -> None:
    page = warned(uma, {"phone": "13812345678"})
    assert "林小雨" in page
    assert "/counter/served/" in page
    assert lin_xiaoyu.public_id not in page


def test_who_is_edited_is_not_warned_of_themselves(lin_xiaoyu, chen) -> None:
    data = {"name": "林小雨", "birthday": "1990-04-12", "customer": lin_xiaoyu.public_id}
    assert warned(chen, data).strip() == ""


def test_the_api_answers_candidates_with_reasons(lin_xiaoyu, calling) -> None:
    told = {"name": "林小雨", "birthday": "1990-04-12"}
    shop = calling("customers:read")
    answer = shop.post("/api/v1/customers/duplicates/", told, content_type="application/json")
    (found,) = answer.json()["results"]
    assert (found["id"], found["score"], found["decision"]) == (lin_xiaoyu.public_id, 68, "look")
    assert {"field": "birthday", "outcome": "same", "points": 30} in found["reasons"]


def test_of_another_branch_guesses_are_not_answered(lin_xiaoyu, uma, uptown, calling) -> None:
    """Their phone is known here; whether a birthday or an address fits is not told."""
    told = {"phone": "13812345678", "birthday": "1990-04-12", "name": "林小雨"}
    assert "birthday" not in warned(uma, told)
    body = {
        "name": "林小雨",
        "birthday": "1990-04-12",
        "identities": [{"kind": "phone", "value": "13812345678"}],
    }
    answer = calling("customers:read", stores=[uptown]).post(
        "/api/v1/customers/duplicates/", body, content_type="application/json"
    )
    (found,) = answer.json()["results"]
    assert (found["is_exact"], found["score"], found["conflict"]) == (True, 0, "")
    assert {reason["field"] for reason in found["reasons"]} <= {"identifier", "phone"}
