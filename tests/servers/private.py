"""What private servers have in common: a data directory, a socket and a loopback port of their own, gone after the test."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.ports import free_port


class PrivateServer:
    """One private server, whose data directory is a copy of `template`. Use it with `with`, or start() and stop().

    host, port: where it listens; socket: its Unix socket; folder: everything it owns; log: its error log; options:
    added to its command line; looks: how often start() has connected to see whether it answers.
    """

    host = "127.0.0.1"
    user = "app"
    password = "app_pw"

    def __init__(self, name: str, template: Path, options: tuple[str, ...], port: int) -> None:
        self.name = name
        self.options = options
        self.port = port or free_port()
        self.folder = Path(tempfile.mkdtemp(prefix=f"dbgate-{name}-"))
        self.data = self.folder / "data"
        self.socket = str(self.folder / "m.sock")
        self.log = self.folder / "error.log"
        self.looks = 0
        self.process: subprocess.Popen[bytes] | None = None
        shutil.copytree(template, self.data)

    def command(self) -> list[str]:
        """What starts it."""
        raise NotImplementedError

    def client(self, *arguments: str) -> list[str]:
        """Its command line client."""
        raise NotImplementedError

    def places(self) -> list[str]:
        """The options that say what is whose."""
        return [
            f"--datadir={self.data}",
            f"--socket={self.socket}",
            f"--port={self.port}",
            f"--bind-address={self.host}",
            f"--log-error={self.log}",
            f"--pid-file={self.folder / 'm.pid'}",
        ]

    def start(self, timeout: float = 60.0) -> None:
        """Starts the server (again) and waits until it answers; RuntimeError with its log when it does not."""
        command = self.command()
        setpriv = shutil.which("setpriv")
        if setpriv:  # a test run that is killed leaves no server behind
            command = [setpriv, "--pdeathsig", "KILL", *command]
        with open(os.devnull, "rb") as nothing, open(self.folder / "out.log", "ab") as out:
            self.process = subprocess.Popen(
                command, stdin=nothing, stdout=out, stderr=out, start_new_session=True
            )
        deadline = time.monotonic() + timeout
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                text = self.log.read_text(errors="replace") if self.log.exists() else ""
                self.stop()
                raise RuntimeError(f"{self.name} did not start:\n{text[-3000:]}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            with socket.create_connection((self.host, self.port), timeout=2) as probe:
                self.looks += 1
                return probe.recv(5)[4:5] == b"\x0a"
        except OSError:
            return False

    def kill(self) -> None:
        """Ends the server at once, as a crash does. The data directory stays; start() brings it back."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        """Stops the server's process without ending it: it neither answers nor closes. thaw() lets it go on."""
        if self.process is not None:
            self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """The end of freeze()."""
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Ends the server and removes its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def sql(self, text: str, schema: str = "") -> str:
        """Runs statements as root over the socket; gives the rows, tab separated, one a line."""
        done = subprocess.run(
            self.client("-uroot", "-S", self.socket, "-N", "-B", schema or "mysql"),
            input=text,
            capture_output=True,
            text=True,
            timeout=120,
        )
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        return done.stdout

    def __enter__(self) -> Self:
        if self.process is None:
            self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
