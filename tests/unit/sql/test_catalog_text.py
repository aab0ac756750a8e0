from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbgate.sql.catalog import FUNCTION, PROCEDURE, TRIGGER, VIEW, Body, Catalog
from dbgate.sql.catalog_text import dump, parse
from dbgate.sql.statement import NEED_TABLE, Need, RoutineRef
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
)


@given(st.lists(bodies, max_size=3), st.frozensets(texts, max_size=2), st.booleans(), texts)
def test_there_and_back(made: list[Body], names: frozenset[str], folded: bool, missing: str) -> None:
    catalog = Catalog(tuple(made), names, names, folded, missing)
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
