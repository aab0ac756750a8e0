"""Spellings of keywords and operators → their upper case, so that the lexer need not decode them each time."""

from __future__ import annotations

from typing import Final

# Words of the statements that a gateway sees all day. A word that is not here is put in upper case when it is met.
_COMMON: Final = """
select insert into values value update set delete from where and or not null is in like between exists join left right
inner outer cross natural straight_join on using group by having order asc desc limit offset union all distinct as
case when then else end count sum min max avg coalesce ifnull if now date interval create table alter drop index
primary key unique foreign references default auto_increment int integer bigint varchar char text datetime timestamp
decimal double float tinyint smallint blob begin commit rollback start transaction savepoint release show use
explain describe call replace truncate with recursive for lock share mode duplicate ignore names charset collate
session global tables columns variables status cast convert binary unsigned true false div mod xor regexp rlike
over partition window rows range lateral returning temporary database schema
"""

_OPERATORS: Final = "<=> ->> -> <= >= <> != << >> := || && .. = < > ! & | ^ ~ + - * / % ( ) , ; : { } ."


def _spellings() -> dict[bytes, str]:
    table: dict[bytes, str] = {}
    for word in _COMMON.split():
        for spelling in (word, word.upper(), word.capitalize()):
            table[spelling.encode("ascii")] = word.upper()
    for operator in _OPERATORS.split():
        table[operator.encode("ascii")] = operator
    return table


UPPER: Final[dict[bytes, str]] = _spellings()
