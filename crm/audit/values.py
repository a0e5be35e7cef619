"""Old and new values without personal data.

A plain value is kept as it is. Of a personal one a keyed digest is kept: it proves "this was the value" to who knows
both the value and the key, and tells equal values of one field of one record apart from others; it cannot be read.
What is neither declared plain nor classified counts as personal.
"""

import hmac
import json
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from django.apps import apps
from django.db import models

from crm.audit import keys
from crm.audit.registry import is_plain

DIGEST = "#"  # {"#": "9f86d081884c7d65"} stands for a personal value
_LENGTH = 12  # bytes of a digest
_LONGEST = 2000  # letters of a plain value


def pairs(subject: str, changes: Mapping[str, tuple[Any, Any]]) -> dict[str, list[Any]]:
    """{field: [old, new]} as the trail keeps it. `subject` as in `Entry.subject`."""
    model = model_of(subject)
    return {name: [kept(subject, model, name, value) for value in both] for name, both in changes.items()}


def kept(subject: str, model: type[models.Model] | None, name: str, value: Any) -> Any:
    ordinary = plain(value)
    if ordinary in (None, "", [], {}) or isinstance(ordinary, bool):
        return ordinary  # that a field was empty, or yes or no, is told
    if model is None or not is_plain(model, name):
        return {DIGEST: digest(subject, name, ordinary)}
    text = ordinary if isinstance(ordinary, str) else json.dumps(ordinary, ensure_ascii=False)
    return ordinary if len(text) <= _LONGEST else {DIGEST: digest(subject, name, ordinary)}


def digest(subject: str, name: str, value: Any) -> str:
    """Of one field of one record: the same value elsewhere has another, so that rows cannot be joined by it."""
    text = json.dumps([subject, name, plain(value)], ensure_ascii=False, sort_keys=True)
    return hmac.digest(keys.current().values, text.encode(), "sha256")[:_LENGTH].hex()


def is_digest(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {DIGEST}


def model_of(subject: str) -> type[models.Model] | None:
    """The model behind "customers.customer:81"; None when no app has such a one."""
    try:
        return apps.get_model(subject.partition(":")[0])
    except (LookupError, ValueError):
        return None


def plain(value: Any) -> Any:
    """As JSON holds it: records by their key, sets in order, times and money as text."""
    if value is None or isinstance(value, bool | int | str | float):
        return value
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((plain(one) for one in value), key=str)
    if isinstance(value, list | tuple | models.QuerySet):
        return [plain(one) for one in value]
    return _alone(value)


def _alone(value: Any) -> Any:
    if isinstance(value, models.Model):
        return value.pk
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return str(value)  # money, UUIDs, translated words
