"""Versions of the tiers: publishing one, and what it would move before it is published.

Two people may have the newest version open. What each of them changed of what they saw is written, setting by setting;
where both changed the same to something else, the second is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib import edits
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

RULES = (
    "measure", "period", "months", "downgrade", "grace_days", "notice_days", "take_back_days", "refund_days",
    "birthday_days",
)  # fmt: skip
COLUMNS = ("names", "colour", "threshold", "keep_threshold", "is_paid", "price", "paid_months")
OF_TIER = (*COLUMNS, "birthday_coupon", "trial_reward")


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


def latest() -> TierScheme | None:
    """The version that holds last: now, or from a day to come."""
    return TierScheme.objects.order_by("-valid_from", "-pk").first()


def settings(scheme: TierScheme | None) -> dict[str, Any]:
    """What a version says, name by name: its rules, `tiers` (the codes from the lowest up), `gold.threshold`, …

    The day from which it holds is not among them. Without a version: nothing.
    """
    if scheme is None:
        return {}
    tiers = scheme.tiers.order_by("rank").prefetch_related("benefits__coupon", "benefits__reward")
    return _said({name: getattr(scheme, name) for name in RULES}, [_draft_of(tier) for tier in tiers])


def publish(
    rules: Mapping[str, Any],
    drafts: Sequence[TierDraft],
    *,
    by: Any,
    at: datetime,
    based_on: Mapping[str, Any] | None = None,
) -> TierScheme:
    """A new version, valid from a later day (the first one: from any); the newest one when nothing changes.

    `based_on`: the `settings` that the author saw. Raises InvalidScheme, ChangedMeanwhile; then nothing has changed.
    """
    with transaction.atomic():
        programmes.in_turn()
        now = latest()
        said = _wanted(now, rules, drafts, based_on)
        if now is not None and _read(said) == _read(settings(now)):
            return now
        wanted, tiers = _read(said)
        wanted |= {"valid_from": rules["valid_from"]}
        _check(wanted, tiers, at, now)
        scheme = _write(wanted, tiers, by)
        told = {"valid_from": rules["valid_from"], "tiers": [draft.code for draft in tiers]}
        trail.record("tiers.publish", scheme, by=by, details=told | {"from": now and now.pk})
    return scheme


def preview(
    rules: Mapping[str, Any],
    drafts: Sequence[TierDraft],
    *,
    by: Any,
    at: datetime,
    based_on: Mapping[str, Any] | None = None,
) -> Preview:
    """What publishing would move if it held today. Everything is taken back. Raises as `publish` does."""
    with transaction.atomic():
        now = latest()
        wanted, tiers = _read(_wanted(now, rules, drafts, based_on))
        wanted |= {"valid_from": rules["valid_from"]}
        _check(wanted, tiers, at, now)
        found = _moved(_write(wanted, tiers, by), by, at)
        transaction.set_rollback(True)
    return found


def _moved(scheme: TierScheme, by: Any, at: datetime) -> Preview:
    terms = terms_of(scheme, _today(at), at=at, by=by)
    values = terms.values | {"low": 0, "high": 2**62}
    measure, period = Measure(scheme.measure), Period(scheme.period)
    with connection.cursor() as cursor:
        cursor.execute(counting.counted(measure, period, counting.RISES), values)
        up = {(was, now): n for was, now, n in cursor.fetchall()}
        cursor.execute(counting.counted(measure, period, counting.FALLS), values)
        at_risk = {was: n for was, _now, n in cursor.fetchall()}
    return Preview(up, at_risk)


def _wanted(
    now: TierScheme | None,
    rules: Mapping[str, Any],
    drafts: Sequence[TierDraft],
    based_on: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """What the version is to say. What only one side knows of a tier is None on the other."""
    before, mine = settings(now), _said({name: rules[name] for name in RULES if name in rules}, drafts)
    if based_on is None:
        return before | mine
    left_out = {name: None for name in based_on if "." in name}
    blank = dict.fromkeys([*mine, *before, *based_on])
    current, seen = blank | before, blank | dict(based_on)
    return current | edits.changes(current, left_out | mine, seen, now)


def _said(rules: Mapping[str, Any], drafts: Sequence[TierDraft]) -> dict[str, Any]:
    found = dict(rules) | {"tiers": [draft.code for draft in drafts]}
    for draft in drafts:
        found |= {f"{draft.code}.{name}": getattr(draft, name) for name in OF_TIER}
        found |= {f"{draft.code}.{kind.code}": (draft.benefits or {}).get(kind) for kind in BenefitKind}
    return found


def _read(said: Mapping[str, Any]) -> tuple[dict[str, Any], list[TierDraft]]:
    """The rules and the tiers that settings speak of."""
    drafts = []
    for code in said["tiers"]:
        gifts = {kind: said[f"{code}.{kind.code}"] for kind in BenefitKind}
        benefits = {kind: value for kind, value in gifts.items() if value is not None}
        told = {name: said[f"{code}.{name}"] for name in OF_TIER}
        drafts.append(TierDraft(code, benefits=benefits, **told))
    return {name: said[name] for name in RULES if name in said}, drafts


def _draft_of(tier: Tier) -> TierDraft:
    told = {name: getattr(tier, name) for name in COLUMNS}
    gifts = tier.benefits.all()
    return TierDraft(
        tier.code, benefits={BenefitKind(one.kind): one.value for one in gifts if one.coupon is None},
        birthday_coupon=next((one.coupon for one in gifts if one.coupon), None),
        trial_reward=next((one.reward for one in gifts if one.reward), None), **told,
    )  # fmt: skip


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


def _check(
    rules: Mapping[str, Any], drafts: Sequence[TierDraft], at: datetime, now: TierScheme | None
) -> None:
    faults = [
        *_day_faults(rules["valid_from"], at, now), *_ladder_faults(drafts), *_gift_faults(drafts),
        *_held_faults(drafts),
    ]  # fmt: skip
    if faults:
        raise InvalidScheme(_("These tiers cannot be published so."), faults=tuple(faults))


def _day_faults(valid_from: date, at: datetime, now: TierScheme | None) -> list[Fault]:
    """A tier multiplies what is earned: a day that a store has begun keeps its version, like one of the programme."""
    reached = programmes.today(at)
    if now is not None and valid_from <= reached:
        told = _("Days that have begun keep their version: %(day)s at the earliest.")
        return [Fault("valid_from", told % {"day": reached + timedelta(days=1)})]
    return programmes.planned_faults(valid_from, now.valid_from if now else None)


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
