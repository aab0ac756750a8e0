"""Field types of the policy model: what one value may be, and the message when it is something else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, PlainValidator, ValidationInfo

from dbgate.policy.blockshapes import never_matches
from dbgate.policy.clock import DAYS
from dbgate.policy.names import QualifiedName, parse_column, parse_name
from dbgate.policy.operations import BY_COLUMN, OPERATIONS
from dbgate.policy.patterns import Regex
from dbgate.policy.source import Network, parse_network
from dbgate.policy.values import parse_duration, parse_rate, parse_window, parse_zone
from dbgate.policy.wording import describe, nearest, shown
from dbgate.sql.shape import StatementPattern

DETECTORS = (
    "tautology",
    "union_probe",
    "time_delay",
    "stacked",
    "comment_truncation",
    "file_access",
    "metadata_probe",
)

ADMIN_STATEMENTS = ("EXPLAIN", "SESSIONS", "STATS", "RULES")


def read_text(value: object) -> str:
    """`value` where it is a text with something in it."""
    if not isinstance(value, str):
        quote = "; put it in quotes" if isinstance(value, bool | int | float) else ""
        raise ValueError(f"expected a text, found {describe(value)}{quote}")
    if not value.strip() or not value.isprintable():
        raise ValueError(f"expected a text that can be read, found {describe(value)}")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, found {describe(value)}")
    return value


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1_000_000_000:
        raise ValueError(f"expected a whole number from 1 to 1000000000, found {describe(value)}")
    return value


def one_of(*choices: str) -> Callable[[object], str]:
    """A validator: exactly one of `choices`."""

    def read(value: object) -> str:
        if isinstance(value, str) and value in choices:
            return value
        hint = nearest(value, choices) if isinstance(value, str) else ""
        raise ValueError(f"expected {' or '.join(choices)}, found {describe(value)}{hint}")

    return read


def read_operation(value: object) -> str:
    """An operation in upper case, or "*"."""
    text = read_text(value)
    name = text.upper()
    if name != "*" and name not in OPERATIONS:
        raise ValueError(f"expected an operation or *, found {describe(text)}{nearest(text, OPERATIONS)}")
    return name


def _admin_statement(value: object) -> str:
    text = read_text(value)
    if text.upper() not in ADMIN_STATEMENTS:
        known = ", ".join(ADMIN_STATEMENTS)
        raise ValueError(f"expected one of {known}, found {describe(text)}{nearest(text, ADMIN_STATEMENTS)}")
    return text.upper()


def _block_statement(value: object) -> str:
    """An operation in upper case, or the text of a statement shape (two words or more)."""
    text = read_text(value).strip()
    if len(text.split()) == 1:
        if text == "*":
            raise ValueError(
                "expected an operation or a statement shape, found '*', which would block everything"
            )
        return read_operation(text)
    try:
        shape = StatementPattern(text)
    except ValueError as error:
        raise ValueError(f"expected an operation or a statement shape: {error}") from None
    tried = never_matches(shape)
    if tried:
        raise ValueError(f"expected a statement shape that can match: {shown(tried)} does not have this one")
    return text


def checked(parse: Callable[[str], object]) -> Callable[[object], str]:
    """A validator: a text that `parse` takes. A bare number goes to `parse` too, whose message says what is meant."""

    def read(value: object) -> str:
        text = str(value) if isinstance(value, int | float) else read_text(value)
        parse(text)
        return text

    return read


def _filtered_operation(value: object) -> str:
    text = read_text(value).upper()
    if text not in ("UPDATE", "DELETE"):
        raise ValueError(f"expected UPDATE or DELETE, found {describe(value)}")
    return text


def _regex(value: object) -> str:
    # Not read_text: white space alone can be a pattern, and a line break in one is honest.
    if not isinstance(value, str) or value == "":
        raise ValueError(f"expected a regular expression, found {describe(value)}")
    try:
        Regex(value, True)
    except ValueError as error:
        raise ValueError(f"expected a regular expression in RE2 syntax: {error}") from None
    return value


def _web_address(value: object) -> str:
    text = read_text(value)
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or not text.isascii() or any(c <= " " for c in text) or len(text) > 2048:
        raise ValueError(f"expected an address such as https://alerts.example/hook, found {describe(value)}")
    if "@" in parts.netloc:
        raise ValueError("expected an address without user and password")
    return text


def _not_supported(value: object) -> None:
    raise ValueError("not supported yet")


def supported(*choices: str, later: tuple[str, ...]) -> Callable[[object], str]:
    """A validator: one of `choices`; those in `later` are known to the format and not built yet."""
    known = one_of(*choices, *later)

    def read(value: object) -> str:
        choice = known(value)
        if choice in later:
            raise ValueError(f"not supported yet: {choice} (supported: {', '.join(choices)})")
        return choice

    return read


def _listed(value: object) -> object:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _stated(value: list[object]) -> list[object]:
    if not value:
        raise ValueError("an empty list matches nothing; leave the key out where everything is meant")
    return value


def _not_null(value: object) -> object:
    # A key without a value is more likely a mistake than a wish, and for source_ip it would mean "from anywhere".
    if value is None:
        raise ValueError("this key has no value: leave it out, or say what is meant")
    return value


def _section(value: object) -> object:
    return {} if value is None else value


def _table(value: object) -> QualifiedName:
    return parse_name(read_text(value), "table")


def _schema(value: object) -> str:
    """The name of one schema, without its backticks."""
    text = read_text(value)
    name = parse_name(text, "table")
    if name.schema is not None and name.schema is not name.name:
        raise ValueError(
            f"expected one schema, found {describe(text)}: a name that contains a dot goes in backticks"
        )
    if name.name.glob:
        raise ValueError(f"expected one schema, found {describe(text)}: no pattern")
    return name.name.text


def _routine(value: object) -> QualifiedName:
    return parse_name(read_text(value), "routine")


def _column(value: object) -> str:
    return parse_column(read_text(value))


def _once_each(value: list[str]) -> list[str]:
    seen: set[str] = set()
    for name in value:
        if name in seen:
            raise ValueError(f"{name!r} stands here twice; columns compare without case")
        seen.add(name)
    return value


def _by_column(value: list[str], info: ValidationInfo) -> list[str]:
    """Operations that are about whole rows or tables would seem to be limited, and could not be."""
    whole = [name for name in (info.data or {}).get("operations", ()) if name not in BY_COLUMN]
    if whole:
        allowed = f"{', '.join(BY_COLUMN[:-1])} or {BY_COLUMN[-1]}"
        raise ValueError(
            f"only {allowed} can be granted on columns, not {', '.join(whole)}: that goes into a grant without columns"
        )
    return value


def _network(value: object) -> Network:
    try:
        return parse_network(read_text(value))
    except ValueError as error:
        raise ValueError(f"expected an address or a CIDR block such as 10.0.0.0/8: {error}") from None


# "One or a list": a single value is a list of one. Optional: absent, empty and [] are the same; Some: at least one.
AsList = BeforeValidator(_listed)
Some = AfterValidator(_stated)
NotNull = BeforeValidator(_not_null)
AsSection = BeforeValidator(_section)  # `alerts:` with nothing below it is an empty section

Text = Annotated[str, PlainValidator(read_text)]
Flag = Annotated[bool, PlainValidator(_flag)]
Count = Annotated[int, PlainValidator(_count)]
Mode = Annotated[str, PlainValidator(one_of("enforce", "monitor"))]
ShapesMode = Annotated[str, PlainValidator(one_of("learning", "detect", "enforce"))]
ListMode = Annotated[str, PlainValidator(one_of("whitelist", "blacklist"))]
LogLevel = Annotated[str, PlainValidator(one_of("debug", "info", "warning", "warn", "error"))]
LogFormat = Annotated[str, PlainValidator(one_of("json", "text"))]
DetectorName = Annotated[str, PlainValidator(one_of(*DETECTORS))]
Day = Annotated[str, PlainValidator(one_of(*DAYS))]
AdminStatement = Annotated[str, PlainValidator(_admin_statement)]
Operation = Annotated[str, PlainValidator(read_operation)]
BlockStatement = Annotated[str, PlainValidator(_block_statement)]
FilteredOperation = Annotated[str, PlainValidator(_filtered_operation)]
RegexText = Annotated[str, PlainValidator(_regex)]
Duration = Annotated[str, PlainValidator(checked(parse_duration))]
Rate = Annotated[str, PlainValidator(checked(parse_rate))]
WebAddress = Annotated[str, PlainValidator(_web_address)]
WindowText = Annotated[str, PlainValidator(checked(parse_window))]
Zone = Annotated[str, PlainValidator(checked(parse_zone))]
Source = Annotated[Network, PlainValidator(_network)]
SchemaName = Annotated[str, PlainValidator(_schema)]
TableName = Annotated[QualifiedName, PlainValidator(_table)]
Columns = Annotated[
    list[Annotated[str, PlainValidator(_column)]],
    AsList,
    Some,
    AfterValidator(_once_each),
    AfterValidator(_by_column),
]
RoutineName = Annotated[QualifiedName, PlainValidator(_routine)]
NotSupported = Annotated[None, PlainValidator(_not_supported)]
MaskAction = Annotated[str, PlainValidator(supported("alert", later=("mask", "block")))]
FailureAction = Annotated[str, PlainValidator(one_of("allow", "block"))]
