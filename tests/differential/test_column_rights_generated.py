"""Generated statements, run as an account that has rights on some columns of each table: what the server denies, we deny."""

from __future__ import annotations

import random

import pytest

from dbgate.sql.analyze import analyze
from dbgate.sql.columns import TableColumns, resolve
from dbgate.sql.statement import NEED_BARE, NEED_TABLE, LexContext, Statement
from tests.differential.grammar import make
from tests.differential.trial import Trial, contexts
from tests.differential.truth import Client, Truth
from tests.differential.world import FUNCTIONS, quoted

_DENIED = ("1142", "1143")
_RIGHTS = ("SELECT", "INSERT", "UPDATE")
_UNKNOWN = (
    "1054",
    "1064",
)  # to who may not see all columns, the server says that one that is not there is denied
_STATEFUL = ("SET", "USE", "PREPARE", "EXECUTE", "LOCK", "CALL", "TRANSACTION")
_PASSWORD = "Generated-1"
# Columns that some tables lack, so that a name inside a subquery may be of the query around it.
_LACKING = {"y": ("shop.b", "shop.c", "shop.log", "vault.k"), "s": ("shop.a", "vault.a", "shop.value")}

Rights = dict[str, set[str]]


class _Account(Client):
    """The session of the account that has little rights."""

    def open(self) -> None:
        before = self.server.user, self.server.password
        try:
            self.server.user, self.server.password = "partly", _PASSWORD
            super().open()
        finally:
            self.server.user, self.server.password = before


def _grant(truth: Truth, choose: random.Random) -> tuple[TableColumns, Rights]:
    """Rights on about two of three columns of each table."""
    statements = ["DROP USER IF EXISTS partly", f"CREATE USER partly IDENTIFIED BY '{_PASSWORD}'"]
    for column, tables in _LACKING.items():
        statements += [f"ALTER TABLE {table} DROP COLUMN {column}" for table in tables]
    for schema, name in FUNCTIONS:
        statements.append(f"GRANT EXECUTE ON FUNCTION {schema}.{name} TO partly")
    for text in statements:
        assert truth.admin.run(text.encode()) == "", text
    tables: dict[str, tuple[str, ...]] = {}
    for schema, table, column in truth.admin.rows(
        "SELECT table_schema, table_name, column_name FROM information_schema.columns"
        " WHERE table_schema IN ('shop', 'vault') ORDER BY 1, 2, 3"
    ):
        key = f"{schema}\0{table}"
        tables[key] = (*tables.get(key, ()), column.lower())
    rights: Rights = {}
    for key, columns in tables.items():
        schema, table = key.split("\0")
        some = [name for name in columns if choose.random() < 0.65] or [columns[0]]
        listed = ", ".join(quoted(name) for name in some)
        grants = ", ".join(f"{right} ({listed})" for right in _RIGHTS)
        assert truth.admin.run(f"GRANT {grants} ON {schema}.{quoted(table)} TO partly".encode()) == ""
        rights[key] = set(some)
    return TableColumns(tables), rights


def _granted(statement: Statement, known: TableColumns, rights: Rights) -> bool:
    for need in statement.needs:
        if need.kind != NEED_TABLE and (need.kind != NEED_BARE or need.operation != "SELECT"):
            return False
    for one in resolve(statement, known):
        key = f"{one.schema}\0{one.table}"
        if one.operation not in _RIGHTS or key not in rights:
            return False
        touched = known.tables[key] if one.everything else (*one.read, *one.written)
        if not rights[key].issuperset(touched):
            return False
    return True


@pytest.mark.timeout(120)
def test_generated_statements(truth: Truth) -> None:
    choose = random.Random(20)
    trial = Trial(truth)
    known, rights = _grant(truth, choose)
    before = truth.client
    truth.client = account = _Account(truth.server, "shop")
    leaks: list[tuple[bytes, str, str]] = []
    allowed = denied = 0
    try:
        for _ in range(25):
            ctx, mode = contexts(choose, truth.flavour, truth.version)
            schema = choose.choice(("shop", "vault"))
            account.reset()
            trial.enter(mode, ctx.charset, schema)
            for _ in range(25):
                text, answer, ours = _one(choose, ctx, schema, account, known, rights)
                allowed += ours and not answer
                denied += answer[:4] in _DENIED
                if answer[:4] in _DENIED and ours and not _unknown(truth, text, mode, ctx, schema):
                    leaks.append((text, answer, mode))
    finally:
        account.close()
        truth.client = before
        trial.restore()
    assert leaks == []
    assert allowed > 30 and denied > 100


def _one(
    choose: random.Random, ctx: LexContext, schema: str, account: Client, known: TableColumns, rights: Rights
) -> tuple[bytes, str, bool]:
    """Runs one statement: its text, the error or "", and whether we would let it pass."""
    while True:
        made = make(choose, ctx, schema)
        analysis = analyze(made.text, ctx, schema)
        if made.ddl or made.session or analysis.error or analysis.session_state:
            continue
        if any(statement.verb in _STATEFUL or statement.dynamic for statement in analysis.statements):
            continue
        ours = all(_granted(statement, known, rights) for statement in analysis.statements)
        return made.text, account.run(made.text), ours


def _unknown(truth: Truth, text: bytes, mode: str, ctx: LexContext, schema: str) -> bool:
    """Whether the statement names what is not there."""
    for state in (f"USE {schema}", f"SET sql_mode = '{mode}', NAMES {ctx.charset}"):
        assert truth.admin.run(state.encode()) == ""
    answer = truth.admin.run(text)
    truth.admin.reset()
    return answer[:4] in _UNKNOWN
