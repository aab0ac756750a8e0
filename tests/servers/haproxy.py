"""A private HAProxy in TCP mode in front of one address, for what only a real sender of PROXY headers shows."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

import pytest

from tests.servers.ports import free_port

CONFIG = """
global
    maxconn 200
defaults
    mode tcp
    timeout connect 5s
    timeout client 60s
    timeout server 60s
listen front
    bind 127.0.0.1:{port}
    {check}
    source {source}
    server one 127.0.0.1:{target} {options}
"""


class HAProxy:
    """Listens on 127.0.0.1:port and connects to 127.0.0.1:target from `source`; options: of its `server` line
    ("send-proxy-v2"); check: a further line of the section. Use it with `with`."""

    host = "127.0.0.1"

    def __init__(self, target: int, options: str, source: str, check: str = "") -> None:
        binary = shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin:/usr/bin")
        if binary is None:
            pytest.skip("HAProxy is not installed (apt-get install haproxy)")
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="dbgate-haproxy-"))
        config = self.folder / "haproxy.cfg"
        config.write_text(
            CONFIG.format(port=self.port, target=target, options=options, source=source, check=check)
        )
        self._command = [binary, "-db", "-f", str(config)]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> HAProxy:
        setpriv = shutil.which("setpriv")
        command = [setpriv, "--pdeathsig", "KILL", *self._command] if setpriv else self._command
        with open(self.folder / "log", "wb") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until = time.monotonic() + 15
        while True:
            try:
                socket.create_connection((self.host, self.port), timeout=2).close()
                return self
            except OSError:
                if self._process.poll() is not None or time.monotonic() > until:
                    text = (self.folder / "log").read_text(errors="replace")
                    self.__exit__(None, None, None)
                    raise RuntimeError(f"haproxy did not start:\n{text}") from None
                time.sleep(0.02)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
