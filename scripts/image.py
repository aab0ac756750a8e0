"""`./run image`: builds deploy/Containerfile's image for real and runs it as compose.yaml does, without any registry of images.
With --compose it is compose.yaml itself that is run (compose.py).

The base is made of Debian's packages (debootstrap) in place of the one that the Containerfile names; buildah builds, in
its chroot isolation, and podman runs the image on the host's network. Needs root. Status 0 only if all of it held, 3
where this machine cannot do it, with the reason.
"""

from __future__ import annotations

import argparse
import json
import resource
import secrets
import shutil
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import compose
import pymysql
import yaml
from image_tools import DEPLOY, TAG, Cannot, Failed, build, hold, make_base, podman, require, run, say

from dbgate.workers.demo import free_port, stop
from dbgate.workers.demo_database import PASSWORD, start_mariadb

CANNOT = 3
CAPABILITIES = "print([one for one in open('/proc/1/status') if one.startswith('CapEff')][0].split()[1])"
WRITES = """
try:
    open('/opt/dbgate/x', 'w')
except OSError as error:
    print(error.errno)
"""


class Container:
    """One instance as compose.yaml runs it, but on the host's network."""

    def __init__(self, folder: Path, first_port: int, upstream: int) -> None:
        self.name = f"dbgate-image-{secrets.token_hex(4)}"
        self.port = free_port(first_port)
        self.admin_port = free_port(self.port + 1)
        self.config = folder / "config"
        self.config.mkdir()
        shutil.copy(DEPLOY / "policy" / "policy.yaml", self.config)
        (self.config / "policy.yaml").chmod(0o644)
        folder.chmod(0o755)
        service = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["dbgate1"]
        environment = {
            key: value for key, value in service["environment"].items() if not str(value).startswith("${")
        } | {
            "DBGATE_LISTEN": f"127.0.0.1:{self.port}",
            "DBGATE_UPSTREAM": f"127.0.0.1:{upstream}",
            "DBGATE_ADMIN_LISTEN": f"127.0.0.1:{self.admin_port}",
            "DBGATE_TRUSTED_PROXIES": "",
        }
        self.volumes = {
            volume.split(":")[1]: f"{self.name}{volume.split(':')[0]}"
            for volume in service["volumes"]
            if not volume.startswith(("$", "."))
        }
        words = ["run", "--detach", "--name", self.name, "--pull", "never", "--network", "host"]
        words += ["--user", service["user"], "--read-only"]
        words += ["--health-interval", "disable"]  # its timer is systemd's, which may not be here
        for name, most, kind in (
            ("nofile", 10_000, resource.RLIMIT_NOFILE),
            ("nproc", 1000, resource.RLIMIT_NPROC),
        ):
            hard = resource.getrlimit(kind)[1]  # podman's own defaults may be more than may be set here
            limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
            words.append(f"--ulimit={name}={limit}:{limit}")
        words += [f"--cap-drop={name}" for name in service["cap_drop"]]
        words += [f"--security-opt={option.replace(':true', '')}" for option in service["security_opt"]]
        words += [f"--tmpfs={one}" for one in service["tmpfs"]]
        words += [f"--volume={self.config}:/config:ro"]
        words += [f"--volume={name}:{target}" for target, name in self.volumes.items()]
        words += [f"--env={key}={value}" for key, value in environment.items()]
        try:
            podman(*words, TAG)
        except Failed as error:
            self.remove()
            if "OCI permission denied" in str(error) or "operation not permitted" in str(error):
                raise Cannot(f"podman may not run a container here: {error}") from None
            raise

    def python(self, program: str) -> str:
        return podman("exec", self.name, "python", "-c", program).strip()

    def healthy(self) -> bool:
        """What the image's own HEALTHCHECK asks, at the port that it has here."""
        return answers(self.admin_port, "/healthz")

    def remove(self) -> None:
        podman("rm", "--force", "--time", "1", self.name, check=False)
        for name in self.volumes.values():
            podman("volume", "rm", "--force", name, check=False)


