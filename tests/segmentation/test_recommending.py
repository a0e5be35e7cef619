"""What is suggested now: the lists of the night, the filters at the moment of reading, the reason in words."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from crm.audit.models import Entry
from crm.org.models import Staff, Store
from crm.scaleout.recording import recording
from customers.models import Category, Customer, Product
from loyalty.evaluation import suggesting
from segmentation.models import AgeLimit, BasketPair, DueGood, Level, ProductFit, StockFigure
from segmentation.products import ages, needs, reasons, recommending, rules
from segmentation.products.recommending import Reason, Suggestion
from tests import cast
from tests.segmentation.shopping import NIGHT, day, refuse

pytestmark = pytest.mark.django_db
Browser = Callable[[Staff], Client]
TODAY = NIGHT + timedelta(days=1)


@pytest.fixture(autouse=True)
def _on_the_day_after(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (recommending, needs):
        monkeypatch.setattr(module, "localdate", lambda: TODAY)


def skus(some: tuple[Suggestion, ...]) -> list[str]:
    return [one.sku for one in some]


def test_both_lists_with_their_reasons(irina: Customer, night: dict[str, int]) -> None:
    found = recommending.of(irina, TODAY)
    assert found.on == NIGHT
    assert skus(found.again) == ["TEA"]
    assert skus(found.fresh) == ["MILK", "HONEY"]
    assert [reasons.sentence(one) for one in (*found.again, *found.fresh)] == [
        "bought every 10 days, last 10 days ago", "goes with Tea, which they buy", "goes with Tea, which they buy",
    ]  # fmt: skip
    assert found.best == found.again[0]
    assert [one.sku for one in recommending.for_message(irina, most=2)] == ["TEA", "MILK"]


def test_sentences_in_other_cases() -> None:
    one: Any = {"product_id": 1, "sku": "T", "name": "Tea"}
    told = [
        Suggestion(**one, reason=Reason.RHYTHM, gap=1, days=5, ago=0),
        Suggestion(**one, reason=Reason.OFTEN, days=1, ago=1),
        Suggestion(**one, reason=Reason.OFTEN, days=2, ago=30),
        Suggestion(**one, reason=Reason.POPULAR, store="Harbour"),
        Suggestion(**one, reason=Reason.POPULAR),
    ]
    assert [reasons.sentence(each) for each in told] == [
        "bought every day, last today", "bought on 1 day, last yesterday", "bought on 2 days, last 30 days ago",
        "popular at Harbour", "popular in the chain",
    ]  # fmt: skip


def test_what_they_gave_up_is_not_due() -> None:
    tea = {"product_id": 1, "sku": "T", "name": "Tea", "reason": Reason.RHYTHM, "gap": 10, "days": 5}
    due = {ago: Suggestion(**tea, ago=ago).is_due for ago in (7, 8, 20, 21)}  # type: ignore[arg-type]
    assert due == {7: False, 8: True, 20: True, 21: False}


def test_bought_since_the_night_is_left_out(irina: Customer, harbour: Store, night: dict[str, int]) -> None:
    cast.purchase(irina, at=harbour, on=TODAY, lines=[("TEA", "1", "4.00"), ("HONEY", "1", "9.00")])
    found = recommending.of(irina, TODAY)
    assert (skus(found.again), skus(found.fresh)) == ([], ["MILK"])
    assert not needs.people(served(), cast_of(harbour)).exists()


def served() -> ProductFit:
    found = rules.fit()
    assert found is not None
    return found


def cast_of(store: Store) -> Staff:
    from crm.org.permissions import Role

    return cast.staff("Mona", Role.STORE_MANAGER, stores=[store])


def test_bought_a_moment_ago_is_not_needed(irina: Customer, night: dict[str, int]) -> None:
    """Tea was bought on day 9 before the night with a gap of 10: two days after that purchase it is not offered."""
    assert skus(recommending.of(irina, day(9) + timedelta(days=2)).again) == []
    assert skus(recommending.of(irina, day(9) + timedelta(days=3)).again) == ["TEA"]


def test_who_says_no_meanwhile_gets_nothing(irina: Customer, harbour: Store, night: dict[str, int]) -> None:
    refuse(irina)
    assert recommending.of(irina, TODAY) == recommending.NOTHING
    assert recommending.for_message(irina) == []
    assert not needs.people(served(), cast_of(harbour)).exists()


def test_an_age_limit_holds_at_once(irina: Customer, ana: Staff, night: dict[str, int]) -> None:
    limit = ages.put(Category.objects.get(path="food/drinks"), 18, by=ana)
    assert skus(recommending.of(irina, TODAY).fresh) == []
    Customer.objects.filter(pk=irina.pk).update(birthday=date(2008, 3, 10))
    assert skus(recommending.of(irina, TODAY).fresh) == ["MILK", "HONEY"]
    assert skus(recommending.of(irina, TODAY - timedelta(days=1)).fresh) == []
    ages.remove(limit, by=ana)
    assert skus(recommending.of(irina, TODAY - timedelta(days=1)).fresh) == ["MILK", "HONEY"]
    kept = Entry.objects.filter(action__startswith="age_limit.").order_by("pk")
    assert list(kept.values_list("action", flat=True)) == ["age_limit.set", "age_limit.remove"]


def test_who_needs_it_again_is_old_enough_by_the_limits_of_now(
    irina: Customer, harbour: Store, ana: Staff, night: dict[str, int]
) -> None:
    manager, food = cast_of(harbour), Category.objects.create(path="food", name="Food")

    def found() -> tuple[list[str], list[str]]:
        told = needs.of_customers(served(), [irina.pk]).get(irina.pk, [])
        return [one.name for one in needs.people(served(), manager)], [one.sku for one in told]

    assert found() == (["Irina Petrova"], ["TEA"])
    limit = ages.put(food, 18, by=ana)  # it holds for all below it
    assert found() == ([], [])
    for birthday, is_told in ((date(2008, 3, 10), True), (date(2008, 3, 11), False), (None, False)):
        Customer.objects.filter(pk=irina.pk).update(birthday=birthday)
        assert found() == ((["Irina Petrova"], ["TEA"]) if is_told else ([], []))
        assert bool(recommending.of(irina, TODAY).again) is is_told
    ages.remove(limit, by=ana)
    ages.put(Category.objects.create(path="food/drinks/wine", name="Wine"), 18, by=ana)
    assert found() == (["Irina Petrova"], ["TEA"])


def test_goods_without_a_category_have_no_limit(
    irina: Customer, harbour: Store, ana: Staff, night: dict[str, int]
) -> None:
    manager = cast_of(harbour)
    ages.put(Category.objects.get(path="food/drinks"), 18, by=ana)
    assert not needs.people(served(), manager).exists()
    Product.objects.filter(sku="TEA").update(category=None)
    assert needs.people(served(), manager).get() == irina


def test_what_their_store_does_not_sell_is_not_needed_again(
    harbour: Store, uptown: Store, goods: dict[str, int]
) -> None:
    """Ida of Uptown buys her tea at Harbour. Of nine who bought lately at Uptown four would have taken tea."""
    ida = cast.customer("Ida", of=uptown)
    for back in (49, 39, 29, 19, 9):
        cast.purchase(ida, at=harbour, on=day(back), lines=[("TEA", "2", "8.00")])
    for n in range(8):
        for store, sku in ((harbour, "TEA"), (uptown, "MILK")):
            person = cast.customer(f"{sku} {n}", of=store)
            cast.purchase(person, at=store, on=day(3), lines=[(sku, "1", "4.00")])
    cast.night(NIGHT)
    assert (DueGood.objects.count(), StockFigure.objects.count()) == (0, 0)
    cast.purchase(person, at=uptown, on=day(2), lines=[("TEA", "1", "4.00")])
    cast.night(TODAY)
    assert DueGood.objects.get().customer_id == ida.pk
    assert StockFigure.objects.get(night=served().night_id).store == uptown


def test_one_statement_is_enough(irina: Customer, night: dict[str, int]) -> None:
    with recording() as kept:
        recommending.of(irina)
    assert len(kept.queries) == 1


def test_before_the_first_night_there_is_nothing(irina: Customer) -> None:
    assert recommending.of(irina) == recommending.NOTHING
    assert rules.fit() is None


def test_a_basket_is_told_what_goes_with_it(irina: Customer, night: dict[str, int]) -> None:
    told = suggesting.hints(irina.pk, {night["HONEY"]})
    assert [(one.code, one.of) for one in told] == [("buy_again", "TEA"), ("new_to_them", "MILK")]
    assert told[1].sentence == "Milk: goes with Tea, which they buy"
    assert suggesting.hints(None, set()) == []


def test_the_api_gives_both_lists(
    irina: Customer, yusuf: Customer, harbour: Store, night: dict[str, int], calling: Callable[..., Client]
) -> None:
    caller = calling("customers:read", stores=[harbour])
    told = caller.get(f"/api/v1/customers/{irina.public_id}/recommendations/").json()
    assert (told["customer"], told["night"]) == (irina.public_id, NIGHT.isoformat())
    assert [(one["product"], one["reason"], one["gap"]) for one in told["buy_again"]] == [
        ("TEA", "rhythm", 10)
    ]
    assert [(one["product"], one["partner"]) for one in told["new_to_them"]] == [
        ("MILK", "Tea"),
        ("HONEY", "Tea"),
    ]
    assert caller.get(f"/api/v1/customers/{yusuf.public_id}/recommendations/").status_code == 404
    assert (
        calling("points:read").get(f"/api/v1/customers/{irina.public_id}/recommendations/").status_code == 403
    )


# --- Pages ----------------------------------------------------------------------------------------------------------


def test_the_counter_shows_the_best_offer(
    chen: Staff, uma: Staff, irina: Customer, night: dict[str, int], signed_in: Browser
) -> None:
    html = signed_in(chen).post("/counter/find/", {"q": "+8613800138000"}).content.decode()
    assert "May need again" in html
    assert "Tea" in html
    other = signed_in(uma).post("/counter/find/", {"q": "+8613800138000"}).content.decode()
    assert 'id="suggestion"' not in other
    assert "Tea" not in other


def test_their_page_shows_both_lists(
    chen: Staff, irina: Customer, night: dict[str, int], signed_in: Browser
) -> None:
    html = signed_in(chen).get(f"/customers/{irina.public_id}/").content.decode()
    assert "What they may want next" in html
    assert "goes with Tea, which they buy" in html


def test_rules_are_searched_sorted_and_exported(
    max_: Staff, marta: Staff, night: dict[str, int], signed_in: Browser
) -> None:
    theirs = signed_in(max_)
    html = theirs.get("/segments/products/?level=1").content.decode()
    assert "1 pair" in html
    assert "may be chance" not in html
    assert "0 pairs" in theirs.get("/segments/products/?level=1&q=honey").content.decode()
    assert "0 pairs" in theirs.get("/segments/products/?level=1&q=honey&sort=x").content.decode()
    for who, said in ((max_, False), (marta, True)):
        shown = signed_in(who).get("/segments/products/?level=1").content.decode()
        assert ("of the whole chain" in shown) is said
    assert (
        "1 pair"
        in theirs.get(
            "/segments/products/?level=1&q=mil&sort=support&promoted=no&least=0.05"
        ).content.decode()
    )
    pair = f"a={night['MILK']}&b={night['TEA']}"
    assert "All pairs" in theirs.get(f"/segments/products/?level=1&{pair}").content.decode()
    rows = b"".join(theirs.get("/segments/products/export/?level=1&format=csv")).decode().splitlines()
    assert rows[1].startswith("Milk,Tea,8,8,13,")
    assert Entry.objects.filter(action="products.export").count() == 1


def test_rules_come_in_pages(
    max_: Staff, night: dict[str, int], signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = BasketPair.objects.get(level=Level.PRODUCT, is_plain=False)
    monkeypatch.setattr(rules, "SHOWN", 1)
    other = BasketPair.objects.get(pk=known.pk)
    other.pk, other.second, other.lift = None, night["HONEY"], known.lift / 2
    other.save(force_insert=True)
    theirs = signed_in(max_)
    first = theirs.get(f"/segments/products/?level={known.level}").context
    assert ([one.pair.second for one in first["page"].rows], first["count"]) == ([known.second], 2)
    second = theirs.get(f"/segments/products/?level={known.level}&after={first['page'].next}").context["page"]
    assert ([one.pair.second for one in second.rows], second.next) == ([night["HONEY"]], None)


def test_the_matrix_opens_pairs(max_: Staff, harbour: Store, irina: Customer, signed_in: Browser) -> None:
    for sku, name in (("APPLE", "Fruit"), ("BREAD", "Bakery")):
        cast.product(sku, sku, category=Category.objects.create(path=f"food/{name.lower()}", name=name))
    for n in range(1, 5):
        cast.purchase(irina, at=harbour, on=day(n), lines=[("APPLE", "1", "1.00"), ("BREAD", "1", "2.00")])
    cast.purchase(irina, at=harbour, on=day(6), lines=[("SKU1", "1", "1.00")])
    cast.night(NIGHT)
    found = rules.matrix(served(), Level.CATEGORY, False)
    assert [name for _item, name in found.items] == ["Fruit", "Bakery"]
    assert {round(rule.pair.lift, 2) for rule in found.cells.values()} == {1.25}
    html = signed_in(max_).get("/segments/products/matrix/").content.decode()
    assert "Fruit and Bakery: lift 1.25" in html


def test_who_needs_something_is_a_scoped_list(
    marta: Staff, uma: Staff, irina: Customer, night: dict[str, int], signed_in: Browser
) -> None:
    assert "Irina Petrova" in signed_in(marta).get("/segments/products/due/").content.decode()
    assert "Irina Petrova" in signed_in(marta).get("/segments/products/due/?sku=TEA").content.decode()
    assert (
        "Nobody needs anything" in signed_in(marta).get("/segments/products/due/?sku=MILK").content.decode()
    )
    assert "Nobody needs anything" in signed_in(uma).get("/segments/products/due/").content.decode()


def test_what_to_stock_is_scoped_and_exported(
    marta: Staff, uma: Staff, irina: Customer, night: dict[str, int], signed_in: Browser
) -> None:
    assert "Tea" in signed_in(marta).get("/segments/products/stock/?q=te").content.decode()
    assert "Nothing is due here" in signed_in(uma).get("/segments/products/stock/").content.decode()
    rows = b"".join(signed_in(marta).get("/segments/products/stock/export/?format=csv")).decode().splitlines()
    assert rows[1] == "Harbour,TEA,Tea,1,2.0,0.0,3.5"


def test_a_marketer_sets_and_lifts_an_age_limit(
    max_: Staff, chen: Staff, goods: dict[str, int], signed_in: Browser
) -> None:
    theirs = signed_in(max_)
    assert (
        theirs.post("/segments/products/ages/", {"category": "nowhere", "minimum_age": "18"}).status_code
        == 422
    )
    assert AgeLimit.objects.count() == 0
    theirs.post("/segments/products/ages/", {"category": "drinks", "minimum_age": "18"})
    limit = AgeLimit.objects.get()
    assert (limit.category.path, limit.minimum_age) == ("food/drinks", 18)
    assert signed_in(chen).post(f"/segments/products/ages/{limit.pk}/removal/").status_code == 403
    theirs.post(f"/segments/products/ages/{limit.pk}/removal/")
    assert AgeLimit.objects.count() == 0
