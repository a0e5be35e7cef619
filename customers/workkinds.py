"""The kinds of follow-ups, their scripts and results: data of the chain. The first are made on first use."""

from typing import Any, ClassVar

from django.db import transaction
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.refusals import Fault, Refusal
from customers.models import WorkKind, WorkResult
from customers.workdefaults import KINDS


class UnknownKind(Refusal):
    code: ClassVar[str] = "unknown_work_kind"


class UnknownResult(Refusal):
    code: ClassVar[str] = "unknown_work_result"


def known(*, in_use: bool = True) -> list[WorkKind]:
    """All kinds in their order, with their results."""
    rows = WorkKind.objects.prefetch_related("results").order_by("order", "pk")
    found = list(rows)
    if not found:
        _make_the_first()
        found = list(rows.all())
    return [kind for kind in found if kind.is_active or not in_use]


def named(kind: WorkKind | str) -> WorkKind:
    """The kind with this code. Raises UnknownKind."""
    if isinstance(kind, WorkKind):
        return kind
    found = WorkKind.objects.filter(code=kind).first()
    if found is None and not WorkKind.objects.exists():
        _make_the_first()
        found = WorkKind.objects.filter(code=kind).first()
    if found is None:
        raise UnknownKind(_("There is no kind of follow-up called “%(kind)s”.") % {"kind": kind})
    return found


def result_of(kind: WorkKind, result: WorkResult | str) -> WorkResult:
    """A result of this kind, by its code. Raises UnknownResult."""
    code = result if isinstance(result, str) else result.code
    found = WorkResult.objects.filter(kind=kind, code=code).first()
    if found is None:
        message = _("“%(result)s” is no result of this kind of follow-up.") % {"result": code}
        raise UnknownResult(message, faults=(Fault("/result", message),))
    return found


@transaction.atomic
def keep(kind: WorkKind, values: dict[str, Any], results: list[dict[str, Any]], *, by: Any) -> WorkKind:
    """Write a kind and its results (by code; those not named go out of use, for history needs them)."""
    for name, value in values.items():
        setattr(kind, name, value)
    kind.save()
    codes = []
    for order, told in enumerate(results, start=1):
        WorkResult.objects.update_or_create(
            kind=kind, code=told["code"], defaults=told | {"order": order, "is_active": True}
        )
        codes.append(told["code"])
    WorkResult.objects.filter(kind=kind).exclude(code__in=codes).update(is_active=False)
    trail.record("workkind.keep", kind, by=by, details={"fields": sorted(values), "results": codes})
    return kind


@transaction.atomic
def _make_the_first() -> None:
    for order, (code, icon, names, scripts, results) in enumerate(KINDS, start=1):
        kind, made = WorkKind.objects.get_or_create(
            code=code, defaults={"names": names, "scripts": scripts, "order": order, **icon}
        )
        if made:
            WorkResult.objects.bulk_create(
                WorkResult(kind=kind, code=name, names=words, again=again, order=place)
                for place, (name, words, again) in enumerate(results, start=1)
            )
    trail.record("defaults.make", "customers.workkind", by="system:first_use")
