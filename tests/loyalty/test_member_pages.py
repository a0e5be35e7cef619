"""Pages for members: signing in by a code, one's own rows and nothing else, a card that the Counter knows."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.org.models import Staff, Store
from crm.privacy import erasing
from customers import cards, merging
from customers.models import Consent, Customer, Identity, MemberSession, SignInCode
from customers.signins import codes
from loyalty import ledger
from loyalty.ledger import Cause, NewLot
from loyalty.models import Kind, Movement
from loyalty.views.member import signing
from tests import cast
from tests.loyalty import member
from tests.loyalty import rules as earning

pytestmark = pytest.mark.django_db
PAGES = ("/member/points/", "/member/coupons/", "/member/preferences/")
DAY = timedelta(days=1)


@pytest.fixture
def points(irina: Customer, yusuf: Customer) -> None:
    """Irina has 120 that end in ten days and 300 without an end, Yusuf 4,711."""
    now = timezone.now()
    ledger.earn(irina.pk, [NewLot(120, now + 10 * DAY)], Cause("receipt:1", now - 5 * DAY, "till:1"))
    ledger.earn(irina.pk, [NewLot(300)], Cause("receipt:2", now - 4 * DAY, "till:1"))
    ledger.earn(yusuf.pk, [NewLot(4711)], Cause("receipt:3", now - 4 * DAY, "till:1"))


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


# --- Signing in -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["Irina@Example.com", "13800138000"])
def test_a_code_opens_the_card(irina: Customer, points: None, who: str) -> None:
    browser = member.signed_in(who)
    to = "irina@example.com" if "@" in who else "8613800138000@sms.example"
    assert mail.outbox[0].to == [to]
    html = text(browser.get("/member/"))
    assert "Irina Petrova" in html
    assert '<p class="big">420</p>' in html
    cookie = browser.cookies["member"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/member/", True, "Lax")
    session = MemberSession.objects.get()
    assert (session.customer_id, cookie.value in session.secret) == (irina.pk, False)


def test_strangers_and_members_are_answered_alike(irina: Customer) -> None:
    told = []
    for who in ("irina@example.com", "nobody@example.com"):
        browser = Client()
        with CaptureQueriesContext(connection) as asked:
            sent = browser.post("/member/code/", {"who": who})
        shown = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text(browser.get("/member/code/")))
        wrong = browser.post("/member/session/", {"code": "000000"})
        told.append((sent.status_code, sent.headers["Location"], len(asked), shown, wrong.status_code))
    assert told[0] == told[1]
    member.code_sent()
    assert [one.to for one in mail.outbox] == [["irina@example.com"]]


def test_a_code_is_good_once_for_few_tries_and_not_for_long(irina: Customer) -> None:
    at = timezone.now()
    key = codes.ask("irina@example.com", language="en", at=at)
    code = member.code_sent()
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    assert codes.redeem(key, code, at=at + codes.GOOD_FOR) is None  # too late: not even a try
    assert [codes.redeem(key, wrong, at=at) for _n in range(codes.MOST_TRIES - 2)] == [None] * 3
    assert codes.redeem("another", code, at=at) is None
    assert codes.redeem(key, f"{code[:3]} {code[3:]}", at=at) == (
        irina.pk,
        Identity.objects.get(kind="email").pk,
    )
    assert codes.redeem(key, code, at=at) is None  # the tries are not over, but it was used
    again = codes.ask("irina@example.com", language="en", at=at)
    code = member.code_sent()
    for _n in range(codes.MOST_TRIES):
        codes.redeem(again, wrong, at=at)
    assert codes.redeem(again, code, at=at) is None
    row = SignInCode.objects.get(key=again)
    assert (row.tries, row.used_at, code in row.secret, row.who == "irina@example.com") == (
        5,
        None,
        False,
        False,
    )


def test_codes_of_one_identifier_are_counted(irina: Customer) -> None:
    for who in ("irina@example.com", "nobody@example.com"):
        for _n in range(5):
            member.ask(Client(), who)
        assert Client().post("/member/code/", {"who": who.upper()}).status_code == 429
    assert SignInCode.objects.count() == 10


def test_one_place_cannot_try_for_ever(irina: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "MOST_TRIED", 2)
    monkeypatch.setattr(signing, "MOST_ASKED", 2)
    browser = Client()
    tried = [browser.post("/member/session/", {"code": "123456"}).status_code for _n in range(3)]
    asked = [browser.post("/member/code/", {"who": f"{n}@example.com"}).status_code for n in range(3)]
    assert (tried, asked) == ([422, 422, 429], [303, 303, 429])


def test_signing_out_ends_the_session(irina: Customer, points: None) -> None:
    browser = member.signed_in("irina@example.com")
    kept = browser.cookies["member"].value
    answer = browser.post("/member/session/", {"_method": "DELETE"})
    assert (answer.status_code, MemberSession.objects.count()) == (303, 0)
    browser.cookies["member"] = kept
    for page in PAGES:
        assert browser.get(page)["Location"] == "/member/"
    home = browser.get("/member/")
    assert (home["X-Member"], "Irina" in text(home), "no-store" in home["Cache-Control"]) == (
        "out",
        False,
        True,
    )


# --- One's own, and nothing else ------------------------------------------------------------------------------------


def test_nothing_of_anybody_else(irina: Customer, yusuf: Customer, points: None, chen: Staff) -> None:
    """With ids of another, with the cookie of staff, with none: never a row of Yusuf's."""
    theirs = Movement.objects.get(customer=yusuf, kind=Kind.EARN).public_id
    browser = member.signed_in("irina@example.com")
    pages = [browser.get(page) for page in ("/member/", *PAGES, f"/member/points/?after={theirs}")]
    assert not any("4,711" in text(one) or "Yusuf" in text(one) for one in pages)
    assert "Points earned" not in text(pages[-1])  # no place among Irina's movements
    for answer in (browser.get(f"/customers/{irina.public_id}/"), browser.get("/counter/")):
        assert answer["Location"].startswith("/accounts/login/")
    staff = Client()
    staff.force_login(chen.user, backend="crm.ui.staff.StaffBackend")
    assert all(staff.get(page).status_code == 303 for page in PAGES)
    for page, data in (("/member/card/", {}), ("/member/preferences/", {"stop": ""})):
        assert Client().post(page, data).status_code == 303
    assert (Consent.objects.count(), cards.of(yusuf)) == (0, "")


