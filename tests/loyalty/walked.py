"""What of loyalty the walks over all addresses need: an object of each kind by store."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils.timezone import now

from loyalty import adjustments, holds, ledger, storedvalue
from loyalty.families import joining, roster, spending
from loyalty.ledger import Cause, NewLot
from loyalty.models import (
    BenefitKind,
    FamilyRedemption,
    JoinedBy,
    Movement,
    Referral,
    ReferralState,
    ReferralTerms,
    RewardKind,
    StoredTerms,
    Tier,
    TierScheme,
    TopUpOffer,
)
from loyalty.rewards import catalogue
from loyalty.storedvalue import offers
from loyalty.tiers import changing, keeping, memberships, schemes
from loyalty.tiers.schemes import TierDraft
from tests.walk import EVERYWHERE

# The least valid body of a call.
BODIES: dict[tuple[str, str], Any] = {
    ("api-redemptions", "post"): {
        "customer": "cus_000000000000", "points": 1, "source": "walk", "external_id": "1"
    },
    ("api-actions", "post"): {
        "customer": "cus_000000000000", "action": "check_in", "source": "walk", "external_id": "5"
    },
    ("api-reversals", "post"): {"source": "walk", "external_id": "2", "points": 1},
    ("api-holds", "post"): {"customer": "cus_000000000000", "points": 1, "source": "walk", "external_id": "3"},
    ("api-adjustments", "post"): {
        "customer": "cus_000000000000", "points": 1, "reason": "goodwill", "source": "walk", "external_id": "5"
    },
    ("api-family", "post"): {"other": "cus_000000000000", "agreed": True},
    ("api-family-sharing", "post"): {"shares": True},
    ("api-family-redemptions", "post"): {
        "customer": "cus_000000000000", "points": 1, "source": "walk", "external_id": "6"
    },
    ("api-family-reversals", "post"): {"source": "walk", "external_id": "7", "points": 1},
    ("api-captures", "post"): {"source": "walk", "external_id": "4", "points": 1},
    ("api-top-ups", "post"): {
        "customer": "cus_000000000000", "amount": "1", "how": "cash", "source": "walk", "external_id": "6"
    },
    ("api-stored-payments", "post"): {
        "customer": "cus_000000000000", "amount": "1", "source": "walk", "external_id": "7"
    },
    ("api-memberships", "post"): {
        "customer": "cus_000000000000", "tier": "club", "how": "cash", "source": "walk", "external_id": "8"
    },
    ("api-membership-refund", "post"): {},
    ("api-top-up-undoing", "post"): {"source": "walk", "external_id": "8"},
    ("api-stored-refunds", "post"): {"source": "walk", "external_id": "9"},
}  # fmt: skip


def stored(person: Any, code: str, by: Any = "till:1") -> dict[str, str]:
    """A top-up with an offer's bonus, a payment, and a pay-out that waits."""
    StoredTerms.objects.get_or_create(valid_from=date(2026, 1, 1))
    if not offers.versions("five"):
        told = {"name": "充值", "pay": Decimal(500), "bonus": Decimal(50), "valid_from": date(2026, 1, 1)}
        TopUpOffer.objects.create(code="five", **told)
    why = lambda name: Cause(f"stored:{name}:{code}", now(), by, store_id=person.home_store_id)  # noqa: E731
    up = storedvalue.top_up(person.pk, 500_00, why("up"), how="cash", receipt_number="1")
    paid = storedvalue.pay(person.pk, 110_00, why("paid"))
    wait = storedvalue.pay_out(person.pk, why("out"), how="cash", note="搬家")
    return {
        "top-ups": up.public_id, "stored-payments": paid.public_id, "acts": paid.public_id, "pay-outs": wait.public_id,
    }  # fmt: skip


def _club() -> None:
    scheme = TierScheme.objects.create(valid_from=date(2026, 1, 1))
    Tier.objects.create(scheme=scheme, code="member", rank=0)
    Tier.objects.create(scheme=scheme, code="club", rank=1, is_paid=True, price=9, paid_months=12)


def sold(person: Any, code: str, tier: str, by: Any = "till:1") -> str:
    cause = Cause(f"walk:{code}", now(), by, store_id=person.home_store_id)
    return memberships.sell(person.pk, tier, cause, how="cash").public_id


