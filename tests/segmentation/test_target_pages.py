"""The pages of target markets: matrix, table, one target, the forms; who may look and who may change."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from crm.audit.models import Entry
from crm.org.models import Staff, Store
from customers.models import Night
from segmentation.models import Segment, SegmentNight, Target, Targeting
from segmentation.targets import editing, measures, weighing
from tests import cast
from tests.segmentation import markets
from tests.ui.forms import filled, taken

pytestmark = pytest.mark.django_db
Browser = Callable[[Staff], Client]
PAGE = "/segments/targets/"


@pytest.fixture
def tea(harbour: Store, uptown: Store, monkeypatch: pytest.MonkeyPatch) -> Segment:
    monkeypatch.setattr(measures, "_sources", {})
    one, _people = markets.tea_people(harbour, uptown)
    cast.night(markets.ON)
    return one


def soon() -> str:
    return (now() + timedelta(days=300)).date().isoformat()


def shown(page: Any, key: str) -> Any:
    return next(row["one"] for row in page.context["rows"] if row["one"].key == key)


def test_before_a_night_it_says_what_the_page_is_for(max_: Staff, signed_in: Browser) -> None:
    theirs = signed_in(max_)
    assert "Nothing measured yet" in theirs.get(PAGE).content.decode()
    assert theirs.get(f"{PAGE}loyal/").status_code == 200
    assert theirs.get(f"{PAGE}export-file/").status_code == 200


def test_figures_are_of_ones_stores(
    tea: Segment, max_: Staff, marta: Staff, uma: Staff, harbour: Store, signed_in: Browser
) -> None:
    for who, query, customers, revenue in (
        (max_, "", 5, "810.00"), (marta, "", 4, "780.00"), (uma, "", 1, "30.00"),
        (max_, f"?store={harbour.pk}", 4, "780.00"), (max_, "?store=x", None, ""),
    ):  # fmt: skip
        found = shown(signed_in(who).get(f"{PAGE}{query}"), tea.public_id).figures
        assert (found.customers, str(found.revenue)) == (customers, revenue) if found else customers is None
    said = signed_in(uma).get(f"{PAGE}{tea.public_id}/")
    assert said.context["one"].figures.customers == 1


def test_a_segment_of_nobody_is_measured_and_a_new_one_is_not_yet(
    tea: Segment, max_: Staff, uma: Staff, signed_in: Browser
) -> None:
    nobody = markets.segment("Nobody yet")
    SegmentNight.objects.create(
        segment=nobody, night=Night.objects.latest("on"), version=nobody.versions.get(), at=now(), customers=0,
        came=0, went=0, digest=b"",
    )  # fmt: skip
    new = markets.segment("Made today")
    page = signed_in(max_).get(PAGE)
    assert shown(page, nobody.public_id).figures.customers == 0
    assert shown(page, new.public_id).figures is None
    said = {row["one"].name: row["cells"][2][1] for row in page.context["rows"]}
    assert (said["Nobody yet"], said["Made today"], said["Tea people"]) == ("0", "–", "5")
    text = page.content.decode()
    assert text.count("measured with the next night") == 1
    assert 'Nobody yet</a><span class="sub">nobody is in it' in text


def test_money_has_its_currency_in_the_head(tea: Segment, max_: Staff, signed_in: Browser) -> None:
    text = signed_in(max_).get(PAGE).content.decode()
    heads = text[text.index('<table class="list markets') :].split("</thead>")[0]
    assert heads.count('<span class="unit">') == 2
    assert [name for name in ("Revenue", "Value each") if f'{name} <span class="unit">CNY</span>' in heads] == [
        "Revenue", "Value each",
    ]  # fmt: skip


def test_the_table_sorts_and_what_is_not_known_comes_last(
    tea: Segment, max_: Staff, signed_in: Browser
) -> None:
    theirs = signed_in(max_)
    for query, key in (
        ("-size", "customers"),
        ("size", "customers"),
        ("-churn", "churn"),
        ("churn", "churn"),
    ):
        rows = [row["one"].figures for row in theirs.get(f"{PAGE}?sort={query}").context["rows"]]
        values = [getattr(one, key) if one else None for one in rows]
        known = [value for value in values if value is not None]
        assert known == sorted(known, reverse=query.startswith("-"))
        assert values[len(known) :] == [None] * (len(values) - len(known))
    assert theirs.get(f"{PAGE}?sort=nonsense").context["rows"][0]["one"].scores.attractiveness is not None
    page = theirs.get(f"{PAGE}?sort=-size").content.decode()
    assert 'aria-sort="descending"' in page
    assert "?sort=size" in page


def test_the_chart_and_its_table_say_the_same(tea: Segment, max_: Staff, signed_in: Browser) -> None:
    theirs = signed_in(max_)
    page = theirs.get(PAGE)
    points = {point["name"]: point for point in page.context["chart"]["points"]}
    assert set(points) == {row["one"].name for row in page.context["drawn"]}
    own = points["Tea people"]
    assert (own["size"], own["chosen"], own["href"]) == (810.0, False, f"{PAGE}{tea.public_id}/")
    assert theirs.get(own["href"]).status_code == 200
    Target.objects.create(segment=tea, status="chosen")
    again = {point["name"]: point for point in theirs.get(PAGE).context["chart"]["points"]}
    assert again["Tea people"]["chosen"] is True


def test_a_target_is_chosen_and_says_what_it_gets(tea: Segment, max_: Staff, signed_in: Browser) -> None:
    theirs = signed_in(max_)
    address = f"{PAGE}{tea.public_id}/edit/"
    form = filled(theirs.get(address))
    sent = form | {
        "status": "chosen", "fit": "5", "competition": "2", "product": "Fresh tea", "remark": "They come for tea",
        "goal": "100 more", "owner": str(max_.pk), "review_on": soon(),
    }  # fmt: skip
    assert theirs.post(address, sent).status_code == 303
    said = theirs.get(f"{PAGE}{tea.public_id}/").content.decode()
    for words in (
        "Fresh tea",
        "They come for tea",
        "100 more",
        "Since it was chosen",
        "Competition 2, fit 5",
    ):
        assert words in said, words
    assert "Its review was due" not in said
    Target.objects.update(review_on="2020-01-01")
    assert "Its review was due" in theirs.get(f"{PAGE}{tea.public_id}/").content.decode()


def test_two_people_at_one_target(tea: Segment, max_: Staff, ana: Staff, signed_in: Browser) -> None:
    first, second = signed_in(max_), signed_in(ana)
    address = f"{PAGE}{tea.public_id}/edit/"
    maxs, anas = filled(first.get(address)), filled(second.get(address))
    assert first.post(address, maxs | {"goal": "Few", "fit": "4"}).status_code == 303
    page = second.post(address, anas | {"goal": "More", "competition": "2"})
    assert page.status_code == 409
    assert "Max changed this just now." in str(page.context["form"].errors["goal"])
    assert taken(page) == {"goal": "Few"}
    assert Target.objects.get().competition is None
    assert second.post(address, filled(page)).status_code == 303
    target = Target.objects.get()
    assert (target.goal, target.competition, target.fit) == ("More", 2, 4)


def test_a_wrong_form_keeps_what_was_typed(tea: Segment, max_: Staff, signed_in: Browser) -> None:
    theirs = signed_in(max_)
    address = f"{PAGE}{tea.public_id}/edit/"
    page = theirs.post(address, filled(theirs.get(address)) | {"review_on": "2020-01-01", "goal": "Mine"})
    assert page.status_code == 422
    assert "A day that is still to come, in five years at the latest." in str(
        page.context["form"].errors["review_on"]
    )
    assert page.context["form"]["goal"].value() == "Mine"
    assert not Target.objects.exists()


def test_weights_and_mode(tea: Segment, max_: Staff, signed_in: Browser) -> None:
    theirs = signed_in(max_)
    address = f"{PAGE}how-we-choose/"
    form = filled(theirs.get(address))
    assert theirs.post(address, form | {"size": "21"}).status_code == 422
    sent = form | {"size": "10", "growth": "30", "mode": "one", "remark": "Growth first"}
    assert theirs.post(address, sent).status_code == 303
    now = Targeting.current()
    assert (now.size, now.growth, now.mode, now.remark) == (10, 30, "one", "Growth first")
    assert "One to one" in theirs.get(PAGE).content.decode()
    assert "Growth first" in theirs.get(address).content.decode()


def test_the_mode_says_which_plan_is_shown(
    tea: Segment, max_: Staff, noon: datetime, signed_in: Browser
) -> None:
    """A plan for each chosen segment, one for the whole market, or how many have goods of their own."""
    theirs = signed_in(max_)

    def found() -> tuple[dict[str, Any], str]:
        page = theirs.get(PAGE)
        return page.context["plan"], page.content.decode()

    plan, html = found()
    assert plan == {"is_each": True, "chosen": []}
    assert "No segment is chosen yet" in html
    wanted = {
        "status": "chosen",
        "goal": "500 more",
        "product": "Teas",
        "promotion": "A letter",
        "owner": max_,
        "review_on": noon.date() + timedelta(days=9),
    }
    editing.edit(tea, wanted, by=max_, at=noon)
    plan, html = found()
    assert [(one.name, noted) for one, noted in plan["chosen"]] == [("Tea people", "Product, Promotion")]
    assert "500 more" in html
    weighing.change(by=max_, mode="whole", goal=" Once a week ", price="Low, always")
    plan, html = found()
    assert plan == {"is_whole": True, "goal": "Once a week", "strategy": [("Price", "Low, always")]}
    assert "Low, always" in html
    assert "500 more" not in html
    weighing.change(by=max_, mode="one")
    plan, html = found()
    assert (plan["fit"].customers, plan["due"]) == (4, 1)
    assert "/segments/products/due/" in html


def test_the_plan_of_the_market_is_a_version_like_the_weights(
    tea: Segment, max_: Staff, signed_in: Browser
) -> None:
    theirs = signed_in(max_)
    address = f"{PAGE}how-we-choose/"
    sent = filled(theirs.get(address)) | {"mode": "whole", "goal": "Once a week", "channel": "Stores"}
    assert theirs.post(address, sent | {"product": "x" * 2001}).status_code == 422
    assert theirs.post(address, sent).status_code == 303
    now = Targeting.current()
    assert (now.mode, now.goal, now.channel, now.product) == ("whole", "Once a week", "Stores", "")
    with pytest.raises(weighing.InvalidWeights) as refused:
        weighing.change(by=max_, goal="x" * 201)
    assert [fault.pointer for fault in refused.value.faults] == ["/goal"]
    assert Targeting.current() == now
    entry = Entry.objects.filter(action="targeting.change").get()
    assert entry.changes["goal"] == ["", "Once a week"]


@pytest.mark.parametrize("place", ["", "loyal/", "loyal/edit/", "how-we-choose/", "export-file/"])
def test_a_clerk_sees_nothing_of_it(place: str, tea: Segment, chen: Staff, signed_in: Browser) -> None:
    assert signed_in(chen).get(PAGE + place).status_code == 403


def test_a_segment_of_somebody_elses_own_is_not_there(
    tea: Segment, max_: Staff, noor: Staff, signed_in: Browser
) -> None:
    mine = markets.segment("Mine", owner=max_, is_shared=False)
    theirs = signed_in(noor)
    assert theirs.get(f"{PAGE}{mine.public_id}/").status_code == 404
    assert theirs.get(f"{PAGE}{mine.public_id}/edit/").status_code == 404
    assert "Mine" not in theirs.get(PAGE).content.decode()
    assert "measured with the next night" in signed_in(max_).get(PAGE).content.decode()


def test_the_file_says_what_the_table_says(
    tea: Segment, max_: Staff, marta: Staff, signed_in: Browser
) -> None:
    Target.objects.create(segment=tea, status="chosen", goal="=1+1", fit=3)
    file = b"".join(signed_in(marta).get(f"{PAGE}export-file/").streaming_content).decode()
    [line] = [line for line in file.splitlines() if line.startswith("Tea people")]
    assert line.startswith("Tea people,Chosen,")
    assert ",4,0.333333,780.00,1.0,195.0,0.5,0.25," in line
    assert ",'=1+1," in line
    assert Entry.objects.filter(action="targets.export", actor=f"staff:{marta.pk}").exists()


def test_the_page_costs_the_same_for_any_number(
    tea: Segment, max_: Staff, signed_in: Browser, django_assert_max_num_queries: Any
) -> None:
    for n in range(12):
        Target.objects.create(segment=markets.segment(f"S{n}"), owner=max_)
    theirs = signed_in(max_)
    with django_assert_max_num_queries(22):
        theirs.get(PAGE)
