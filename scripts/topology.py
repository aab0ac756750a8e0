"""`./run topology`: HAProxy, three gateways, a database and the dashboard, with deploy/'s own haproxy.cfg and policy.

As processes of this machine, or with --compose as the containers of deploy/compose.yaml. --once plays a scenario and
ends, with status 0 only if all of it held; without it everything stays up until Ctrl-C.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pymysql
from topology_rolling import kill_one, restart_all
from topology_scenario import INSTANCES, Failed, all_up, play, records_in, say, until

from dbgate.workers.demo import free_port, stop
from dbgate.workers.demo_database import PASSWORD, DemoError, start_mariadb, wait_for_server

DEPLOY = Path(__file__).resolve().parents[1] / "deploy"


class Processes:
    """All of it as processes in one folder, which is removed at the end."""

    client_password = PASSWORD
    near = ("127.0.0.2", "127.0.0.2")
    far = ("127.0.0.3", "127.0.0.3")

    def __init__(self, first_port: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dbgate-topology-"))
        self.policy = self.folder / "policy.yaml"
        self._next = first_port
        self.port, self.stats_port, self.dashboard_port = self._port(), self._port(), self._port()
        self.database_port = self._port()
        self.ports = {number: (self._port(), self._port()) for number in INSTANCES}
        self.password = secrets.token_urlsafe(12)
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def _port(self) -> int:
        port = free_port(self._next)
        self._next = port + 1
        return port

    def place(self, number: int) -> Path:
        """The folder of one instance."""
        return self.folder / f"dbgate{number}"

    def up(self) -> None:
        shutil.copy(DEPLOY / "policy" / "policy.yaml", self.policy)
        (self.folder / "database").mkdir()
        self.running["MariaDB"] = start_mariadb(self.folder / "database", self.database_port)
        for number in INSTANCES:
            self.place(number).mkdir()
            self.start(number)
        self._balancer()
        self._dashboard()

    def start(self, number: int) -> None:
        listen, admin = self.ports[number]
        settings = {
            "listen": f"127.0.0.1:{listen}",
            "admin_listen": f"127.0.0.1:{admin}",
            "upstream": f"127.0.0.1:{self.database_port}",
            "trusted_proxies": "127.0.0.1",
            "policy": str(self.policy),
            "policy_versions_folder": str(self.place(number) / "versions"),
            "audit_log": str(self.place(number) / "audit.jsonl"),
            "control_socket": str(self.place(number) / "dbgate.sock"),
            "instance": f"dbgate{number}",
            "workers": "1",
        }
        environment = {f"DBGATE_{name.upper()}": value for name, value in settings.items()}
        self._spawn(f"dbgate{number}", [sys.executable, "-m", "dbgate.workers.main", "serve"], environment)

    def _balancer(self) -> None:
        binary = shutil.which("haproxy", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        if binary is None:
            raise DemoError("HAProxy is not installed: apt-get install haproxy")
        environment = {
            "GATE_LISTEN": f"127.0.0.1:{self.port}",
            "GATE_STATS_LISTEN": f"127.0.0.1:{self.stats_port}",
        }
        for number, (listen, admin) in self.ports.items():
            environment[f"DBGATE_{number}"] = f"127.0.0.1:{listen}"
            environment[f"DBGATE_{number}_ADMIN_PORT"] = str(admin)
        self._spawn("haproxy", [binary, "-db", "-f", str(DEPLOY / "haproxy.cfg")], environment)

    def _dashboard(self) -> None:
        users = self.folder / "users.yaml"
        tool = [sys.executable, "-m", "dbgate.dashboard.main"]
        subprocess.run(
            [*tool, "passwd", "ada", "--role", "admin", "--users", str(users), "--stdin"],
            input=self.password.encode(),
            stdout=subprocess.DEVNULL,
            check=True,
        )
        command = [*tool, "serve", "--listen", f"127.0.0.1:{self.dashboard_port}", "--users", str(users)]
        for number in INSTANCES:
            command += ["--socket", f"dbgate{number}={self.place(number) / 'dbgate.sock'}"]
        self._spawn("dashboard", command, {})

    def _spawn(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("DBGATE_")}
        setpriv = shutil.which("setpriv")
        if setpriv:  # whoever kills this script leaves nothing behind
            command = [setpriv, "--pdeathsig", "KILL", *command]
        with open(self.folder / f"{name}.log", "ab") as log:
            self.running[name] = subprocess.Popen(
                command,
                cwd=self.folder,
                env={**inherited, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, number: int) -> None:
        process = self.running[f"dbgate{number}"]
        os.killpg(process.pid, signal.SIGKILL)  # supervisor and workers, as when a machine is lost
        process.wait()

    def ask_to_stop(self, number: int) -> None:
        self.running[f"dbgate{number}"].terminate()

    def wait_stopped(self, number: int) -> None:
        self.running[f"dbgate{number}"].wait(60)

    def stop_server(self) -> None:
        self.running["MariaDB"].send_signal(signal.SIGSTOP)

    def start_server(self) -> None:
        self.running["MariaDB"].send_signal(signal.SIGCONT)

    def records(self, number: int) -> list[dict[str, Any]]:
        path = self.place(number) / "audit.jsonl"
        return records_in(path.read_text() if path.exists() else "")

    def down(self) -> None:
        for process in self.running.values():
            process.terminate()
        for name, process in reversed(self.running.items()):
            if name.startswith("dbgate") and process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    process.terminate()  # the second SIGTERM does not wait for sessions
            stop(process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def log_tails(self) -> str:
        """The end of every log, for a failure's report."""
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')[-800:]}"
            for path in sorted(self.folder.glob("*.log"))
        )


