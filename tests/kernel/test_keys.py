"""API keys: shown once, recognised quickly, revoked for good."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.audit.models import Entry
from crm.org.models import Staff, Store
from crm.org.permissions import Permission
from crm.rest import keys
from crm.rest.models import ApiKey


def test_only_the_hash_is_kept(ana: Staff, harbour: Store) -> None:
    key, secret = keys.create_key(name="tills", scopes=["receipts:write"], by=ana, stores=[harbour])
    key.refresh_from_db()
    assert secret.startswith(key.prefix)
    assert secret not in str(ApiKey.objects.values().get())
    assert Entry.objects.get(action="key.create").details == {
        "scopes": ["receipts:write"],
        "stores": [harbour.pk],
    }


def test_a_key_is_a_viewer(ana: Staff, harbour: Store, uptown: Store) -> None:
    _key, secret = keys.create_key(name="tills", scopes=["receipts:write"], by=ana, stores=[harbour])
    caller = keys.recognise(secret)
    assert caller is not None
    assert caller.may(Permission.POST_RECEIPTS)
    assert not caller.may(Permission.VIEW_CUSTOMERS)
    assert list(Store.objects.visible_to(caller)) == [harbour]


def test_a_key_without_stores_sees_the_chain_and_one_that_lost_them_nothing(
    ana: Staff, harbour: Store
) -> None:
    _key, wide = keys.create_key(name="wide", scopes=["catalogue:read"], by=ana)
    narrow_key, narrow = keys.create_key(name="narrow", scopes=["catalogue:read"], by=ana, stores=[harbour])
    narrow_key.stores.clear()
    sees = [list(Store.objects.visible_to(keys.recognise(secret))) for secret in (wide, narrow)]
    assert sees == [[harbour], []]


def test_a_revoked_key_opens_nothing(ana: Staff, django_capture_on_commit_callbacks: Any) -> None:
    key, secret = keys.create_key(name="tills", scopes=["receipts:write"], by=ana)
    assert keys.recognise(secret)
    with django_capture_on_commit_callbacks(execute=True):
        keys.revoke_key(key, by=ana)
    assert keys.recognise(secret) is None
    with pytest.raises(keys.KeyRevoked):
        keys.revoke_key(key, by=ana)
    assert Entry.objects.filter(action="key.revoke").count() == 1


def test_another_process_forgets_within_seconds(ana: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    key, secret = keys.create_key(name="tills", scopes=["receipts:write"], by=ana)
    clock = [1000.0]
    monkeypatch.setattr(keys.time, "monotonic", lambda: clock[0])
    assert keys.recognise(secret)
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=timezone.now())  # as another process would
    clock[0] += keys.REMEMBERED - 0.1
    assert keys.recognise(secret), "remembered for as long as is documented"
    clock[0] += 0.2
    assert keys.recognise(secret) is None


def test_an_expired_key_opens_nothing(ana: Staff) -> None:
    soon = timezone.now() - timedelta(seconds=1)
    _key, secret = keys.create_key(name="tills", scopes=["receipts:write"], by=ana, expires_at=soon)
    assert keys.recognise(secret) is None


@pytest.mark.django_db
@pytest.mark.parametrize("secret", ["", "rgl_", "rgl_" + "a" * 42, "rgl_" + "é" * 43, "x" * 47])
def test_what_is_no_key_does_not_reach_the_database(secret: str) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert keys.recognise(secret) is None
    assert len(queries) == 0


def test_guessing_costs_one_question_a_key(db: None) -> None:
    with CaptureQueriesContext(connection) as queries:
        for _ in range(5):
            assert keys.recognise("rgl_" + "a" * 43) is None
    assert len(queries) == 1


def test_use_is_noted_once_a_minute(ana: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    key, secret = keys.create_key(name="tills", scopes=["receipts:write"], by=ana)
    clock = [1000.0]
    monkeypatch.setattr(keys.time, "monotonic", lambda: clock[0])
    keys.recognise(secret)
    key.refresh_from_db()
    assert key.last_used_at is not None
    with CaptureQueriesContext(connection) as queries:
        for _ in range(3):
            keys.recognise(secret)
    assert len(queries) == 0


def test_a_key_needs_a_scope_that_exists(ana: Staff) -> None:
    for scopes in ([], ["everything"]):
        with pytest.raises(keys.InvalidKey) as refusal:
            keys.create_key(name="tills", scopes=scopes, by=ana)
        assert refusal.value.faults[0].pointer == "scopes"
    assert not ApiKey.objects.exists()
    with pytest.raises(IntegrityError):
        ApiKey.objects.create(name="x", prefix="x", digest=b"x", scopes=[], created_by="x")


def test_the_command_prints_the_key_once(harbour: Store, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_api_key", "tills", scope=["receipts:write"], store=["HARB"])
    said = capsys.readouterr()
    secret = said.out.strip()
    caller = keys.recognise(secret)
    assert caller is not None
    assert caller.scope().store_ids == {harbour.pk}
    assert secret not in said.err


def test_the_command_refuses_an_unknown_store(db: None) -> None:
    with pytest.raises(CommandError, match="no store NOWHERE"):
        call_command("create_api_key", "tills", scope=["receipts:write"], store=["NOWHERE"])
    assert not ApiKey.objects.exists()
