"""The mariadb command line client: one process, one connection, statements on its standard input."""

from __future__ import annotations

import re
import subprocess

from tests.drivers.clients import session as s

SCRIPT = f"""
SELECT '## text'; {s.TEXT};
SELECT '## prepared'; {s.BY_ID % 2};
SELECT '## transaction';
BEGIN; {s.INSERT % (1, 5, "'rolled back'")}; ROLLBACK; {s.COUNT};
BEGIN; {s.INSERT % (1, 2, "'it''s'")}; {s.INSERT % (2, 3, "NULL")}; COMMIT; {s.COUNT};
SELECT '## error'; {s.ERROR};
SELECT '## multi'; {s.CALL};
DELIMITER //
{s.MULTI}//
DELIMITER ;
SELECT '## big'; {s.BIG};
SELECT '## blocked'; {s.FORBIDDEN};
SELECT '## after'; {s.AFTER};
status
use shop
SHOW WARNINGS;
"""


def main() -> None:
    at = s.arguments()
    command = [
        "mariadb",
        "--no-defaults",
        "--skip-ssl",
        "-h",
        at["host"],
        "-P",
        str(at["port"]),
        "-u",
        at["user"],
    ]
    command += [f"-p{at['password']}", "--batch", "--skip-column-names", "--force", "--unbuffered", "shop"]
    done = subprocess.run(command, input=SCRIPT, capture_output=True, text=True, timeout=120)
    if "## after" not in done.stdout:
        raise SystemExit(done.stderr)
    parts = dict(part.split("\n", 1) for part in done.stdout.split("## ")[1:])
    seen: dict[str, object] = {name: text.splitlines() for name, text in parts.items()}
    big = parts["big"].splitlines()
    seen["big"] = s.size([line.split("\t") for line in big])
    errors = re.findall(r"^ERROR (\d+) \(\w+\) at line \d+: (.*)$", done.stderr, re.M)
    seen["error"] = [int(number) for number, _ in errors if number == "1146"]
    blocked = [[int(number), message] for number, message in errors if number != "1146"]
    seen["blocked"] = blocked[0] if blocked else None
    after = parts["after"].splitlines()
    seen["after"] = [
        line for line in after if not re.search(r"Connection id|Uptime|Threads|TCP port|---", line)
    ]
    s.report(seen)


main()
