from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbgate.sql.catalog import FUNCTION, PROCEDURE, TRIGGER, VIEW, Body, Catalog
from dbgate.sql.catalog_text import dump, parse, without_columns
from dbgate.sql.columns import TableColumns
from dbgate.sql.statement import NEED_TABLE, ColumnUses, Need, RoutineRef
from tests.rows import rows

texts = st.text(max_size=8)
bodies = st.builds(
    Body,
    st.sampled_from([VIEW, PROCEDURE, FUNCTION, TRIGGER]),
    texts,
    texts,
    texts,
    st.booleans(),
    st.lists(st.builds(Need, st.just(NEED_TABLE), texts, texts, texts, st.booleans()), max_size=2).map(tuple),
    st.lists(st.builds(RoutineRef, texts, texts), max_size=2).map(tuple),
    st.lists(st.builds(RoutineRef, texts, texts), max_size=2).map(tuple),
    texts,
    st.booleans(),
    texts,
    st.lists(texts, max_size=2).map(tuple),
    st.booleans(),
    st.lists(st.builds(RoutineRef, texts, texts), max_size=2).map(tuple),
    st.none() | st.builds(ColumnUses, st.lists(texts, max_size=2).map(tuple), st.binary(max_size=4)),
    st.booleans(),
)
# A schema's name has no NUL, as none has on a server.
keys = st.builds("{}\0{}".format, texts.map(lambda name: name.replace("\0", "")), texts)
columns = st.none() | st.builds(
    TableColumns, st.dictionaries(keys, st.lists(texts, max_size=3).map(tuple), max_size=3)
)


@given(st.lists(bodies, max_size=3), st.frozensets(texts, max_size=2), st.booleans(), texts, columns)
def test_there_and_back(
    made: list[Body], names: frozenset[str], folded: bool, missing: str, known: TableColumns | None
) -> None:
    catalog = Catalog(tuple(made), names, names, folded, missing, known)
    text = dump(catalog)
    again = parse(text)
    assert dump(again) == text
    assert (again.folded, again.missing, again.loadable, again.packages) == (folded, missing, names, names)
    for one, other in zip(made, again.bodies, strict=True):
        assert (one.kind, one.schema, one.name, one.needs) == (
            other.kind,
            other.schema,
            other.name,
            other.needs,
        )
        assert (one.functions, one.calls, one.problem) == (other.functions, other.calls, other.problem)
        assert (one.columns, one.alters, one.defines) == (other.columns, other.alters, other.defines)
    assert (again.columns is None) == (known is None)
    if known is not None and again.columns is not None:
        assert again.columns.tables == known.tables
    assert parse(without_columns(text)).columns is None
    assert without_columns(text) == dump(Catalog(tuple(made), names, names, folded, missing))


def test_the_same_text_whatever_the_order_of_tables() -> None:
    one = TableColumns({"shop\0a": ("id", "b"), "shop\0c": ("id",), "other\0d": ("e",)})
    other = TableColumns(dict(reversed(one.tables.items())))
    text = dump(Catalog((), columns=one))
    assert dump(Catalog((), columns=other)) == text
    assert json.loads(text)["columns"] == {"other": {"d": ["e"]}, "shop": {"a": ["id", "b"], "c": ["id"]}}


def test_people_can_read_it() -> None:
    body = Body(VIEW, "shop", "v", "root@%", needs=(Need(NEED_TABLE, "SELECT", "shop", "t"),))
    (found,) = json.loads(dump(Catalog((body,))))["bodies"]
    assert (found["kind"], found["schema"], found["name"], found["definer"]) == (
        "view",
        "shop",
        "v",
        "root@%",
    )
    assert found["needs"] == [[NEED_TABLE, "SELECT", "shop", "t", False]]


@rows("text", ["", "[]", "{}", '{"bodies": [{"kind": "planet"}]}'])
def test_other_texts(text: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        parse(text)
