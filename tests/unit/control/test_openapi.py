from __future__ import annotations

import json
from typing import Any

from dbgate import __version__
from dbgate.control import openapi
from dbgate.control.endpoints import ENDPOINTS


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        found = [value["$ref"]] if "$ref" in value else []
        return found + [name for item in value.values() for name in references(item)]
    if isinstance(value, list):
        return [name for item in value for name in references(item)]
    return []


def test_every_endpoint_is_described() -> None:
    document = openapi.document()
    assert document["openapi"].startswith("3.1")
    assert document["info"]["version"] == __version__
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}
    for methods in document["paths"].values():
        for operation in methods.values():
            assert {"200", "403", "500"} <= set(operation["responses"])


def test_every_reference_leads_somewhere() -> None:
    document = openapi.document()
    json.dumps(document)
    for reference in references(document):
        name = reference.removeprefix("#/components/schemas/")
        assert name in document["components"]["schemas"], reference


def test_the_path_parameter_is_declared() -> None:
    operation = openapi.document()["paths"]["/v1/sessions/{session_id}/kill"]["post"]
    assert [parameter["name"] for parameter in operation["parameters"]] == ["session_id"]
    assert "404" in operation["responses"]


def test_numbers_and_bodies_are_declared() -> None:
    paths = openapi.document()["paths"]
    query = paths["/v1/policy/diff"]["get"]
    assert [(one["name"], one["in"]) for one in query["parameters"]] == [("from", "query"), ("to", "query")]
    assert "400" in query["responses"]
    body = paths["/v1/policy/rollback"]["post"]["requestBody"]
    assert body["content"]["application/json"]["schema"]["$ref"].endswith("/RollbackBody")
    number = paths["/v1/policy/versions/{number}"]["get"]["parameters"][0]
    assert (number["in"], number["schema"]["type"]) == ("path", "integer")
