"""The control API of a running gateway against its own OpenAPI document, by Schemathesis: whatever is sent, no 5xx, and no
answer that the document does not promise. The document's paths, bodies and parameters make the requests."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import positive_data_acceptance

from dbgate.control.endpoints import ENDPOINTS, Endpoint
from tests.servers.gateway import Gateway
from tests.servers.mariadb import MariaDB


class Relay:
    """A TCP port on the loopback in front of a Unix socket, for clients that know no such thing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(str(self._path))
            self._open += [near, far]
            for one, other in ((near, far), (far, near)):
                thread = threading.Thread(target=self._pump, args=(one, other))
                thread.start()
                self._threads.append(thread)

    @staticmethod
    def _pump(one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(65536):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(5)
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        for one in self._open:
            one.close()


@pytest.fixture(scope="module")
def schema(mariadb: MariaDB) -> Iterator[BaseSchema]:
    with Gateway(mariadb) as gateway:
        gateway.connect().close()
        relay = Relay(gateway.control)
        try:
            yield schemathesis.openapi.from_url(f"http://127.0.0.1:{relay.port}/v1/openapi.json")
        finally:
            relay.close()
        assert "Traceback" not in gateway.log_text()


REQUESTS = [
    pytest.param(endpoint, mode, id=f"{endpoint.verb}-{mode.value}")
    for endpoint in ENDPOINTS
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    # what takes neither numbers nor a body cannot be asked wrongly: any text may be a session's id
    if mode is GenerationMode.POSITIVE
    or endpoint.body
    or endpoint.numbers
    or endpoint.may
    or "{number}" in endpoint.path
]


@pytest.mark.parametrize(("endpoint", "mode"), REQUESTS)
def test_whatever_is_sent_the_answer_is_a_documented_one(
    schema: BaseSchema, endpoint: Endpoint, mode: GenerationMode
) -> None:
    # A question that must have one of two fields, or a source that is an address: the document's words do not say that.
    unsaid = [positive_data_acceptance] if endpoint.verb == "policy.explain" else []
    operation = schema[endpoint.path][endpoint.method]

    @settings(max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case) -> None:
        case.call_and_validate(excluded_checks=unsaid)

    ask()
