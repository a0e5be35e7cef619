"""The pages of segments: what is built step by step is counted, saved in versions, found again, and of one's stores."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.org.models import Staff, Store
from crm.org.permissions import Role
from customers.models import Customer, Tag
from segmentation import starters
from segmentation.models import Segment, SegmentListed, SegmentUse, SegmentVersion
from segmentation.segments import reading, saving
from tests import cast

pytestmark = pytest.mark.django_db
Browser = Callable[[Staff], Client]
NAMED = {"attribute": "person.has_email", "is": "yes"}
OLD = {"attribute": "person.age", "is": "at_least", "value": 40}


@pytest.fixture
def people(harbour: Store, uptown: Store) -> None:
    """Six of Harbour, of whom two are over forty; three of Uptown, of whom one is. All but two have an e-mail."""
    for n, born in enumerate(("1970-01-01", "1980-01-01", "2001-01-01", "2001-01-01", None, None)):
        cast.customer(f"H{n}", of=harbour, birthday=born, email=f"h{n}@example.com" if n else "")
    for n, born in enumerate(("1975-01-01", "2001-01-01", None)):
        cast.customer(f"U{n}", of=uptown, birthday=born, email=f"u{n}@example.com" if n else "")


def sent(tree: Any, **more: Any) -> dict[str, Any]:
    return {"tree": json.dumps(tree), "into": "", **more}


def press(theirs: Client, tree: Any, **more: Any) -> Any:
    return theirs.post("/segments/build/steps/", sent(tree, **more), headers={"hx-request": "true"})


def tree_of(answer: Any) -> Any:
    return json.loads(answer.context["tree"])


def test_buttons_build_a_description(max_: Staff, signed_in: Browser) -> None:
    theirs = signed_in(max_)
    answer = press(theirs, {"all": []}, add="attribute:person.age")
    assert tree_of(answer) == {"all": [{"attribute": "person.age", "is": "at_least", "value": ""}]}
    assert answer.context["focus"] == "c0"
    answer = press(theirs, tree_of(answer), do="group:", **{"c0.is": "at_least", "c0.value": "40"})
    assert tree_of(answer) == {"all": [{**OLD, "value": "40"}, {"any": []}]}
    answer = press(theirs, tree_of(answer), add="attribute:person.has_email", into="1")
    assert tree_of(answer) == {"all": [{**OLD, "value": "40"}, {"any": [NAMED]}]}
    answer = press(theirs, tree_of(answer), do="remove:0")
    assert tree_of(answer) == {"all": [{"any": [NAMED]}]}
    assert answer.context["undone"] == "Removed."
    back = press(theirs, tree_of(answer), do="undo", before=answer.context["before"])
    assert tree_of(back) == {"all": [{**OLD, "value": "40"}, {"any": [NAMED]}]}
    assert not Segment.objects.exists()


def test_a_field_that_narrows_goes_again(max_: Staff, signed_in: Browser) -> None:
    did = {"did": "bought", "where": [{"field": "is_discounted", "is": "yes"}], "when": {}, "count": "times",
           "is": "at_least", "value": 1}  # fmt: skip
    then = {
        "first": {"did": "bought", "where": did["where"], "when": {}},
        "then": {"did": "bought"},
        "within_days": 3,
    }
    theirs = signed_in(max_)
    answer = press(theirs, {"all": [did, then]}, do="widen:c1.first.where.0")
    assert tree_of(answer)["all"][0]["where"] == did["where"]
    assert tree_of(answer)["all"][1]["first"]["where"] == []
    assert tree_of(press(theirs, tree_of(answer), do="widen:c0.where.0"))["all"][0]["where"] == []
    bent = {"all": [{"did": "bought", "is": 7, "value": {"a": 1}, "where": [{}], "when": {"last_days": [1]}}]}
    assert press(theirs, bent, **{"c0.count": "amount", "c0.when": "ever"}).status_code == 200
    for nonsense in ("widen:c0.where.7", "widen:c9.where.0", "widen:", "widen:c0.first.where.x"):
        assert tree_of(press(theirs, {"all": [did]}, do=nonsense))["all"][0]["where"] == did["where"]


def test_without_scripts_a_button_brings_the_whole_page_with_what_was_typed(
    max_: Staff, people: None, signed_in: Browser
) -> None:
    theirs = signed_in(max_)
    more = {"name": "Over forty", "c0.is": "at_least", "c0.value": "40", "do": "pick:"}
    page = theirs.post("/segments/build/steps/", sent({"all": [OLD]}, **more))
    assert page.templates[0].name == "segmentation/builder.html"
    assert page.context["form"]["name"].value() == "Over forty"
    assert page.context["told"]["count"] == 3
    assert page.context["is_picking"]


def test_the_live_result_is_of_ones_stores(
    max_: Staff, marta: Staff, people: None, signed_in: Browser
) -> None:
    tree = {"all": [OLD, NAMED, {"attribute": "person.age", "is": "at_most", "value": ""}]}
    told = signed_in(max_).post("/segments/build/reach/", sent(tree)).context
    assert (told["told"]["count"], told["told"]["everybody"], told["missing"]) == (1, 9, 1)
    assert [(bar["label"], bar["customers"]) for bar in told["told"]["parts"]] == [
        ("who are at least 40 years old", 3), ("who have an e-mail address", 7),
    ]  # fmt: skip
    assert [row.customer.name for row in told["told"]["people"]] == ["H1"]
    assert told["told"]["funnel"][0]["customers"] == 1
    told = signed_in(marta).post("/segments/build/reach/", sent({"all": [OLD]})).context["told"]
    assert (told["count"], told["everybody"], told["share"]) == (2, 6, 2 / 6)


def test_what_is_wrong_is_said_at_its_condition_and_not_before_it_is_finished(
    max_: Staff, people: None, signed_in: Browser
) -> None:
    tree = {"all": [{**OLD, "value": "many"}, {**OLD, "value": ""}]}
    told = signed_in(max_).post("/segments/build/reach/", sent(tree)).context
    assert told["told"] is None
    assert {one["place"]: one["faults"] for one in told["nodes"]} == {
        "": [], "0": ["A number is wanted here."], "1": [],
    }  # fmt: skip


def test_a_segment_is_saved_changed_and_not_overwritten_unseen(
    max_: Staff, ana: Staff, people: None, signed_in: Browser
) -> None:
    theirs = signed_in(max_)
    typed = {"name": "Over forty", "about": "", "is_shared": "on", "c0.is": "at_least", "c0.value": "40"}
    kept = theirs.post("/segments/build/save/", sent({"all": [OLD, {"any": []}]}, **typed))
    one = Segment.objects.get()
    assert (kept.status_code, kept["Location"]) == (303, f"/segments/saved/{one.public_id}/")
    assert (one.name, one.owner, one.is_shared) == ("Over forty", max_, True)
    assert SegmentVersion.objects.get().definition == {"all": [OLD]}
    page = theirs.get(f"/segments/saved/{one.public_id}/edit/")
    assert page.context["form"]["version"].value() == 1
    saving.change(one, {"all": [NAMED]}, by=ana, seen=1)
    change = {"name": "Over fifty", "initial-name": "Over forty", "initial-about": "", "remark": "Older",
              "version": "1", "c0.is": "at_least", "c0.value": "50"}  # fmt: skip
    address = f"/segments/saved/{one.public_id}/versions/"
    refused = theirs.post(address, sent({"all": [OLD]}, **change))
    assert refused.status_code == 409
    assert tree_of(refused) == {"all": [{**OLD, "value": "50"}]}
    assert "Ana changed this just now." in refused.content.decode()
    assert SegmentVersion.objects.count() == 2
    assert Segment.objects.get().name == "Over forty"
    again = refused.context["form"]["version"].value()
    assert again == "2"
    assert theirs.post(address, sent({"all": [OLD]}, **change | {"version": again})).status_code == 303
    assert Segment.objects.get().name == "Over fifty"
    newest = SegmentVersion.objects.get(number=3)
    assert (newest.definition, newest.remark) == ({"all": [{**OLD, "value": 50}]}, "Older")


@pytest.mark.parametrize(
    ("tree", "name", "said"),
    [
        ({"all": [{**OLD, "value": ""}]}, "A", "A number is wanted here."),
        ({"all": [{"member_of": "seg_nobody"}]}, "A", "There is no such segment."),
        ({"all": [OLD]}, "", "This field is required."),
        ({"all": [OLD]}, "taken", "There is a segment of this name already."),
    ],
)
def test_a_refusal_keeps_what_was_written(
    max_: Staff, signed_in: Browser, tree: Any, name: str, said: str
) -> None:
    saving.create(by=max_, name="Taken", definition={"all": []})
    answer = signed_in(max_).post("/segments/build/save/", sent(tree, name=name))
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert tree_of(answer) == tree
    assert Segment.objects.count() == 1


def test_who_may_look_may_build_and_not_save(people: None, signed_in: Browser) -> None:
    theirs = signed_in(cast.staff("Ivo", Role.INTEGRATION))
    page = theirs.get("/segments/build/")
    assert b"Save the segment" not in page.content
    assert theirs.post("/segments/build/save/", sent({"all": [OLD]}, name="Mine")).status_code == 403
    assert not Segment.objects.exists()


def test_the_list_finds_filters_and_sorts(
    max_: Staff, ana: Staff, marta: Staff, people: None, signed_in: Browser
) -> None:
    first = saving.create(by=max_, name="Over forty", definition={"all": [OLD]})
    mine = saving.create(by=max_, name="By e-mail", definition={"all": [NAMED]}, is_shared=False)
    gone = saving.create(by=ana, name="Gone", definition={"all": []})
    saving.archive(gone, by=ana, at=gone.created_at)
    SegmentUse.objects.create(
        segment=first, at=first.created_at, used_for="x", used_by="y", customers=1, digest=b"0"
    )
    theirs = signed_in(max_)

    def names(query: str) -> list[str]:
        return [row.segment.name for row in theirs.get(f"/segments/saved/{query}").context["rows"]]

    assert names("") == ["By e-mail", "Over forty"]
    assert names("?q=years+forty") == ["Over forty"]
    assert names("?which=shared") == ["Over forty"]
    assert names("?which=archived") == ["Gone"]
    assert names("?which=mine&kind=list") == []
    assert names("?by=newest") == ["By e-mail", "Over forty"]
    row = theirs.get("/segments/saved/?q=forty").context["rows"][0]
    assert (row.sentence, row.times, row.size.now) == ("Customers who are at least 40 years old", 1, None)
    assert [one.segment.name for one in signed_in(marta).get("/segments/saved/").context["rows"]] == [
        "Over forty"
    ]
    assert signed_in(marta).get(f"/segments/saved/{mine.public_id}/").status_code == 404
    lines = b"".join(theirs.get("/segments/saved/export/?format=csv").streaming_content).decode().splitlines()
    assert [line.split(",")[0].strip("\ufeff") for line in lines] == ["Segment", "By e-mail", "Over forty"]


def test_every_starter_opens_in_the_builder(max_: Staff, signed_in: Browser) -> None:
    theirs = signed_in(max_)
    assert [one.code for one in theirs.get("/segments/saved/").context["starters"]] == [
        "at-risk", "birthday", "two-and-gone", "new", "no-email",
    ]  # fmt: skip
    for one in starters.STARTERS:
        page = theirs.get(f"/segments/build/?starter={one.code}")
        assert page.context["form"]["name"].value() == one.name
        assert reading.read(tree_of(page)) == reading.read(one.tree)


def test_one_segment_says_what_it_means_who_is_in_it_and_what_changed(
    max_: Staff, marta: Staff, people: None, signed_in: Browser
) -> None:
    one = saving.create(by=max_, name="Over forty", definition={"all": [OLD]})
    saving.change(one, {"all": [{**OLD, "value": 45}]}, by=max_, remark="Older")
    address = f"/segments/saved/{one.public_id}/"
    page = signed_in(max_).get(address)
    assert {row.customer.name for row in page.context["rows"]} == {"H0", "H1", "U0"}
    assert page.context["sentence"] == "Customers who are at least 45 years old"
    assert page.context["versions"][0]["parts"] == [
        ("same", "Customers who are at least "), ("gone", "40"), ("new", "45"), ("same", " years old"),
    ]  # fmt: skip
    assert page.context["versions"][1]["who"] == "Max"
    assert {row.customer.name for row in signed_in(marta).get(address).context["rows"]} == {"H0", "H1"}
    exported = b"".join(signed_in(marta).get(f"{address}export/?format=csv").streaming_content).decode()
    assert len(exported.splitlines()) == 3
    plan = signed_in(marta).get(f"{address}work/")
    assert plan.context["form"].initial["title"] == "See how they are (Over forty)"


def test_sharing_and_archiving_can_be_undone(max_: Staff, signed_in: Browser) -> None:
    one = saving.create(by=max_, name="Over forty", definition={"all": [OLD]}, is_shared=False)
    theirs, address = signed_in(max_), f"/segments/saved/{one.public_id}/"
    page = theirs.post(f"{address}sharing/", follow=True)
    assert Segment.objects.get().is_shared
    assert f'action="{address}sharing/"' in page.content.decode()
    theirs.delete(f"{address}sharing/")
    assert not Segment.objects.get().is_shared
    theirs.post(f"{address}archive/")
    assert Segment.objects.get().archived_at
    assert theirs.get(f"{address}edit/").status_code == 404
    theirs.delete(f"{address}archive/")
    assert Segment.objects.get().archived_at is None


def test_a_list_is_uploaded_changed_and_kept_in_versions(
    max_: Staff, ana: Staff, people: None, irina: Customer, yusuf: Customer, lin: Customer, signed_in: Browser
) -> None:
    theirs = signed_in(max_)

    def upload(address: str, *numbers: str) -> str:
        file = SimpleUploadedFile(
            "fair.csv", "\n".join(["who,number", *(f"x,{n}" for n in numbers)]).encode()
        )
        answer = theirs.post(address, {"file": file})
        assert answer.status_code == 303
        return str(answer["Location"])

    place = upload("/segments/lists/new/", "M0001", "M0002", "NOBODY")
    page = theirs.get(place)
    assert (page.context["column"], page.context["kind"]) == ("number", "member")
    assert (page.context["matched"], page.context["missing"], page.context["first"]) == (
        2,
        1,
        [(4, "NOBODY")],
    )
    assert "NOBODY" in theirs.get(f"{place}unmatched/").content.decode()
    assert signed_in(ana).get(place)["Location"] == "/segments/lists/new/"
    assert theirs.get(f"{place}?column=who&kind=phone").context["matched"] == 0
    kept = theirs.post(place, {"name": "The fair", "is_shared": "on"})
    one = Segment.objects.get()
    assert kept["Location"] == f"/segments/saved/{one.public_id}/"
    assert "no longer here" in theirs.get(place, follow=True).content.decode()

    def listed() -> set[int]:
        version = SegmentVersion.objects.filter(segment=one).order_by("-number")[0]
        return set(SegmentListed.objects.filter(version=version).values_list("customer_id", flat=True))

    assert listed() == {irina.pk, yusuf.pk}
    change = f"/segments/saved/{one.public_id}/list/"
    theirs.post(upload(change, "M0003"), {"how": "add"})
    assert listed() == {irina.pk, yusuf.pk, lin.pk}
    theirs.post(upload(change, "M0001"), {"how": "remove"})
    assert listed() == {yusuf.pk, lin.pk}
    theirs.post(upload(change, "M0001"), {"how": "only"})
    assert listed() == {irina.pk}
    assert SegmentVersion.objects.count() == 4
    page = theirs.get(f"/segments/saved/{one.public_id}/")
    assert {row.customer.name for row in page.context["rows"]} == {"Irina Petrova"}


def test_choices_are_found_by_some_letters(
    max_: Staff, harbour: Store, irina: Customer, signed_in: Browser
) -> None:
    cast.product("1", "Whole milk")
    cast.product("2", "Oat milk")
    cast.product("3", "Bread")
    theirs = signed_in(max_)
    found = theirs.get("/segments/build/choices/?of=bought/product&name=c0.where.0.value&q=milk").context[
        "found"
    ]
    assert [one.name for one in found] == ["Oat milk", "Whole milk"]
    for nothing in ("of=bought/product&q=", "of=bought/gone&q=a", "of=gone&q=a", "of=person.age&q=a", ""):
        assert theirs.get(f"/segments/build/choices/?{nothing}").context["found"] == []


def test_the_pages_cost_the_same_for_any_number_of_segments(
    max_: Staff, people: None, signed_in: Browser, django_assert_max_num_queries: Any
) -> None:
    theirs = signed_in(max_)
    one = saving.create(by=max_, name="First", definition={"all": [OLD, NAMED]})
    pages = ["/segments/saved/", f"/segments/saved/{one.public_id}/", "/segments/build/"]

    def costs() -> list[int]:
        found = []
        for path in pages:
            with CaptureQueriesContext(connection) as asked:
                assert theirs.get(path).status_code == 200
            found.append(len(asked))
        return found

    saving.create(by=max_, name="Second", definition={"all": [OLD]})
    few = costs()
    for n in range(12):
        saving.create(by=max_, name=f"Segment {n}", definition={"all": [OLD, NAMED]})
    assert costs() == few
    with django_assert_max_num_queries(24):
        theirs.post("/segments/build/reach/", sent({"all": [OLD, NAMED]}))


def test_a_segment_becomes_a_list_and_a_list_is_copied(max_: Staff, people: None, signed_in: Browser) -> None:
    one = saving.create(by=max_, name="Over forty", definition={"all": [OLD]})
    saving.create(by=max_, name="In it", definition={"all": [{"member_of": one.public_id}]})
    theirs, address = signed_in(max_), f"/segments/saved/{one.public_id}/"
    assert [other.name for other in theirs.get(address).context["asked_by"]] == ["In it"]
    rows = {row.segment.name: row for row in theirs.get("/segments/saved/").context["rows"]}
    assert [other.name for other in rows["Over forty"].asked_by] == ["In it"]
    frozen = theirs.post(f"{address}freeze/", follow=True)
    assert frozen.context["segment"].name.startswith("Over forty, as of ")
    assert {row.customer.name for row in frozen.context["rows"]} == {"H0", "H1", "U0"}
    again = theirs.post(f"{address}freeze/", follow=True).content.decode()  # the name is taken
    assert "There is a segment of this name already." in again
    copied = theirs.post(f"/segments/saved/{frozen.context['segment'].public_id}/copy/", follow=True)
    assert {row.customer.name for row in copied.context["rows"]} == {"H0", "H1", "U0"}
    assert not copied.context["segment"].is_shared
    assert Segment.objects.count() == 4


def test_a_strange_place_is_no_error(max_: Staff, signed_in: Browser) -> None:
    theirs, tree = signed_in(max_), {"all": [OLD]}
    for strange in ({"do": "up:abc"}, {"do": "remove:²"}, {"do": "widen:c0.first.where.²"}):
        answer = press(theirs, tree, **strange)
        assert (answer.status_code, tree_of(answer)) == (200, tree)
    answer = press(theirs, tree, add="attribute:person.age", into="²")
    assert tree_of(answer)["all"] == [OLD, {"attribute": "person.age", "is": "at_least", "value": ""}]
    half = theirs.post("/segments/build/steps/", {"tree": '{"all": [{"attribute": "\\ud800"}]}'})
    assert half.status_code == 200


def test_a_choice_that_is_gone_is_marked_and_may_stay(max_: Staff, people: None, signed_in: Browser) -> None:
    tag = Tag.objects.create(name="VIP")
    tagged = {"attribute": "person.tags", "is": "has_any", "value": [str(tag.pk)]}
    one = saving.create(by=max_, name="VIP", definition={"all": [tagged]})
    number = tag.pk
    tag.delete()
    theirs = signed_in(max_)
    page = theirs.get(f"/segments/saved/{one.public_id}/edit/").content.decode()
    assert f"{number} (no longer there)" in page
    told = theirs.post("/segments/build/reach/", sent({"all": [tagged]}, segment=one.public_id)).context
    assert told["told"]["count"] == 0
    told = theirs.post("/segments/build/reach/", sent({"all": [tagged]})).context
    assert told["told"] is None
    assert told["nodes"][1]["faults"] == [f"There is no such choice: {number}."]


def test_who_asks_nothing_asks_for_everybody(max_: Staff, people: None, signed_in: Browser) -> None:
    """Of whatever kind the empty group is, and wherever it stands."""
    theirs = signed_in(max_)
    for tree in ({"all": []}, {"any": []}, {"none": []}, {"all": [{"any": []}]}):
        told = theirs.post("/segments/build/reach/", sent(tree)).context
        assert (told["told"]["count"], told["sentence"]) == (9, "All customers")
        assert all(not node["faults"] for node in told["nodes"])
