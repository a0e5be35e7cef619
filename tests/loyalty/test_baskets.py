"""A basket before it is paid: what is promised is what is given, to the cent and to the point; and nothing changes."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from crm.lib import prepared
from crm.org.models import Store
from customers.models import Brand, Category, Customer
from loyalty import coupons, ledger
from loyalty.coupons import codes, defining
from loyalty.ledger import Cause, NewLot
from loyalty.models import (
    Accrual,
    Benefit,
    BenefitKind,
    CouponCode,
    CouponKind,
    CouponTally,
    Movement,
    RewardKind,
    RuleKind,
    Tier,
)
from loyalty.rewards import catalogue, stock
from loyalty.tiers import changing
from tests import cast
from tests.loyalty import rules
from tests.loyalty.test_tiers import ladder

pytestmark = pytest.mark.django_db
Calling = Callable[..., Client]
IRINA = {"kind": "phone", "value": "138 0013 8000"}
DAY = timedelta(days=1)
LINES = [
    {"line": 3, "product": "TEA", "quantity": "2", "amount": "35.80"},
    {"line": 1, "product": "CUP", "quantity": "1", "amount": "60.00", "discount": "6.00"},
    {"line": 2, "product": "UNKNOWN", "quantity": "0.750", "amount": "4.25"},
]


@pytest.fixture
def goods(db: None) -> None:
    drinks = Category.objects.create(path="drinks", name="Drinks")
    leaves = Category.objects.create(path="drinks/tea", name="Tea", parent=drinks)
    cast.product("TEA", "Tea", category=leaves, brand=Brand.objects.create(name="Leaf"))
    cast.product("CUP", "Cup")


@pytest.fixture
def programme(irina: Customer, harbour: Store, goods: None) -> None:
    """Irina is gold since the day before yesterday: points × 1.5 and 5 % off; and there are rules of each kind."""
    rules.programme(cap_day=400)
    rules.rule("tea", kind=RuleKind.BASE, percent=200, condition={"categories": ["drinks"]})
    rules.rule("cups", kind=RuleKind.MULTIPLIER, percent=300, condition={"products": ["CUP"]}, cap_receipt=70)
    rules.rule("first", kind=RuleKind.BONUS, points=25, condition={"is_first": True})
    gold = Tier.objects.get(scheme=ladder(), code="gold")
    Benefit.objects.create(tier=gold, kind=BenefitKind.MULTIPLIER, value=Decimal("1.5"))
    Benefit.objects.create(tier=gold, kind=BenefitKind.DISCOUNT, value=Decimal(5))
    changing.change(irina, "gold", cause="goodwill", by="test", at=now() - 2 * DAY)


@pytest.fixture
def held(irina: Customer, goods: None) -> dict[str, str]:
    """Codes by the name of what Irina holds; "shared" is everybody's."""
    drinks = Category.objects.get(path="drinks").pk
    told: dict[str, dict[str, Any]] = {
        "tenth": {"share_bp": 1000, "place": 20, "most": Decimal(8)},
        "drinks": {"share_bp": 2500, "place": 10, "only_categories": [drinks]},
        "five": {
            "kind": CouponKind.AMOUNT,
            "share_bp": None,
            "amount": Decimal(5),
            "place": 30,
            "stacking": "x",
        },
        "three": {
            "kind": CouponKind.AMOUNT,
            "share_bp": None,
            "amount": Decimal(3),
            "place": 5,
            "stacking": "x",
        },
        "large": {"share_bp": 5000, "minimum": Decimal(500), "place": 1},
        "free": {"kind": CouponKind.DELIVERY, "share_bp": None, "place": 40},
    }
    made = {
        name: coupons.issue(irina.pk, define(name, **terms), gift(name)).code for name, terms in told.items()
    }
    shared = define("shared", is_shared=True, share_bp=300, place=25, per_customer=1)
    return made | {"shared": CouponCode.objects.get(definition=shared).code}


def define(code: str, *, is_shared: bool = False, **terms: Any) -> Any:
    whole = {"kind": CouponKind.PERCENT} | terms
    return defining.define(
        code=code, name=code.title(), is_shared=is_shared, terms=whole, by="test", at=now()
    )


def gift(name: str) -> Cause:
    return Cause(f"gift:{name}", now(), "test")


