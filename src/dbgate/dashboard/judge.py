"""What a policy says about a statement, judged in this process by the rooms that the gateway decides with."""

from __future__ import annotations

import time
from collections import OrderedDict
from errno import ENOENT
from typing import Any, Final

from dbgate.control.client import Refused
from dbgate.control.messages import PolicyText
from dbgate.errors import PolicyError
from dbgate.policy.compile import compile_policy
from dbgate.policy.compiled import CompiledPolicy
from dbgate.policy.explain import explain
from dbgate.policy.load import parse_policy
from dbgate.policy.verdict import EFFECT_NAMES
from dbgate.sql.analyze import analyze
from dbgate.sql.statement import MARIADB, LexContext

_CONTEXT: Final = LexContext(MARIADB, 101_100, "utf8mb4", False, False, False, False, False, False)
_MOST: Final = 8


class Judge:
    """Keeps the last few policies compiled. For one thread at a time, and not for an event loop."""

    def __init__(self) -> None:
        self._compiled: OrderedDict[str, CompiledPolicy] = OrderedDict()

    def explain(
        self, policy: PolicyText, sql: str, user: str, source: str, schema: str, prepared: bool
    ) -> dict[str, Any]:
        """The explanation, with the names of `dbgate-cli policy explain -o json`. prepared: question marks stand for
        values. Refused where the text is no policy for this version of dbgate."""
        found = explain(
            self._policy(policy), user, source, analyze(sql.encode(), _CONTEXT, schema, prepared), time.time()
        )
        return {
            "decision": EFFECT_NAMES[found.verdict.effect],
            "rule": found.verdict.rule,
            "rule_line": found.verdict.line,
            "reason": found.verdict.reason,
            "access_rule": found.entry,
            "access_rule_line": found.entry_line,
            "steps": [
                {
                    "number": step.number,
                    "name": step.name,
                    "outcome": step.outcome,
                    "rule": step.rule,
                    "reason": step.reason,
                }
                for step in found.steps
            ],
            "note": f"Judged by version {policy['number']}, as MariaDB 10.11 reads SQL; what views and routines do is not looked at.",
        }

    def _policy(self, policy: PolicyText) -> CompiledPolicy:
        key = policy["sha256"]
        if key not in self._compiled:
            shapes = policy["shapes"]

            def read_file(name: str) -> bytes:
                if shapes is None:
                    raise FileNotFoundError(ENOENT, "No such file or directory")
                return shapes.encode()

            try:
                self._compiled[key] = compile_policy(parse_policy(policy["text"], "policy.yaml", read_file))
            except PolicyError as error:
                problems = [str(problem) for problem in error.problems]
                raise Refused(
                    422, "policy-refused", "this dashboard cannot read that policy", "", problems
                ) from None
            while len(self._compiled) > _MOST:
                self._compiled.popitem(last=False)
        self._compiled.move_to_end(key)
        return self._compiled[key]
