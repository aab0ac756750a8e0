"""`./run image --compose`: deploy/compose.yaml as it is, with a real docker engine and without any registry of images.

The image is built as `./run image` builds it; stand-ins (scripts/stand-ins) take the names of the official HAProxy and
MySQL. An engine of its own runs in network, process and mount namespaces of its own: neither its addresses nor its
firewall rules are this machine's, and nothing of it is left. There `./run topology --compose --once` plays its scenario.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from image_tools import PROJECT, TAG, Cannot, Failed, buildah_build, hold, podman, run, say

STAND_INS = PROJECT / "scripts" / "stand-ins"
CACHE = PROJECT / ".cache"
# What compose.yaml names. dbgate's own is what it builds there.
DBGATE = "docker.io/library/dbgate:local"
HAPROXY = "docker.io/library/haproxy:2.8-alpine"
MYSQL = "docker.io/library/mysql:8.4"
PLUGIN = "usr/libexec/docker/cli-plugins/docker-compose"
PLUGIN_PLACES = (
    "/usr/libexec/docker",
    "/usr/lib/docker",
    "/usr/local/lib/docker",
    "/usr/local/libexec/docker",
)
# What MySQL's stand-in takes of a folder with MySQL and its libraries.
MYSQL_PARTS = ("usr/sbin/mysqld", "usr/bin/mysql", "usr/bin/mysqladmin", "usr/lib64", "usr/share/mysql")
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
ENGINE_SECONDS = 60.0
SCENARIO_SECONDS = 900.0


def require() -> None:
    """Cannot where something is missing."""
    wanted = {
        "dockerd": "docker.io",
        "docker": "docker.io",
        "iptables": "iptables",
        "unshare": "util-linux",
        "ip": "iproute2",
    }
    missing = {package for name, package in wanted.items() if not shutil.which(name, path=PATH)}
    if missing:
        raise Cannot(f"not installed: apt-get install {' '.join(sorted(missing))}")


def fetched(suite: str, folder: Path, probe: str, *packages: str) -> Path:
    """The root of these packages of another Debian release. Cannot where they cannot be had."""
    if not (folder / "root" / probe).exists():
        try:
            run(str(PROJECT / "scripts" / "fetch-debian"), suite, str(folder), probe, *packages, seconds=600)
        except Failed as error:
            raise Cannot(str(error)) from None
    return folder / "root"


def compose_plugin() -> Path:
    """docker's compose, version 2: this machine's, or a later Debian's."""
    for place in PLUGIN_PLACES:
        path = Path(place) / "cli-plugins" / "docker-compose"
        if path.exists():
            return path
    return fetched("trixie", CACHE / "compose", PLUGIN, "docker-compose") / PLUGIN


def mysql_root() -> Path:
    """A folder with MySQL's programs and their libraries, as tests/servers/mysql.py finds it."""
    for root in (os.environ.get("DBGATE_MYSQL_ROOT", ""), "/opt/mysql9"):
        if root and (Path(root) / "usr/sbin/mysqld").exists():
            return Path(root)
    return fetched("sid", CACHE / "mysql", "usr/sbin/mysqld", "mysql-server-core", "mysql-client-core")


def build_stand_in(name: str, tag: str, context: Path) -> None:
    shutil.copytree(STAND_INS / name, context, dirs_exist_ok=True)
    buildah_build("--tag", tag, str(context), seconds=600)
    say(f"a stand-in: {tag}")


def build_stand_ins(folder: Path) -> None:
    build_stand_in("haproxy", HAPROXY, folder / "haproxy")
    root, context = mysql_root(), folder / "mysql"
    parts = [part for part in MYSQL_PARTS if (root / part).exists()]
    parts += [str(path.relative_to(root)) for path in root.glob("usr/lib/*-linux-gnu")]
    parts += [str(path.relative_to(root)) for path in root.glob("usr/lib/mysql")]
    context.mkdir()
    archive = folder / "mysql.tar"
    leave_out = ["--exclude=*/gconv", "--exclude=*/perl*", "--exclude=usr/lib/*-linux-gnu/dri"]
    run("tar", "--directory", str(root), *leave_out, "--create", "--file", str(archive), *parts, seconds=300)
    run("tar", "--directory", str(context), "--extract", "--file", str(archive), seconds=300)
    archive.unlink()
    build_stand_in("mysql", MYSQL, context)


