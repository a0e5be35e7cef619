"""The pages of who is leaving: what they say, whom they list, and from the list to calls."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from django.test import Client

from crm.org.models import Staff, Store
from customers import consents, nights
from customers.models import Customer, WorkItem
from segmentation.churn import risks
from segmentation.models import ChurnModel, ChurnNight, ChurnScore
from segmentation.segments import evaluating, reasons
from segmentation.segments.reading import read
from tests import cast
from tests.segmentation.shopping import refuse

pytestmark = pytest.mark.django_db
Browser = Callable[[Staff], Client]
REASONS = ["recency", "overdue", "visits"]


@pytest.fixture
def scored(irina: Customer, yusuf: Customer, harbour: Store, uptown: Store) -> ChurnModel:
    """A night that scored Irina (Harbour) and Yusuf (Uptown)."""
    for person, store in ((irina, harbour), (yusuf, uptown)):
        cast.purchase(person, at=store, on="2026-02-20", amount="20.00")
    cast.night("2026-03-09")
    night = nights.published()
    ChurnScore.objects.all().delete()
    ChurnNight.objects.all().delete()
    figures = {"auc": 0.87, "brier": 0.10, "lift": 3.7, "ece": 0.01, "customers": 100, "gone": 18}
    model = ChurnModel.objects.create(
        night=night, trained_on=date(2026, 3, 9), horizon_days=28, learnt_at=["2026-01-12"],
        proved_on=date(2026, 2, 9), customers=4321, serves="forest", average=0.18, reasons=REASONS,
        tested={
            "forest": [{"on": "2026-02-09", **figures}],
            "recency": [{"on": "2026-02-09", **figures, "auc": 0.8, "brier": 0.11}],
        },
        curve=[{"told": 0.1, "true": 0.12, "customers": 50}, {"told": 0.6, "true": 0.55, "customers": 50}],
        deciles=[3.7, 0.4],
    )  # fmt: skip
    ChurnNight.objects.create(
        night=night, model=model, customers=2, expected=1.25, histogram=[*[0] * 9, 1, *[0] * 6, 1, *[0] * 3],
        drift={"recency": 0.3, "visits": 0.02}, weights={"overdue": 0.2, "recency": 0.1},
    )  # fmt: skip
    ChurnScore.objects.create(
        customer=irina, night=night, probability=0.83, at_stake="70.50", points=[0.15, 0.55, -0.05]
    )
    ChurnScore.objects.create(
        customer=yusuf, night=night, probability=0.47, at_stake="9.00", points=[0.0, 0.39, -0.10]
    )
    return model


def test_before_anything_is_learnt_the_page_says_so(noor: Staff, signed_in: Browser) -> None:
    html = signed_in(noor).get("/segments/churn/").content.decode()
    assert "Nothing can be learnt yet" in html


def test_the_page_says_which_model_serves_and_why(
    scored: ChurnModel, noor: Staff, signed_in: Browser
) -> None:
    answer = signed_in(noor).get("/segments/churn/")
    assert answer.context["why"] == (
        "Boosted forest: on 1 past day its Brier score was lowest, 0.1000; "
        "then comes “Days since the last visit”, 0.1100."
    )
    assert [(one.kind, one.serves) for one, _figures in answer.context["tested"]] == [
        ("forest", True), ("recency", False), ("bgnbd", False), ("overdue", False),
    ]  # fmt: skip
    assert answer.context["likely"] == 1
    assert [psi for _name, psi, _tone in answer.context["drift"]] == [0.3, 0.02]
    html = answer.content.decode()
    for words in ("Regulars at risk", "0.870", "too few to tell", "4,321"):
        assert words in html, words


def test_a_manager_sees_figures_of_their_own_customers(
    scored: ChurnModel, marta: Staff, signed_in: Browser
) -> None:
    answer = signed_in(marta).get("/segments/churn/")
    spread = answer.context["spread"]
    assert (spread.customers, spread.expected) == (1, 0.83)
    assert spread.histogram == [*[0] * 16, 1, 0, 0, 0]


@pytest.mark.parametrize(
    ("chance", "names"), [("", ["Irina Petrova"]), ("30", ["Irina Petrova", "Yusuf Demir"]), ("90", [])]
)
def test_the_list_begins_with_most_at_stake(
    chance: str, names: list[str], scored: ChurnModel, ana: Staff, signed_in: Browser
) -> None:
    answer = signed_in(ana).get(f"/segments/churn/customers/?chance={chance}")
    assert [one.row.customer.name for one in answer.context["rows"]] == names
    assert answer.context["count"] == len(names)


def test_reasons_stand_in_words_the_largest_first(
    scored: ChurnModel, marta: Staff, signed_in: Browser
) -> None:
    answer = signed_in(marta).get("/segments/churn/customers/")
    (one,) = answer.context["rows"]
    assert [str(reason.words) for reason in one.reasons] == [
        "By their own rhythm they are late", "They have not come for a while", "They have come often so far",
    ]  # fmt: skip


def test_nobody_of_another_store_is_listed(scored: ChurnModel, uma: Staff, signed_in: Browser) -> None:
    answer = signed_in(uma).get("/segments/churn/customers/?chance=0")
    assert [one.row.customer.name for one in answer.context["rows"]] == ["Yusuf Demir"]
    assert "Irina" not in answer.content.decode()


def test_pages_follow_each_other_without_gap_or_double(
    scored: ChurnModel, harbour: Store, marta: Staff, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from segmentation.views import leavers

    monkeypatch.setattr(leavers, "SIZE", 3)
    night = nights.published()
    for n in range(8):
        person = cast.customer(f"Person {n}", of=harbour)
        ChurnScore.objects.create(
            customer=person, night=night, probability=0.9, at_stake=f"{n // 3}.00", points=[0, 0, 0]
        )
    theirs, seen, after = signed_in(marta), [], ""
    while after is not None:
        answer = theirs.get(f"/segments/churn/customers/?after={after}")
        seen += [one.row.customer.name for one in answer.context["rows"]]
        after = answer.context["page"].next
    assert seen == ["Irina Petrova", *(f"Person {n}" for n in (7, 6, 5, 4, 3, 2, 1, 0))]
    assert theirs.get("/segments/churn/customers/?after=bent!").context["page"].is_first


def test_the_export_has_probabilities_and_reasons(scored: ChurnModel, ana: Staff, signed_in: Browser) -> None:
    answer = signed_in(ana).get("/segments/churn/customers/export/?format=csv")
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 2
    assert "Irina Petrova" in lines[1]
    assert ",0.83,70.50,By their own rhythm they are late" in lines[1]


def test_the_count_is_that_of_the_export(
    scored: ChurnModel, harbour: Store, ana: Staff, noon: datetime, signed_in: Browser
) -> None:
    """Of five scored ones one was erased, one merged away, and one has said no since."""
    erased, merged, refusing = (cast.customer(name, of=harbour) for name in ("Erased", "Merged", "Refusing"))
    for person in (erased, merged, refusing):
        ChurnScore.objects.create(
            customer=person, night=nights.published(), probability=0.9, at_stake="5.00", points=[0, 0, 0]
        )
    Customer.objects.filter(pk=erased.pk).update(erased_at=noon)
    Customer.objects.filter(pk=merged.pk).update(merged_into=refusing)
    refuse(refusing)
    theirs = signed_in(ana)
    assert theirs.get("/segments/churn/customers/?chance=0").context["count"] == 2
    answer = theirs.get("/segments/churn/customers/export/?format=csv&chance=0")
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 1 + 2
    assert theirs.get("/segments/churn/customers/work/?chance=0").context["total"] == 2


def test_from_the_page_to_calls_in_three_clicks(
    scored: ChurnModel, marta: Staff, chen: Staff, irina: Customer, signed_in: Browser
) -> None:
    theirs = signed_in(marta)
    people = theirs.get("/segments/churn/").context["people"]
    work = theirs.get(people).context["follow_ups"]
    form = theirs.get(work).context["form"]
    told = {name: form[name].value() for name in ("kind", "title", "due", "staff")}
    answer = theirs.post(work, told)
    assert answer.status_code == 303, answer.content.decode()[:2000]
    (item,) = WorkItem.objects.all()
    assert (item.customer, item.kind.code, item.owner) == (irina, "call", chen)
    assert "likely to leave" in item.title


def test_the_panel_says_why(scored: ChurnModel, marta: Staff, irina: Customer, signed_in: Browser) -> None:
    html = signed_in(marta).get(f"/customers/{irina.public_id}/").content.decode()
    for words in ("Likely to leave: 83%", "By their own rhythm they are late", "+55.0", "\u22125.0", "18.0%"):
        assert words in html, words


def test_the_profile_of_the_api_adds_up(scored: ChurnModel, irina: Customer) -> None:
    from crm.rest import keys

    _key, secret = keys.create_key(name="k", scopes=["customers:read"], by="system:test")
    answer = Client(headers={"authorization": f"Bearer {secret}"}).get(
        f"/api/v1/customers/{irina.public_id}/"
    )
    found = answer.json()["leaving"]
    assert found["usual"] + sum(one["points"] for one in found["reasons"]) == pytest.approx(
        found["probability"]
    )
    assert found["reasons"][0] == {"id": "overdue", "points": pytest.approx(0.55)}
    assert (found["horizon_days"], found["night"], found["model"]) == (28, "2026-03-09", "forest")
    assert date.fromisoformat(found["night"]) + timedelta(days=28) == date(2026, 4, 6)


def test_who_says_no_to_profiles_is_told_nothing_of_from_then_on(
    scored: ChurnModel, marta: Staff, chen: Staff, irina: Customer, signed_in: Browser
) -> None:
    consents.record(
        irina, channel=None, purpose="profiling", is_given=False, wording=None, source="no", by="system:test", at=None
    )  # fmt: skip
    theirs = signed_in(marta)
    shown = theirs.get("/segments/churn/customers/").context
    assert (shown["rows"], shown["count"]) == ([], 0)
    assert "Likely to leave: 83%" not in theirs.get(f"/customers/{irina.public_id}/").content.decode()
    work = theirs.get("/segments/churn/customers/work/")
    assert work.context["total"] == 0
    assert risks.told(irina) is None


@pytest.mark.parametrize(("probability", "likely"), [(0.49979, 1), (0.5, 2), (0.50021, 2)])
def test_a_segment_counts_whom_the_list_counts(
    scored: ChurnModel, noor: Staff, signed_in: Browser, probability: float, likely: int
) -> None:
    """49.979 % reads as 50.0 %, and is not."""
    ChurnScore.objects.filter(probability=0.47).update(probability=probability)
    asked = read({"attribute": "churn.probability", "is": "at_least", "value": 50})
    assert evaluating.count(asked, noor, evaluating.moment()) == likely
    assert signed_in(noor).get("/segments/churn/customers/?chance=50").context["count"] == likely


def test_why_somebody_is_in_it_is_told_to_a_tenth(scored: ChurnModel, noor: Staff, yusuf: Customer) -> None:
    ChurnScore.objects.filter(customer=yusuf).update(probability=0.49979)
    asked = read({"attribute": "churn.probability", "is": "at_least", "value": 40})
    (reason,) = reasons.now(asked, yusuf, noor)
    assert (reason.said, reason.holds) == ("50.0%", True)
