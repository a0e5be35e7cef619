"""Points at the Counter and on pages: what there is, redeeming in two steps, once a form, giving back."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from crm.lib import prepared
from crm.org.models import Staff, Store
from customers.models import Customer
from loyalty import glance, history, ledger, redeeming
from loyalty.ledger import Cause, NewLot
from loyalty.models import Kind, Movement, Unit
from loyalty.tiers import changing
from tests.loyalty.test_tiers import ladder

pytestmark = pytest.mark.django_db
Browser = Callable[[Staff], Client]
DAY = timedelta(days=1)


@pytest.fixture
def points(irina: Customer) -> None:
    """120 that end in ten days, 300 that never end, 50 pending for a week."""
    now = timezone.now()
    ledger.earn(irina.pk, [NewLot(120, now + 10 * DAY)], Cause("receipt:1", now - 5 * DAY, "till:1"))
    ledger.earn(irina.pk, [NewLot(300)], Cause("receipt:2", now - 4 * DAY, "till:1"))
    ledger.earn(irina.pk, [NewLot(50, vests_at=now + 7 * DAY)], Cause("receipt:3", now - 3 * DAY, "till:1"))


def test_who_has_a_tier_is_found_with_it(
    chen: Staff, marta: Staff, irina: Customer, points: None, signed_in: Browser
) -> None:
    """The list of hits and the served panel; who has points and no membership row yet stands on the first step."""
    ladder()
    assert glance.lines([irina.pk], timezone.now())[irina.pk].tier == "Member"
    changing.change(irina, "gold", cause="goodwill", by=marta, at=timezone.now())
    theirs = signed_in(chen)
    answer = theirs.post("/counter/find/", {"q": "irina"}, headers={"HX-Request": "true"})
    assert (answer.status_code, "Gold" in answer.content.decode()) == (200, True)


def form_of(client: Client, address: str) -> dict[str, str]:
    """What the dialog would send."""
    html = client.get(address).content.decode()
    fields = dict(re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', html))
    assert "token" in fields
    return fields


def redemptions(of: Customer) -> str:
    return f"/customers/{of.public_id}/points/redemptions/"


def spendable(who: Customer) -> int:
    return glance.read(who.pk, timezone.now()).points.spendable


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that are bound on the server, which Django does not count."""
    asked: list[str] = []
    rows = prepared.rows

    def told(sql: str, values: prepared.Parameters = ()) -> list[tuple[Any, ...]]:
        asked.append(sql)
        return rows(sql, values)

    monkeypatch.setattr(prepared, "rows", told)
    return asked


def test_a_glance_says_all_in_one_statement(irina: Customer, points: None, planned: list[str]) -> None:
    now = glance.read(irina.pk, timezone.now())
    assert len(planned) == 1
    assert (now.points.spendable, now.points.pending, now.soon) == (420, 50, 120)
    assert now.next_end and now.next_end[1] == 120
    assert now.next_vest and now.next_vest[1] == 50
    assert [one.points for one in now.moves] == [50, 300, 120]
    assert (now.spent, now.coupons, now.is_blank) == ([], [], False)


def test_lists_say_what_the_glance_says(
    irina: Customer, yusuf: Customer, points: None, planned: list[str]
) -> None:
    lines = glance.lines([irina.pk, yusuf.pk], timezone.now())
    assert len(planned) == 1
    assert (lines[irina.pk].spendable, lines[irina.pk].soon) == (420, 120)
    assert (lines[yusuf.pk].spendable, lines[yusuf.pk].soon) == (0, 0)


def test_the_counter_shows_points_of_whom_it_finds(
    chen: Staff, irina: Customer, points: None, signed_in: Browser
) -> None:
    theirs = signed_in(chen)
    html = theirs.post("/counter/find/", {"q": "irina"}).content.decode()
    assert "420 points · 120 end soon" in html
    assert "Redeem points" not in html  # by name: first she is chosen
    html = theirs.post("/counter/find/", {"q": "13800138000"}).content.decode()
    assert f'id="till-{irina.public_id}"' in html
    assert "Redeem points" in html


