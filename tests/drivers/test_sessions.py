"""Real clients do a session each through the gateway, and every allowed reply is, byte for byte, what the server
sends to a direct connection with the same capabilities."""

from __future__ import annotations

import re

import pytest

from tests.drivers import zoo
from tests.drivers.conftest import Stage
from tests.drivers.relay import Recording

BLOCK = re.compile(r"dbgate: blocked by policy \(rule: table-denied, event: ([0-9A-HJKMNP-TV-Z]{26})\)")
OWES_NOTHING = (0x01, 0x0E, 0x18, 0x19)  # QUIT, PING, SEND_LONG_DATA, STMT_CLOSE
LOGIN = 0x11  # CHANGE_USER


def owed(recordings: list[Recording]) -> int:
    """How many query records the commands of these connections owe."""
    commands = [exchange.command[0] for one in recordings for exchange in one.exchanges()[1:]]
    return sum(command not in OWES_NOTHING and command != LOGIN for command in commands)


@pytest.mark.parametrize("client", zoo.CLIENTS)
def test_a_session_is_the_same_through_the_gateway(stage: Stage, client: str) -> None:
    direct, direct_recordings = stage.direct(client)
    before = len(stage.records())
    through, recordings = stage.through(client)

    assert direct["blocked"] is None and direct["big"] == zoo.BIG
    number, message = through.pop("blocked")  # type: ignore[misc]
    found = BLOCK.search(message)
    assert number == 1227 and found, message
    direct.pop("blocked")
    assert through == direct

    assert len(direct_recordings) == len(recordings)
    compared = sum(zoo.same_replies(a, b) for a, b in zip(direct_recordings, recordings, strict=True))
    assert compared >= 15

    count = owed(recordings)

    def queries() -> list[dict[str, object]]:
        return [record for record in stage.gateway.records()[before:] if record["event"].startswith("query")]

    zoo.eventually_equal(lambda: len(queries()), count)
    (blocked,) = [record for record in queries() if record["event"] == "query.blocked"]
    assert blocked["event_id"] == found[1]
    assert blocked["rule"] == "table-denied" and blocked["tables"] == ["shop.secrets"]


@pytest.mark.parametrize(
    "client", ["pymysql", "mysqlclient", "mysql2", "mariadb-cli", "sqlalchemy", "asyncmy"]
)
def test_full_authentication_passes_through(stage: Stage, client: str) -> None:
    """The first login after the server has forgotten its accounts: for caching_sha2_password the password travels,
    under the server's RSA key."""
    zoo.command(client)
    stage.server.sql("TRUNCATE shop.orders; FLUSH PRIVILEGES")
    seen = zoo.run_client(client, stage.gateway.port, stage.server.user, stage.server.password)
    assert seen["big"] == zoo.BIG


@pytest.mark.parametrize("client", ["pymysql", "mariadb-cli", "connector-pure", "connector-c", "mysql2"])
def test_a_wrong_password_is_the_servers_own_refusal(stage: Stage, client: str) -> None:
    zoo.command(client)
    # Oracle's library ends the login by itself where a full authentication would need TLS
    with pytest.raises(AssertionError, match=r"1045|Access denied|requires secure connection"):
        zoo.run_client(client, stage.gateway.port, stage.server.user, "wrong")
