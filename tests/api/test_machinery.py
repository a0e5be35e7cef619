"""What every endpoint shares: problems, strictness, limits, idempotency, the document."""

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
import redis
from django.core.checks import run_checks
from django.db import OperationalError, connection
from django.test import Client
from django.utils.timezone import now
from drf_spectacular.plumbing import ComponentRegistry

from crm.org.models import Store
from crm.rest import checks, directory, idempotency, keys, limits, schema, tasks
from crm.rest.models import StoredAnswer
from customers.models import Customer, Purchase
from tests.api.test_receipts import slip

Calling = Callable[..., Client]
JSON = "application/json"
LOOKUP = "/api/v1/customers/lookup/"


def assert_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json"), (
        answer.content
    )
    problem: dict[str, Any] = json.loads(answer.content)
    assert problem["status"] == status
    assert problem["code"] == code
    assert {"type", "title", "detail"} <= set(problem)
    return problem


@pytest.fixture
def till(calling: Calling) -> Client:
    return calling("customers:read", "receipts:write", "catalogue:read")


# --- Problems --------------------------------------------------------------------------------------------------------


def test_an_address_that_does_not_exist(till: Client) -> None:
    assert_problem(till.get("/api/v1/dragons/"), 404, "not_found")
    assert_problem(till.get("/api/v2/stores/"), 404, "not_found")
    assert_problem(till.get("/api/v1/stores"), 404, "not_found")
    assert_problem(till.get("/api/v1/customers/cus_000000000000/"), 404, "not_found")
    assert_problem(till.get("/api/v1/customers/17/"), 404, "not_found")


@pytest.mark.parametrize("header", ["", "Basic abc", "Bearer", "Bearer nonsense", "Bearer rgl_" + "a" * 43])
def test_without_a_valid_key(db: None, header: str) -> None:
    answer = Client(headers={"authorization": header}).get("/api/v1/stores/")
    assert_problem(answer, 401, "unauthenticated")
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_method_that_the_resource_does_not_have(till: Client) -> None:
    answer = till.delete("/api/v1/stores/")
    assert_problem(answer, 405, "method_not_allowed")
    assert answer["Allow"] == "GET"
    for method in (till.options, till.trace):
        assert method("/api/v1/stores/").status_code == 405
    assert till.head("/api/v1/stores/").status_code == 200


def test_a_caller_who_accepts_no_json(till: Client) -> None:
    assert_problem(till.get("/api/v1/stores/", headers={"accept": "text/html"}), 406, "not_acceptable")
    for fine in (
        "*/*",
        "application/json",
        "text/html, application/*;q=0.8",
        "application/problem+json, */*",
    ):
        assert till.get("/api/v1/stores/", headers={"accept": fine}).status_code == 200


def test_a_body_of_another_type(till: Client) -> None:
    assert_problem(till.post(LOOKUP, {"kind": "phone", "value": "1"}), 415, "unsupported_media_type")
    assert_problem(
        till.post(LOOKUP, b"{}", content_type="application/json; charset=gbk"), 415, "unsupported_media_type"
    )
    squeezed = till.post(LOOKUP, b"{}", content_type=JSON, headers={"content-encoding": "gzip"})
    assert_problem(squeezed, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "body",
    [
        b" ", b"{", b"\xff\xfe", b'{"kind": "phone", "value": "\\u0000"}', b'{"kind": "phone", "value": "\\ud800"}',
         b'{"kind": NaN}',
    ],
)  # fmt: skip
def test_a_body_that_is_no_json(till: Client, body: bytes) -> None:
    assert_problem(till.post(LOOKUP, body, content_type=JSON), 400, "malformed")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"kind": "phone"}, "/value"),
        ({"kind": "phone", "value": "1", "colour": "red"}, "/colour"),
        ({"kind": "phone", "value": 1}, "/value"),
        ({"kind": "telepathy", "value": "1"}, "/kind"),
        ([], ""),
    ],
)
def test_a_body_of_a_wrong_shape(till: Client, body: Any, pointer: str) -> None:
    problem = assert_problem(till.post(LOOKUP, json.dumps(body), content_type=JSON), 422, "invalid")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