def test_a_merged_member_is_who_they_became(
    irina: Customer, yusuf: Customer, points: None, ana: Staff
) -> None:
    browser = member.signed_in("13900139000")
    assert "4,711" in text(browser.get("/member/"))
    merging.merge(irina, yusuf, by=ana, at=timezone.now(), reason="One person.", is_confirmed=True)
    html = text(browser.get("/member/"))
    assert ("Irina Petrova" in html, "5,131" in html) == (True, True)


def test_an_erased_member_is_out(irina: Customer, points: None, ana: Staff) -> None:
    browser = member.signed_in("irina@example.com")
    member.ask(Client(), "irina@example.com")
    erasing.erase(irina.pk, by=ana, at=timezone.now())
    assert text(browser.get("/member/")).count("Irina") == 0
    assert (MemberSession.objects.count(), SignInCode.objects.count(), member.code_sent()) == (0, 0, "")


def test_who_loses_the_proof_is_out(irina: Customer) -> None:
    """The phone was given to somebody else: whoever had it does not stay signed in by it."""
    browser = member.signed_in("13800138000")
    Identity.objects.filter(kind="phone").delete()
    assert browser.get("/member/points/")["Location"] == "/member/"


# --- The card -------------------------------------------------------------------------------------------------------


def test_the_counter_finds_the_scanned_card(
    irina: Customer, chen: Staff, signed_in: Callable[[Staff], Client]
) -> None:
    browser = member.signed_in("irina@example.com")
    code = cards.of(irina)
    assert re.fullmatch(r"MC[0-9A-HJKMNP-TV-Z]{14}", code)
    assert cards.shown(code) in text(browser.get("/member/"))
    till = signed_in(chen)
    assert irina.public_id in text(till.post("/counter/find/", {"q": cards.shown(code).lower()}))
    browser.post("/member/card/")
    assert cards.of(irina) != code
    assert irina.public_id not in text(till.post("/counter/find/", {"q": code}))
    assert irina.public_id in text(till.post("/counter/find/", {"q": cards.of(irina)}))


