"""Memberships that are bought: from when until when, bought again, over, given back; exact days."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from importlib import import_module

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from crm.audit.models import Entry
from crm.org.models import Staff, Store
from customers import merging
from customers.merging import contenthash
from customers.models import Customer, Merge
from loyalty import ledger
from loyalty.ledger import Cause, proof
from loyalty.models import Membership, MembershipSale, Tier, TierScheme, Unit
from loyalty.tiers import changing, memberships
from tests.loyalty import books
from tests.loyalty.test_tiers import at_noon, club, grow, ladder, look, night, stands, story
from tests.loyalty.test_till import form_of

pytestmark = pytest.mark.django_db


def buy(
    who: Customer, on: str, source: str, by: Staff, store: Store | None = None, tier: str = "club"
) -> MembershipSale:
    cause = Cause(source, at_noon(on), by, store.pk if store else None)
    return memberships.sell(who.pk, tier, cause, how="cash", receipt_number="7")


def give_back(who: Customer, sale: MembershipSale, on: str, by: Staff) -> MembershipSale:
    return memberships.give_back(who.pk, sale.pk, at=at_noon(on), by=by)


def test_it_holds_until_its_day_with_notice_before_and_grace_after(
    irina: Customer, chen: Staff, harbour: Store
) -> None:
    club(ladder())
    sale = buy(irina, "2026-03-10", "a", chen, harbour)
    assert (sale.price, sale.store_id, sale.begins_on, sale.ends_on) == (
        Decimal(99), harbour.pk, date(2026, 3, 10), date(2027, 3, 10)
    )  # fmt: skip
    assert stands(irina) == ("club", date(2027, 3, 10))
    assert night("2027-02-07") == {}
    assert night("2027-02-08") == {"paid_noticed": 1}
    grow(irina, 1_000, "receipt:1", at_noon("2027-03-01"))
    assert night("2027-03-10") == {}
    assert night("2027-03-11") == {"paid_grace": 1}
    assert night("2027-04-09") == {}
    assert night("2027-04-10") == {"paid_ended": 1}
    assert stands(irina) == ("silver", date(2028, 12, 31))
    assert story(irina)[-1] == ("club", "silver", "PAID_ENDED")


def test_bought_again_it_begins_where_the_first_ends_also_within_the_grace(
    irina: Customer, chen: Staff
) -> None:
    club(ladder(grace_days=10))
    buy(irina, "2026-03-10", "a", chen)
    again = buy(irina, "2027-03-20", "b", chen)
    assert (again.renews, again.begins_on, again.ends_on) == (True, date(2027, 3, 11), date(2028, 3, 10))
    assert buy(irina, "2027-03-20", "b", chen) == again  # the same for ever
    assert MembershipSale.objects.count() == 2
    late = buy(irina, "2028-03-21", "c", chen)
    assert (late.renews, late.begins_on) == (False, date(2028, 3, 21))


def test_at_its_end_comes_what_was_earned_before_and_is_kept_on(irina: Customer, chen: Staff) -> None:
    club(ladder(grace_days=0))
    grow(irina, 1_000, "receipt:1", at_noon("2026-03-01"))
    look(irina, "2026-03-01")
    buy(irina, "2026-03-10", "a", chen)
    assert night("2027-03-11") == {"paid_ended": 1}
    assert stands(irina) == ("silver", date(2027, 12, 31))  # nothing was bought in 2027


def test_what_is_earned_above_stays_and_goods_back_leave_what_was_bought(
    irina: Customer, chen: Staff
) -> None:
    club(ladder())
    earned = grow(irina, 3_000, "receipt:1", at_noon("2026-03-01"))
    look(irina, "2026-03-01")
    buy(irina, "2026-03-10", "a", chen)
    assert stands(irina) == ("gold", date(2027, 12, 31))
    ledger.claw_back(irina.pk, earned, Cause("back:1", at_noon("2026-03-11"), "till:1"), unit=Unit.GROWTH)
    look(irina, "2026-03-11")
    assert stands(irina) == ("club", date(2027, 3, 10))


@pytest.mark.parametrize("earned", [0, 1_000])
def test_given_back_it_is_as_if_it_had_not_been(irina: Customer, chen: Staff, earned: int) -> None:
    club(ladder(refund_days=14))
    if earned:
        grow(irina, earned, "receipt:1", at_noon("2026-03-01"))
        look(irina, "2026-03-01")
    was = Membership.objects.filter(customer=irina).values().first()
    sale = buy(irina, "2026-03-10", "a", chen)
    with pytest.raises(memberships.TooLate):
        give_back(irina, sale, "2026-03-25", chen)
    done = give_back(irina, sale, "2026-03-24", chen)
    assert give_back(irina, sale, "2026-04-24", chen).returned_at == done.returned_at
    now = Membership.objects.values().get(customer=irina)
    for name in ("came_from", "changed_at", "changed_on", "reason", "actor", "version"):
        now.pop(name)
        (was or {}).pop(name, None)
    assert (now["tier"], now["paid_tier"], now["paid_until"]) == ("silver" if earned else "member", "", None)
    assert was is None or now == was
    assert list(Entry.objects.order_by("id").values_list("action", flat=True))[-2:] == [
        "membership.sell", "membership.give_back"
    ]  # fmt: skip


def test_the_last_one_is_given_back_first_and_leaves_the_days_before(irina: Customer, chen: Staff) -> None:
    club(ladder(refund_days=14))
    first, again = buy(irina, "2026-03-10", "a", chen), buy(irina, "2026-03-12", "b", chen)
    with pytest.raises(memberships.NotTheLast):
        give_back(irina, first, "2026-03-13", chen)
    Membership.objects.filter(customer=irina).update(version=3)  # the night wrote something
    give_back(irina, again, "2026-03-13", chen)
    assert stands(irina) == ("club", date(2027, 3, 10))
    grow(irina, 1_000, "receipt:1", at_noon("2026-03-13"))
    give_back(irina, first, "2026-03-13", chen)
    assert stands(irina) == ("silver", date(2027, 12, 31))


def test_what_is_refused(irina: Customer, chen: Staff) -> None:
    club(ladder())
    for tier, price, refusal in (
        ("gold", None, memberships.NotForSale),
        ("club", Decimal(98), memberships.PriceChanged),
    ):
        with pytest.raises(refusal):
            memberships.sell(irina.pk, tier, Cause("a", at_noon("2026-03-10"), chen), how="cash", price=price)
    assert not Membership.objects.exists() and not MembershipSale.objects.exists()
    buy(irina, "2026-03-10", "a", chen)
    with pytest.raises(memberships.SourceTaken):
        buy(irina, "2026-03-10", "a", chen, tier="gold")
    with pytest.raises(IntegrityError), transaction.atomic():
        MembershipSale.objects.update(price=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        MembershipSale.objects.all().delete()


def test_a_merge_keeps_the_longer_one_and_its_undoing_gives_both_back(
    irina: Customer, yusuf: Customer, ana: Staff
) -> None:
    club(ladder())
    buy(irina, "2026-03-10", "a", ana)
    buy(yusuf, "2026-04-10", "b", ana)
    both = [irina.pk, yusuf.pk]
    before = contenthash.by_table(both)
    done = merging.merge(irina, yusuf, by=ana, at=at_noon("2026-05-11"), reason="one", is_confirmed=True)
    assert stands(irina) == ("club", date(2027, 4, 10))
    assert MembershipSale.objects.filter(customer=irina).count() == 2
    merging.unmerge(done, by=ana, at=at_noon("2026-05-12"))
    after = contenthash.by_table(both)
    for table in ("loyalty.Membership", "loyalty.TierChange", "loyalty.MembershipSale"):
        assert after[table] == before[table]


def test_it_is_sold_at_the_till_once_and_taken_back_by_the_notice(
    irina: Customer,
    chen: Staff,
    uma: Staff,
    marta: Staff,
    harbour: Store,
    signed_in: Callable[[Staff], Client],
) -> None:
    scheme = TierScheme.objects.create(valid_from=date(2026, 1, 1))
    Tier.objects.create(scheme=scheme, code="member", rank=0)
    Tier.objects.create(scheme=scheme, code="club", rank=1, is_paid=True, price=99, paid_months=12)
    theirs, address = signed_in(chen), f"/customers/{irina.public_id}/membership/sales/"
    form = form_of(theirs, address) | {"how": "card", "receipt_number": "77", "store": str(harbour.pk)}
    form["offer"] = "club:99.00"
    assert theirs.post(address, form | {"offer": "club:98.00"}).status_code == 422
    first = theirs.post(address, form).content.decode()
    assert "Irina Petrova has club until" in first and "club, bought until" in first
    assert theirs.post(address, form).status_code == 200
    sale = MembershipSale.objects.get()
    assert (sale.how, sale.receipt_number, sale.price, sale.store_id) == (
        "card",
        "77",
        Decimal(99),
        harbour.pk,
    )
    page = theirs.get(f"/customers/{irina.public_id}/membership/").content.decode()
    assert "¥99.00" in page and "Chen" in page
    assert "Memberships bought" in signed_in(marta).get("/loyalty/tiers/movement/").content.decode()
    assert signed_in(uma).post(f"{address}{sale.public_id}/giving-back/").status_code == 404
    undo = f"{address}{sale.public_id}/giving-back/"
    assert "give ¥99.00 back" in signed_in(chen).post(undo).content.decode()
    assert Membership.objects.get(customer=irina).tier == "member"


def test_a_till_sells_it_by_the_card_that_is_shown(irina: Customer, calling: Callable[..., Client]) -> None:
    club(ladder())
    body = {
        "customer": irina.public_id, "tier": "club", "source": "pos", "external_id": "1", "how": "card",
        "price": "99.00",
    }  # fmt: skip
    key = calling("points:write", "points:read")
    account = f"/api/v1/accounts/{irina.public_id}/membership/"
    [offer] = key.get(account).json()["offers"]
    assert (offer["tier"], offer["price"], offer["renews"]) == ("club", "99.00", False)
    sold = [key.post("/api/v1/memberships/", body, "application/json") for _ in range(2)]
    assert [one.status_code for one in sold] == [201, 201] and sold[0].json() == sold[1].json()
    wrong = key.post("/api/v1/memberships/", body | {"external_id": "2", "price": "9.00"}, "application/json")
    assert (wrong.status_code, wrong.json()["code"]) == (409, "price_changed")
    assert key.get(account).json()["bought"] == "club"
    back = key.post(f"/api/v1/memberships/{sold[0].json()['id']}/refund/", {}, "application/json")
    assert (back.status_code, key.get(account).json()["bought"]) == (201, None)


def merged(first: Customer, second: Customer, on: str, by: Staff) -> Merge:
    return merging.merge(first, second, by=by, at=at_noon(on), reason="one", is_confirmed=True)


def test_of_two_memberships_one_is_given_back_and_the_other_goes_on(
    irina: Customer, yusuf: Customer, ana: Staff
) -> None:
    club(ladder(refund_days=60))
    buy(irina, "2026-03-10", "a", ana)
    longer = buy(yusuf, "2026-04-10", "b", ana)
    done = merged(irina, yusuf, "2026-04-11", ana)
    give_back(irina, longer, "2026-04-12", ana)
    assert stands(irina) == ("club", date(2027, 3, 10))
    merging.unmerge(done, by=ana, at=at_noon("2026-04-13"))
    assert stands(irina) == ("club", date(2027, 3, 10))
    assert stands(yusuf) == ("member", None)


def test_the_shorter_one_given_back_while_they_are_one_is_given_back_after_it(
    irina: Customer, yusuf: Customer, ana: Staff
) -> None:
    club(ladder(refund_days=60))
    shorter = buy(irina, "2026-03-10", "a", ana)
    buy(yusuf, "2026-04-10", "b", ana)
    done = merged(irina, yusuf, "2026-04-11", ana)
    give_back(irina, shorter, "2026-04-12", ana)
    assert stands(irina) == ("club", date(2027, 4, 10))
    merging.unmerge(done, by=ana, at=at_noon("2026-04-13"))
    assert stands(irina) == ("member", None)
    assert stands(yusuf) == ("club", date(2027, 4, 10))


def test_bought_again_while_they_are_one_no_term_comes_twice(
    irina: Customer, yusuf: Customer, ana: Staff
) -> None:
    club(ladder(grace_days=5))
    changing.change(
        irina, "silver", cause="goodwill", by=ana, at=at_noon("2026-03-01"), locked_until=date(2029, 1, 31)
    )
    buy(yusuf, "2026-12-10", "a", ana)
    done = merged(irina, yusuf, "2026-12-11", ana)
    again = buy(irina, "2026-12-12", "b", ana)
    assert (again.begins_on, stands(irina)) == (date(2027, 12, 11), ("club", date(2028, 12, 10)))
    merging.unmerge(done, by=ana, at=at_noon("2026-12-13"))
    assert stands(yusuf) == ("club", date(2027, 12, 10))
    kept = Membership.objects.get(customer=irina)
    assert (kept.tier, kept.locked_until, kept.paid_until) == ("silver", date(2029, 1, 31), None)
    assert night("2027-12-10") == {"paid_noticed": 1}
    assert night("2027-12-11") == {"paid_begun": 1, "paid_grace": 1}
    assert stands(irina) == ("club", date(2028, 12, 10))
    assert night("2028-12-16")["paid_ended"] == 2  # that of both
    assert stands(irina)[0] == "silver"


def test_the_same_source_sells_once_under_either_number_after_they_part(
    irina: Customer, yusuf: Customer, ana: Staff
) -> None:
    club(ladder())
    done = merged(irina, yusuf, "2026-03-11", ana)
    sale = buy(irina, "2026-03-12", "a", ana)
    merging.unmerge(done, by=ana, at=at_noon("2026-03-13"))
    assert buy(yusuf, "2026-03-14", "a", ana).pk == sale.pk
    assert MembershipSale.objects.count() == 1


def test_a_lock_outlives_what_is_bought_over_it(irina: Customer, chen: Staff) -> None:
    club(ladder(grace_days=0, refund_days=14))
    changing.change(
        irina, "silver", cause="goodwill", by=chen, at=at_noon("2026-03-01"), locked_until=date(2028, 1, 31)
    )
    first = buy(irina, "2026-03-10", "a", chen)
    again = buy(irina, "2026-03-11", "b", chen)
    give_back(irina, again, "2026-03-12", chen)
    give_back(irina, first, "2026-03-12", chen)
    kept = Membership.objects.get(customer=irina)
    assert (kept.tier, kept.locked_until, kept.before) == ("silver", date(2028, 1, 31), None)
    buy(irina, "2026-03-13", "c", chen)
    assert night("2027-03-14") == {"paid_ended": 1}
    kept = Membership.objects.get(customer=irina)
    assert (kept.tier, kept.locked_until) == ("silver", date(2028, 1, 31))


def test_a_lock_that_ends_early_leaves_what_stands_beneath(irina: Customer, chen: Staff) -> None:
    club(ladder(refund_days=14))
    changing.change(
        irina, "silver", cause="goodwill", by=chen, at=at_noon("2026-03-01"), locked_until=date(2028, 1, 31)
    )
    sale = buy(irina, "2026-03-10", "a", chen)
    changing.unlock(irina, by=chen, at=at_noon("2026-03-11"))
    give_back(irina, sale, "2026-03-12", chen)
    kept = Membership.objects.get(customer=irina)
    assert (kept.tier, kept.keep_until, kept.locked_until) == ("silver", date(2028, 1, 31), None)


def test_a_lower_one_that_was_bought_comes_forth_when_the_higher_ends(
    irina: Customer, yusuf: Customer, ana: Staff
) -> None:
    scheme = club(ladder(grace_days=0))
    Tier.objects.create(scheme=scheme, code="circle", rank=9, is_paid=True, price=199, paid_months=6)
    buy(irina, "2026-03-10", "a", ana)
    buy(yusuf, "2026-04-10", "b", ana, tier="circle")
    merged(irina, yusuf, "2026-04-11", ana)
    assert stands(irina) == ("circle", date(2026, 10, 10))
    assert night("2026-10-11") == {"paid_begun": 1}
    assert stands(irina) == ("club", date(2027, 3, 10))


def test_a_key_of_another_store_gives_nothing_back(
    yusuf: Customer, chen: Staff, harbour: Store, uptown: Store, calling: Callable[..., Client]
) -> None:
    """Though it sees the customer, who is one of its store."""
    club(ladder())
    sale = buy(yusuf, "2026-11-26", "a", chen, harbour)
    address = f"/api/v1/memberships/{sale.public_id}/refund/"
    elsewhere = calling("points:write", stores=[uptown])
    assert elsewhere.post(address, {}, "application/json").status_code == 404
    sale.refresh_from_db()
    assert sale.returned_at is None


def test_the_proof_names_what_was_not_sold_and_who_stands_elsewhere(
    irina: Customer, yusuf: Customer, chen: Staff
) -> None:
    club(ladder())
    for who, source in ((irina, "a"), (yusuf, "b")):
        buy(who, "2026-03-10", source, chen)
    assert not [fault for proved in proof.prove() for fault in proved.faults]
    with books.unguarded():
        Membership.objects.filter(customer=irina).update(tier="gold")
        MembershipSale.objects.filter(customer=yusuf).update(ends_on=date(2027, 3, 9))
    assert [fault for proved in proof.prove() for fault in proved.faults] == [
        proof.Fault("a member stands where the history of tiers ends", f"membership of {irina.pk}"),
        proof.Fault("what a membership says is bought was sold", f"membership of {yusuf.pk}"),
    ]


def test_who_has_ten_years_before_them_buys_no_more(irina: Customer, chen: Staff) -> None:
    books.rewrite(Tier.objects.filter(scheme=club(ladder()), code="club"), paid_months=1_200)
    buy(irina, "2026-03-10", "a", chen)
    kept = Membership.objects.get(customer=irina)
    assert memberships.offers(kept, date(2026, 3, 11)) == []
    with pytest.raises(memberships.TooEarly):
        buy(irina, "2026-03-11", "b", chen)
    assert MembershipSale.objects.count() == 1


def test_what_is_set_by_hand_stands_beneath_what_is_bought(irina: Customer, chen: Staff) -> None:
    club(ladder(grace_days=0))
    buy(irina, "2026-03-10", "a", chen)
    by_hand = {"cause": "goodwill", "by": chen, "at": at_noon("2026-03-11")}
    changing.change(irina, "silver", locked_until=date(2027, 6, 30), **by_hand)
    assert stands(irina) == ("club", date(2027, 3, 10))
    assert night("2027-03-11") == {"paid_ended": 1}
    kept = Membership.objects.get(customer=irina)
    assert (kept.tier, kept.locked_until) == ("silver", date(2027, 6, 30))
    changing.change(irina, "gold", **by_hand)
    assert Membership.objects.get(customer=irina).tier == "gold"


def test_what_was_bought_before_sales_were_kept_has_one(
    irina: Customer, yusuf: Customer, chen: Staff
) -> None:
    club(ladder())
    buy(yusuf, "2026-03-10", "a", chen)
    kept = Membership.objects.get(customer=yusuf)
    with books.unguarded():
        kept.pk = irina.pk
        kept.save(force_insert=True)
    with connection.cursor() as cursor:
        cursor.execute(import_module("loyalty.migrations.0024_sales_alone").BOUGHT)
    sale = MembershipSale.objects.get(customer=irina)
    assert (sale.tier, sale.begins_on, sale.ends_on, sale.price) == (
        "club", date(2026, 3, 10), date(2027, 3, 10), Decimal(99)
    )  # fmt: skip
    assert MembershipSale.objects.count() == 2