def test_a_body_that_is_too_large(till: Client) -> None:
    assert_problem(till.post(LOOKUP, b" " * 300_000, content_type=JSON), 413, "too_large")


def test_chunks_are_asked_to_come_with_a_length(till: Client) -> None:
    assert_problem(
        till.post(LOOKUP, b"{}", content_type=JSON, headers={"transfer-encoding": "chunked"}),
        411,
        "length_required",
    )


def test_a_fault_of_ours_tells_nothing_of_it(till: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(directory.Stores.get, "__code__", broken.__code__)
    answer = till.get("/api/v1/stores/")
    assert_problem(answer, 500, "internal_error")
    assert b"secret" not in answer.content
    assert b"Traceback" not in answer.content


def test_a_database_that_is_away_is_said_to_pass(till: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> None:
        raise OperationalError("connection lost")

    monkeypatch.setattr(directory.pages, "position", away)
    answer = till.get("/api/v1/stores/")
    assert_problem(answer, 503, "unavailable")
    assert answer["Retry-After"] == "2"


def test_a_foreign_host_name(till: Client) -> None:
    assert_problem(till.get("/api/v1/stores/", headers={"host": "evil.example"}), 400, "malformed")


# --- Limits ----------------------------------------------------------------------------------------------------------


def test_calls_are_counted_and_refused_beyond_the_limit(
    calling: Calling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits.time, "time", lambda: 1_000_000_060.0)
    till = calling("catalogue:read", rate_per_minute=2)
    limits._valkey().flushdb()
    first = till.get("/api/v1/stores/")
    assert (first["RateLimit-Policy"], first["RateLimit"]) == ('"calls";q=2;w=60', '"calls";r=1;t=20')
    assert till.get("/api/v1/stores/").status_code == 200
    third = till.get("/api/v1/stores/")
    assert_problem(third, 429, "too_many_calls")
    assert (third["Retry-After"], third["RateLimit"]) == ("20", '"calls";r=0;t=20')


def test_without_valkey_calls_go_through(till: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def gone(name: str, calls: int) -> int:
        asked.append(name)
        raise redis.ConnectionError

    monkeypatch.setattr(limits, "add", gone)
    monkeypatch.setattr(limits, "_silent_until", 0.0)
    answers = [till.get("/api/v1/stores/") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert "RateLimit" not in answers[0]
    assert len(asked) == 1, "a Valkey that does not answer is left alone for a while"


# --- Idempotency -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["", "é", "x" * 256, "tab\there"])
def test_a_key_that_is_none(till: Client, key: str) -> None:
    answer = till.post("/api/v1/receipts/", slip(), content_type=JSON, headers={"idempotency-key": key})
    assert_problem(answer, 400, "malformed")


def test_two_callers_may_use_the_same_key(calling: Calling, irina: Customer) -> None:
    for number in ("1", "2"):
        till = calling("receipts:write")
        answer = till.post(
            "/api/v1/receipts/", slip(external_id=number), content_type=JSON, headers={"idempotency-key": "a"}
        )
        assert answer.status_code == 201
    assert StoredAnswer.objects.count() == 2


def test_a_question_is_not_remembered(till: Client, irina: Customer) -> None:
    asked = {"kind": "member", "value": "M0001"}
    assert till.post(LOOKUP, asked, content_type=JSON, headers={"idempotency-key": "a"}).status_code == 200
    assert not StoredAnswer.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_the_same_moment_has_one_effect(calling: Calling, irina: Customer) -> None:
    till = calling("receipts:write")
    gate = threading.Barrier(6)
    answers: list[Any] = []

    def send() -> None:
        client = Client()
        client.defaults.update(till.defaults)
        gate.wait()
        answers.append(
            client.post("/api/v1/receipts/", slip(), content_type=JSON, headers={"idempotency-key": "once"})
        )
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer for answer in answers) == 1
    assert Purchase.objects.count() == 1


def test_old_answers_are_forgotten_and_receipts_never(calling: Calling, irina: Customer) -> None:
    till = calling("receipts:write")
    for number in ("1", "2"):
        headers = {"idempotency-key": number}
        assert (
            till.post(
                "/api/v1/receipts/", slip(external_id=number), content_type=JSON, headers=headers
            ).status_code
            == 201
        )
    StoredAnswer.objects.filter(idempotency_key=idempotency.digest("1")).update(
        created_at=now() - timedelta(days=31)
    )
    tasks.forget_old_answers()
    assert list(StoredAnswer.objects.values_list("idempotency_key", flat=True)) == [idempotency.digest("2")]
    assert till.post("/api/v1/receipts/", slip(external_id="1"), content_type=JSON).status_code == 200


def test_of_a_key_a_digest_is_kept_and_keys_of_before_still_repeat(calling: Calling, irina: Customer) -> None:
    till, headers = calling("receipts:write"), {"idempotency-key": "slip+8613800138000"}
    first = till.post("/api/v1/receipts/", slip(), content_type=JSON, headers=headers)
    kept = StoredAnswer.objects.get()
    assert "13800138000" not in kept.idempotency_key
    StoredAnswer.objects.update(idempotency_key="slip+8613800138000")  # as releases before kept it
    import_module("crm.rest.migrations.0008_digests_of_keys").digest(
        None, SimpleNamespace(connection=connection)
    )
    assert StoredAnswer.objects.get().idempotency_key == kept.idempotency_key
    again = till.post("/api/v1/receipts/", slip(), content_type=JSON, headers=headers)
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")


# --- Declarations and the document -----------------------------------------------------------------------------------


def test_the_build_is_sound() -> None:
    assert [message for message in run_checks() if message.id == "rest.E001"] == []


def test_an_endpoint_without_a_permission_fails_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(directory.Stores, "permission")
    assert any(
        "declares no permission" in str(message.msg)
        for message in checks.every_endpoint_declares_its_permission()
    )


def test_a_scope_that_does_not_grant_the_permission_fails_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory.Stores, "scope", keys.KeyScope.RECEIPTS_WRITE)
    assert any(
        "does not grant" in str(message.msg) for message in checks.every_endpoint_declares_its_permission()
    )


def test_two_shapes_of_one_name_are_refused(client: Client, db: None) -> None:
    def registered(*types: type[msgspec.Struct]) -> None:
        registry = ComponentRegistry()
        for each in types:
            schema._shape(list[each], registry)  # type: ignore[valid-type]

    first = msgspec.defstruct("ReasonOut", [("code", str)])
    registered(first, first, msgspec.defstruct("ReasonOut", [("code", str)]))
    with pytest.raises(schema.TwoShapes, match="ReasonOut"):
        registered(first, msgspec.defstruct("ReasonOut", [("field", str)]))
    shapes = client.get("/api/v1/schema/").json()["components"]["schemas"]
    assert sorted(shapes["RefusedOut"]["properties"]) == ["code", "detail"]
    assert sorted(shapes["ReasonOut"]["properties"]) == ["field", "outcome", "points"]
    assert "shares" in shapes["FamilyMemberOut"]["properties"]
    assert "value_class" in shapes["MemberOut"]["properties"]


def test_the_document_names_every_method_of_every_endpoint(client: Client, db: None) -> None:
    document = client.get("/api/v1/schema/").json()
    assert document["openapi"].startswith("3.1")
    described = {(path, method) for path, item in document["paths"].items() for method in item}
    from tests import walk

    routes = [route for route in walk.routes() if route.is_api]
    path = lambda route: "/" + walk.re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.pattern)  # noqa: E731
    assert described == {(path(route), method) for route in routes for method in route.methods}


def test_the_reader_has_a_policy_of_its_own(client: Client, db: None) -> None:
    page = client.get("/api/v1/docs/")
    assert page.status_code == 200
    assert "script-src 'self' 'nonce-" in page["Content-Security-Policy"]
    assert "unsafe-inline" not in page["Content-Security-Policy"].split("style-src")[0]


def test_calls_open_no_session(till: Client, harbour: Store) -> None:
    answer = till.get("/api/v1/stores/", headers={"accept-language": "zh-hans"})
    assert not answer.cookies
    assert answer["Cache-Control"] == "no-store"
    assert int(answer["Content-Length"]) == len(answer.content)
    assert [row["code"] for row in answer.json()["results"]] == ["HARB"]