# --- What the pages say ---------------------------------------------------------------------------------------------


def test_the_history_has_the_arithmetic_in_pages(irina: Customer, harbour: Store) -> None:
    from customers.receiving.followers import Changed
    from loyalty.accrual.single import earn_for

    earning.programme(money_per_point=2)
    receipt = cast.purchase(irina, at=harbour, on=timezone.localdate() - 40 * DAY, amount="61.00")
    earn_for([Changed(irina.pk, receipt.pk)], at=timezone.now())
    at = timezone.now()
    for n in range(20):
        ledger.adjust(irina.pk, n + 1, Cause(f"adjustment:{n}", at + n * timedelta(seconds=1), "staff:1"))
    browser = member.signed_in("irina@example.com")
    first = text(browser.get("/member/points/"))
    assert (first.count('class="move"'), "balance 240" in first, "How it was counted" in first) == (
        15,
        True,
        False,
    )
    (more,) = re.findall(r'href="(/member/points/\?after=mov_\w+)"', first)
    with CaptureQueriesContext(connection) as asked:
        second = text(browser.get(more))
    assert "¥61.00, a point for each ¥2" in second
    assert (second.count('class="move"'), "after=" in second, "Harbour" in second) == (6, False, True)
    assert len(asked) <= 9
    assert "staff" not in second


def test_preferences_are_the_same_consents(irina: Customer) -> None:
    browser = member.signed_in("irina@example.com")
    html = browser.get("/member/preferences/").content.decode()
    shown = dict(re.findall(r'name="(shown-[\w.]+)" value="([^"]+)"', html))
    browser.post("/member/preferences/", shown | {"email.marketing": "on"})
    word = Consent.objects.get()
    assert (word.is_given, word.source, word.recorded_by) == (True, "member-page", "customer")
    answer = browser.post("/member/language/", {"language": "zh-hant", "back": "//evil.example"})
    assert answer["Location"] == "/member/"
    irina.refresh_from_db()
    assert irina.language == "zh-hant"
    assert "我的會員卡" in text(browser.get("/member/"))


def test_the_first_page_is_small_and_an_app(irina: Customer, points: None) -> None:
    """What docs/guides/member.md states: less than 24 kB in all, as it is sent without compression."""
    browser = member.signed_in("irina@example.com")
    answer = browser.get("/member/")
    html = answer.content.decode()
    sizes = [len(answer.content)]
    for address in re.findall(r'(?:href|src)="(/static/dist/[^"]+)"', html):
        sizes.append(len(b"".join(browser.get(address).streaming_content)))
    assert len(sizes) == 3
    assert sum(sizes) < 24_000, sizes
    policy = answer["Content-Security-Policy"]
    assert ("unsafe" in policy, "default-src 'none'" in policy) == (False, True)
    assert "<script>" not in html
    assert " style=" not in html
    told = json.loads(browser.get("/member/app.webmanifest").content)
    assert (told["start_url"], told["scope"], told["display"]) == ("/member/", "/member/", "standalone")
    assert {one["sizes"] for one in told["icons"]} == {"192x192", "512x512"}
    assert browser.get("/member/worker.js")["Content-Type"].startswith("text/javascript")
