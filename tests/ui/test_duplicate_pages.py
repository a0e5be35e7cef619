"""The review queue and the rules for duplicates."""

from typing import Any

import pytest
from django.test import Client

from crm.audit.models import Entry
from customers.matching import rules
from customers.matching.rules import RulesInvalid
from customers.models import Customer, DuplicatePair, MatchRules, PairState
from tests import cast
from tests.ui.forms import Filled

pytestmark = pytest.mark.django_db


def browser(person: Any) -> Client:
    client = Client()
    client.force_login(person.user, backend="crm.ui.staff.StaffBackend")
    return client


def pair_of(one: Customer, other: Customer, score: int = 70, **more: Any) -> DuplicatePair:
    first, second = sorted((one, other), key=lambda who: who.pk)
    reasons = [["name", "same", 38], ["birthday", "same", 30], ["gender", "same", 2]]
    more.setdefault("reasons", reasons)
    return DuplicatePair.objects.create(
        first=first, second=second, score=score, rules=MatchRules.current(), digest=b"0" * 16, **more
    )


def address(pair: DuplicatePair, what: str = "") -> str:
    return f"/duplicates/{pair.first.public_id}.{pair.second.public_id}/{what}"


@pytest.fixture
def three(harbour, uptown) -> list[DuplicatePair]:
    """Three pairs, the likeliest first; Ida's second record is Uptown's."""
    shops = {"Ida": uptown, "Ada": harbour, "Eda": harbour}
    return [
        pair_of(
            cast.customer(f"{name} Stone", of=harbour),
            cast.customer(f"{name} Stone-Hill", of=shops[name]),
            score,
        )
        for name, score in (("Ida", 90), ("Ada", 80), ("Eda", 70))
    ]


def test_the_queue_begins_with_the_likeliest(three, ana) -> None:
    page = browser(ana).get("/duplicates/").content.decode()
    assert page.index("Ida Stone") < page.index("Ada Stone") < page.index("Eda Stone")
    assert "the same name, the same birthday" in page
    assert "3 pairs" in page


def test_points_above_a_hundred_are_told_as_they_count(harbour, ana) -> None:
    one, other = cast.customer("Ida Stone", of=harbour), cast.customer("Ida Stone-Hill", of=harbour)
    reasons = [["name", "same", 32], ["phone", "same", 30], ["email", "same", 30], ["birthday", "same", 30]]
    pair = pair_of(one, other, 100, reasons=reasons)
    assert "122, counts as 100" in browser(ana).get(address(pair)).content.decode()
    DuplicatePair.objects.filter(pk=pair.pk).update(reasons=reasons[:3], score=92)
    page = browser(ana).get(address(pair)).content.decode()
    assert '<td class="num">92</td>' in page
    assert "counts as" not in page


def test_both_sides_must_be_in_sight(three, rosa, mill) -> None:
    cast.customer("Far Away", of=mill)
    pair_of(Customer.objects.get(name="Ada Stone"), Customer.objects.get(name="Far Away"), 99)
    page = browser(rosa).get("/duplicates/").content.decode()
    assert "Far Away" not in page
    assert "3 pairs" in page


def test_the_list_can_be_filtered(three, ana) -> None:
    assert "1 pair" in browser(ana).get("/duplicates/?score=85").content.decode()
    assert "Nobody waits" in browser(ana).get("/duplicates/?field=phone").content.decode()


def test_a_pair_shows_what_differs_and_its_place(three, ana) -> None:
    page = browser(ana).get(address(three[1])).content.decode()
    assert "2 of 3" in page
    assert page.count("is-different") == 1  # the name
    assert "+38" in page


def test_different_people_brings_the_next_pair_without_a_page_load(three, ana) -> None:
    answer = browser(ana).post(address(three[0], "dismissal/"), headers={"HX-Request": "true"})
    page = answer.content.decode()
    assert "<html" not in page
    assert "Ada Stone" in page
    assert "1 of 2" in page
    assert "Undo" in page
    assert answer.headers["HX-Push-Url"] == address(three[1])
    three[0].refresh_from_db()
    assert (three[0].state, three[0].decided_by) == (PairState.DISMISSED, f"staff:{ana.pk}")


