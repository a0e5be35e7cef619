"""Staff: taking somebody on, changing what they may do and where, letting them go. Every act leaves a trace.

Nobody is deleted, because the trail names them: they are deactivated, which ends their sessions at the next click. The
last active administrator can neither go nor become something else, so that a chain never locks itself out.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.audit import trail
from crm.lib.refusals import Fault, Refusal
from crm.org import records
from crm.org.models import Department, Region, Staff, Store
from crm.org.permissions import CHAIN_WIDE, Role


class LastAdministrator(Refusal):
    """The chain would have nobody left who can manage staff."""

    code = "last_administrator"


class OwnAccount(Refusal):
    """Nobody takes their own rights away by mistake; a colleague does it."""

    code = "own_account"


def hire(
    *,
    code: str,
    name: str,
    role: str,
    by: Any,
    username: str = "",
    password: str = "",
    email: str = "",
    region: Region | None = None,
    stores: Iterable[Store] = (),
    department: Department | None = None,
    **fields: Any,
) -> Staff:
    """Take somebody on. Without `username` they cannot sign in (a till's employee number, say).

    `fields`: any of language, timezone.
    """
    shops = list(stores)
    _check_place(role, region, shops)
    with transaction.atomic():
        user = _sign_in(username, password, email) if username else None
        person = Staff(
            code=code, name=name, role=role, region=region, department=department, user=user, **fields
        )
        details = {"role": role, "stores": sorted(shop.pk for shop in shops), "region": region and region.pk}
        records.create(person, action="staff.hire", by=by, details=details)
        person.stores.set(shops)
    return person


def change_staff(person: Staff, *, by: Any, stores: Iterable[Store] | None = None, **changes: Any) -> Staff:
    """`changes`: any of code, name, role, region, department, language, timezone."""
    with transaction.atomic():
        held = Staff.objects.select_for_update().get(pk=person.pk)
        before = set(held.stores.values_list("pk", flat=True))
        after = before if stores is None else {store.pk for store in stores}
        role, region = changes.get("role", held.role), changes.get("region", held.region)
        _check_place(role, region, after)
        if role != held.role:
            _keep_an_administrator(held, by=by)
        records.change(person, changes, action="staff.change", by=by, role=role)
        if after != before:
            person.stores.set(after)
            details = {"added": sorted(after - before), "removed": sorted(before - after)}
            trail.record("staff.move", person, by=by, details=details)
    person.__dict__.pop("_scope", None)
    return person


def deactivate(person: Staff, *, by: Any) -> Staff:
    """They no longer work here: no sign-in, no permission, no scope."""
    with transaction.atomic():
        _keep_an_administrator(Staff.objects.select_for_update().get(pk=person.pk), by=by)
        records.change(person, {"is_active": False}, action="staff.deactivate", by=by)
        _let_in(person, False)
    person.__dict__.pop("_scope", None)
    return person


def reactivate(person: Staff, *, by: Any) -> Staff:
    with transaction.atomic():
        records.change(person, {"is_active": True}, action="staff.reactivate", by=by)
        _let_in(person, True)
    person.__dict__.pop("_scope", None)
    return person


def give_password(person: Staff, *, password: str, by: Any, username: str = "") -> Staff:
    """Set a new password, or give a first sign-in with `username`. Ends the sessions that are open."""
    with transaction.atomic():
        if person.user is None:
            person.user = _sign_in(username, password, "")
            person.save(update_fields=["user"])
        else:
            _check_password(password, person.user)
            person.user.set_password(password)
            person.user.save(update_fields=["password"])
        trail.record("staff.give_password", person, by=by)
    return person


def _let_in(person: Staff, is_active: bool) -> None:
    if person.user_id is not None:
        get_user_model().objects.filter(pk=person.user_id).update(is_active=is_active)


def _sign_in(username: str, password: str, email: str) -> Any:
    users = get_user_model()
    user = users(username=username, email=email)
    try:
        user.full_clean(exclude=["password"])
    except ValidationError as error:
        faults = tuple(Fault(field, text) for field, texts in error.message_dict.items() for text in texts)
        raise records.InvalidRecord(faults[0].detail, faults=faults) from None
    _check_password(password, user)
    user.set_password(password)
    user.save()
    return user


def _check_password(password: str, user: Any) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        faults = tuple(Fault("password", message) for message in error.messages)
        raise records.InvalidRecord(faults[0].detail, faults=faults) from None


def _check_place(role: str, region: Region | None, stores: Iterable[Any]) -> None:
    """Everybody whose role is not the whole chain's needs a place, or they would see nothing."""
    if role not in Role.values:
        raise records.refuse("role", _("There is no such role."))
    if role == Role.REGIONAL_MANAGER:
        if region is None:
            raise records.refuse("region", _("A regional manager needs a region."))
    elif role not in CHAIN_WIDE and not list(stores):
        raise records.refuse("stores", _("This role needs at least one store."))


def _keep_an_administrator(person: Staff, *, by: Any) -> None:
    if isinstance(by, Staff) and by.pk == person.pk:
        raise OwnAccount(_("Ask a colleague to change your own role or to end your account."))
    if person.role != Role.ADMINISTRATOR or not person.is_active:
        return
    # All of them are locked, in order, so that two administrators cannot remove one another at the same moment.
    others = Staff.objects.select_for_update().filter(role=Role.ADMINISTRATOR, is_active=True).order_by("pk")
    if not any(other.pk != person.pk for other in others):
        raise LastAdministrator(_("This is the last administrator: name another one first."))
