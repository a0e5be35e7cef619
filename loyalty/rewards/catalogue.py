"""The catalogue. Terms are never changed: a change is a new version, which holds from its moment on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib import edits
from crm.lib.refusals import Fault
from loyalty.models import CouponDefinition, Reward, RewardKind, RewardTerms
from loyalty.rewards.refusals import InvalidReward

FIELDS = (
    "kind", "points", "money", "product_id", "amount", "coupon_id", "partner_id", "note", "from_on", "to_on",
    "only_stores", "tiers", "per_customer",
)  # fmt: skip
_NEEDS = {
    RewardKind.GIFT: "product_id",
    RewardKind.DISCOUNT: "amount",
    RewardKind.VOUCHER: "coupon_id",
    RewardKind.PARTNER: "partner_id",
}
MOST_POINTS = 10**9


def define(
    *, code: str, name: str, terms: Mapping[str, Any], by: Any, at: datetime, is_counted: bool = False
) -> Reward:
    """A new reward with its first terms, which hold at once. Raises InvalidReward."""
    found = faults(terms)
    if Reward.objects.filter(code__iexact=code).exists():
        found.append(Fault("code", str(_("There is a reward with this code already."))))
    if found:
        raise InvalidReward(*found)
    with transaction.atomic():
        made = Reward(
            code=code, name=name, is_counted=is_counted, created_at=at, created_by=trail.actor_name(by)
        )
        made.full_clean(exclude=["created_by"])
        made.save()
        first = _version(made, 1, terms, by=by, at=at, valid_from=at)
        trail.record("reward.define", made, by=by, details={"code": code, "terms": first.pk})
    return made


def revise(
    reward: Reward,
    *,
    by: Any,
    at: datetime,
    name: str | None = None,
    terms: Mapping[str, Any] | None = None,
    valid_from: datetime | None = None,
    based_on: Mapping[str, Any] | None = None,
) -> RewardTerms:
    """New terms, from now or a later moment on; what is not named stays. Raises InvalidReward, ChangedMeanwhile."""
    with transaction.atomic():
        kept = Reward.objects.select_for_update().get(pk=reward.pk)
        newest = newest_of(kept)
        now = {**values_of(newest), "name": kept.name}
        wanted = {**(terms or {}), **({} if name is None else {"name": name})}
        mine = edits.changes(now, wanted, based_on, kept)
        changed = {key: (now[key], value) for key, value in mine.items() if value != now[key]}
        if "name" in changed:
            Reward.objects.filter(pk=kept.pk).update(name=mine["name"])
        if changed.keys() - {"name"}:
            new = {**values_of(newest), **{key: value for key, value in mine.items() if key != "name"}}
            if found := faults(new):
                raise InvalidReward(*found)
            newest = _version(
                kept, newest.number + 1, new, by=by, at=at, valid_from=max(valid_from or at, at)
            )
        if changed:
            trail.record("reward.revise", kept, by=by, details={"fields": sorted(changed)})
    return newest


def end(reward: Reward, *, by: Any, at: datetime) -> None:
    """It is not given any more. Ended before: nothing changes."""
    _switch(reward, at, by, "reward.end")


def reopen(reward: Reward, *, by: Any) -> None:
    _switch(reward, None, by, "reward.reopen")


def terms_at(reward: Reward, at: datetime) -> RewardTerms | None:
    rows = RewardTerms.objects.filter(reward=reward, valid_from__lte=at)
    return rows.order_by("-valid_from", "-number").first()


def newest_of(reward: Reward) -> RewardTerms:
    return RewardTerms.objects.filter(reward=reward).order_by("-number")[0]


def values_of(terms: RewardTerms) -> dict[str, Any]:
    return {name: getattr(terms, name) for name in FIELDS}


def faults(terms: Mapping[str, Any]) -> list[Fault]:
    """All that is wrong, by field."""
    if terms.get("kind") not in RewardKind.values:
        return [Fault("kind", str(_("Please choose")))]
    needed, found = _NEEDS[RewardKind(terms["kind"])], []
    for name in _NEEDS.values():
        if name == needed and terms.get(name) is None:
            found.append(Fault(name, str(_("This kind of reward needs it."))))
        if name != needed and terms.get(name) is not None:
            found.append(Fault(name, str(_("This kind of reward has none."))))
    if not 0 < (terms.get("points") or 0) <= MOST_POINTS:
        found.append(Fault("points", str(_("A whole number from 1 on."))))
    for name in ("money", "amount", "per_customer"):
        if terms.get(name) is not None and terms[name] <= 0:
            found.append(Fault(name, str(_("More than nothing, or empty."))))
    first, last = terms.get("from_on"), terms.get("to_on")
    if first and last and last < first:
        found.append(Fault("to_on", str(_("The last day is before the first."))))
    coupon = terms.get("coupon_id")
    if coupon and CouponDefinition.objects.filter(pk=coupon, is_shared=True).exists():
        found.append(Fault("coupon_id", str(_("Choose a coupon that is issued to somebody."))))
    return found


def _version(
    reward: Reward, number: int, terms: Mapping[str, Any], *, by: Any, at: datetime, valid_from: datetime
) -> RewardTerms:
    return RewardTerms.objects.create(
        reward=reward, number=number, valid_from=valid_from, created_at=at, created_by=trail.actor_name(by), **terms
    )  # fmt: skip


def _switch(reward: Reward, at: datetime | None, by: Any, act: str) -> None:
    with transaction.atomic():
        if Reward.objects.filter(pk=reward.pk, ended_at__isnull=at is not None).update(ended_at=at):
            trail.record(act, reward, by=by)
    reward.ended_at = at
