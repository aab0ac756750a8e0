"""Attacks and honest work, as bytes through a running gateway to a real server.

What has an effect on the server itself (the canary comes back, something changes, or a statement that the policy does
not grant succeeds) must have none through the gateway. Honest work that the server accepts must pass, with as many rows.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pymysql
import pytest

from tests.attacks import verbs, world
from tests.attacks.case import Attack
from tests.attacks.everything import ATTACKS, HONEST, MODULES
from tests.attacks.play import Outcome, play
from tests.attacks.stage import Stage, open_stage
from tests.servers.gateway import Gateway

# For these the deed itself is forbidden: that the server said OK is an effect, whatever came back.
_DEEDS = {a.name for a in verbs.CASES} | {a.name for a in ATTACKS if a.deed}
# These would end the server when they are tried on it directly.
_DEADLY = ("SHUTDOWN", "RESTART", "CLONE")
# What a batch of attacks changed is looked up once; only then one by one.
_BATCH = 20
# Each attack was seen to work on one of the servers; this share of them is tried on it again, to keep that true.
_SHARE = int(os.environ.get("DBGATE_ATTACKS_DIRECT", "4"))


@pytest.fixture(scope="module", params=["mariadb", "mysql"])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with open_stage(request.param, world.POLICY) as made:
        yield made


def _effect(attack: Attack, outcome: Outcome, changed: bool) -> str:
    if outcome.stolen:
        return "the canary came back"
    if changed:
        return "something changed"
    if attack.name in _DEEDS and outcome.succeeded:
        return "it succeeded"
    return ""


def _try(stage: Stage, port: int, attack: Attack) -> tuple[str, Outcome]:
    outcome = play(port, attack)
    changed = stage.changed()
    effect = _effect(attack, outcome, changed)
    if changed or outcome.stolen:
        stage.restore()
    return effect, outcome


def _failures(stage: Stage, batch: list[Attack]) -> list[str]:
    """What worked through the gateway; one by one where something in the batch changed the server."""
    found: list[str] = []
    assert stage.answers(), "a gateway that does not answer guards nothing"
    for attack in batch:
        outcome = play(stage.gateway_port, attack)
        effect = _effect(attack, outcome, False)
        if effect:
            found.append(f"{attack.name}: {effect}: {attack.steps!r} {outcome.errors}")
    if not stage.changed():
        return found
    stage.restore()
    for attack in batch:
        effect, outcome = _try(stage, stage.gateway_port, attack)
        if effect == "something changed":
            found.append(f"{attack.name}: {effect}: {attack.steps!r} {outcome.errors}")
    return found


@pytest.mark.timeout(600)
@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_no_attack_has_an_effect(stage: Stage, module: Any) -> None:
    failures: list[str] = []
    for start in range(0, len(module.CASES), _BATCH):
        failures += _failures(stage, module.CASES[start : start + _BATCH])
    assert not failures, f"{len(failures)} attacks worked:\n" + "\n".join(failures)


@pytest.mark.timeout(600)
def test_the_attacks_work_on_an_unguarded_server(stage: Stage) -> None:
    tried = effective = 0
    for attack in ATTACKS[:: max(1, 100 // _SHARE)]:
        if not attack.deadly and not any(str(step).startswith(_DEADLY) for step in attack.steps):
            tried += 1
            effective += bool(_try(stage, stage.server_port, attack)[0])
    assert effective > tried * 0.55, "most attacks must work on one server alone, or these tests show nothing"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("module", HONEST, ids=lambda module: module.__name__.rpartition(".")[2])
def test_honest_work_passes(stage: Stage, module: Any) -> None:
    accepted = 0
    failures: list[str] = []
    stage.restore()
    for case in module.CASES:
        writes = any(word in str(case.steps).upper() for word in ("INSERT", "UPDATE"))
        direct = play(stage.server_port, case)
        if writes:
            stage.refresh()
        guarded = play(stage.gateway_port, case)
        if writes:
            stage.refresh()
        if guarded.refused:
            if direct.succeeded:
                failures.append(
                    f"{case.name}: refused: {case.steps!r} {guarded.errors} {stage.reason(guarded)}"
                )
        elif direct.errors != guarded.errors:
            failures.append(f"{case.name}: {case.steps!r} {guarded.errors} instead of {direct.errors}")
        elif len(direct.rows) != len(guarded.rows):
            failures.append(f"{case.name}: {len(guarded.rows)} rows instead of {len(direct.rows)}")
        accepted += direct.succeeded
    assert not failures, f"{len(failures)} honest statements stopped:\n" + "\n".join(failures)
    assert accepted > len(module.CASES) * 0.8


def test_names_are_unique() -> None:
    names = [a.name for a in ATTACKS]
    assert len(names) == len(set(names))


def _one(connection: pymysql.Connection[Any], sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()


def test_the_session_survives_a_refusal(stage: Stage) -> None:
    connection = pymysql.connect(
        host="127.0.0.1",
        port=stage.gateway_port,
        user="app",
        password="app_pw",
        database="shop",
        autocommit=False,
    )
    try:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE users SET age = 77 WHERE id = 1")
            with pytest.raises(
                pymysql.err.MySQLError, match=r"dbgate: blocked by policy \(rule: table-denied, event: "
            ):
                cursor.execute("SELECT * FROM secret")
        assert _one(connection, "SELECT age FROM users WHERE id = 1") == (77,)
        connection.rollback()
        assert _one(connection, "SELECT age FROM users WHERE id = 1") == (30,)
    finally:
        connection.close()


# With block_dynamic_sql off: what is sent in order on one connection, and whether it passes.
_LET = "block_dynamic_sql: false"
_DYNAMIC = [
    ("EXECUTE p", False),
    ("SET @s = 'SELECT name FROM users'", True),
    ("PREPARE p FROM @s", True),
    ("EXECUTE p", True),
    ("EXECUTE `P`", True),
    ("SET @s = 'SELECT s FROM secret'", True),
    ("PREPARE p FROM @s", False),
    ("EXECUTE p", True),
    ("DEALLOCATE PREPARE p", True),
    ("EXECUTE p", False),
    ("SET @s = 'SELECT name FROM users'; PREPARE q FROM @s; EXECUTE q; DEALLOCATE PREPARE q", True),
    ("SET @s = 'SELECT name FROM users'", True),
    ("SELECT @S := 'SELECT s FROM secret'", True),
    ("PREPARE p FROM @s", False),
    ("SET @s = 'SELECT name FROM users'", True),
    ("SELECT 'SELECT s FROM secret' INTO @s", True),
    ("PREPARE p FROM @s", False),
    ("SET @s = 'SELECT name FROM users'", True),
    ("CALL sp_setting()", True),
    ("PREPARE p FROM @s", False),
    ("PREPARE p FROM 'SELECT name FROM users WHERE id = ?'", True),
    ("SET @i = 1, NAMES utf8mb4", True),
    ("EXECUTE p USING @i", True),
    ("CALL sp_preparing()", True),
    ("EXECUTE p USING @i", False),
    ("PREPARE p FROM 'SELECT \"secret\" FROM users'", True),
    ("SET sql_mode = 'ANSI_QUOTES'", True),
    ("EXECUTE p", False),
]


@pytest.mark.timeout(120)
def test_dynamic_sql_is_judged_as_what_it_runs(stage: Stage) -> None:
    policy = world.POLICY.replace("[shop.sp_ok]", f"[shop.sp_setting, shop.sp_preparing], {_LET}")
    policy = policy.replace("UPDATE, CALL]", "UPDATE, CALL, PREPARE, EXECUTE]")
    bodies = {
        "sp_setting": "SET @s = 'SELECT s FROM shop.secret'",
        "sp_preparing": "PREPARE p FROM 'SELECT s FROM shop.secret'",
    }
    made = tuple(f"CREATE PROCEDURE shop.{name}() BEGIN {body}; END" for name, body in bodies.items())
    assert play(stage.server_port, Attack(name="make", steps=made)).succeeded
    try:
        steps = tuple(step for step, _ in _DYNAMIC)
        with Gateway(stage.server, policy) as gateway:
            outcome = play(gateway.port, Attack(name="dynamic", steps=steps))
        refused = {number for number, _, text in outcome.errors if text.startswith("dbgate: ")}
        assert not outcome.stolen
        assert len(refused) == len(outcome.errors), outcome.errors
        assert refused == {number for number, (_, passes) in enumerate(_DYNAMIC, 1) if not passes}
    finally:
        play(
            stage.server_port,
            Attack(name="drop", steps=tuple(f"DROP PROCEDURE shop.{name}" for name in bodies)),
        )