def in_chinese(person: Any, by: Any, other: Any) -> dict[str, str]:
    """Tiers with everything that they can have, a change by hand with a lock; points that wait and that were booked."""
    rules = {"valid_from": date(2026, 1, 1), "grace_days": 9, "notice_days": 9, "take_back_days": 9}
    first = TierDraft("1a", {"en": "会员"})
    bought = TierDraft("2a", {"en": "年卡"}, is_paid=True, price=Decimal(99), paid_months=12)
    prize = {"kind": RewardKind.DISCOUNT, "amount": Decimal(1), "points": 5}
    tried = catalogue.define(code="8", name="试用", terms=prize, by=by, at=now())
    third = TierDraft(
        "3a", {"en": "金卡"}, threshold=9, benefits=dict.fromkeys(BenefitKind, Decimal(1)), trial_reward=tried
    )
    schemes.publish(rules, [first, bought, third], by=by, at=now())
    until = keeping.today(now()) + timedelta(days=9)
    changing.change(person, "3a", cause="goodwill", by=by, at=now(), locked_until=until)
    adjustments.ask(person, 5, reason="complaint", by=by, at=now(), source="7", note="破了")
    wait = adjustments.ask(person, 90_000, reason="goodwill", by=other, at=now(), source="8")
    sale = sold(person, "7", "2a", other)
    slip = ledger.redeem(person.pk, 1, Cause("9", now(), by))
    spent = Movement(pk=slip.movement_id).public_id
    return {
        "approvals": wait.public_id, "adjustments": wait.public_id, "redemptions": spent, "movements": spent,
        "referrals": _brought(person, person.pk).public_id, "offers": "five", "sales": sale,
        **stored(person, "10", other),
    }  # fmt: skip


def _brought(person: Any, by: int) -> Referral:
    """Somebody who came by a code, and at whom a person has to look."""
    terms = ReferralTerms.objects.first() or ReferralTerms.objects.create(valid_from=date(2026, 1, 1))
    return Referral.objects.create(
        customer=person, referrer_id=by, terms=terms, came_at=now(), came_on=date(2026, 3, 1), why=["household"],
        state=ReferralState.FLAGGED,
    )  # fmt: skip


def nouns(canaries: dict[str, list[Any]], tokens: dict[str, set[str]]) -> dict[str, dict[str, Any]]:
    """Points of a customer of each store: earned, spent and set aside."""
    spent, held, accounts, asked, brought, clubs = {}, {}, {}, {}, {}, {}
    _club()
    money: dict[str, dict[str, Any]] = {"offers": {EVERYWHERE: "five"}}
    for code, (person, *_others) in canaries.items():
        ledger.earn(person.pk, [NewLot(100)], Cause(f"receipt:{code}", now(), "till:1"))
        slip = ledger.redeem(person.pk, 30, Cause(f"till:{code}", now(), "till:1"))
        hold = holds.place(person.pk, 20, Cause(f"web:{code}", now(), "till:1"))
        spent[code], held[code] = Movement(pk=slip.movement_id).public_id, hold.public_id
        accounts[code], clubs[code] = person.public_id, sold(person, code, "club")
        tokens[code].add(clubs[code])
        wait = adjustments.ask(
            person, 90_000, reason="goodwill", by="system:walk", at=now(), source=f"walk:{code}"
        )
        asked[code] = wait.public_id
        tokens[code] |= {spent[code], held[code], asked[code]}
        brought[code] = _brought(person, canaries[code][1].pk).public_id
        tokens[code].add(brought[code])
        for noun, number in stored(person, code).items():
            money.setdefault(noun, {})[code] = number
            tokens[code].add(number)
    together = _together(canaries)
    for code, whole in together.items():
        tokens[code].add(whole)
    return {
        **money,
        "family-redemptions": together,
        "referrals": brought,
        "accounts": accounts,
        "redemptions": spent,
        "movements": spent,
        "holds": held,
        "sales": clubs,
        "memberships": clubs,
        "approvals": asked,
        "adjustments": asked,
    }


def _together(canaries: dict[str, list[Any]]) -> dict[str, str]:
    """Somebody of each store is in one family, and has spent points of the others' in the other stores."""
    people = {code: persons[1] for code, persons in canaries.items()}
    first, *others = people.values()
    for number, one in enumerate(people.values()):
        ledger.earn(one.pk, [NewLot(10)], Cause(f"family:{number}", now(), "till:1"))
    for one in others:
        family = joining.join(one.pk, first.pk, way=JoinedBy.COUNTER, by="system:walk", at=now()).family_id
    found = {}
    for code, one in people.items():
        ledger.earn(first.pk, [NewLot(20)], Cause(f"more:{code}", now(), "till:1"))
        ledger.earn(others[0].pk, [NewLot(20)], Cause(f"more:{code}", now(), "till:1"))
        own = roster.pool(one.pk, family, now()).own
        done = spending.redeem(one.pk, own + 1, Cause(f"walk:family:{code}", now(), "till:1"))
        found[code] = FamilyRedemption(pk=done.redemption_id).public_id
    return found