def test_it_can_be_taken_back(three, ana) -> None:
    browser(ana).post(address(three[0], "dismissal/"))
    answer = browser(ana).post(address(three[0], "dismissal/"), {"_method": "DELETE"})
    assert answer.headers["Location"] == address(three[0])
    three[0].refresh_from_db()
    assert three[0].state == PairState.OPEN
    assert Entry.objects.filter(action="duplicate.reopen").count() == 1


def test_the_same_person_merges_at_once(three, ana, noon) -> None:
    page = browser(ana).post(address(three[0], "joining/"), headers={"HX-Request": "true"}).content.decode()
    assert "Ada Stone" in page
    merged = Customer.objects.exclude(merged_into=None).get()
    assert {merged, merged.merged_into} == {three[0].first, three[0].second}
    three[0].refresh_from_db()
    assert three[0].state == PairState.MERGED


def test_who_comes_second_is_told_and_changes_nothing(three, ana) -> None:
    browser(ana).post(address(three[0], "dismissal/"))
    page = browser(ana).post(address(three[0], "joining/"), headers={"HX-Request": "true"}).content.decode()
    assert "Somebody has decided about these two already." in page
    assert not Customer.objects.exclude(merged_into=None).exists()


def test_at_the_end_it_says_so(three, ana) -> None:
    for pair in three:
        page = browser(ana).post(address(pair, "dismissal/"), headers={"HX-Request": "true"}).content.decode()
    assert "All looked at" in page


def test_pages_ask_a_fixed_number_of_questions(three, ana, django_assert_max_num_queries) -> None:
    client = browser(ana)
    client.get("/duplicates/")
    with django_assert_max_num_queries(12):
        client.get("/duplicates/")
    with django_assert_max_num_queries(16):
        client.get(address(three[0]))


# The rules ----------------------------------------------------------------------------------------------------------


def test_the_rules_are_shown_with_their_points(ana) -> None:
    page = browser(ana).get("/duplicates/rules/").content.decode()
    assert 'name="name-same" value="38"' in page
    assert "name:close + birthday:typo" in page


def test_a_change_makes_a_version(ana) -> None:
    before = MatchRules.current()
    points = before.points | {"phone": before.points["phone"] | {"typo": 25}}
    made = rules.change(by=ana, points=points, look_at=70)
    assert (made.points["phone"]["typo"], made.look_at) == (25, 70)
    assert MatchRules.objects.count() == 2
    assert Entry.objects.get(action="matchrules.change").details == {
        "from": before.pk,
        "changed": ["look_at", "points"],
    }
    assert rules.change(by=ana, look_at=70) == made


@pytest.mark.parametrize(
    "wrong",
    [
        {"look_at": 0},
        {"join_at": 50},
        {"ways": []},
        {"ways": [[["name", "other"]]]},
        {"points": {"name": {"same": 900}}},
    ],
)
def test_rules_that_make_no_sense_are_refused(ana, wrong) -> None:
    MatchRules.current()
    with pytest.raises(RulesInvalid):
        rules.change(by=ana, **wrong)
    assert MatchRules.objects.count() == 1


def test_the_form_changes_what_was_typed_and_nothing_else(ana) -> None:
    client = browser(ana)
    reader = Filled()
    reader.feed(client.get("/duplicates/rules/").content.decode())
    sent = reader.values
    before = MatchRules.current()
    ways = "\n".join(rules.written(way) for way in before.ways)
    assert client.post("/duplicates/rules/", sent | {"ways": ways, "phone-typo": "25"}).status_code == 303
    assert MatchRules.current().settings() == before.settings() | {
        "points": before.points | {"phone": before.points["phone"] | {"typo": 25}}
    }


def test_two_customers_can_be_tried(ana, harbour) -> None:
    for number, phone in (("M1", "+8613800138000"), ("M2", "+8613800138001")):
        cast.customer("Irina Petrova", of=harbour, member=number, phone=phone)
    page = (
        browser(ana).post("/duplicates/rules/trial/", {"one": "M1", "other": "13800138001"}).content.decode()
    )
    assert "phones that differ by one slip" in page
    assert "Each has a member number of their own." in page
    answer = browser(ana).post("/duplicates/rules/trial/", {"one": "M1", "other": "nobody"})
    assert answer.status_code == 422
    assert "Nobody has exactly this identifier." in answer.content.decode()
