"""The OpenAPI document, from the same declarations that check the calls. drf-spectacular collects the routes."""

import re
from typing import Any

import msgspec
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent

from crm.rest.endpoints import Endpoint, NoQuery

REFERENCE = "#/components/schemas/{name}"
PROBLEM = {
    "type": "object",
    "description": "RFC 9457. `code` is stable.",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "code": {"type": "string", "examples": ["invalid", "receipt_conflict"]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
                "required": ["pointer", "detail"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "code"],
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key and content again: the same answer and no second effect, for 30 days.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
RATE_HEADERS = {
    name: {"schema": {"type": "string"}, "description": words}
    for name, words in {
        "RateLimit-Policy": "How many calls a key may make in how many seconds.",
        "RateLimit": "How many are left, and the seconds until the count begins anew.",
    }.items()
}
ALWAYS = {
    401: "No valid key.",
    403: "The key lacks the scope.",
    406: "The caller accepts no JSON.",
    429: "Too many calls; see Retry-After.",
    500: "A fault of ours, which was written down.",
    503: "Not possible at this moment; see Retry-After.",
}
WITH_QUERY = {400: "Not readable.", 422: "Of a wrong shape, or refused; `errors` names the places."}
WITH_BODY = {411: "Without a length.", 413: "Too large.", 415: "Not the expected media type."}


class TwoShapes(RuntimeError):
    """Two shapes of the API bear this name: one of the classes needs another."""


class EndpointSchema(AutoSchema):
    """One operation from its `Endpoint`."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> dict[str, Any] | None:
        view: Any = self.view  # an ApiView
        declared: Endpoint | None = view.endpoints().get(method.upper())
        if declared is None:
            return None
        _register(registry, "Problem", PROBLEM)
        operation: dict[str, Any] = {
            "operationId": operation_id(path, method),
            "summary": declared.summary,
            "description": _description(declared, view),
            "tags": [view.tag or path.strip("/").split("/")[0]],
            "security": [{"key": []}],
            "parameters": [*_parts(path, view.parts), *_query(declared.query, registry)],
            "responses": _responses(declared, method, registry),
        }
        if method.upper() == "POST" and view.writes:
            operation["parameters"].append(IDEMPOTENCY_KEY)
        if declared.body is not None:
            operation["requestBody"] = _request_body(declared, registry)
        return operation


def operation_id(path: str, method: str) -> str:
    """ "get_customers_receipts": the method and the fixed parts of the address."""
    words = [re.sub(r"\W", "_", part) for part in path.strip("/").split("/") if part not in ("api", "v1")]
    return "_".join([method.lower(), *(word.strip("_") for word in words)])


def _description(declared: Endpoint, view: Any) -> str:
    return f"{declared.description.strip()}\n\nNeeds a key with the scope `{declared.scope or view.scope}`.".strip()


def _parts(path: str, shapes: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": shapes.get(name, {"type": "string", "minLength": 1}),
        }
        for name in re.findall(r"{(\w+)}", path)
    ]


def _query(shape: type[msgspec.Struct], registry: ComponentRegistry) -> list[dict[str, Any]]:
    if shape is NoQuery:
        return []
    (_,), components = msgspec.json.schema_components([shape], ref_template=REFERENCE)
    own = components.pop(shape.__name__)
    for name, schema in components.items():
        _register(registry, name, schema)
    return [
        {
            "name": name,
            "in": "query",
            "required": name in own.get("required", ()),
            "schema": _without_null(schema),
        }
        for name, schema in own["properties"].items()
    ]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that is absent is absent; `null` is no text that one would write into an address."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) != 1:
        return schema
    return {key: value for key, value in {**schema, **choices[0]}.items() if key not in ("anyOf", "default")}


def _request_body(declared: Endpoint, registry: ComponentRegistry) -> dict[str, Any]:
    content: dict[str, Any] = {
        "schema": {"type": "string"}
        if declared.body is bytes
        else _shape(declared.documented or declared.body, registry)
    }
    if declared.example is not None:
        content["example"] = declared.example
    return {"required": True, "content": {declared.media_type: content}}


def _responses(declared: Endpoint, method: str, registry: ComponentRegistry) -> dict[str, Any]:
    answers: dict[str, Any] = {
        str(status): {
            "description": "Done." if status != 201 else "Made.",
            "headers": RATE_HEADERS,
            "content": {"application/json": {"schema": _shape(shape, registry)}},
        }
        for status, shape in declared.answers.items()
    }
    with_body = WITH_BODY if declared.body is not None else {}
    problems = {**ALWAYS, **WITH_QUERY, **with_body, **declared.problems}
    reference = {"$ref": REFERENCE.format(name="Problem")}
    for status, words in sorted(problems.items()):
        content = {"application/problem+json": {"schema": reference}}
        answers[str(status)] = {"description": words, "content": content}
    return answers


def _shape(shape: Any, registry: ComponentRegistry) -> dict[str, Any]:
    (schema,), components = msgspec.json.schema_components([shape], ref_template=REFERENCE)
    for name, component in components.items():
        _register(registry, name, component)
    return schema


def _register(registry: ComponentRegistry, name: str, schema: dict[str, Any]) -> None:
    """Raises TwoShapes: two classes of one name would be told as one, whichever comes first."""
    component = ResolvedComponent(name=name, type=ResolvedComponent.SCHEMA, object=name, schema=schema)
    if component not in registry:
        registry.register(component)
    elif registry[component].schema != schema:
        raise TwoShapes(name)
