"""Saving a record of the organisation: checked, in one transaction with its trace."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext_lazy as _

from crm.audit import trail
from crm.lib.refusals import Fault, Refusal

Record = TypeVar("Record", bound=models.Model)


class InvalidRecord(Refusal):
    """What was given breaks a rule of the record; `faults` name the fields."""

    code = "invalid"


def create(record: Record, *, action: str, by: Any, details: Mapping[str, Any] | None = None) -> Record:
    """Check and insert a new record."""
    with transaction.atomic():
        _check(record)
        _save(record)
        trail.record(action, record, by=by, details=dict(details or {}))
    return record


def change(record: Record, changes: Mapping[str, Any], *, action: str, by: Any, **details: Any) -> Record:
    """Check and save the fields that differ. Nothing different: nothing is written, not even a trace."""
    with transaction.atomic():
        held = type(record)._default_manager.select_for_update(of=("self",)).get(pk=record.pk)
        fields = [name for name, value in changes.items() if getattr(held, name) != value]
        if fields:
            for name in fields:
                setattr(held, name, changes[name])
            _check(held)
            _save(held, update_fields=fields)
            trail.record(action, held, by=by, details={"fields": sorted(fields), **details})
    for name in changes:
        setattr(record, name, getattr(held, name))
    return record


def remove(record: models.Model, *, action: str, by: Any) -> None:
    """Delete a record that nothing stands on."""
    try:
        with transaction.atomic():
            trail.record(action, record, by=by)
            record.delete()
    except models.ProtectedError:
        raise InvalidRecord(_("Other records still belong to it, so it stays.")) from None


def refuse(field: str, message: Any) -> InvalidRecord:
    """A refusal about one field."""
    return InvalidRecord(message, faults=(Fault(field, str(message)),))


def _check(record: models.Model) -> None:
    try:
        record.full_clean()
    except ValidationError as error:
        faults = tuple(
            Fault("" if field == NON_FIELD_ERRORS else field, message)
            for field, messages in error.message_dict.items()
            for message in messages
        )
        raise InvalidRecord(faults[0].detail, faults=faults) from None


def _save(record: models.Model, **options: Any) -> None:
    try:
        with transaction.atomic():
            record.save(**options)
    except IntegrityError as error:  # somebody else took the code between the check and the write
        if getattr(error.__cause__, "sqlstate", "") != "23505":
            raise
        raise InvalidRecord(_("Another record has this code already.")) from None
