"""The worst statements that we could think of: long, deep, wide, unfinished, or quadratic for a careless reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator

MEGA = 1024 * 1024


def _rows(size: int) -> bytes:
    row = b"(1,'some text that is stored','more of it',NULL,-3.25,0x0011)"
    return b"INSERT INTO t VALUES " + b",".join([row] * (size // (len(row) + 1)))


def _varied_rows(size: int) -> bytes:
    """Rows that are no plain literals, so that nothing can be cut short."""
    row = b"(1,NOW(),'x',DEFAULT,?)"
    return b"INSERT INTO t VALUES " + b",".join([row] * (size // (len(row) + 1)))


def _nested(opening: bytes, middle: bytes, closing: bytes, count: int) -> bytes:
    return opening * count + middle + closing * count


def _many(form: str, count: int, joint: str = ", ") -> bytes:
    return joint.join(form.format(i=i, j=i - 1) for i in range(1, count + 1)).encode()


WORST: dict[str, Callable[[], bytes]] = {
    # one byte, a million times
    **{
        f"1 MB of {byte!r}": (lambda byte=byte: byte * (MEGA // len(byte)))
        for byte in (
            b"-", b"(", b")", b"/*", b"*/", b"'", b'"', b"`", b"#", b"\\", b";", b",", b".", b"@", b"@@", b"\x00", b"\xff", b"?",
            b"a", b"1", b"/*!", b"/*M!", b"/*!99999 ", b"/*!99999/*", b"--\n", b"-- ", b"\\'", b"''", b"x'", b"{", b"a.", b"1.", b"1e",
            b"0x", b"n'", b"_utf8'", b"*", b"a ", b"SELECT ", b"( ", b"a,", b"NOT ", b"!", b"/**/", b"/*+ ", b"/*+*/", b":=", b"a(",
            b"CASE ", b"BETWEEN ", b"\xa0", b"\xc3\xa9",
        )
    },
    "SELECT and 1 MB of -": lambda: b"SELECT 1" + b"-" * MEGA,
    "SELECT and 1 MB of quotes": lambda: b"SELECT 'a" + b"''" * (MEGA // 2),
    "SELECT and an open string of 1 MB": lambda: b"SELECT '" + b"a" * MEGA,
    "SELECT and 1 MB of escapes": lambda: b"SELECT '" + b"\\'" * (MEGA // 2) + b"'",
    "SELECT and 1 MB of string": lambda: b"SELECT '" + b"a" * MEGA + b"'",
    "PREPARE of 1 MB of escapes": lambda: b"PREPARE p FROM '" + b"\\'" * (MEGA // 2) + b"'",
    "PREPARE of 1 MB of CONCAT": lambda: b"PREPARE p FROM CONCAT(" + b"'a'," * 20_000 + b"'b')",
    "PREPARE of a PREPARE of …": lambda: b"PREPARE p FROM " + b"CONCAT(" * 5000 + b"'a'" + b")" * 5000,
    "a comment of 1 MB": lambda: b"SELECT /*" + b"*" * MEGA + b"*/ 1",
    "20,000 comments": lambda: b"SELECT 1" + b"/**/" * 20_000,
    "10,000 version comments": lambda: b"SELECT 1" + b"/*!40000 + 1*/" * 10_000,
    "100,000 skipped comments": lambda: b"SELECT 1" + b"/*!99999 x*/" * 100_000,
    "skipped comments that open": lambda: b"SELECT 1" + b"/*!99999 /* x" * 50_000,
    "version comments that do not close": lambda: b"SELECT 1 " + b"/*!99999 /*" * 90_000,
    # lists
    "an IN list of 100,000 numbers": lambda: b"SELECT * FROM t WHERE id IN (" + b"1," * 99_999 + b"1)",
    "an IN list of 100,000 strings": lambda: b"SELECT * FROM t WHERE id IN (" + b"'abc'," * 99_999 + b"'x')",
    "an IN list of 14,000 columns": lambda: b"SELECT * FROM t WHERE 1 IN (" + _many("c{i}", 14_000) + b")",
    "an IN list of mixed items": lambda: b"SELECT * FROM t WHERE id IN (" + _many("{i}, 'a', c{i}, f({i})", 3_500) + b")",
    "an INSERT of 16 MB": lambda: _rows(16 * MEGA),
    "an INSERT of 1 MB": lambda: _rows(MEGA),
    "an INSERT of 16 MB in one row": lambda: b"INSERT INTO t VALUES ('" + b"x" * (16 * MEGA) + b"')",
    "an INSERT of 16 MB of blob": lambda: b"INSERT INTO t VALUES (_binary'" + b"\xff\\'\\0a" * (3 * MEGA) + b"')",
    "an INSERT of 16 MB of hexadecimal": lambda: b"INSERT INTO t VALUES (0x" + b"a0" * (8 * MEGA) + b")",
    "an INSERT of 16 MB with one row that differs": lambda: _rows(16 * MEGA) + b",(SELECT 1)",
    "an INSERT of 4 MB of rows with calls": lambda: _varied_rows(4 * MEGA),
    "an INSERT of 16 MB of rows with calls": lambda: _varied_rows(16 * MEGA),
    "an INSERT of 200 kB of rows with calls": lambda: _varied_rows(200_000),
    "a SET of 10,000 variables": lambda: b"SET " + _many("@a{i} = {i}", 10_000),
    "a SET of 10,000 system variables": lambda: b"SET " + _many("sort_buffer_size = {i}", 10_000),
    "a SET STATEMENT of 10,000 variables": lambda: b"SET STATEMENT " + _many("sort_buffer_size = {i}", 10_000) + b" FOR SELECT 1",
    "a SELECT of 14,000 columns": lambda: b"SELECT " + _many("c{i}", 14_000) + b" FROM t",
    "a SELECT of 7,000 calls": lambda: b"SELECT " + _many("f{i}(1)", 7_000) + b" FROM t",
    "a SELECT of 7,000 aliases": lambda: b"SELECT " + _many("1 AS a{i}", 7_000) + b" FROM t",
    "5,000 tables": lambda: b"SELECT 1 FROM " + _many("t{i}", 5_000),
    "5,000 tables with aliases": lambda: b"SELECT 1 FROM " + _many("t AS a{i}", 5_000),
    "3,000 joins": lambda: b"SELECT 1 FROM t " + _many("JOIN t{i} ON t{i}.a = t{j}.a", 3_000, " "),
    "a DELETE from 3,000 tables": lambda: b"DELETE " + _many("a{i}", 3_000) + b" FROM " + _many("t AS a{i}", 3_000),
    "a DELETE from unknown tables": lambda: b"DELETE " + _many("b{i}", 3_000) + b" FROM " + _many("t AS a{i}", 3_000),
    "an UPDATE of 2,000 tables": lambda: b"UPDATE " + _many("t AS a{i}", 2_000) + b" SET " + _many("a{i}.x = 1", 2_000),
    "an UPDATE of unknown tables": lambda: b"UPDATE " + _many("t AS a{i}", 2_000) + b" SET " + _many("b{i}.x = 1", 2_000),
    "an UPDATE of plain columns": lambda: b"UPDATE " + _many("t{i}", 2_000) + b" SET " + _many("c{i} = 1", 4_000),
    "a DROP of 10,000 tables": lambda: b"DROP TABLE " + _many("t{i}", 10_000),
    "a LOCK of 8,000 tables": lambda: b"LOCK TABLES " + _many("t{i} READ", 8_000),
    "a RENAME of 5,000 tables": lambda: b"RENAME TABLE " + _many("t{i} TO u{i}", 5_000),
    "a CREATE of 6,000 columns": lambda: b"CREATE TABLE t (" + _many("c{i} INT NOT NULL", 6_000) + b")",
    "a CREATE of 3,000 foreign keys": lambda: b"CREATE TABLE t (" + _many("c{i} INT REFERENCES t{i} (id)", 3_000) + b")",
    "an ALTER of 6,000 columns": lambda: b"ALTER TABLE t " + _many("ADD c{i} INT", 6_000),
    "a CALL of 20,000 arguments": lambda: b"CALL p(" + _many("{i}", 20_000) + b")",
    # depth and chains
    "50,000 parentheses": lambda: b"SELECT " + _nested(b"(", b"1", b")", 25_000),
    "5,000 subqueries": lambda: b"SELECT " + _nested(b"(SELECT ", b"1", b")", 5_000),
    "5,000 derived tables": lambda: _nested(b"SELECT * FROM (", b"SELECT 1", b") a", 5_000),
    "5,000 EXISTS": lambda: _nested(b"SELECT 1 FROM t WHERE EXISTS (", b"SELECT 1", b")", 5_000),
    "3,000 CASE": lambda: b"SELECT " + _nested(b"CASE WHEN a = 1 THEN ", b"1", b" ELSE 2 END", 3_000),
    "3,000 CASE in a WHERE": lambda: b"DELETE FROM t WHERE " + _nested(b"CASE WHEN a = 1 THEN ", b"1", b" ELSE 2 END", 3_000),
    "10,000 open CASE": lambda: b"SELECT " + b"CASE WHEN 1 THEN " * 10_000,
    "3,000 common table expressions": lambda: b"WITH " + _many("c{i} AS (SELECT * FROM c{j})", 3_000) + b" SELECT * FROM c3000",
    "3,000 of one name": lambda: b"WITH " + _many("c AS (SELECT * FROM c)", 3_000) + b" SELECT * FROM c",
    "2,000 nested WITH": lambda: _nested(b"WITH c AS (", b"SELECT 1", b") SELECT * FROM c", 2_000),
    "2,000 nested WITH RECURSIVE": lambda: _nested(b"WITH RECURSIVE c AS (", b"SELECT 1", b") SELECT * FROM c", 2_000),
    "5,000 UNION": lambda: b"SELECT 1 FROM t" + b" UNION SELECT 1 FROM t" * 5_000,
    "5,000 UNION of columns": lambda: b"SELECT a, b FROM t" + b" UNION ALL SELECT a, b FROM t" * 3_000,
    "5,000 UNION of brackets": lambda: _nested(b"(SELECT 1 UNION ", b"SELECT 1", b")", 5_000),
    "10,000 OR": lambda: b"SELECT 1 FROM t WHERE " + _many("a = {i}", 10_000, " OR "),
    "10,000 AND": lambda: b"SELECT 1 FROM t WHERE " + _many("a{i} = 'x'", 10_000, " AND "),
    "10,000 OR of literals": lambda: b"SELECT 1 FROM t WHERE " + _many("{i} = {i}", 10_000, " OR "),
    "10,000 literals joined by OR": lambda: b"DELETE FROM t WHERE " + _many("{i}", 14_000, " OR "),
    "10,000 NOT": lambda: b"DELETE FROM t WHERE " + b"NOT " * 20_000 + b"a",
    "5,000 nested NOT": lambda: b"DELETE FROM t WHERE " + _nested(b"NOT (", b"a", b" OR 0)", 5_000),
    "5,000 BETWEEN": lambda: b"DELETE FROM t WHERE a " + b"BETWEEN 1 AND " * 8_000 + b"2",
    "20,000 additions": lambda: b"SELECT " + b"1 + " * 14_000 + b"1",
    "20,000 comparisons": lambda: b"SELECT 1 FROM t WHERE " + b"a = " * 14_000 + b"1",
    "20,000 minus signs": lambda: b"SELECT " + b"- " * 20_000 + b"1",
    "5,000 nested calls": lambda: b"SELECT " + _nested(b"ABS(", b"1", b")", 8_000),
    "5,000 nested IF": lambda: b"SELECT " + _nested(b"IF(a, ", b"1", b", 2)", 5_000),
    "10,000 joined strings": lambda: b"SELECT " + b"'a' " * 14_000,
    "5,000 names with dots": lambda: b"SELECT a" + b".b" * 14_000,
    "10,000 braces": lambda: b"SELECT " + _nested(b"{x ", b"1", b"}", 10_000),
    "10,000 braces, open": lambda: b"SELECT * FROM " + b"{oj " * 10_000,
    # texts of many statements, and programs
    "100,000 semicolons": lambda: b"SELECT 1" + b";" * 100_000,
    "500 statements": lambda: b"SELECT a FROM t WHERE b = 1;" * 500,
    "500 statements in a version comment": lambda: b"/*!40000 " + b"SELECT a FROM t WHERE b = 1;" * 500 + b" SELECT 1 */",
    "10,000 statements": lambda: b"SELECT 1;" * 10_000,
    "a program of 5,000 statements": lambda: b"CREATE PROCEDURE p() BEGIN " + b"SET @a = 1;" * 5_000 + b"END",
    "a program of 2,000 IF": lambda: b"CREATE PROCEDURE p() BEGIN " + _nested(b"IF a THEN ", b"SET @a = 1;", b"END IF;", 2_000) + b"END",
    "a program of 5,000 labels": lambda: b"CREATE PROCEDURE p() BEGIN " + b"l: " * 10_000 + b"END",
    "a program of 3,000 handlers": lambda: b"BEGIN NOT ATOMIC " + b"DECLARE EXIT HANDLER FOR 1 SET @a = 1;" * 1_500 + b"END",
    "5,000 EXPLAIN": lambda: b"EXPLAIN " * 20_000 + b"SELECT 1",
    "5,000 SET STATEMENT": lambda: b"SET STATEMENT a = 1 FOR " * 5_000 + b"SELECT 1",
    "a GRANT of 10,000 columns": lambda: b"GRANT SELECT (" + _many("c{i}", 14_000) + b") ON t TO u",
    "10,000 user variables": lambda: b"SELECT " + _many("@v{i} := {i}", 5_000),
    "14,000 question marks": lambda: b"SELECT * FROM t WHERE a IN (" + b"?," * 14_000 + b"?)",
    "10,000 hints": lambda: b"SELECT " + b"/*+ MAX_EXECUTION_TIME(1) */ " * 10_000 + b"1",
    "14,000 names in quotes": lambda: b"SELECT " + _many("`c{i}`", 14_000) + b" FROM t",
    "one name of 1 MB": lambda: b"SELECT " + b"a" * MEGA,
    "one quoted name of 1 MB": lambda: b"SELECT `" + b"a" * MEGA + b"` FROM t",
    "one number of 1 MB": lambda: b"SELECT " + b"1" * MEGA,
    "one number of 1 MB, compared": lambda: b"SELECT 1 FROM t WHERE " + b"1" * MEGA + b" = " + b"1" * MEGA,
    "one bit literal of 1 MB": lambda: b"DELETE FROM t WHERE b'" + b"1" * MEGA + b"' = 1",
    "one hexadecimal of 1 MB": lambda: b"DELETE FROM t WHERE 0x" + b"1" * MEGA + b" = 1",
    "one string of 1 MB, compared": lambda: b"DELETE FROM t WHERE '" + b"1" * MEGA + b"' = '" + b"1" * MEGA + b"'",
    "one sql_mode of 1 MB": lambda: b"SET sql_mode = '" + b"ANSI," * (MEGA // 5) + b"'",
    "one character set of 1 MB": lambda: b"SET NAMES '" + b"a" * MEGA + b"'",
    "one password of 1 MB": lambda: b"SET PASSWORD = '" + b"a" * MEGA + b"'",
    "10,000 identified by": lambda: b"CREATE USER " + _many("u{i} IDENTIFIED BY 'x'", 5_000),
    "16 MB of white space": lambda: b"SELECT 1" + b" " * (16 * MEGA),
    "16 MB of nothing known": lambda: b"FROBNICATE " + b"x " * (8 * MEGA),
    "16 MB of SELECT": lambda: b"SELECT " + b"a, " * (5 * MEGA) + b"a",
    "16 MB of -": lambda: b"-" * (16 * MEGA),
    "16 MB of /*!": lambda: b"/*!" * (5 * MEGA),
    "16 MB of skipped comments": lambda: b"/*!99999x*/" * (3 * MEGA // 2),
    "16 MB of '": lambda: b"'" * (16 * MEGA),
    "16 MB of ;": lambda: b";" * (16 * MEGA),
    "16 MB of 'a',": lambda: b"SELECT " + b"'a'," * (4 * MEGA) + b"1",
    "16 MB in an IN list": lambda: b"SELECT * FROM t WHERE a IN (" + b"'a'," * (4 * MEGA) + b"'a')",
    "16 MB in an IN list of pairs": lambda: b"SELECT * FROM t WHERE (a, b) IN (" + b"(1,2)," * (MEGA * 16 // 6) + b"(1,2))",
    "16 MB in an IN list of names": lambda: b"SELECT * FROM t WHERE a IN (" + b"ab," * (5 * MEGA) + b"ab)",
    "16 MB of rows with negative numbers": lambda: b"INSERT INTO t VALUES " + b"(-1,+2)," * (2 * MEGA) + b"(1,2)",
    "16 MB of rows in double quotes": lambda: b'INSERT INTO t VALUES ' + b'("a","b"),' * (MEGA * 16 // 10) + b'("a","b")',
    # for the detectors
    "20,000 empty comments behind 10,000 names": lambda: b"SELECT a FROM t WHERE b = 1 AND c IN (" + b"d," * 10_000 + b"d)" + b" -- \n" * 20_000,
    "3,000 empty NOT IN": lambda: b"SELECT a FROM t WHERE " + b"a NOT IN (NULL) OR (1 = 1) AND " * 3_000 + b"b",
    "one long NOT IN of NULL": lambda: b"SELECT a FROM t WHERE a NOT IN (" + b"NULL," * 20_000 + b"NULL) OR (1 = 1)",
    "5,000 intervals": lambda: b"SELECT a FROM t WHERE b > NOW()" + b" - INTERVAL 1 DAY" * 5_000,
    "intervals of intervals": lambda: b"SELECT a FROM t WHERE b > " + _nested(b"INTERVAL (", b"1", b") DAY", 4_000),
    "8,000 strings that are reckoned": lambda: b"SELECT a FROM t WHERE b = c" + b" & 'a' + d" * 5_000,
    "8,000 collations": lambda: b"SELECT a FROM t WHERE b = c" + b" COLLATE utf8mb4_bin" * 8_000,
    "a count of 7,000 tables": lambda: b"SELECT COUNT(*) FROM " + _many("t{i} a{i}", 7_000),
    "2,000 counts in counts": lambda: b"SELECT " + _nested(b"(SELECT COUNT(*) FROM t, t a, u, ", b"x", b")", 2_000),
    "4,000 lengths of parts": lambda: b"SELECT a FROM t WHERE (SELECT " + _nested(b"LENGTH(LEFT(", b"b", b", 1))", 4_000) + b" FROM u) > 1",
    "4,000 patterns that grow": lambda: b"SELECT a FROM t WHERE b RLIKE " + _nested(b"CONCAT(REPEAT(", b"b", b", 1))", 4_000),
    "5,000 choices in ORDER BY": lambda: b"SELECT a FROM t ORDER BY " + b"CASE WHEN 1 = 2 THEN a END, IF(a = 1, b, c), " * 1_500 + b"(SELECT 1)",
    "16 MB of rows with functions at the end": lambda: _rows(8 * MEGA) + b",(1,NOW())" * 1_000_000,
}  # fmt: skip


def inputs() -> Iterator[tuple[str, bytes]]:
    for name, build in WORST.items():
        yield name, build()
