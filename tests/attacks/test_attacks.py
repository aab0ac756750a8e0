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

from tests.attacks import honest, lexical, positions, verbs, world
from tests.attacks.case import Attack
from tests.attacks.play import Outcome, play
from tests.attacks.stage import Stage, open_stage

# For these the deed itself is forbidden: that the server said OK is an effect, whatever came back.
_DEEDS = {a.name for a in verbs.CASES}
# These would end the server when they are tried on it directly.
_DEADLY = ("SHUTDOWN", "RESTART", "CLONE")

BATCH = 25
SAMPLE = int(os.environ.get("DBGATE_ATTACK_SAMPLE", "7"))  # 1 tries every attack on the unguarded server too

ATTACKS = positions.CASES + lexical.CASES + verbs.CASES


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


def _unguarded(stage: Stage, attack: Attack) -> bool:
    """Whether the attack has an effect on the server itself."""
    outcome = play(stage.server_port, attack)
    changed = stage.changed()
    if changed or outcome.stolen:
        stage.restore()
    return bool(_effect(attack, outcome, changed))


def _guarded(stage: Stage, batch: list[Attack]) -> list[str]:
    """Plays attacks through the gateway; what changed is looked for behind the batch, and then one by one."""
    failures: list[str] = []
    outcomes = [(attack, play(stage.gateway_port, attack)) for attack in batch]
    for attack, outcome in outcomes:
        effect = _effect(attack, outcome, False)
        if effect:
            failures.append(f"{attack.name}: {effect}: {attack.steps!r} {outcome.errors}")
    if stage.changed():
        stage.restore()
        if len(batch) == 1:
            return failures or [f"{batch[0].name}: something changed: {batch[0].steps!r} {outcomes[0][1].errors}"]
        for attack in batch:
            failures += _guarded(stage, [attack])
    return failures


def test_no_attack_has_an_effect(stage: Stage) -> None:
    failures: list[str] = []
    for start in range(0, len(ATTACKS), BATCH):
        failures += _guarded(stage, ATTACKS[start : start + BATCH])
    assert not failures, f"{len(failures)} attacks worked:\n" + "\n".join(failures)


def test_the_attacks_are_real(stage: Stage) -> None:
    """Most of them (a sample) work on the unguarded server; else the test above would show nothing."""
    tried = [a for a in ATTACKS if not any(str(step).startswith(_DEADLY) for step in a.steps)][::SAMPLE]
    effective = sum(_unguarded(stage, attack) for attack in tried)
    assert effective > len(tried) * 0.6


def test_honest_work_passes(stage: Stage) -> None:
    accepted = 0
    failures: list[str] = []
    for case in honest.CASES:
        direct = play(stage.server_port, case)
        if any("INSERT" in str(step) for step in case.steps):
            stage.restore()
        guarded = play(stage.gateway_port, case)
        if guarded.refused:
            failures.append(f"{case.name}: refused: {case.steps!r} {guarded.errors} {stage.reason(guarded)}")
        elif direct.errors != guarded.errors:
            failures.append(f"{case.name}: {case.steps!r} {guarded.errors} instead of {direct.errors}")
        elif len(direct.rows) != len(guarded.rows):
            failures.append(f"{case.name}: {len(guarded.rows)} rows instead of {len(direct.rows)}")
        accepted += direct.succeeded
    assert not failures, f"{len(failures)} honest statements stopped:\n" + "\n".join(failures)
    assert accepted > len(honest.CASES) * 0.9


def test_names_are_unique() -> None:
    names = [a.name for a in ATTACKS]
    assert len(names) == len(set(names))


def _one(connection: pymysql.Connection[Any], sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()


def test_the_session_survives_a_refusal(stage: Stage) -> None:
    connection = pymysql.connect(
        host="127.0.0.1", port=stage.gateway_port, user="app", password="app_pw", database="shop", autocommit=False
    )
    try:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE users SET age = 77 WHERE id = 1")
            with pytest.raises(pymysql.err.MySQLError, match=r"dbgate: blocked by policy \(rule: table-denied, event: "):
                cursor.execute("SELECT * FROM secret")
        assert _one(connection, "SELECT age FROM users WHERE id = 1") == (77,)
        connection.rollback()
        assert _one(connection, "SELECT age FROM users WHERE id = 1") == (30,)
    finally:
        connection.close()
