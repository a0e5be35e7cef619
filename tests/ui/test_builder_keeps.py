"""What the builder must not lose: a segment that its writer does not see, a description that cannot be read whole."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from crm.org.models import Staff, Store
from customers.models import Category, Customer
from segmentation.models import Segment, SegmentVersion
from segmentation.segments import reading, saving
from segmentation.segments.sentences import sentence
from tests import cast

pytestmark = pytest.mark.django_db
Browser = Callable[[Staff], Client]
NAMED = {"attribute": "person.has_email", "is": "yes"}
HIDDEN = "a segment that is not shown to you"


@pytest.fixture
def people(harbour: Store) -> None:
    """Five, of whom three have an e-mail."""
    for n in range(5):
        cast.customer(f"H{n}", of=harbour, email=f"h{n}@example.com" if n < 3 else "")


@pytest.fixture
def mine(max_: Staff, people: None) -> Segment:
    """Max keeps it to himself."""
    return saving.create(by=max_, name="By e-mail", definition={"all": [NAMED]}, is_shared=False)


@pytest.fixture
def shared(max_: Staff, mine: Segment) -> Segment:
    return saving.create(by=max_, name="For all", definition={"all": [{"member_of": mine.public_id}]})


def sent(tree: Any, **more: Any) -> dict[str, Any]:
    return {"tree": json.dumps(tree), "into": "", **more}


def asked(page: Any) -> list[tuple[str, bool]]:
    return [(one.label, one.is_on) for one in page.context["root"].of[0].segments]


def test_a_segment_that_is_not_shown_stays_and_counts(
    ana: Staff, mine: Segment, shared: Segment, signed_in: Browser
) -> None:
    theirs, tree = signed_in(ana), {"all": [{"member_of": mine.public_id}]}
    page = theirs.get(f"/segments/saved/{shared.public_id}/edit/")
    assert asked(page) == [(HIDDEN, True)]
    assert "By e-mail" not in page.content.decode()
    told = theirs.post("/segments/build/reach/", sent(tree, segment=shared.public_id)).context
    assert (told["told"]["count"], told["missing"]) == (3, 0)
    assert told["sentence"] == f"Customers who are in “{HIDDEN}”"
    change = {"name": "For all", "about": "Letters", "initial-name": "For all", "initial-about": "", "version": "1",
              "remark": "", "c0.member_of": mine.public_id}  # fmt: skip
    kept = theirs.post(f"/segments/saved/{shared.public_id}/versions/", sent(tree, **change))
    assert kept.status_code == 303
    assert Segment.objects.get(pk=shared.pk).about == "Letters"
    assert SegmentVersion.objects.get(segment=shared).definition == tree


def test_what_is_not_shown_cannot_be_asked_anew(
    ana: Staff, mine: Segment, shared: Segment, signed_in: Browser
) -> None:
    theirs, tree = signed_in(ana), {"all": [{"member_of": mine.public_id}]}
    told = theirs.post("/segments/build/reach/", sent(tree)).context
    assert told["told"] is None
    refused = theirs.post("/segments/build/save/", sent(tree, name="Mine now"))
    assert refused.status_code == 422
    assert asked(refused) == [("Please choose", False), ("For all", False)]
    with pytest.raises(reading.InvalidSegment):
        reading.read(tree, ana, {"all": [NAMED]})


def test_a_copy_asks_what_the_copied_one_asks(
    ana: Staff, mine: Segment, shared: Segment, signed_in: Browser
) -> None:
    theirs = signed_in(ana)
    page = theirs.get(f"/segments/build/?copy={shared.public_id}")
    assert asked(page) == [("For all", False), (HIDDEN, True)]
    assert page.context["copied"] == shared.public_id
    tree = json.loads(page.context["tree"])
    kept = theirs.post("/segments/build/save/", sent(tree, name="Copied", copied=shared.public_id))
    assert kept.status_code == 303
    made = SegmentVersion.objects.get(segment__name="Copied")
    assert made.definition == {"all": [{"member_of": mine.public_id}]}


def test_any_number_of_segments_can_be_asked(max_: Staff, signed_in: Browser) -> None:
    Segment.objects.bulk_create(Segment(name=f"S{n:03}", owner=max_) for n in range(230))
    last = Segment.objects.get(name="S229")
    one = saving.create(by=max_, name="Last", definition={"all": [{"member_of": last.public_id}]})
    page = signed_in(max_).get(f"/segments/saved/{one.public_id}/edit/")
    assert len(asked(page)) == 230
    assert asked(page)[-1] == ("S229", True)
    assert len(page.context["picker"][-1][1]) == 230


@pytest.mark.parametrize(
    "tree",
    [
        "garbage", "", "[]", "3", "{}", '{"all": [{"attribut": "person.age"}]}', '{"all": {"0": 1}}',
        '{"all": [{"attribute": "person.has_email", "is": "yes"}], "none": [{"member_of": "seg_1"}]}',
        '{"all": [{"did": "bought", "when": {"last_days": 3, "longer_ago": 1}, "is": "at_least", "value": 1}]}',
        '{"all": [{"did": "bought", "where": ["x"], "is": "at_least", "value": 1}]}',
        '{"all": [{"attribute": "person.has_email", "is": "yes", "not": true}]}',
    ],
)  # fmt: skip
def test_what_cannot_be_read_whole_is_not_saved(max_: Staff, signed_in: Browser, tree: str) -> None:
    answer = signed_in(max_).post("/segments/build/save/", {"tree": tree, "name": "x"})
    assert answer.status_code == 422
    assert "A part of the conditions could not be read. Nothing is saved" in answer.content.decode()
    assert not Segment.objects.exists()


def test_everybody_is_saved_by_who_says_so(max_: Staff, signed_in: Browser) -> None:
    assert signed_in(max_).post("/segments/build/save/", sent({"all": []}, name="All")).status_code == 303
    assert SegmentVersion.objects.get().definition == {"all": []}


def test_a_beginning_that_is_none_is_said(max_: Staff, signed_in: Browser) -> None:
    theirs, said = signed_in(max_), "There is no such beginning"
    assert said in theirs.get("/segments/build/?starter=gone").content.decode()
    for known in ("", "?starter=new"):
        assert said not in theirs.get(f"/segments/build/{known}").content.decode()


def test_the_page_knows_whether_what_it_shows_is_saved(max_: Staff, signed_in: Browser) -> None:
    theirs = signed_in(max_)
    fresh = theirs.get("/segments/build/").content.decode()
    assert "data-unsaved" not in fresh
    assert "data-gives-up" in fresh
    assert "data-unsaved" in theirs.post("/segments/build/save/", sent({"all": []}, name="")).content.decode()
    assert "data-unsaved" in theirs.post("/segments/build/steps/", sent({"all": [NAMED]})).content.decode()


def test_where_all_are_archived_the_filters_lead_to_them(
    max_: Staff, marta: Staff, mine: Segment, signed_in: Browser
) -> None:
    saving.archive(mine, by=max_, at=now())
    page = signed_in(max_).get("/segments/saved/")
    assert page.context["rows"] == []
    said = page.content.decode()
    assert 'name="which"' in said
    assert "/segments/saved/export/" in said
    assert "No segments yet" not in said
    assert [
        row.segment for row in signed_in(max_).get("/segments/saved/?which=archived").context["rows"]
    ] == [mine]
    assert "No segments yet" in signed_in(marta).get("/segments/saved/").content.decode()


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("churn", "attribute:life.stage"), ("clv", "attribute:lifetime.value_90"), ("rfm", "attribute:rfm.group"),
        ("lifetime", "attribute:lifetime.value_90"), ("city", "attribute:person.home_store"),
        ("sex", "attribute:person.gender"), ("bought category", "did:bought"), ("voucher", "attribute:loyalty.coupons"),
    ],
)  # fmt: skip
def test_conditions_are_found_by_other_words(max_: Staff, signed_in: Browser, words: str, first: str) -> None:
    """As the page's script does it: each word begins one of the option's."""
    picker = signed_in(max_).get("/segments/build/").context["picker"]
    found = [
        one.value
        for heading, choices in picker
        for one in choices
        if all(
            f" {word}" in f" {heading} {one.label} {one.help} {one.also}".lower() for word in words.split()
        )
    ]
    assert found[0] == first


def test_chips_and_sentences_tell_names_apart(max_: Staff, irina: Customer, signed_in: Browser) -> None:
    ours = [("a", "Drinks"), ("a/x", "Misc"), ("b", "Pets"), ("b/x", "Misc")]
    _a, one, _b, other = (Category.objects.create(path=path, name=name) for path, name in ours)
    where = {"field": "category", "is": "any_of", "value": [str(one.pk), str(other.pk)]}
    tree = {"all": [{"did": "bought", "where": [where], "count": "times", "is": "at_least", "value": 1}]}
    assert sentence(reading.read(tree)) == "Customers who bought from Misc (Drinks) or Misc (Pets)"
    theirs = signed_in(max_)
    chips = (
        theirs.post("/segments/build/steps/", sent(tree)).context["root"].of[0].deeds[0].rows[0].value.choices
    )
    assert [(chip.label, chip.place) for chip in chips] == [
        ("Misc (Drinks)", "Drinks"),
        ("Misc (Pets)", "Pets"),
    ]
    where["value"] = [str(one.pk)]
    assert sentence(reading.read(tree)) == "Customers who bought from Misc"
    said = theirs.post("/segments/build/steps/", sent(tree)).content.decode()
    assert '<label class="check" title="Drinks">' in said
    found = theirs.get("/segments/build/choices/?of=bought/category&name=x&q=misc").content.decode()
    assert '<span>Misc <span class="quieter">Pets</span></span>' in found
