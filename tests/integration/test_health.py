"""/healthz, /readyz and /health against a server that comes and goes."""

from __future__ import annotations

import contextlib
import os
import signal

from tests.servers.gateway import Gateway, eventually
from tests.servers.mariadb import MariaDB


def test_the_server_goes_and_comes_back() -> None:
    with MariaDB() as server, Gateway(server) as gateway:
        assert gateway.health() == (200, {"status": "ok", "reasons": []})
        errors = server.sql("SELECT SUM_CONNECT_ERRORS FROM performance_schema.host_cache")
        server.kill()
        with_reason = eventually(lambda: _unreachable(gateway))
        assert with_reason == ["server unreachable: Connection refused"]
        assert gateway.health("/healthz")[0] == 200
        server.start()
        eventually(lambda: gateway.health()[0] == 200)
        assert server.sql("SELECT SUM_CONNECT_ERRORS FROM performance_schema.host_cache") == errors


def _unreachable(gateway: Gateway) -> object:
    try:
        gateway.connect().close()  # a client's own attempt tells at once; without it a probe does within 10 s
    except Exception:
        status, body = gateway.health()
        assert status == 503
        return body["reasons"]
    return None


def test_the_limit_of_connections(mariadb: MariaDB) -> None:
    with Gateway(mariadb, max_connections=2) as gateway:
        with gateway.connect(), gateway.connect():
            assert gateway.health() == (
                503,
                {"status": "unavailable", "reasons": ["over the limit of connections"]},
            )
        eventually(lambda: gateway.health()[0] == 200)


def test_a_server_that_does_not_answer() -> None:
    with MariaDB() as server, Gateway(server) as gateway:
        server.freeze()
        try:
            status, body = gateway.health()
            assert status == 503
            assert body["reasons"] == ["server unreachable: no answer in time"]
        finally:
            server.thaw()


def test_no_worker(mariadb: MariaDB) -> None:
    """When every worker is gone, also liveness fails; the supervisor brings them back."""
    with Gateway(mariadb) as gateway:

        def none_is_there() -> bool:  # one that was started again before anybody asked is ended too
            for pid in gateway.worker_pids():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return gateway.health("/healthz")[0] == 503

        eventually(none_is_there)
        eventually(lambda: gateway.health("/healthz")[0] == 200)