def play(build: bool) -> None:
    """Builds what compose.yaml names, unless that was done, and plays the scenario. Failed, Cannot."""
    require()
    plugin = compose_plugin()
    folder = Path(tempfile.mkdtemp(prefix="dbgate-compose-", dir="/var/tmp"))
    try:
        if build or not podman("images", "--quiet", MYSQL).strip():
            build_stand_ins(folder)
        podman("tag", TAG, DBGATE)
        archive = folder / "images.tar"
        podman("save", "--multi-image-archive", "--output", str(archive), DBGATE, HAPROXY, MYSQL, seconds=600)
        (folder / "config" / "cli-plugins").mkdir(parents=True)
        (folder / "config" / "cli-plugins" / "docker-compose").symlink_to(plugin)
        alone = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc"]
        # a shell as the first process there, for it takes notice of the end of any other
        alone += ["bash", "-c", '"$@"; exit $?', "bash", sys.executable, __file__, str(folder)]
        done = subprocess.run(alone, timeout=SCENARIO_SECONDS + 300)
        for left in (
            *Path("/sys/fs/cgroup").glob(folder.name),
            *Path("/sys/fs/cgroup").glob(f"*/{folder.name}"),
        ):
            with contextlib.suppress(OSError):
                left.rmdir()
        hold("compose.yaml is up, and its scenario held", done.returncode == 0)
    except subprocess.TimeoutExpired as error:
        raise Failed(f"not over after {error.timeout:.0f} s") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# --- inside the namespaces ------------------------------------------------------------------------------------------


def firewall(folder: Path) -> str:
    """A PATH whose iptables works with this kernel: not every one has what the newer kind (nft) needs."""
    trial = [
        "iptables",
        "--table",
        "nat",
        "--append",
        "OUTPUT",
        "--match",
        "addrtype",
        "--dst-type",
        "LOCAL",
        "--jump",
        "RETURN",
    ]
    legacy = shutil.which("iptables-legacy", path=PATH)
    environment = {**os.environ, "PATH": PATH}
    if legacy and subprocess.run(trial, env=environment, capture_output=True, timeout=30).returncode:
        (folder / "bin").mkdir()
        (folder / "bin" / "iptables").symlink_to(legacy)
        return f"{folder / 'bin'}:{PATH}"
    subprocess.run(
        ["iptables", "--table", "nat", "--flush"], env=environment, capture_output=True, timeout=30
    )
    return PATH


def inside(folder: Path) -> int:
    """Starts the engine, gives it the images, and plays. The engine ends with this process' namespace."""
    run("ip", "link", "set", "lo", "up")
    environment = {
        **os.environ,
        "PATH": firewall(folder),
        "DOCKER_HOST": f"unix://{folder}/docker.sock",
        "DOCKER_CONFIG": str(folder / "config"),
    }
    command = ["dockerd", f"--host=unix://{folder}/docker.sock", f"--data-root={folder / 'data'}"]
    command += [f"--exec-root={folder / 'exec'}", f"--pidfile={folder / 'docker.pid'}", "--bridge=none"]
    command += ["--oom-score-adjust=0", "--log-level=warn", f"--cgroup-parent=/{folder.name}"]
    log = folder / "dockerd.log"
    with open(log, "wb") as out:
        engine = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        began = time.monotonic()
        while subprocess.run(["docker", "info"], env=environment, capture_output=True, timeout=30).returncode:
            if engine.poll() is not None or time.monotonic() - began > ENGINE_SECONDS:
                say(f"FAILED: no docker engine\n{log.read_text(errors='replace')[-3000:]}")
                return 1
            time.sleep(0.3)
        loaded = ["docker", "load", "--quiet", "--input", str(folder / "images.tar")]
        subprocess.run(loaded, env=environment, check=True, timeout=600)
        (folder / "images.tar").unlink()
        topology = [
            sys.executable,
            str(PROJECT / "scripts" / "topology.py"),
            "--compose",
            "--no-build",
            "--once",
        ]
        status = subprocess.run(topology, env=environment, timeout=SCENARIO_SECONDS).returncode
        if status:
            print(log.read_text(errors="replace")[-3000:], file=sys.stderr)
        return status
    finally:
        engine.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            engine.wait(30)


if __name__ == "__main__":
    sys.exit(inside(Path(sys.argv[1])))