def test_two_steps_redeem_and_one_takes_back(
    chen: Staff, harbour: Store, irina: Customer, points: None, signed_in: Browser
) -> None:
    theirs = signed_in(chen)
    form = form_of(theirs, redemptions(irina) + "?place=counter")
    assert form["points"] == "200"
    answer = theirs.post(redemptions(irina), form)
    assert answer.status_code == 200
    assert "Redeemed 200 of Irina Petrova." in answer.content.decode()
    spent = Movement.objects.get(kind=Kind.REDEEM)
    assert (spent.available, spent.actor, spent.store_id) == (-200, f"staff:{chen.pk}", harbour.pk)
    assert spendable(irina) == 220
    undo = f"{redemptions(irina)}{spent.public_id}/reversal/"
    assert undo in answer.content.decode()
    answer = theirs.post(undo, {"place": "counter"})
    assert "Given back: 200." in answer.content.decode()
    assert spendable(irina) == 420
    assert glance.read(irina.pk, timezone.now()).soon == 120  # the same lots, with their ends
    again = theirs.post(undo, {"place": "counter"})
    assert "Given back already." in again.content.decode()
    assert spendable(irina) == 420


def test_a_form_that_is_sent_twice_spends_once(
    chen: Staff, irina: Customer, points: None, signed_in: Browser
) -> None:
    theirs = signed_in(chen)
    form = form_of(theirs, redemptions(irina))
    for _twice in range(2):
        assert theirs.post(redemptions(irina), form).status_code == 200
    assert (spendable(irina), Movement.objects.filter(kind=Kind.REDEEM).count()) == (220, 1)
    assert theirs.post(redemptions(irina), {**form, "points": "7"}).status_code == 409
    assert spendable(irina) == 220


def test_more_than_there_is_keeps_what_was_typed(
    chen: Staff, irina: Customer, points: None, signed_in: Browser
) -> None:
    theirs = signed_in(chen)
    form = form_of(theirs, redemptions(irina)) | {"points": "5000"}
    answer = theirs.post(redemptions(irina), form)
    html = answer.content.decode()
    assert (answer.status_code, answer["HX-Retarget"]) == (409, f"#till-ask-{irina.public_id}")
    assert "There are 420 to spend." in html
    assert 'value="5000"' in html
    assert spendable(irina) == 420
    for wrong in ({"points": "0"}, {"points": "1.5"}, {"points": ""}, {"token": "mine"}):
        assert theirs.post(redemptions(irina), form | {"points": "5"} | wrong).status_code == 422, wrong
    assert spendable(irina) == 420


def test_somebody_of_another_branch_redeems_with_the_pass(
    chen: Staff, uma: Staff, yusuf: Customer, signed_in: Browser
) -> None:
    ledger.earn(yusuf.pk, [NewLot(80)], Cause("receipt:9", timezone.now(), "till:1"))
    theirs = signed_in(chen)
    found = theirs.post("/counter/find/", {"q": "13900139000"}).content.decode()
    address = re.search(r'hx-get="(/counter/served/[^"?]+redemptions/)', found)[1]  # type: ignore[index]
    page = theirs.get(address.replace("points/redemptions/", "")).content.decode()
    assert "Redeem points" in page
    assert yusuf.public_id not in found + page
    assert "Last movements" not in page  # what they did elsewhere is for their own store
    form = form_of(theirs, address)
    assert theirs.post(address, form).status_code == 200
    assert spendable(yusuf) == 30
    spent = Movement.objects.get(kind=Kind.REDEEM)
    assert theirs.post(f"{address}{spent.public_id}/reversal/").status_code == 200
    assert spendable(yusuf) == 80
    assert theirs.get(redemptions(yusuf)).status_code == 404
    assert signed_in(uma).get(address).status_code == 404  # somebody else's pass


def test_only_what_was_spent_here_today_is_given_back(
    chen: Staff, uptown: Store, irina: Customer, points: None, signed_in: Browser
) -> None:
    now = timezone.now()
    here = ledger.redeem(
        irina.pk, 10, Cause("till:1", now - 2 * DAY, "till:1", store_id=chen.stores.get().pk)
    )
    there = ledger.redeem(irina.pk, 10, Cause("till:2", now, "till:9", store_id=uptown.pk))
    theirs = signed_in(chen)
    for slip in (here, there):
        address = f"{redemptions(irina)}{Movement(pk=slip.movement_id).public_id}/reversal/"
        assert theirs.post(address).status_code == 404
    assert spendable(irina) == 400


