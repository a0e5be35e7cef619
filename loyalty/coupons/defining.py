"""Definitions and their terms. Terms are never changed: a change is a new version, which holds from its moment on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib import edits
from crm.lib.refusals import Fault
from loyalty.coupons import codes, termfaults
from loyalty.coupons.refusals import InvalidTerms
from loyalty.models import CouponCode, CouponDefinition, CouponTally, CouponTerms

FIELDS = (
    "kind", "amount", "share_bp", "most", "gift_id", "buy", "get", "from_on", "to_on", "days", "minimum", "issued_from",
    "only_categories", "only_brands", "only_products", "not_categories", "not_brands", "not_products", "only_stores",
    "not_stores", "tiers", "weekdays", "skips_discounted", "per_customer", "per_day", "total", "budget", "stacking",
    "place",
)  # fmt: skip


def define(
    *, code: str, name: str, terms: Mapping[str, Any], by: Any, at: datetime, is_shared: bool = False
) -> CouponDefinition:
    """A new definition with its first terms, which hold at once. A shared one gets its code. Raises InvalidTerms."""
    faults = termfaults.faults(terms, is_shared=is_shared)
    if CouponDefinition.objects.filter(code__iexact=code).exists():
        faults.append(Fault("code", str(_("There is a coupon with this code already."))))
    if faults:
        raise InvalidTerms(*faults)
    with transaction.atomic():
        made = CouponDefinition(
            code=code, name=name, is_shared=is_shared, created_by=trail.actor_name(by), created_at=at
        )
        made.full_clean(exclude=["created_by"])
        made.save()
        first = _version(made, 1, terms, by=by, at=at, valid_from=at)
        CouponTally.objects.create(definition=made, uses_most=first.total, spent_most=first.budget)
        if is_shared:
            CouponCode.objects.create(code=codes.new(), definition=made)
        trail.record("coupon.define", made, by=by, details={"code": code, "terms": first.pk})
    return made


def revise(
    definition: CouponDefinition,
    *,
    by: Any,
    at: datetime,
    name: str | None = None,
    terms: Mapping[str, Any] | None = None,
    valid_from: datetime | None = None,
    based_on: Mapping[str, Any] | None = None,
) -> CouponTerms:
    """Give a definition new terms, from now or a later moment on; what is not named stays. The newest when all stays.

    Coupons that were issued keep theirs. Limits of uses and money hold at once. Raises InvalidTerms, ChangedMeanwhile.
    """
    with transaction.atomic():
        tally = CouponTally.objects.select_for_update().select_related("definition").get(pk=definition.pk)
        newest = newest_of(definition)
        now = {**values_of(newest), "name": tally.definition.name}
        wanted = {**(terms or {}), **({} if name is None else {"name": name})}
        mine = edits.changes(now, wanted, based_on, tally.definition)
        changed = {key: (now[key], value) for key, value in mine.items() if value != now[key]}
        if "name" in changed:
            CouponDefinition.objects.filter(pk=definition.pk).update(name=mine["name"])
        wanted_terms = {**values_of(newest), **{key: value for key, value in mine.items() if key != "name"}}
        if changed.keys() - {"name"}:
            faults = termfaults.faults(wanted_terms, is_shared=tally.definition.is_shared)
            faults += termfaults.below_what_is_used(wanted_terms, tally)
            if faults:
                raise InvalidTerms(*faults)
            since = max(valid_from or at, at)
            newest = _version(definition, newest.number + 1, wanted_terms, by=by, at=at, valid_from=since)
            _set_limits(tally, newest)
        if changed:
            trail.record("coupon.revise", tally.definition, by=by, details={"terms": newest.pk},
                         changes=_shown(changed))  # fmt: skip
    return newest


def end(definition: CouponDefinition, *, by: Any, at: datetime) -> None:
    """Nothing more is issued; a shared code is not taken any more. Ended before: nothing changes."""
    _switch(definition, at, by, "coupon.end")


def reopen(definition: CouponDefinition, *, by: Any) -> None:
    _switch(definition, None, by, "coupon.reopen")


def terms_at(definition: CouponDefinition, at: datetime) -> CouponTerms | None:
    """The terms that hold at a moment; None before the first."""
    rows = CouponTerms.objects.filter(definition=definition, valid_from__lte=at)
    return rows.order_by("-valid_from", "-number").first()


def newest_of(definition: CouponDefinition) -> CouponTerms:
    return CouponTerms.objects.filter(definition=definition).order_by("-number")[0]


def values_of(terms: CouponTerms) -> dict[str, Any]:
    return {name: getattr(terms, name) for name in FIELDS}


def _version(
    definition: CouponDefinition,
    number: int,
    terms: Mapping[str, Any],
    *,
    by: Any,
    at: datetime,
    valid_from: datetime,
) -> CouponTerms:
    version = CouponTerms(definition=definition, number=number, valid_from=valid_from, created_at=at,
                          created_by=trail.actor_name(by), **terms)  # fmt: skip
    version.save(force_insert=True)
    version.refresh_from_db()
    return version


def _set_limits(tally: CouponTally, terms: CouponTerms) -> None:
    CouponTally.objects.filter(pk=tally.pk).update(uses_most=terms.total, spent_most=terms.budget)


def _switch(definition: CouponDefinition, at: datetime | None, by: Any, act: str) -> None:
    with transaction.atomic():
        rows = CouponDefinition.objects.filter(pk=definition.pk, ended_at__isnull=at is not None)
        if rows.update(ended_at=at):
            trail.record(act, definition, by=by)
    definition.ended_at = at


def _shown(changed: Mapping[str, tuple[Any, Any]]) -> dict[str, tuple[Any, Any]]:
    """As the trail keeps it."""
    plain = lambda value: value if isinstance(value, int | list | None) else str(value)  # noqa: E731
    return {name: (plain(old), plain(new)) for name, (old, new) in changed.items()}