class Containers:
    """The containers of compose.yaml, which need a running docker."""

    near = ("127.0.0.1", "172.28.0.1")  # the network's own end of the bridge
    far = None
    port = int(os.environ.get("GATE_PORT") or 3306)
    stats_port, dashboard_port = 8404, 8081

    def __init__(self, build: bool) -> None:
        self.build = build
        for name in ("MYSQL_ROOT_PASSWORD", "APP_PASSWORD", "DASHBOARD_PASSWORD"):
            os.environ.setdefault(name, secrets.token_urlsafe(12))
        self.client_password = os.environ["APP_PASSWORD"]
        # not deploy/policy itself, which the scenario would change
        self.folder = Path(tempfile.mkdtemp(prefix="dbgate-topology-"))
        self.folder.chmod(0o755)
        self.policy = self.folder / "policy.yaml"
        shutil.copy(DEPLOY / "policy" / "policy.yaml", self.policy)
        self.policy.chmod(0o644)
        os.environ["POLICY_FOLDER"] = str(self.folder)
        self.dashboard_password = os.environ["DASHBOARD_PASSWORD"]

    def _docker(self, *words: str, capture: bool = False) -> str:
        done = subprocess.run(
            ["docker", *words], check=True, text=True, stdout=subprocess.PIPE if capture else None
        )
        return done.stdout or ""

    def _compose(self, *words: str, capture: bool = False) -> str:
        # a project of its own: down() removes its volumes, and must not those of one that somebody runs here
        project = ("--project-name", "dbgate-topology", "--file", str(DEPLOY / "compose.yaml"))
        return self._docker("compose", *project, *words, capture=capture)

    def up(self) -> None:
        if self.build:
            self._compose("build")
        self._compose("up", "--detach", "--wait")

    def down(self) -> None:
        self._compose("down", "--volumes")
        shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self, number: int) -> None:
        self._compose("kill", f"dbgate{number}")

    def start(self, number: int) -> None:
        self._compose("start", f"dbgate{number}")

    def ask_to_stop(self, number: int) -> None:
        self._compose("kill", "--signal", "SIGTERM", f"dbgate{number}")

    def wait_stopped(self, number: int) -> None:
        # `compose stop` would be a second SIGTERM, which does not wait for transactions
        container = self._compose("ps", "--all", "--quiet", f"dbgate{number}", capture=True).strip()
        self._docker("wait", container, capture=True)

    def stop_server(self) -> None:
        self._compose("stop", "mysql")

    def start_server(self) -> None:
        self._compose("start", "mysql")

    def records(self, number: int) -> list[dict[str, Any]]:
        program = "import pathlib as p; f = p.Path('/var/log/dbgate/audit.jsonl'); print(f.read_text() if f.exists() else '', end='')"
        text = self._compose("exec", "--no-TTY", f"dbgate{number}", "python", "-c", program, capture=True)
        return records_in(text)

    def log_tails(self) -> str:
        """What each container is doing, and the end of its log, for a failure's report."""
        with contextlib.suppress(subprocess.CalledProcessError):
            listed = self._compose("ps", "--all", capture=True)
            return listed + self._compose("logs", "--no-color", "--tail", "30", capture=True)
        return ""


def how_to_connect(place: Processes | Containers) -> str:
    """For those who look around."""
    lines = [
        f"clients:    mariadb -h 127.0.0.1 -P {place.port} -u app_service -p{place.client_password} shop",
        f"HAProxy:    http://127.0.0.1:{place.stats_port}/",
        f"policy:     {place.policy}  (watched by all three)",
    ]
    if isinstance(place, Processes):
        lines += [
            f"dashboard:  http://127.0.0.1:{place.dashboard_port}/  (ada, {place.password})",
            f"operators:  ./run dbgate-cli sessions --socket {place.place(1) / 'dbgate.sock'}",
            f"kill one:   kill -9 -- -{place.running['dbgate2'].pid}",
        ]
    else:
        lines.append(
            f"dashboard:  http://127.0.0.1:{place.dashboard_port}/  (admin, {place.dashboard_password})"
        )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run topology", description=__doc__)
    parser.add_argument("--once", action="store_true", help="play the scenario and end")
    parser.add_argument("--compose", action="store_true", help="the containers of deploy/compose.yaml")
    parser.add_argument("--no-build", action="store_true", help="with --compose: the images are there")
    parser.add_argument("--port", type=int, default=13400, help="the first of the ports that are tried")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    place: Processes | Containers
    place = Containers(not options.no_build) if options.compose else Processes(options.port)
    try:
        place.up()
        if isinstance(place, Processes):
            wait_for_server(
                place.running["haproxy"], place.port, "the topology", place.folder / "haproxy.log"
            )
        if options.once:
            play(place)
            kill_one(place, place.near[0])
            restart_all(place, place.near[0])
            say("all held")
            return 0
        until("HAProxy sees three instances that are ready", lambda: all_up(place))
        print(how_to_connect(place), flush=True)
        say("stays up until you press Ctrl-C")
        signal.pause()
        return 0
    except KeyboardInterrupt:
        return 0
    except (Failed, DemoError, OSError, pymysql.Error, subprocess.CalledProcessError) as error:
        say(f"FAILED: {error}")
        print(place.log_tails(), file=sys.stderr)
        return 1
    finally:
        place.down()


if __name__ == "__main__":
    sys.exit(main())
