"""Changing the organisation: each change and its trace in one transaction.

Nothing that history names is deleted: a store closes, a person leaves. A region or department may go while nothing
belongs to it.
"""

import secrets
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from crm.audit import trail
from crm.lib import edits
from crm.lib.refusals import Refusal
from crm.org.models import Department, Region, Staff, Store
from crm.org.permissions import Role

_PASSWORD_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # noqa: S105  none that look alike


class StillInUse(Refusal):
    code = "still_in_use"
    status = 409


class LastAdministrator(Refusal):
    code = "last_administrator"
    status = 409


def keep(
    record: Any, values: dict[str, Any], *, by: Staff | str, based_on: dict[str, Any] | None = None
) -> Any:
    """Create or change a record of the organisation. The trail keeps old and new values of what is not personal.

    `based_on`: what the author saw (`crm/lib/edits.py`). Raises ChangedMeanwhile; then nothing has changed.
    """
    links = {field.name for field in record._meta.many_to_many}
    values, seen = _with_sets(values, links), _with_sets(based_on or {}, links)
    with transaction.atomic():
        before = _locked(record)
        now = {name: _held(before, name, links) for name in values} if before is not None else {}
        values = edits.changes(now, values, seen, before)
        changed = {
            name: (now.get(name), new) for name, new in values.items() if before is None or now[name] != new
        }
        record = record if before is None else before
        _write(record, values, links)
        if changed or before is None:
            act = f"{record._meta.model_name}.{'change' if before else 'create'}"
            details = {"fields": sorted(changed)}
            trail.record(act, record, by=by, store_id=_store_of(record), details=details, changes=changed)
    return record


def _store_of(record: Any) -> int | None:
    """The store that an act belongs to; None for what is the chain's."""
    return record.pk if isinstance(record, Store) else getattr(record, "store_id", None)


def _with_sets(values: dict[str, Any], links: set[str]) -> dict[str, Any]:
    """Linked records have no order."""
    return {name: frozenset(value or ()) if name in links else value for name, value in values.items()}


def _write(record: Any, values: dict[str, Any], links: set[str]) -> None:
    for name in values.keys() - links:
        setattr(record, name, values[name])
    if isinstance(record, Staff):
        _keep_an_administrator(record)
    record.save()
    for name in values.keys() & links:
        getattr(record, name).set(values[name])


def _locked(record: models.Model) -> Any:
    """The record as it stands, for nobody else to change; None for a new one."""
    rows = type(record)._default_manager.select_for_update(of=("self",))
    return rows.filter(pk=record.pk).first() if record.pk else None


def _held(record: Any, name: str, links: set[str]) -> Any:
    return frozenset(getattr(record, name).all()) if name in links else getattr(record, name)


def close(store: Store, *, by: Staff) -> None:
    """No sales from now on; its history stays where it is."""
    _switch(store, "is_active", False, "store.close", by)


def reopen(store: Store, *, by: Staff) -> None:
    _switch(store, "is_active", True, "store.reopen", by)


def remove(record: Region | Department, *, by: Staff) -> None:
    """Delete a region or department to which nothing belongs any more."""
    with transaction.atomic():
        if isinstance(record, Region) and (count := record.stores.count()):
            sentence = ngettext("%(n)d store still belongs to it.", "%(n)d stores still belong to it.", count)
            raise StillInUse(sentence % {"n": count})
        if count := record.staff.count():
            sentence = ngettext(
                "%(n)d person still belongs to it.", "%(n)d people still belong to it.", count
            )
            raise StillInUse(sentence % {"n": count})
        trail.record(f"{record._meta.model_name}.remove", record, by=by, details={"code": record.code})
        record.delete()


def hire(values: dict[str, Any], username: str, *, by: Staff | str) -> tuple[Staff, str]:
    """A new member of staff who can sign in. Returns them and a first password, which is shown once."""
    password = _password()
    with transaction.atomic():
        user = get_user_model().objects.create_user(username=username, password=password)
        person = keep(Staff(user=user), values, by=by)
    return person, password


def let_go(person: Staff, *, by: Staff) -> None:
    """They may not sign in any more, at once; what they did stays under their name."""
    with transaction.atomic():
        person.is_active = False
        _keep_an_administrator(person)
        _switch(person, "is_active", False, "staff.leave", by)
        _let_in(person, False)


def take_back(person: Staff, *, by: Staff) -> None:
    with transaction.atomic():
        _switch(person, "is_active", True, "staff.return", by)
        _let_in(person, True)


def new_password(person: Staff, *, by: Staff) -> str:
    """A first password in place of a forgotten one; it is shown once. Open sessions of theirs end."""
    password = _password()
    if person.user is None:
        raise StillInUse(_("This person has no account to sign in with."))
    with transaction.atomic():
        person.user.set_password(password)
        person.user.save(update_fields=["password"])
        trail.record("staff.password", person, by=by)
    return password


def _switch(record: models.Model, name: str, value: bool, act: str, by: Staff) -> None:
    with transaction.atomic():
        if (
            type(record)
            ._default_manager.filter(pk=record.pk)
            .exclude(**{name: value})
            .update(**{name: value})
        ):
            trail.record(act, record, by=by, store_id=_store_of(record), changes={name: (not value, value)})


def _let_in(person: Staff, is_active: bool) -> None:
    get_user_model().objects.filter(staff=person).update(is_active=is_active)


def _keep_an_administrator(person: Staff) -> None:
    """Somebody must be able to open this page tomorrow. Administrators are locked, so that two cannot leave at once."""
    if person.role == Role.ADMINISTRATOR and person.is_active:
        return
    rest = Staff.objects.filter(role=Role.ADMINISTRATOR, is_active=True).order_by("pk").select_for_update()
    ids = [other.pk for other in rest]
    if person.pk in ids and len(ids) == 1:
        raise LastAdministrator(_("This is the last administrator. Make somebody else one first."))


def _password() -> str:
    return "-".join("".join(secrets.choice(_PASSWORD_LETTERS) for _i in range(4)) for _j in range(4))