def test_who_may_not_redeem_sees_points_only(
    noor: Staff, irina: Customer, points: None, signed_in: Browser
) -> None:
    theirs = signed_in(noor)
    html = theirs.get(f"/customers/{irina.public_id}/").content.decode()
    assert "till-points" in html
    assert "Redeem points" not in html
    assert theirs.get(redemptions(irina)).status_code == 403
    assert theirs.post(redemptions(irina)).status_code == 403


def test_quick_choices_are_round() -> None:
    assert redeeming.choices(420) == [50, 100, 200]
    assert redeeming.choices(8) == []
    assert (redeeming.offered(8), redeeming.offered(420), redeeming.offered(500)) == (8, 200, 200)
    assert redeeming.choices(12_345) == [2000, 5000, 10_000]


# --- The account ----------------------------------------------------------------------------------------------------


def test_the_account_has_the_balance_after_each_movement(
    chen: Staff, irina: Customer, points: None, signed_in: Browser, django_assert_max_num_queries: Any
) -> None:
    spent = ledger.redeem(irina.pk, 150, Cause("till:7", timezone.now(), "till:1"))
    asked = history.Asked(irina.pk, Unit.POINTS)
    told = history.page(asked)
    assert [(one.points, one.balance) for one in told.moves] == [
        (-150, 320),
        (50, 470),
        (300, 420),
        (120, 120),
    ]
    first = history.page(asked, limit=2)
    rest = history.page(asked, after=first.next, limit=2)
    assert [one.balance for one in (*first.moves, *rest.moves)] == [320, 470, 420, 120]
    assert rest.next == ""
    only = history.page(history.Asked(irina.pk, Unit.POINTS, "spent"))
    assert [(one.points, one.balance) for one in only.moves] == [(-150, 320)]
    theirs = signed_in(chen)
    address = f"/customers/{irina.public_id}/points/"
    theirs.get(address)
    with django_assert_max_num_queries(9):
        html = theirs.get(address).content.decode()
    assert "Points redeemed" in html
    pieces = history.trace(irina.pk, spent.movement_id)
    assert [one.available for one in pieces] == [-120, -30]
    trace = theirs.get(f"{address}movements/{Movement(pk=spent.movement_id).public_id}/")
    assert "-120" in trace.content.decode() or "−120" in trace.content.decode()
    assert theirs.get(f"{address}?kind=nonsense&since=x&after=y").status_code == 200
    ever = theirs.get(address, {"since": "0001-01-01", "until": "9999-12-31"})  # the calendar has ends
    assert [one.points for one, *_words in ever.context["moves"]] == [-150, 50, 300, 120]


def test_the_account_as_a_file(
    marta: Staff, chen: Staff, irina: Customer, points: None, signed_in: Browser
) -> None:
    address = f"/customers/{irina.public_id}/points/export/"
    body = b"".join(signed_in(marta).get(address, {"format": "csv"}).streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = [line.split(",")[1:4] for line in body.strip().splitlines()]
    assert rows[0] == ["Movement", "Points", "Balance"]
    assert rows[1:] == [
        ["Points earned", "50", "470"],
        ["Points earned", "300", "420"],
        ["Points earned", "120", "120"],
    ]
    assert signed_in(chen).get(address).status_code == 403


def test_the_timeline_tells_of_points(chen: Staff, irina: Customer, points: None, signed_in: Browser) -> None:
    ledger.redeem(irina.pk, 150, Cause("till:7", timezone.now(), "till:1"))
    html = signed_in(chen).get(f"/customers/{irina.public_id}/?kinds=points").content.decode()
    for words in ("Points redeemed: −150", "Points earned: +300", "50 of them pending"):
        assert words in html, words


def test_the_panel_costs_the_page_one_statement(
    chen: Staff, irina: Customer, points: None, signed_in: Browser, planned: list[str]
) -> None:
    theirs = signed_in(chen)
    theirs.get(f"/customers/{irina.public_id}/")
    assert sum("loyalty_lot" in sql for sql in planned) == 1