def answers(port: int, path: str) -> bool:
    """Whether that page is 200."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def until(what: str, look: Callable[[], bool], seconds: float = 60.0) -> None:
    """Waits for it. Failed where it does not come."""
    deadline = time.monotonic() + seconds
    while not look():
        if time.monotonic() > deadline:
            raise Failed(f"did not come within {seconds:.0f} s: {what}")
        time.sleep(0.2)
    say(f"ok: {what}")


def play(folder: Path, first_port: int) -> None:
    """The image in front of a private MariaDB."""
    looked = json.loads(run("buildah", "inspect", "--type", "image", TAG))["Docker"]["config"]
    hold("it runs as user 10001", looked["User"] == "10001:10001")
    hold("it starts dbgate serve", (looked["Entrypoint"], looked["Cmd"]) == (["dbgate"], ["serve"]))
    hold("it says how to see that it is healthy", "/healthz" in str(looked["Healthcheck"]))
    (folder / "database").mkdir()
    port = free_port(first_port)
    container = None
    database = start_mariadb(folder / "database", port)
    try:
        container = Container(folder, port + 1, port)
        until("its processes live", container.healthy)
        until("it is ready", lambda: answers(container.admin_port, "/readyz"))
        banner = podman("logs", container.name)
        hold("it runs compiled", "(compiled)" in banner)
        hold(
            "it is user 10001",
            container.python("import os; print(os.getuid(), os.getgid())") == "10001 10001",
        )
        hold("it has no capability", set(container.python(CAPABILITIES)) == {"0"})
        wrote = container.python(WRITES)
        hold("its root is read-only", wrote == "30")
        scenario(container)
        stats = podman(
            "exec", container.name, "dbgate-cli", "stats", "-o", "json", "--socket", "/run/dbgate/dbgate.sock"
        )
        hold("the operator's tools work inside", json.loads(stats)["blocked_queries"] >= 1)
        podman("stop", "--time", "45", container.name, seconds=90)
        status = podman("inspect", "--format", "{{.State.ExitCode}}", container.name).strip()
        hold("SIGTERM ends it in order", status == "0")
    except Failed as error:
        if container is not None:
            error.add_note(podman("logs", container.name, check=False)[-3000:])
        raise
    finally:
        if container is not None:
            container.remove()
        stop(database)


def scenario(container: Container) -> None:
    """One client: what passes, what is blocked, and the record."""
    with (
        pymysql.connect(
            host="127.0.0.1", port=container.port, user="app_service", password=PASSWORD, database="shop"
        ) as client,
        client.cursor() as cursor,
    ):
        cursor.execute("SELECT COUNT(*) FROM products")
        hold("an allowed statement passes", cursor.fetchall() == ((5,),))
        try:
            cursor.execute("DROP TABLE products")
        except pymysql.OperationalError as error:
            hold("a forbidden one is blocked", "rule: block-statement" in str(error))
        else:
            raise Failed("a forbidden one is blocked")
    until(
        "its record is in the audit log of its volume",
        lambda: "query.blocked" in container.python("print(open('/var/log/dbgate/audit.jsonl').read())"),
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run image", description=__doc__)
    parser.add_argument("--no-build", action="store_true", help="run the image that an earlier run has built")
    parser.add_argument(
        "--compose", action="store_true", help="run compose.yaml itself, with a docker engine of its own"
    )
    parser.add_argument("--port", type=int, default=13500, help="the first of the ports that are tried")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="dbgate-image-"))
    try:
        require()
        if not options.no_build:
            make_base()
            build()
        if options.compose:
            compose.play(build=not options.no_build)
        else:
            play(folder, options.port)
        say("all held")
        return 0
    except Cannot as error:
        say(f"cannot be done here: {error}")
        return CANNOT
    except (Failed, OSError, pymysql.Error) as error:
        say(f"FAILED: {error}")
        for note in getattr(error, "__notes__", ()):
            print(note, file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
