"""Defining the chain's own fields: what an administrator may change of one, and what stays for good.

The code is for good, because files and other systems name the field by it. The kind may change until somebody has a
value. A choice that is taken away is retired: it stays with who has it and is not offered any more.
"""

import re
from datetime import datetime
from typing import Any, ClassVar

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib import edits
from crm.lib.refusals import Fault, Refusal
from customers import customfields
from customers.models import CustomField

MOST_CHOICES = 100
CHANGEABLE = (
    "label", "label_zh_hans", "label_zh_hant", "help", "kind", "choices", "is_required", "is_personal", "is_listed",
    "roles",
)  # fmt: skip
_LINE = re.compile(r"^(?:([a-z0-9][a-z0-9_-]{0,31})\s*[:：=]\s*)?(.{1,60})$")


class InvalidField(Refusal):
    """`faults` point at "/kind" or "/choices"."""

    code: ClassVar[str] = "invalid_field"

    def __init__(self, place: str, detail: str) -> None:
        super().__init__(detail, faults=(Fault(f"/{place}", detail),))


def choices_of(text: str, before: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Choices from lines ("label" or "code: label"); those of before that are named no more are retired."""
    found: dict[str, dict[str, Any]] = {}
    codes = {one["label"]: one["code"] for one in before}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        told = _LINE.match(line)
        if told is None:
            raise InvalidField(
                "choices", _("One choice a line, at most 60 characters: %(line)s") % {"line": line[:40]}
            )
        label = told[2].strip()
        code = told[1] or codes.get(label) or slugify(label)[:32] or f"choice-{len(before) + len(found) + 1}"
        if code in found:
            raise InvalidField("choices", _("This choice stands there twice: %(line)s") % {"line": label})
        found[code] = {"code": code, "label": label}
    retired = [one | {"is_retired": True} for one in before if one["code"] not in found]
    if len(found) + len(retired) > MOST_CHOICES:
        raise InvalidField("choices", _("At most %(n)d choices.") % {"n": MOST_CHOICES})
    return [*found.values(), *retired]


def lines_of(choices: list[dict[str, Any]]) -> str:
    """The choices that are offered, as lines."""
    return "\n".join(f"{one['code']}: {one['label']}" for one in choices if not one.get("is_retired"))


def create(code: str, values: dict[str, Any], *, by: Any) -> CustomField:
    """A new field, at the end of the list. Raises InvalidField."""
    _check(values["kind"], values["choices"])
    with transaction.atomic():
        last = CustomField.objects.order_by("-order").values_list("order", flat=True).first() or 0
        made = CustomField.objects.create(
            code=code,
            order=last + 1,
            created_by=trail.actor_name(by),
            **{name: values[name] for name in CHANGEABLE},
        )
        trail.record("customfield.create", made, by=by, details={"code": code, "kind": made.kind})
    return made


def change(
    pk: int, values: dict[str, Any], *, by: Any, based_on: dict[str, Any] | None = None
) -> CustomField:
    """Change what may be changed. Raises InvalidField, ChangedMeanwhile; then nothing has changed."""
    with transaction.atomic():
        field = CustomField.objects.select_for_update().get(pk=pk)
        wanted = {name: values[name] for name in CHANGEABLE if name in values}
        now = {name: getattr(field, name) for name in wanted}
        mine = edits.changes(now, wanted, based_on, field)
        changed = {name: value for name, value in mine.items() if now[name] != value}
        if "kind" in changed and customfields.holders(field.code):
            raise InvalidField("kind", _("Customers have values of this kind; make a new field instead."))
        for name, value in changed.items():
            setattr(field, name, value)
        _check(field.kind, field.choices)
        if changed:
            field.save(update_fields=list(changed))
            trail.record("customfield.change", field, by=by, details={"fields": sorted(changed)})
    return field


def archive(field: CustomField, *, by: Any, at: datetime) -> None:
    """Take a field out of use. Values stay, and come back with it."""
    _set_archived(field, at, "customfield.archive", by)


def restore(field: CustomField, *, by: Any) -> None:
    """Bring an archived field back, with the values that customers have."""
    _set_archived(field, None, "customfield.restore", by)


def _set_archived(field: CustomField, at: datetime | None, action: str, by: Any) -> None:
    with transaction.atomic():
        if CustomField.objects.filter(pk=field.pk, archived_at__isnull=at is not None).update(archived_at=at):
            trail.record(action, field, by=by, details={"code": field.code})


def move(field: CustomField, by_places: int, *, by: Any) -> None:
    """Move a field up (negative) or down among those in use."""
    with transaction.atomic():
        rows = list(CustomField.objects.select_for_update().order_by("order", "pk"))
        at = next(place for place, one in enumerate(rows) if one.pk == field.pk)
        rows.insert(max(0, at + by_places), rows.pop(at))
        for place, one in enumerate(rows, start=1):
            if one.order != place:
                CustomField.objects.filter(pk=one.pk).update(order=place)
        trail.record("customfield.move", field, by=by, details={"places": by_places})


def _check(kind: str, choices: list[dict[str, Any]]) -> None:
    if kind == "choice" and not any(not one.get("is_retired") for one in choices):
        raise InvalidField("choices", _("A choice needs something to choose from."))
