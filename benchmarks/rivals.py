"""Other gateways that inspect, measured where this machine has them: ProxySQL, and another dbgate."""

from __future__ import annotations

import os
import shutil

from benchmarks.candidates import POLICY, Program
from tests.servers.gateway import Server

OTHER = "DBGATE_BENCH_OTHER"


class ProxySQL(Program):
    """With one query rule, which refuses DROP. Its threads are dbgate's workers."""

    name = "ProxySQL"
    inspects = True

    def __init__(self, server: Server, threads: int) -> None:
        super().__init__()
        admin = self.folder / "admin.sock"
        (self.folder / "proxysql.cnf").write_text(
            f'datadir="{self.folder}"\n'
            f'admin_variables={{ admin_credentials="admin:admin"; mysql_ifaces="{admin}" }}\n'
            f'mysql_variables={{ threads={threads}; interfaces="127.0.0.1:{self.port}"; max_connections=6000;'
            " monitor_enabled=false; }\n"
            f'mysql_servers=({{ address="{server.host}"; port={server.port}; hostgroup=0; max_connections=6000 }})\n'
            f'mysql_users=({{ username="{server.user}"; password="{server.password}"; default_hostgroup=0 }})\n'
            'mysql_query_rules=({ rule_id=1; active=1; match_digest="^DROP"; error_msg="refused"; apply=1 })\n'
        )

    def command(self) -> list[str]:
        binary = shutil.which("proxysql", path=os.environ.get("PATH", "") + ":/usr/sbin")
        if binary is None:
            raise FileNotFoundError("proxysql is not on this machine")
        return [
            binary,
            "--initial",
            "-f",
            "-c",
            str(self.folder / "proxysql.cnf"),
            "-D",
            str(self.folder),
        ]


class OtherDbgate(Program):
    """The command in DBGATE_BENCH_OTHER, called as `COMMAND LISTEN_PORT SERVER_PORT POLICY_FILE`: it stays in the
    foreground, listens on 127.0.0.1, and obeys the policy file."""

    name = "another dbgate"
    inspects = True

    def __init__(self, server: Server, threads: int) -> None:
        super().__init__()
        self._upstream = server.port
        (self.folder / "policy.yaml").write_text(POLICY)

    def command(self) -> list[str]:
        binary = os.environ.get(OTHER, "")
        if not binary or shutil.which(binary) is None:
            raise FileNotFoundError(f"{OTHER} names no command")
        return [binary, str(self.port), str(self._upstream), str(self.folder / "policy.yaml")]


def found() -> tuple[list[type[ProxySQL] | type[OtherDbgate]], list[str]]:
    """(those that can be measured here, a note on each that cannot)."""
    here: list[type[ProxySQL] | type[OtherDbgate]] = []
    notes = []
    if shutil.which("proxysql", path=os.environ.get("PATH", "") + ":/usr/sbin"):
        here.append(ProxySQL)
    else:
        notes.append("ProxySQL is not on this machine, so it is not compared.")
    if shutil.which(os.environ.get(OTHER, "")):
        here.append(OtherDbgate)
    else:
        notes.append(f"No other dbgate is on this machine ({OTHER} names no command), so it is not compared.")
    return here, notes
