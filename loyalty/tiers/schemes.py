"""Versions of the tiers: publishing one, and what it would move before it is published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.refusals import Fault, Refusal
from crm.org.models import Chain
from loyalty import programmes
from loyalty.models import (
    Benefit,
    BenefitKind,
    CouponDefinition,
    Measure,
    Membership,
    Period,
    Reward,
    Tier,
    TierScheme,
)
from loyalty.tiers import counting
from loyalty.tiers.reviewing import terms_of


class InvalidScheme(Refusal):
    code: ClassVar[str] = "invalid_tiers"


@dataclass(frozen=True)
class TierDraft:
    """A tier of a version that is not published yet; its place in the list is its rank."""

    code: str
    names: Mapping[str, str]
    colour: str = "#64748b"
    threshold: int = 0
    keep_threshold: int = 0
    is_paid: bool = False
    price: Decimal | None = None
    paid_months: int | None = None
    benefits: Mapping[BenefitKind, Decimal] | None = None
    birthday_coupon: CouponDefinition | None = None
    trial_reward: Reward | None = None


@dataclass(frozen=True)
class Preview:
    """What a version would do: `up[(from, to)]` members at once; of `at_risk[tier]`, none keeps it yet."""

    up: Mapping[tuple[str, str], int]
    at_risk: Mapping[str, int]

    @property
    def upgraded(self) -> int:
        return sum(self.up.values())


def publish(rules: Mapping[str, Any], drafts: Sequence[TierDraft], *, by: Any, at: datetime) -> TierScheme:
    """A new version, valid from a later day (the first one: from any). Raises InvalidScheme."""
    with transaction.atomic():
        _check(rules, drafts, at)
        scheme = _write(rules, drafts, by)
        told = {"valid_from": rules["valid_from"], "tiers": [draft.code for draft in drafts]}
        trail.record("tiers.publish", scheme, by=by, details=told)
    return scheme


def preview(rules: Mapping[str, Any], drafts: Sequence[TierDraft], *, by: Any, at: datetime) -> Preview:
    """What publishing would move if it held today. Everything is taken back. Raises InvalidScheme."""
    with transaction.atomic():
        _check(rules, drafts, at)
        scheme = _write(rules, drafts, by)
        terms = terms_of(scheme, _today(at), at=at, by=by)
        values = terms.values | {"low": 0, "high": 2**62}
        measure, period = Measure(scheme.measure), Period(scheme.period)
        with connection.cursor() as cursor:
            cursor.execute(counting.counted(measure, period, counting.RISES), values)
            up = {(was, now): n for was, now, n in cursor.fetchall()}
            cursor.execute(counting.counted(measure, period, counting.FALLS), values)
            at_risk = {was: n for was, _now, n in cursor.fetchall()}
        transaction.set_rollback(True)
    return Preview(up, at_risk)


def _today(at: datetime) -> date:
    return at.astimezone(ZoneInfo(Chain.current().timezone)).date()


def _write(rules: Mapping[str, Any], drafts: Sequence[TierDraft], by: Any) -> TierScheme:
    scheme = TierScheme.objects.create(**rules, created_by=trail.actor_name(by))
    for rank, draft in enumerate(drafts):
        tier = Tier.objects.create(
            scheme=scheme, rank=rank, code=draft.code, names=dict(draft.names), colour=draft.colour,
            threshold=draft.threshold, keep_threshold=draft.keep_threshold, is_paid=draft.is_paid, price=draft.price,
            paid_months=draft.paid_months,
        )  # fmt: skip
        gifts = [
            Benefit(
                tier=tier, kind=kind, value=value,
                reward=draft.trial_reward if kind == BenefitKind.FREE_TRIAL else None,
            )
            for kind, value in (draft.benefits or {}).items()
        ]  # fmt: skip
        if draft.birthday_coupon is not None:
            gifts.append(
                Benefit(tier=tier, kind=BenefitKind.BIRTHDAY_GIFT, value=1, coupon=draft.birthday_coupon)
            )
        Benefit.objects.bulk_create(gifts)
    return scheme


def _check(rules: Mapping[str, Any], drafts: Sequence[TierDraft], at: datetime) -> None:
    faults = [
        *_day_faults(rules["valid_from"], at), *_ladder_faults(drafts), *_gift_faults(drafts), *_held_faults(drafts)
    ]  # fmt: skip
    if faults:
        raise InvalidScheme(_("These tiers cannot be published so."), faults=tuple(faults))


def _day_faults(valid_from: date, at: datetime) -> list[Fault]:
    """A tier multiplies what is earned: a day that a store has begun keeps its version, like one of the programme."""
    reached = programmes.today(at)
    if TierScheme.objects.exists() and valid_from <= reached:
        told = _("Days that have begun keep their version: %(day)s at the earliest.")
        return [Fault("valid_from", told % {"day": reached + timedelta(days=1)})]
    return []


def _ladder_faults(drafts: Sequence[TierDraft]) -> list[Fault]:
    faults = []
    codes = [draft.code for draft in drafts]
    if not drafts:
        return [Fault("tiers", _("At least one tier is needed."))]
    if len(set(codes)) < len(codes):
        faults.append(Fault("tiers", _("Two tiers have the same code.")))
    if drafts[0].is_paid or drafts[0].threshold:
        faults.append(
            Fault("t0_threshold", _("Everybody begins on the first tier: it costs nothing and needs 0."))
        )
    last = 0
    for rank, draft in enumerate(drafts[1:], start=1):
        if draft.is_paid:
            if draft.price is None or not draft.paid_months:
                faults.append(Fault(f"t{rank}_price", _("A tier that is bought has a price and months.")))
            continue
        if draft.threshold <= last:
            faults.append(Fault(f"t{rank}_threshold", _("More than the tier before it needs.")))
        if draft.keep_threshold > draft.threshold:
            faults.append(Fault(f"t{rank}_keep_threshold", _("Not more than it takes to reach the tier.")))
        last = draft.threshold
    return faults


def _gift_faults(drafts: Sequence[TierDraft]) -> list[Fault]:
    return [
        Fault(f"t{rank}_birthday_coupon", _("Points or a coupon, not both."))
        for rank, draft in enumerate(drafts)
        if draft.birthday_coupon and BenefitKind.BIRTHDAY_GIFT in (draft.benefits or {})
    ] + [
        Fault(f"t{rank}_trial_reward", _("Free trials need a reward and how many there are a year."))
        for rank, draft in enumerate(drafts)
        if (draft.trial_reward is None) == (BenefitKind.FREE_TRIAL in (draft.benefits or {}))
    ]


def _held_faults(drafts: Sequence[TierDraft]) -> list[Fault]:
    left = Membership.objects.exclude(tier__in=[draft.code for draft in drafts])
    held = sorted(set(left.values_list("tier", flat=True).distinct()[:5]))
    if not held:
        return []
    told = _("Members stand on %(codes)s: a version keeps every tier that somebody has.") % {
        "codes": ", ".join(held)
    }
    return [Fault("tiers", told)]
