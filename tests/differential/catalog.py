"""What stands behind the names of a running server, read from its information_schema: views, triggers, routines, and the
tables on the other side of foreign keys, which the server locks to check or to follow them."""

from __future__ import annotations

from dbgate.sql.analyze import analyze
from dbgate.sql.statement import LexContext
from tests.differential.judge import Behind, Name, statements
from tests.differential.truth import Client

_OWN = "('mysql', 'performance_schema', 'information_schema', 'sys')"


def read_catalog(admin: Client, ctx: LexContext) -> Behind:
    """The definitions of all schemas but the server's own."""
    known = Behind()
    for schema, table, other_schema, other in admin.rows(
        "SELECT table_schema, table_name, referenced_table_schema, referenced_table_name FROM"
        f" information_schema.key_column_usage WHERE referenced_table_name IS NOT NULL AND table_schema NOT IN {_OWN}"
    ):
        known.define(schema, table, (other_schema, other))
        known.define(other_schema, other, (schema, table))
    for schema, name, body in admin.rows(
        f"SELECT table_schema, table_name, view_definition FROM information_schema.views WHERE table_schema NOT IN {_OWN}"
    ):
        known.define(schema, name, *_names(body.encode(), schema, ctx))
    for schema, table, body in admin.rows(
        "SELECT event_object_schema, event_object_table, action_statement FROM information_schema.triggers"
        f" WHERE trigger_schema NOT IN {_OWN}"
    ):
        known.define(schema, table, *_names(b"CREATE PROCEDURE p () " + body.encode(), schema, ctx))
    for schema, name, body in admin.rows(
        "SELECT routine_schema, routine_name, routine_definition FROM information_schema.routines"
        f" WHERE routine_schema NOT IN {_OWN}"
    ):
        known.define(schema, name.lower(), *_names(b"CREATE PROCEDURE p () " + body.encode(), schema, ctx))
    return known


def _names(text: bytes, schema: str, ctx: LexContext) -> list[Name]:
    found: list[Name] = []
    for statement in statements(analyze(text, ctx, schema)):
        found += [(need.schema, need.table) for need in statement.needs if need.table]
        found += [(ref.schema, ref.name.lower()) for ref in statement.functions + statement.calls]
    return found
