"""asyncmy: asyncio, with its protocol in Cython."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncmy
from asyncmy.constants.CLIENT import MULTI_STATEMENTS

from tests.drivers.clients import session as s


async def rows(cursor: Any) -> list[list[object]]:
    return [[s.plain(value) for value in row] for row in await cursor.fetchall()]


async def main() -> None:
    seen: dict[str, object] = {}
    connection = await asyncmy.connect(**s.arguments(), database="shop", client_flag=MULTI_STATEMENTS)
    async with connection.cursor() as cursor:
        await cursor.execute(s.TEXT)
        seen["text"] = await rows(cursor)
        await cursor.execute(s.BY_ID, (2,))
        seen["prepared"] = await rows(cursor)
        counts = []
        await connection.begin()
        await cursor.execute(s.INSERT, (1, 5, "rolled back"))
        await connection.rollback()
        await cursor.execute(s.COUNT)
        counts += await rows(cursor)
        await connection.begin()
        await cursor.executemany(s.INSERT, [(1, 2, "it's"), (2, 3, None)])
        await connection.commit()
        await cursor.execute(s.COUNT)
        counts += await rows(cursor)
        seen["transaction"] = counts
        try:
            await cursor.execute(s.ERROR)
        except asyncmy.errors.Error as error:
            seen["error"] = error.args[0]
        results = []
        for text in (s.CALL, s.MULTI):
            await cursor.execute(text)
            while True:
                results.append(await rows(cursor))
                if not await cursor.nextset():
                    break
        seen["multi"] = results
        await cursor.execute(s.BIG)
        seen["big"] = s.size(await rows(cursor))
        try:
            await cursor.execute(s.FORBIDDEN)
            seen["blocked"] = None
        except asyncmy.errors.Error as error:
            seen["blocked"] = [error.args[0], error.args[1]]
        await cursor.execute(s.AFTER)
        seen["after"] = await rows(cursor)
    await connection.ping(reconnect=False)
    await connection.ensure_closed()
    s.report(seen)


asyncio.run(main())
