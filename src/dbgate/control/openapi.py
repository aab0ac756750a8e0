"""The OpenAPI 3.1 document of the control API, made from the table of endpoints and the types of its messages."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import msgspec

from dbgate import __version__
from dbgate.control.endpoints import ENDPOINTS, MAX_NUMBER, Endpoint
from dbgate.control.messages import ErrorBody, HealthInfo


@cache
def document() -> dict[str, Any]:
    """The document, as JSON values. It is the same object each time: do not change it."""
    types = [endpoint.answer for endpoint in ENDPOINTS if endpoint.answer is not dict]
    types += [endpoint.body for endpoint in ENDPOINTS if endpoint.body is not None]
    _, components = msgspec.json.schema_components(
        [*types, ErrorBody], ref_template="#/components/schemas/{name}"
    )
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "dbgate control API",
            "version": __version__,
            "description": "Over the gateway's Unix socket, where the peer's credentials decide who may use a verb, "
            "and over HTTPS (control_listen), where a token does.",
        },
        "servers": [{"url": "http://dbgate", "description": "the Unix socket DBGATE_CONTROL_SOCKET"}],
        "paths": paths,
        "components": {"schemas": components},
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    answers = {"200": _answer("Success", endpoint.answer)}
    for status, when in endpoint.errors:
        # An unhealthy gateway answers with its health; everything else with an error.
        answers[str(status)] = _answer(when, HealthInfo if status == 503 else ErrorBody)
    answers["401"] = _answer("Over HTTPS: no token, or none that is known here", ErrorBody)
    answers["403"] = _answer("The peer may not use this verb", ErrorBody)
    answers["500"] = _answer("The gateway failed to answer; its log says why", ErrorBody)
    operation: dict[str, Any] = {
        "operationId": endpoint.verb.replace(".", "_"),
        "summary": endpoint.summary,
        "responses": answers,
    }
    parameters = [_parameter(name, "path") for name in re.findall(r"\{(\w+)\}", endpoint.path)]
    parameters += [_parameter(name, "query") for name in endpoint.numbers]
    parameters += [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in endpoint.may.items()
    ]
    if parameters:
        operation["parameters"] = parameters
    if endpoint.body is not None:
        schema = {"$ref": f"#/components/schemas/{endpoint.body.__name__}"}
        content = {"application/json": {"schema": schema}}
        operation["requestBody"] = {"required": True, "content": content}
    if endpoint.body is not None or endpoint.numbers or endpoint.may:
        answers["400"] = _answer("What was sent with it is not what the verb takes", ErrorBody)
    return operation


def _parameter(name: str, where: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "minLength": 1}
    if name != "session_id":  # the others are numbers of versions
        schema = {"type": "integer", "minimum": 1, "maximum": MAX_NUMBER}
    return {"name": name, "in": where, "required": True, "schema": schema}


def _answer(when: str, answer: type) -> dict[str, Any]:
    schema = {"type": "object"} if answer is dict else {"$ref": f"#/components/schemas/{answer.__name__}"}
    return {"description": when, "content": {"application/json": {"schema": schema}}}
