"""Files: what is taken, and how what is not is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbgate.errors import PolicyError
from dbgate.policy.load import beside, kept_shapes, parse_policy
from tests.rows import rows
from tests.unit.policy.making import POLICIES

SHIPPED = Path(__file__).parents[3] / "config" / "policy.yaml"


def refusal(text: str | bytes) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, "p.yaml")
    return [str(problem) for problem in caught.value.problems]


@rows("path", [SHIPPED, *sorted(POLICIES.glob("*.yaml"))], ids=lambda path: str(path.name))
def test_the_sample_files_load(path: Path) -> None:
    file = parse_policy(path.read_bytes(), path.name)
    assert file.policy.access_control
    assert file.filename == path.name
    assert len(file.version) == 12


def test_the_version_follows_the_text() -> None:
    versions = [parse_policy(text).version for text in ("access_control: []", "access_control: [ ]")]
    assert versions[0] != versions[1]
    assert parse_policy(b"access_control: []").version == versions[0]
    assert parse_policy(b"\xef\xbb\xbfaccess_control: []").version == versions[0]


def test_lines_and_places() -> None:
    file = parse_policy("access_control:\n  - user: a\n    allowed_tables:\n      - x\n      - y\n")
    assert file.line("access_control", 0) == 2
    assert file.line("access_control", 0, "allowed_tables") == 3
    assert file.line("access_control", 0, "allowed_tables", 1) == 5
    assert file.line("access_control", 0, "grants") == 0
    assert str(file.place("access_control", 0, "allowed_tables", 1)) == "Place(line=5, column=9)"


ENTRY = "access_control:\n  - user: app\n    "
GRANT = ENTRY + "grants: [{tables: a.b, operations: "
RULES = "sql_rules:\n  "
DATA = "data_protection:\n  "

BAD = [
    # structure
    ("- a", "p.yaml:1:1: expected a policy (access_control, sql_rules, …), found a list"),
    ("hello", "p.yaml:1:1: expected a policy (access_control, sql_rules, …), found 'hello'"),
    ("acces_control: []", "p.yaml:1:1: acces_control: unknown key; did you mean 'access_control'?"),
    ("zzz: 1", "p.yaml:1:1: zzz: unknown key; known here: version, global, access_control, sql_rules, "
     "procedure_control, data_protection, audit, alerts"),
    ("block_patterns: [x]", "p.yaml:1:1: block_patterns: unknown key here; it belongs in sql_rules"),
    ("audit: {threshold_qps: 5}", "p.yaml:1:9: audit.threshold_qps: unknown key here; it belongs in alerts"),
    (RULES + "columns: [x]", "p.yaml:2:3: sql_rules.columns: unknown key here; it belongs in access_control.grants"),
    ("sql_rules: {version: 1}", "p.yaml:1:13: sql_rules.version: unknown key here; it belongs in the file itself"),
    ("version: 1.0", "p.yaml:1:10: version: expected 1, the only version of this format"),
    ("global_: {}", "p.yaml:1:1: global_: unknown key; did you mean 'global'?"),
    ("access_control: 5", "p.yaml:1:17: access_control: expected a mapping (key: value), found the number 5"),
    ("access_control:\n  - 5", "p.yaml:2:5: access_control[0]: expected a mapping (key: value), found the number 5"),
    ("access_control:\n  - name: x", "p.yaml:2:5: access_control[0].user: this key is missing"),
    ("global: []", "p.yaml:1:9: global: expected a mapping (key: value), found a list"),
    ("version: 2", "p.yaml:1:10: version: expected 1, the only version of this format"),
    ("version: true", "p.yaml:1:10: version: expected 1, the only version of this format"),
    ("global:\n  mode: enforce\n  mode: monitor", "p.yaml:3:3: global.mode: this key stands here twice, first in line 2"),
    (b"global:\n  # \xc3\xa9\xff", "p.yaml:2:6: expected UTF-8: this byte is not"),
    # global
    ("global:\n  mode: enforced", "p.yaml:2:9: global.mode: expected enforce or monitor, found 'enforced'; "
     "did you mean 'enforce'?"),
    ("global:\n  mode: no", "p.yaml:2:9: global.mode: expected enforce or monitor, found 'no'"),
    ("global:\n  default_schema: 7", "p.yaml:2:19: global.default_schema: expected a text, found the number 7; "
     "put it in quotes"),
    ("global:\n  default_schema:", "p.yaml:2:18: global.default_schema: this key has no value: "
     "leave it out, or say what is meant"),
    ("global:\n  default_schema: a.b", "p.yaml:2:19: global.default_schema: expected one schema, found 'a.b': a name "
     "that contains a dot goes in backticks"),
    ("global:\n  default_schema: a*", "p.yaml:2:19: global.default_schema: expected one schema, found 'a*': no pattern"),
    ("global:\n  max_connections: 0", "p.yaml:2:20: global.max_connections: expected a whole number from 1 to "
     "1000000000, found the number 0"),
    ("global:\n  max_connections: 1.5", "p.yaml:2:20: global.max_connections: expected a whole number from 1 to "
     "1000000000, found the number 1.5"),
    ("global:\n  connection_timeout: 30", "p.yaml:2:23: global.connection_timeout: expected a duration such as "
     "500ms, 30s, 5m or 1h, found '30'"),
    ("global:\n  log_literals: yes", "p.yaml:2:17: global.log_literals: expected true or false, found 'yes'"),
    ("global:\n  log_level: loud", "p.yaml:2:14: global.log_level: expected debug or info or warning or warn or "
     "error, found 'loud'"),
    ("global:\n  log_formt: json", "p.yaml:2:3: global.log_formt: unknown key; did you mean 'log_format'?"),
    # access_control
    (ENTRY + "alowed_tables: [x]", "p.yaml:3:5: access_control[0].alowed_tables: unknown key; did you mean "
     "'allowed_tables'?"),
    (ENTRY + "allowed_tables: [a.b.c]", "p.yaml:3:22: access_control[0].allowed_tables[0]: expected [schema.]table, "
     "found 'a.b.c': more than one dot; a name that contains one goes in backticks"),
    (ENTRY + "allowed_operations: [SELCT]", "p.yaml:3:26: access_control[0].allowed_operations[0]: expected an "
     "operation or *, found 'SELCT'; did you mean 'SELECT'?"),
    (ENTRY + "allowed_operations: [SELECT, 5]", "p.yaml:3:34: access_control[0].allowed_operations[1]: expected a "
     "text, found the number 5; put it in quotes"),
    (ENTRY + "source_ip: 10.0.0.0/33", "p.yaml:3:16: access_control[0].source_ip: expected an address or a CIDR "
     "block such as 10.0.0.0/8: the prefix length after / must be 0 to 32"),
    (ENTRY + "source_ip: [10.0.0.0/8, 1.2.3]", "p.yaml:3:29: access_control[0].source_ip[1]: expected an address "
     "or a CIDR block such as 10.0.0.0/8: '1.2.3' is no IPv4 or IPv6 address"),
    (ENTRY + "source_ip:", "p.yaml:3:15: access_control[0].source_ip: this key has no value: leave it out, or say "
     "what is meant"),
    (ENTRY + "mode:", "p.yaml:3:10: access_control[0].mode: this key has no value: leave it out, or say what is meant"),
    (RULES + "injection: {detectors: null}", "p.yaml:2:26: sql_rules.injection.detectors: this key has no value: leave "
     "it out, or say what is meant"),
    (ENTRY + "source_ip: []", "p.yaml:3:16: access_control[0].source_ip: an empty list matches nothing; leave the "
     "key out where everything is meant"),
    ("access_control: [{user: []}]", "p.yaml:1:25: access_control[0].user: an empty list matches nothing; leave "
     "the key out where everything is meant"),
    ("access_control: [{user: ''}]", "p.yaml:1:25: access_control[0].user: expected a text that can be read, "
     "found ''"),
    ('access_control: [{user: "a\\n"}]', "p.yaml:1:25: access_control[0].user: expected a text that can be read, "
     "found 'a\\n'"),
    (ENTRY + "mode: block", "p.yaml:3:11: access_control[0].mode: expected enforce or monitor, found 'block'"),
    (ENTRY + "rate_limit: 200", "p.yaml:3:17: access_control[0].rate_limit: expected a rate such as 200/s, 600/m or "
     "5000/h, found '200'"),
    (ENTRY + "max_result_rows: -1", "p.yaml:3:22: access_control[0].max_result_rows: expected a whole number from 1 "
     "to 1000000000, found the number -1"),
    (ENTRY + "grants: [{tables: [a.b]}]", "p.yaml:3:14: access_control[0].grants[0].operations: this key is missing"),
    (ENTRY + "grants: [{tables: a.b, operations: SELECT, colums: [x]}]", "p.yaml:3:48: access_control[0].grants[0]."
     "colums: unknown key; did you mean 'columns'?"),
    (GRANT + "SELECT, columns: [id, 'x*']}]", "p.yaml:3:62: access_control[0].grants[0].columns[1]: expected a column, "
     "found 'x*': columns are named one by one; leave the key out where all are meant"),
    (GRANT + "SELECT, columns: [orders.id]}]", "p.yaml:3:58: access_control[0].grants[0].columns[0]: expected a column, "
     "found 'orders.id': its table stands in tables; a name that contains a dot goes in backticks"),
    (GRANT + "SELECT, columns: []}]", "p.yaml:3:57: access_control[0].grants[0].columns: an empty list matches "
     "nothing; leave the key out where everything is meant"),
    (GRANT + "SELECT, columns: }]", "p.yaml:3:57: access_control[0].grants[0].columns: this key has no value: leave it "
     "out, or say what is meant"),
    (GRANT + "SELECT, columns: [id, total, ID]}]", "p.yaml:3:57: access_control[0].grants[0].columns: 'id' stands here "
     "twice; columns compare without case"),
    (GRANT + "[SELECT, DELETE, DROP], columns: [id]}]", "p.yaml:3:73: access_control[0].grants[0].columns: only SELECT, "
     "INSERT or UPDATE can be granted on columns, not DELETE, DROP: that goes into a grant without columns"),
    (GRANT + "'*', columns: [id]}]", "p.yaml:3:54: access_control[0].grants[0].columns: only SELECT, INSERT or UPDATE "
     "can be granted on columns, not *: that goes into a grant without columns"),
    (GRANT + "SELEC, columns: [id]}]", "p.yaml:3:40: access_control[0].grants[0].operations: expected an operation or "
     "*, found 'SELEC'; did you mean 'SELECT'?"),
    (ENTRY + "time_restriction: {allow: 9-18}", "p.yaml:3:31: access_control[0].time_restriction.allow: expected a "
     "window such as 09:00-18:00, found '9-18'"),
    (ENTRY + "time_restriction: {allow: [08:00-09:00, 12:30]}", "p.yaml:3:45: access_control[0].time_restriction."
     "allow[1]: expected a window such as 09:00-18:00, found '12:30'"),
    (ENTRY + "time_restriction: {days: [monday]}", "p.yaml:3:31: access_control[0].time_restriction.days[0]: expected "
     "mon or tue or wed or thu or fri or sat or sun, found 'monday'; did you mean 'mon'?"),
    (ENTRY + "time_restriction: {allow: 08:00-09:00, timezone: Asia/Seol}", "p.yaml:3:54: access_control[0]."
     "time_restriction.timezone: expected a time zone such as UTC or Asia/Seoul, found 'Asia/Seol'; did you mean "
     "'Asia/Seoul'?"),
    (ENTRY + "time_restriction: {timezone: UTC}", "p.yaml:3:23: access_control[0].time_restriction: expected allow or "
     "days; null means always"),
    # sql_rules
    (RULES + "block_statements: [DRP]", "p.yaml:2:22: sql_rules.block_statements[0]: expected an operation or *, "
     "found 'DRP'; did you mean 'DROP'?"),
    (RULES + "block_statements: ['*']", "p.yaml:2:22: sql_rules.block_statements[0]: expected an operation or a "
     "statement shape, found '*', which would block everything"),
    (RULES + "block_statements: ['SELECT * FROM * WHERE * = ?']", "p.yaml:2:22: sql_rules.block_statements[0]: expected "
     "an operation or a statement shape: a * of no meaning: it is any table (FROM *), all columns (SELECT *) or any "
     "assignments (SET *), and any value is ?"),
    (RULES + "block_patterns: ['a(?!b)']", "p.yaml:2:20: sql_rules.block_patterns[0].pattern: expected a regular "
     "expression in RE2 syntax: invalid perl operator: (?!"),
    (RULES + "block_patterns: ['(a)\\1']", "p.yaml:2:20: sql_rules.block_patterns[0].pattern: expected a regular "
     "expression in RE2 syntax: invalid escape sequence: \\1"),
    (RULES + "block_patterns: ['']", "p.yaml:2:20: sql_rules.block_patterns[0].pattern: expected a regular "
     "expression, found ''"),
    (RULES + "block_patterns: [{literals: true}]", "p.yaml:2:20: sql_rules.block_patterns[0].pattern: this key is "
     "missing"),
    (RULES + "block_patterns: [{pattern: x, literal: true}]", "p.yaml:2:33: sql_rules.block_patterns[0].literal: "
     "unknown key; did you mean 'literals'?"),
    (RULES + "injection: {detectors: [tautologi]}", "p.yaml:2:27: sql_rules.injection.detectors[0].name: expected "
     "tautology or union_probe or time_delay or stacked or comment_truncation or file_access or metadata_probe, "
     "found 'tautologi'; did you mean 'tautology'?"),
    (RULES + "injection: {detectors: tautology}", "p.yaml:2:26: sql_rules.injection.detectors: expected a list, "
     "found 'tautology'"),
    (RULES + "require_where: [INSERT]", "p.yaml:2:19: sql_rules.require_where[0]: expected UPDATE or DELETE, found "
     "'INSERT'"),
    # the rest
    ("procedure_control: {mode: whitlist}", "p.yaml:1:27: procedure_control.mode: expected whitelist or blacklist, "
     "found 'whitlist'; did you mean 'whitelist'?"),
    ("procedure_control: {whitelist: [a]}", "p.yaml:1:20: procedure_control: expected mode: whitelist or mode: "
     "blacklist beside the list"),
    (DATA + "sensitive_columns: [ssn]", "p.yaml:2:23: data_protection.sensitive_columns[0]: expected a mapping "
     "(key: value), found 'ssn'"),
    (DATA + "sensitive_columns: [{pattern: x, action: hide}]", "p.yaml:2:44: data_protection.sensitive_columns[0]."
     "action: expected alert or mask or block, found 'hide'"),
    ("alerts: {on_high_volume_query: true}", "p.yaml:1:9: alerts: expected threshold_qps beside "
     "on_high_volume_query: true"),
    ("audit: {on_failure: maybe}", "p.yaml:1:21: audit.on_failure: expected allow or block, found 'maybe'"),
    # known to the format, not built yet
    (ENTRY + "require_tls: 1", "p.yaml:3:18: access_control[0].require_tls: expected true or false, found the "
     "number 1"),
    (ENTRY + "cert_subject: [CN=app]", "p.yaml:3:19: access_control[0].cert_subject: expected a text, found a list"),
    (ENTRY + "admin_statements: [STATE]", "p.yaml:3:24: access_control[0].admin_statements[0]: expected one of EXPLAIN,"
     " SESSIONS, STATS, RULES, found 'STATE'; did you mean 'STATS'?"),
    (RULES + "shapes: {file: s.yaml}", "p.yaml:2:11: sql_rules.shapes.mode: this key is missing"),
    (
        RULES + "shapes: {mode: learn, file: s.yaml}",
        "p.yaml:2:18: sql_rules.shapes.mode: expected learning or detect or enforce, found 'learn'; "
        "did you mean 'learning'?",
    ),
    (
        RULES + "shapes: {mode: detect, file: s.yaml}",
        "p.yaml:2:32: sql_rules.shapes.file: s.yaml cannot be read: there are no other files here",
    ),
    (DATA + "sensitive_columns: [{pattern: x, action: mask}]", "p.yaml:2:44: data_protection.sensitive_columns[0]."
     "action: not supported yet: mask (supported: alert)"),
    (DATA + "sensitive_columns: [{pattern: x, action: block}]", "p.yaml:2:44: data_protection.sensitive_columns[0]."
     "action: not supported yet: block (supported: alert)"),
    (DATA + "sensitive_columns: [{pattern: x, mask: last4}]", "p.yaml:2:42: data_protection.sensitive_columns[0]."
     "mask: not supported yet"),
    ("alerts: {webhook: 'ftp://x'}", "p.yaml:1:19: alerts.webhook: expected an address such as "
     "https://alerts.example/hook, found 'ftp://x'"),
    ("alerts: {webhook: 'https://x:y'}", "p.yaml:1:19: alerts.webhook: expected an address such as "
     "https://alerts.example/hook, found 'https://x:y'"),
    ("alerts: {webhook: 'https://a:b@x/'}", "p.yaml:1:19: alerts.webhook: expected an address without user "
     "and password"),
    ("alerts: {webhook: }", "p.yaml:1:19: alerts.webhook: this key has no value: leave it out, or say what is "
     "meant"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), BAD, ids=[problem.split(": ", 1)[1][:50] for _, problem in BAD])
def test_a_bad_file(text: str | bytes, problem: str) -> None:
    assert refusal(text) == [problem]


def test_every_problem_is_told_at_once_in_file_order() -> None:
    text = "globl: {}\nglobal: {mode: x, mode: y}\naccess_control:\n- {user: a, rate_limit: 1}\n- {user: b, rate: 1}\n"
    places = [line.split(": ")[0] for line in refusal(text)]
    assert places == ["p.yaml:1:1", "p.yaml:2:16", "p.yaml:2:19", "p.yaml:4:25", "p.yaml:5:13"]


def test_a_value_behind_an_alias_is_told_at_its_own_place() -> None:
    text = "access_control:\n- {user: a, source_ip: &nets [10.0.0.0/8, bad]}\n- {user: b, source_ip: *nets}\n"
    assert [line.split(": ")[0] for line in refusal(text)] == ["p.yaml:2:43", "p.yaml:2:43"]


def test_absent_empty_and_null() -> None:
    empty = parse_policy(ENTRY + "allowed_tables:\n    time_restriction: null\nsql_rules:\nalerts:\n")
    entry = empty.policy.access_control[0]
    assert entry.allowed_tables == [] and entry.time_restriction is None and entry.source_ip is None
    assert empty.policy.sql_rules.block_patterns == []
    assert empty.policy.procedure_control.block_dynamic_sql is True
    assert parse_policy("access_control:").policy.access_control == []


keys = st.sampled_from(
    ["version", "global", "access_control", "sql_rules", "user", "mode", "grants", "x", "<<"]
)
scalars = st.sampled_from(
    ["1", "a", "[]", "{}", "null", "true", "12:30", "'", "*a", "&a b", "[a", "10.0.0.0/8", "!x y"]
)


@given(st.lists(st.tuples(st.integers(0, 3), keys, scalars), max_size=8))
def test_any_file_is_taken_or_refused(lines: list[tuple[int, str, str]]) -> None:
    text = "\n".join(f"{'  ' * indent}{'- ' * (indent % 2)}{key}: {value}" for indent, key, value in lines)
    try:
        parse_policy(text)
    except PolicyError as error:
        assert error.problems


def test_a_thousand_rules_load() -> None:
    rule = (
        "- {user: u%d, source_ip: [10.0.0.0/8], allowed_tables: [a.b, a.c_*], allowed_operations: [SELECT]}\n"
    )
    file = parse_policy("access_control:\n" + "".join(rule % n for n in range(1000)))
    assert len(file.policy.access_control) == 1000
    assert file.line("access_control", 999) == 1001


SHAPES = "sql_rules: {shapes: {mode: enforce, file: s.yaml}}\n"


def test_shapes_are_read_and_are_a_part_of_the_version() -> None:
    def read(name: str) -> bytes:
        return {"s.yaml": b"users: {}\n", "t.yaml": b"users: {}\n# more\n"}[name]

    one = parse_policy(SHAPES, "p.yaml", read)
    assert (one.shapes_text, one.shapes is not None) == ("users: {}\n", True)
    other = parse_policy(SHAPES, "p.yaml", lambda name: read("t.yaml"))
    assert one.version != other.version
    assert parse_policy("access_control: []", "p.yaml", read).shapes is None


def test_shapes_that_are_not_there() -> None:
    def missing(name: str) -> bytes:
        raise FileNotFoundError(2, "No such file or directory")

    def closed(name: str) -> bytes:
        raise PermissionError(13, "Permission denied")

    learning = parse_policy(SHAPES.replace("enforce", "learning"), "p.yaml", missing)
    assert (learning.shapes, learning.shapes_text) == (None, None)
    for read, text in (
        (missing, "s.yaml cannot be read: No such file or directory; `dbgate-cli policy learn` writes it"),
        (closed, "s.yaml cannot be read: Permission denied"),
    ):
        with pytest.raises(PolicyError) as caught:
            parse_policy(SHAPES, "p.yaml", read)
        assert str(caught.value) == f"p.yaml:1:43: sql_rules.shapes.file: {text}"


def test_bad_shapes_are_told_at_their_place_in_their_own_file() -> None:
    for data, place in (
        (b"users:\n  app: 1\n", "conf/s.yaml:2:8: users.app"),
        (b"#\n\xff", "conf/s.yaml:2:1: "),
    ):
        with pytest.raises(PolicyError) as caught:
            parse_policy(SHAPES, "conf/p.yaml", lambda name, data=data: data)  # type: ignore[misc]
        assert str(caught.value).startswith(place)


def test_beside() -> None:
    assert beside("p.yaml", "s.yaml") == "s.yaml"
    assert beside("/etc/dbgate/p.yaml", "s.yaml") == "/etc/dbgate/s.yaml"
    assert beside("/etc/p.yaml", "/var/s.yaml") == "/var/s.yaml"


def test_shapes_that_were_kept_with_a_policy() -> None:
    assert kept_shapes("shapes: {}\n")("any.yaml") == b"shapes: {}\n"
    assert kept_shapes("\udcff")("any.yaml") == b"\xed\xb3\xbf"
    with pytest.raises(FileNotFoundError):
        kept_shapes(None)("any.yaml")
