"""The outward form of generated statements: quoting, white space, comments, numbers and strings, as the mode allows."""

from __future__ import annotations

import random
import re

from dbgate.sql.actions import ACTIONS
from dbgate.sql.statement import MARIADB, LexContext

Words = list[str]

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*\Z")
_NUMBER = re.compile(r"[0-9]+[eE]-?[0-9]+|[0-9]*\.[0-9]*")  # a word may follow these at once
# Names that need their quotes although they are not on our own lists (a list under test proves nothing about itself).
_QUOTED = frozenset(
    [
        "SELECT",
        "FROM",
        "TABLE",
        "ORDER",
        "GROUP",
        "WHERE",
        "KEY",
        "KEYS",
        "INDEX",
        "UNION",
        "ALL",
        "SET",
        "VALUES",
        "IN",
        "ON",
        "AS",
        "JOIN",
        "LEFT",
        "WINDOW",
        "EXCEPT",
        "INTERSECT",
        "OVER",
        "RANK",
        "ROWS",
        "LATERAL",
        "SYSTEM",
        "OF",
        "RECURSIVE",
        "RETURNING",
        "ROW_NUMBER",
        "OFFSET",
    ]
)
_STRINGS = (
    "x", "", "it''s", "a b", "-- ", "# no", "/* x */", "/*! x */", "FROM k", "`", '""', "; DROP TABLE k", "*/", ")",
    "%", "2020-01-01", "1", "{", "@v", "?",
)  # fmt: skip
_ESCAPED = ("\\'", "a\\'b", "\\\\", "\\0", '\\"', "\\%", "\\n'' ")
_GAPS = ("\t", "\n", "\r\n", "\v", "\f", "  ", "\n\n\t ", " \r")
_COMMENTS = (
    "/**/", "/* x */", "/* FROM k */", "/*'*/", '/*"*/', "/*`*/", "/* ; */", "/***/", "/* -- */", "/* /* */", "/*x**/",
    "-- x\n", "--\n", "--\t'\n", "-- */\n", "#\n", "# FROM k '\n", "#`\n", "-- ;\n", "--\x01\n",
)  # fmt: skip


