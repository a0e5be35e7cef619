"""schemathesis over the OpenAPI document: calls made from the shapes, right and wrong ones, against the application.

No call may end in a fault of ours; every answer must be one that the document names, in the form that it names; what is
no success must be a problem.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CHECKS

from crm.org.models import Store
from crm.rest import keys
from crm.rest.scopes import KeyScope
from customers.models import Customer
from tests import cast

EXAMPLES = int(os.environ.get("CONFORMANCE_EXAMPLES", "12"))  # a call; hundreds were tried by hand


schema = schemathesis.openapi.from_wsgi("/api/v1/schema/", get_wsgi_application())


@schemathesis.serializer("application/x-ndjson")
def ndjson(_context: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.fixture(autouse=True)
def _calls_in_this_transaction() -> Iterator[None]:
    """The application runs in this process and in the test's transaction: its connection stays open between calls."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def secret(irina: Customer, yusuf: Customer, harbour: Store) -> str:
    """A key that may everything, and something to find."""
    cast.purchase(irina, at=harbour, on="2026-03-01")
    return keys.create_key(name="all", scopes=KeyScope.values, by="system:test", rate_per_minute=10**6)[1]


@pytest.mark.slow
@schema.parametrize()
@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate],
)  # fmt: skip
def test_calls_and_answers_are_as_documented(case: Any, secret: str) -> None:
    answer = case.call(headers={"Authorization": f"Bearer {secret}"})
    case.validate_response(answer, checks=_checks(case))
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == ["application/problem+json"]


def _checks(case: Any) -> list[Any]:
    """All that the document promises. Left out: that every call of the right shape succeeds (a phone number may be of
    the right shape and no phone number), and two that need no key or several calls and have tests of their own. In a
    batch the lines are refused one by one, not the call.
    """
    left_out = {"positive_data_acceptance", "ignored_auth", "use_after_free", "ensure_resource_availability"}
    # An empty key is none, and blanks around one do not arrive: neither is refused.
    key = (case.headers or {}).get("Idempotency-Key", "-")
    if case.operation.path.endswith("/batch/") or key != str(key).strip() or not key:
        left_out.add("negative_data_rejection")
    return [check for check in CHECKS.get_all() if check.__name__ not in left_out]
