"""The seven injection detectors of a policy's `sql_rules.injection`, on tokens and structure of one statement.

tautology, union_probe, time_delay, stacked, comment_truncation, file_access, metadata_probe. Each hit says in one line
why. Most statements have none of the words and functions that a detector starts from: they are let go after one set
operation over their keywords.
"""

from __future__ import annotations

import re
from typing import Final

from dbgate.sql.injection_calls import SUSPECTS, suspicious_calls
from dbgate.sql.injection_comments import truncation
from dbgate.sql.injection_conditions import constant_condition
from dbgate.sql.injection_schemas import COUNTERS, counted_product, heavy_join, metadata_beside_rows
from dbgate.sql.injection_unions import SETS, union_probe
from dbgate.sql.statement import Detection, LexContext
from dbgate.sql.tokens import QUOTED, SYS_VAR, Tokens
from dbgate.sql.wordset import word_set

DETECTORS: Final = (
    "tautology",
    "union_probe",
    "time_delay",
    "stacked",
    "comment_truncation",
    "file_access",
    "metadata_probe",
)

# Without one of these (or two comparisons) no condition can be constant in a way that matters.
_JOINERS: Final = word_set("AND OR && || XOR RLIKE REGEXP LIKE IF ELT MAKE_SET CASE IS BETWEEN IN NOT !")
_COMPARES: Final = word_set("= < > <= >= <> != <=>")
_ARITHMETIC: Final = word_set("- + * / % ^ | & << >> DIV MOD")
_INSERTS: Final = word_set("INSERT REPLACE")
_STRING_SUM: Final = re.compile(rb"""['"]\s*+(?:[-+*/%^|&]|<<|>>|DIV\b|MOD\b)""", re.IGNORECASE)
# Statements about rows; in others, options look like conditions (`ENGINE=InnoDB DEFAULT CHARSET=utf8`).
_ROWS: Final = word_set(
    "SELECT INSERT REPLACE UPDATE DELETE WITH ( VALUES TABLE DO CALL EXPLAIN DESCRIBE DESC ANALYZE HANDLER"
)

# Without one of these a SELECT is about no rows, and a value in it can be no condition for any.
_OF_ROWS: Final = word_set("FROM TABLE INTO WHERE HAVING UNION EXCEPT INTERSECT")

_NONE: Final[tuple[Detection, ...]] = ()


def detect(tokens: Tokens, first: int, end: int, ctx: LexContext) -> tuple[Detection, ...]:
    """Hits in the statement of tokens [first, end), at most one a detector. The first statement of a text has
    first 0; for a later one the ones before it are looked at too (stacked)."""
    if first >= end:
        return _NONE
    words = tokens.words
    verb = words[first]
    part = words if first == 0 and end == len(words) else words[first:end]
    seen = set(part)
    found: dict[str, str] = {}
    calls = SUSPECTS.isdisjoint(seen)
    if not calls or ("(" in seen and QUOTED in tokens.kinds[first:end]):
        for detector, reason in suspicious_calls(tokens, first, end):
            found.setdefault(detector, reason)
    if verb in _ROWS:
        if ((verb != "SELECT" or not _OF_ROWS.isdisjoint(seen)) and _may_be_constant(part, seen)) or (
            verb in _INSERTS and not _ARITHMETIC.isdisjoint(seen) and _STRING_SUM.search(tokens.text)
        ):
            reason = constant_condition(tokens, first, end, ctx.pipes_as_concat)
            if reason:
                found.setdefault("tautology", reason)
        if not SETS.isdisjoint(seen):
            reason = union_probe(tokens, first, end)
            if reason:
                found.setdefault("union_probe", reason)
        if "FROM" in seen or "UPDATE" in seen or "INTO" in seen:
            _schemas(tokens, first, end, part, found)
    if tokens.comments:
        reason = truncation(tokens, first, end)
        if reason:
            found.setdefault("comment_truncation", reason)
    if first:
        reason = _stacked(tokens, first)
        if reason:
            found.setdefault("stacked", reason)
    if not found:
        return _NONE
    return tuple([Detection(name, found[name]) for name in DETECTORS if name in found])


def _may_be_constant(part: list[str], seen: set[str]) -> bool:
    if not _JOINERS.isdisjoint(seen) or ("ORDER" in seen and part.count("SELECT") > 1):
        return True
    compares = seen & _COMPARES
    if not compares:
        return False
    for word in ("ORDER", "GROUP"):
        if word in seen and not compares.isdisjoint(part[part.index(word) :]):
            return True
    if len(compares) > 1 or not _ARITHMETIC.isdisjoint(seen):
        return True
    return part.count(compares.pop()) > 1


def _schemas(tokens: Tokens, first: int, end: int, part: list[str], found: dict[str, str]) -> None:
    nested = part.count("SELECT") > (part[0] == "SELECT")
    if nested:
        text = tokens.text[tokens.starts[first] : tokens.end(end - 1)].lower()
        nested = b"_schema" in text or b"mysql" in text or b"sys" in text
    if nested:
        reason = heavy_join(tokens, first, end)
        if reason:
            found.setdefault("time_delay", reason)
    if not COUNTERS.isdisjoint(part) and part.count("FROM") and (part.count(",") > 1 or "JOIN" in part):
        reason = counted_product(tokens, first, end)
        if reason:
            found.setdefault("time_delay", reason)
    if nested or SYS_VAR in tokens.kinds[first:end]:
        reason = metadata_beside_rows(tokens, first, end)
        if reason:
            found.setdefault("metadata_probe", reason)


# What an attacker appends: changes of data, of structure, of rights.
_CHANGES: Final = word_set(
    """INSERT REPLACE UPDATE DELETE DROP TRUNCATE ALTER CREATE RENAME GRANT REVOKE LOAD CALL PREPARE EXECUTE SHUTDOWN KILL
    HANDLER DO FLUSH RESET PURGE INSTALL UNINSTALL"""
)
_STRUCTURE: Final = word_set(
    "DROP TRUNCATE ALTER RENAME GRANT REVOKE LOAD PREPARE EXECUTE SHUTDOWN KILL INSTALL UNINSTALL"
)


def _stacked(tokens: Tokens, first: int) -> str:
    """Batches that applications send begin with what they are about: a change and then a SELECT of its key, several
    SELECT for several results, scripts of structure. A change behind a SELECT of rows, or a change of structure behind
    one of rows, was appended."""
    words = tokens.words
    verb = words[first]
    lead = words[0]
    following = words[first + 1] if first + 1 < len(words) else ""
    if verb == "SET" and following not in ("GLOBAL", "PASSWORD", "PERSIST"):
        return ""
    if lead == "SELECT" and (verb in _CHANGES or verb == "SET") and "FROM" in words[: min(first, _HEAD)]:
        return f"{verb} behind a SELECT in one text"
    if lead in ("INSERT", "REPLACE", "UPDATE", "DELETE"):
        if verb in _STRUCTURE or verb == "SET" or (verb == "CREATE" and following in _ACCOUNTS):
            return f"{verb} behind {lead} in one text"
    return ""


_HEAD: Final = 4096  # tokens of a text in which its first statement is looked at
_ACCOUNTS: Final = word_set("USER ROLE FUNCTION AGGREGATE SERVER EVENT TRIGGER PROCEDURE")