@pytest.fixture
def till(calling: Calling, harbour: Store) -> Client:
    return calling("baskets:evaluate", "coupons:write", "receipts:write", "points:write")


def ask(till: Client, status: int = 200, **told: Any) -> dict[str, Any]:
    body = {"store": "HARB", "lines": LINES} | told
    answer = till.post("/api/v1/baskets/evaluate/", body, content_type="application/json")
    assert answer.status_code == status, answer.content
    found: dict[str, Any] = answer.json()
    return found


def place(till: Client, address: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = till.post(f"/api/v1/{address}", body, content_type="application/json")
    assert answer.status_code in (200, 201), answer.content
    found: dict[str, Any] = answer.json()
    return found


def chosen(found: dict[str, Any]) -> list[str]:
    return [one["name"] for one in found["coupons"] if one["is_chosen"]]


def reasons(found: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["reason"]["code"] for one in found["coupons"] if one["reason"]}


def test_the_answer_for_a_member(
    till: Client, programme: None, held: dict[str, str], irina: Customer
) -> None:
    found = ask(till, customer=IRINA, delivery="9.00", codes=[codes.shown(held["shared"]).lower()])
    assert (found["customer"], found["tier"]) == (
        irina.public_id, {"code": "gold", "percent": "5.00", "saves": "5.00"},
    )  # fmt: skip
    assert chosen(found) == ["Drinks", "Tenth", "Shared", "Five", "Free"]
    assert reasons(found) == {"Three": "not_combinable", "Large": "minimum_not_met"}
    assert [line["tier"] for line in found["lines"]] == ["1.79", "3.00", "0.21"]
    assert [one["saves"] for one in found["coupons"][:5]] == ["8.50", "8.00", "2.36", "5.00", "9.00"]
    assert (found["amount"], found["discount"], found["delivery"], found["to_pay"]) == (
        "100.05", "28.86", "0.00", "71.19",
    )  # fmt: skip
    assert sum(Decimal(line["amount"]) for line in found["lines"]) == Decimal("71.19")
    assert found["is_exact"] is True
    assert found["why"] == [
        "Drinks, Tenth, Shared, Five, Free: saves ¥32.86.",
        "“Three” would save ¥3.00 by itself. This coupon cannot be used together with “Five”.",
    ]
    assert found["suggestions"][0] | {"detail": ""} == {
        "code": "spend_more", "detail": "", "of": codes.shown(held["large"]), "points": None, "amount": "404.95",
    }  # fmt: skip


def test_what_is_promised_is_given(
    till: Client, programme: None, held: dict[str, str], irina: Customer, harbour: Store
) -> None:
    """Coupons one after another as the answer lists them, then the receipt that it describes."""
    dice = random.Random(4)
    for turn in range(5):
        lines = [
            {"line": n, "product": dice.choice(["TEA", "CUP", "NEW"]), "quantity": str(dice.randint(1, 4)),
             "amount": f"{dice.randint(200, 20_000) / 100:.2f}", "discount": dice.choice(["0", "0", "1.25"])}
            for n in dice.sample(range(1, 40), dice.randint(1, 6))
        ]  # fmt: skip
        asked_at, delivery = now(), dice.choice(["0", "6.50"])
        found = ask(till, customer=IRINA, lines=lines, delivery=delivery, codes=[held["shared"]],
                    occurred_at=asked_at.isoformat())  # fmt: skip
        checkout = {"source": "pos-12", "external_id": f"R{turn}", "store": "HARB"}
        assert _used(till, checkout, lines, found, delivery) == chosen(found)
        receipt = _receipt(checkout, lines, found, asked_at)
        assert place(till, "receipts/", receipt)["points_earned"] == found["points"]["earned"]
        kept = Accrual.objects.latest("purchase_id")
        assert (kept.points, kept.growth) == (found["points"]["earned"], found["points"]["growth"])
        assert {n: points for n, points, _growth in kept.lines} == {
            one["line"]: one["points"] for one in found["lines"] if one["points"]
        }
        moved = Movement.objects.filter(purchase_id=kept.purchase_id).order_by("unit")
        assert [one.pending for one in moved] == [n for n in (kept.points, kept.growth) if n]
    assert set(CouponTally.objects.values_list("redeemed", flat=True)) == {0, 1}


def _used(
    till: Client, checkout: dict[str, Any], lines: list[Any], found: dict[str, Any], delivery: str
) -> list[str]:
    """Redeem what was chosen, in its order, each on what the ones before have left; the answers are as promised."""
    benefit = {one["line"]: Decimal(one["tier"]) for one in found["lines"]}
    left = {line["line"]: Decimal(line["amount"]) - benefit[line["line"]] for line in lines}
    used = []
    for one in (one for one in found["coupons"] if one["is_chosen"]):
        basket = [
            {"line": n, "amount": str(left[n]), "product": line["product"], "quantity": line["quantity"],
             "is_discounted": line["discount"] != "0"}
            for line in lines for n in [line["line"]]
        ]  # fmt: skip
        body = checkout | {"lines": basket, "delivery": delivery, "customer": IRINA}
        done = place(till, f"coupons/{one['code']}/redemption/", body)
        assert (done["lines"], done["delivery"], done["cost"]) == (
            one["lines"],
            one["delivery"],
            one["saves"],
        )
        left = {n: left[n] - Decimal(off["discount"]) for n, off in zip(left, done["lines"], strict=True)}
        delivery = str(Decimal(delivery) - Decimal(done["delivery"]))
        used.append(one["name"])
    assert {n: str(cents) for n, cents in left.items()} == {
        one["line"]: one["amount"] for one in found["lines"]
    }
    return used


def _receipt(
    checkout: dict[str, Any], lines: list[Any], found: dict[str, Any], at: datetime
) -> dict[str, Any]:
    goods = {line["line"]: {"product": line["product"], "quantity": line["quantity"]} for line in lines}
    paid = [
        goods[one["line"]] | {name: one[name] for name in ("line", "amount", "discount")}
        for one in found["lines"]
    ]
    return checkout | {"occurred_at": at.isoformat(), "customer": IRINA, "lines": paid}


def test_first_purchases_and_the_limit_of_a_day(till: Client, programme: None, harbour: Store) -> None:
    noon = (now() - DAY).astimezone(harbour.zone).replace(hour=12)
    moments = [(noon + lag).isoformat() for lag in (timedelta(0), timedelta(seconds=1), DAY)]
    before = ask(till, customer=IRINA, occurred_at=moments[0])["points"]
    lines = [{"line": 1, "product": "CUP", "quantity": "1", "amount": "250.00"}]
    body = {"source": "pos-1", "external_id": "A", "store": "HARB", "occurred_at": moments[0]}
    earned = place(till, "receipts/", body | {"customer": IRINA, "lines": lines})["points_earned"]
    after = ask(till, customer=IRINA, occurred_at=moments[1])["points"]
    assert ask(till, customer=IRINA, occurred_at=moments[0])["points"] == after
    assert any("First" in one["sentence"] for one in before["told"])
    assert not any("First" in one["sentence"] for one in after["told"])
    assert 400 - earned < before["earned"]
    assert after["earned"] == 400 - earned
    assert ask(till, customer=IRINA, occurred_at=moments[2])["points"]["earned"] == before["earned"] - 25


def test_discounted_goods_earn_nothing_where_the_programme_says_so(
    till: Client, irina: Customer, goods: None, held: dict[str, str]
) -> None:
    rules.programme(excludes_discounted=True)
    assert (
        ask(till, customer=IRINA, codes=[])["points"]["earned"] == 0
    )  # a coupon takes something off every line
    assert ask(till)["points"] | {"told": []} == {
        "earned": 0, "growth": 0, "told": [], "available_at": None, "spendable": 0, "asked": 0, "missing": 0,
        "spent": 0,
    }  # fmt: skip
    assert ask(till)["suggestions"][0] | {"detail": ""} == {
        "code": "enrol", "detail": "", "of": "", "points": 40, "amount": None,
    }  # fmt: skip


def test_codes_of_others_used_ones_and_a_stranger(
    till: Client, irina: Customer, yusuf: Customer, held: dict[str, str]
) -> None:
    theirs = coupons.issue(yusuf.pk, define("theirs", share_bp=100), gift("theirs")).code
    checkout = {"source": "pos-12", "external_id": "R1", "store": "HARB", "lines": LINES[:1]}
    shape = [{name: value for name, value in line.items() if name != "discount"} for line in LINES]
    place(till, f"coupons/{held['tenth']}/reservation/", checkout | {"lines": shape})
    place(till, f"coupons/{held['drinks']}/redemption/", checkout | {"lines": shape})
    asked = [theirs, held["tenth"], held["drinks"], "no code"]
    found = ask(till, customer=IRINA, codes=asked)
    told = {one["code"].replace("-", ""): (one["reason"] or {}).get("code") for one in found["coupons"]}
    assert [told[code] for code in asked] == [
        "coupon_unknown",
        "coupon_reserved",
        "coupon_used",
        "coupon_unknown",
    ]
    found = ask(till, codes=[theirs, held["shared"]])
    assert (chosen(found), reasons(found)) == (["Theirs"], {"Shared": "customer_needed"})
    assert found["rewards"] == []


def test_goods_that_are_reduced_already_are_not_counted_where_the_terms_say_so(
    till: Client, irina: Customer, goods: None
) -> None:
    coupons.issue(irina.pk, define("fresh", share_bp=1000, skips_discounted=True), gift("fresh"))
    (one,) = ask(till, customer=IRINA)["coupons"]
    assert one["saves"] == "4.01"
    assert {off["line"]: off["discount"] for off in one["lines"]} == {3: "3.58", 1: "0.00", 2: "0.43"}


def test_limits_count_what_others_have_reserved(till: Client, irina: Customer, goods: None) -> None:
    last = define("last", is_shared=True, share_bp=1000, total=1, budget=Decimal(100))
    code = CouponCode.objects.get(definition=last).code
    assert chosen(ask(till, customer=IRINA, codes=[code])) == ["Last"]
    CouponTally.objects.filter(definition=last).update(reserved=1, promised=3)
    assert reasons(ask(till, customer=IRINA, codes=[code])) == {"Last": "limit_reached"}
    CouponTally.objects.filter(definition=last).update(reserved=0, promised=95)
    assert reasons(ask(till, customer=IRINA, codes=[code])) == {"Last": "budget_spent"}


def test_rewards_and_points_to_spend(till: Client, irina: Customer, harbour: Store, uptown: Store) -> None:
    offered = [("two", "2.00", 40, {}), ("five", "5.00", 60, {}), ("ten", "10.00", 500, {}),
               ("away", "9.00", 1, {"only_stores": [uptown.pk]}), ("gone", "9.00", 1, {})]  # fmt: skip
    for code, amount, points, more in offered:
        terms = {"kind": RewardKind.DISCOUNT, "amount": Decimal(amount), "points": points} | more
        made = catalogue.define(
            code=code, name=code.title(), terms=terms, by="test", at=now(), is_counted=code == "gone"
        )
        if code == "gone":
            stock.put(made, uptown, 5, by="test")
    ledger.earn(irina.pk, [NewLot(120)], Cause("receipt:1", now(), "test"))
    found = ask(till, customer=irina.public_id, points=1000)
    told = {one["name"]: (one["is_chosen"], (one["reason"] or {}).get("code")) for one in found["rewards"]}
    assert told == {
        "Two": (True, None), "Five": (True, None), "Ten": (False, "insufficient_points"),
        "Away": (False, "wrong_store"), "Gone": (False, "out_of_stock"),
    }  # fmt: skip
    points = found["points"]
    assert (points["spendable"], points["missing"], points["spent"]) == (120, 880, 100)
    assert (found["rewards_off"], found["to_pay"]) == ("7.00", "93.05")
    assert [one["name"] for one in ask(till, customer=IRINA, points=99)["rewards"] if one["is_chosen"]] == [
        "Five"
    ]
    tiny = ask(till, customer=IRINA, points=120, lines=[LINES[0] | {"amount": "1.50"}])
    assert (tiny["points"]["spent"], tiny["to_pay"]) == (40, "0.00")


@pytest.mark.parametrize(
    ("told", "status", "code", "place"),
    [
        ({"store": "NONE"}, 422, "invalid", "/store"),
        ({"customer": {"kind": "member", "value": "M9999"}}, 422, "invalid", "/customer"),
        ({"customer": "cus_aaaaaaaaaaaa"}, 404, "not_found", None),
        ({"lines": []}, 422, "invalid", "/lines"),
        ({"lines": [LINES[0], LINES[1] | {"line": 3}]}, 422, "invalid", "/lines/1/line"),
        ({"lines": [LINES[0] | {"quantity": "0.000"}]}, 422, "invalid", "/lines/0/quantity"),
        ({"lines": [LINES[0] | {"amount": "-1"}]}, 422, "invalid", "/lines/0/amount"),
        ({"lines": [LINES[0] | {"line": n} for n in range(1, 502)]}, 422, "invalid", "/lines"),
        ({"codes": ["A"] * 21}, 422, "invalid", "/codes"),
        ({"points": -1}, 422, "invalid", "/points"),
        ({"occurred_at": "1999-01-01T00:00:00Z"}, 422, "invalid", "/occurred_at"),
        ({"occurred_at": "2026-01-01T00:00:00"}, 422, "invalid", "/occurred_at"),
        ({"channel": "moon"}, 422, "invalid", "/channel"),
        ({"weather": "fine"}, 422, "invalid", "/weather"),
    ],
)
def test_bad_input_is_named_at_its_place(
    told: dict[str, Any], status: int, code: str, place: str | None, till: Client, irina: Customer
) -> None:
    found = ask(till, status, **told)
    assert (found["code"], found.get("errors", [{"pointer": None}])[0]["pointer"]) == (code, place)


def test_a_key_of_another_branch_finds_by_identifier_and_not_by_id(
    calling: Calling, irina: Customer, uptown: Store
) -> None:
    theirs = calling("baskets:evaluate", stores=[uptown])
    assert ask(theirs, customer=IRINA, store=uptown.code)["customer"] == irina.public_id
    assert ask(theirs, 404, customer=irina.public_id, store=uptown.code)["code"] == "not_found"
    assert ask(theirs, 422, customer=IRINA)["errors"][0]["pointer"] == "/store"  # Harbour's
    assert ask(calling("points:read"), 403)["code"] == "forbidden"


def test_nothing_changes(till: Client, programme: None, held: dict[str, str], irina: Customer) -> None:
    """Byte for byte, in all of loyalty; and in a transaction that may only read it works the same."""
    ledger.earn(irina.pk, [NewLot(50, now() - DAY)], Cause("receipt:1", now() - 3 * DAY, "test"))  # has ended
    told: dict[str, Any] = {"customer": IRINA, "codes": [held["shared"], "nothing"], "points": 50}
    before = _hashes()
    found = ask(till, **told)
    assert _hashes() == before
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
        assert ask(till, **told) == found
        transaction.set_rollback(True)


def _hashes() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
            " AND (relname LIKE 'loyalty%' OR relname LIKE 'customers%' OR relname LIKE 'audit%')"
        )
        found = {}
        for (table,) in cursor.fetchall():
            cursor.execute(
                f"SELECT md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) FROM \"{table}\" t"
            )
            found[table] = cursor.fetchone()[0]
    assert len(found) > 40
    return found


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that are bound on the server, which Django does not count."""
    told: list[str] = []
    rows = prepared.rows

    def noted(sql: str, values: prepared.Parameters = ()) -> list[tuple[Any, ...]]:
        told.append(sql)
        return rows(sql, values)

    monkeypatch.setattr(prepared, "rows", noted)
    return told


def test_as_many_statements_for_one_line_as_for_five_hundred(
    till: Client, programme: None, held: dict[str, str], irina: Customer, asked: list[str]
) -> None:
    def count(lines: int, codes: list[str]) -> int:
        del asked[:]
        many = [LINES[n % 3] | {"line": n + 1} for n in range(lines)]
        with CaptureQueriesContext(connection) as seen:
            found = ask(till, customer=IRINA, lines=many, codes=codes, points=5)
        assert found["points"]["earned"]
        return len(seen) + len(asked)

    count(1, [])  # whatever is read once
    few = count(1, [held["shared"]])
    assert count(500, [held["shared"]]) == few
    for n in range(6):
        coupons.issue(irina.pk, define(f"more{n}", share_bp=100, minimum=Decimal(90_000)), gift(f"more{n}"))
    assert count(500, [held["shared"]]) == few
    assert few <= 24