class Lexis:
    """Renders words (the pieces of a statement that must not be cut) as bytes for one mode."""

    def __init__(self, choose: random.Random, ctx: LexContext) -> None:
        self.choose = choose
        self.ctx = ctx
        self.maria = ctx.flavour == MARIADB
        # How wild this statement looks: most are plain, so that a miss is easy to read.
        self.wild = choose.choice((0.0, 0.0, 0.05, 0.3))

    def chance(self, of: float) -> bool:
        return self.choose.random() < of

    def word(self, text: str) -> str:
        """A keyword in some case."""
        if self.wild and self.chance(self.wild):
            return "".join(c.lower() if self.chance(0.5) else c for c in text)
        return text

    def name(self, text: str, dotted: bool = False) -> str:
        """An identifier, quoted where it must be and sometimes where it need not. dotted: it follows a dot."""
        if self.ctx.fold_names and self.chance(0.3) and text.isascii():
            text = self.choose.choice((text.upper(), text.capitalize(), text.swapcase()))
        upper = text.upper()
        bare = bool(_BARE.match(text)) and (
            dotted or (upper not in _QUOTED and upper not in ACTIONS[self.ctx.flavour])
        )
        if text in ("1a", "u\u00e9") and self.chance(0.4):  # no quotes are needed, though it does not look so
            bare = text.isascii() or self.ctx.charset in ("utf8mb4", "utf8mb3", "latin1")
        if bare and not self.chance(0.15):
            return text
        if self.ctx.ansi_quotes and self.chance(0.5):
            return '"' + text.replace('"', '""') + '"'
        return "`" + text.replace("`", "``") + "`"

    def path(self, *names: str) -> str:
        """A dotted name in one piece; white space around the dot at times."""
        dot = "."
        out = self.name(names[0])
        for name in names[1:]:
            if self.wild and self.chance(self.wild):
                dot = self.choose.choice((" .", ". ", " . ", "/**/.", ".\n"))
            else:
                dot = "."
            touching = dot == "."
            out += dot + self.name(name, touching)
        return out

    def string(self) -> str:
        """A string literal, any kind of quote and prefix."""
        choose = self.choose
        body = choose.choice(_STRINGS)
        if not self.ctx.no_backslash_escapes and self.chance(0.15):
            body = choose.choice(_ESCAPED)
        elif self.ctx.no_backslash_escapes and self.chance(0.15):
            body = choose.choice(("\\", "a\\", "\\''"))
        if not self.ctx.ansi_quotes and self.chance(0.2):
            return '"' + body.replace('""', '"').replace('"', '""').replace('\\""', '\\"') + '"'
        prefix = choose.choice(("_utf8mb4", "_latin1 ", "N", "_binary ", "n")) if self.chance(0.06) else ""
        return prefix + "'" + body + "'"

    def number(self) -> str:
        choose = self.choose
        if self.chance(0.7):
            return str(choose.randrange(10))
        return choose.choice(
            (
                "1.5",
                ".5",
                "1e0",
                "1E-1",
                "1.5e3",
                "0x41",
                "x'4142'",
                "b'01'",
                "0b11",
                "-1",
                "1.",
                "007",
                "X'00'",
            )
        )

    def gap(self) -> str:
        """White space or a comment."""
        choose = self.choose
        if not self.wild or not self.chance(self.wild):
            return " "
        if self.ctx.charset == "latin1" and self.chance(0.1):
            return "\xa0"
        if self.chance(0.5):
            return choose.choice(_GAPS)
        return choose.choice(_COMMENTS)

    def _between(self, one: str, two: str) -> str:
        """What stands between two words: nothing is possible only where they cannot run together."""
        last, first = one[-1], two[0]
        loose = last in "(),=;" or first in "),=;" or (first == "(" and last in "'\"`)")
        if not loose and last in "'`" and first.isalpha():
            loose = True
        if not loose and first == "`" and last.isalnum():
            loose = True
        if not loose and self.wild and _NUMBER.fullmatch(one) and first.isalpha() and first not in "eExXbB":
            loose = True
        if loose and not self.chance(0.3):
            return ""
        return self.gap()

    def render(self, words: Words) -> bytes:
        """The statement's bytes in the character set of the mode."""
        words = [word for word in words if word]
        if self.wild and len(words) > 2 and self.chance(0.3):
            self._version_comment(words)
        out = [words[0]]
        for i in range(1, len(words)):
            out.append(self._between(words[i - 1], words[i]))
            out.append(words[i])
        if self.wild and self.chance(self.wild):
            out.append(self.choose.choice((" ", ";", "\n", "-- x", "#", "/* */", " ;", "--")))
        codec = "utf-8" if self.ctx.charset.startswith("utf8") else "latin-1"
        return "".join(out).encode(codec, "replace")

    def _version_comment(self, words: Words) -> None:
        """Wraps some words in a comment that is run, or puts one that is not run among them."""
        choose = self.choose
        start = choose.randrange(1, len(words))
        if self.chance(0.4):
            dead = ["/*!99999 x*/", "/*!999999 FROM k*/", "/*!99999 ' */", "/*!99999/* */*/"]
            if self.maria:
                dead += ["/*!50701 FROM k*/", "/*M!999999 x*/", "/*!80000 UNION SELECT 1*/"]
            else:
                dead += ["/*M! FROM k*/", "/*M!100000 x*/"]
            words.insert(start, choose.choice(dead))
            return
        heads = ["/*!", "/*!40100", "/*!50000", "/*!00000", "/*!50699"]
        heads += ["/*M!", "/*!100100", "/*M!100000"] if self.maria else ["/*!80000", "/*!080000"]
        end = choose.randrange(start, len(words)) + 1
        if ";" not in words[start:end]:
            words.insert(end, "*/")
            words.insert(start, choose.choice(heads))
