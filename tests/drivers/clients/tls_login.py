"""One login with a client library, with TLS (CA is a file) or without (CA is empty); prints what SELECT 7 gives.

In a process of its own: the libraries bring their own OpenSSL and more, and do not all fit beside each other.
Arguments: CLIENT PORT USER PASSWORD CA.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from typing import Any

HOST = "127.0.0.1"


def main(client: str, port: int, user: str, password: str, ca: str) -> str:
    who: dict[str, Any] = {"host": HOST, "port": port, "user": user, "password": password}
    if client.startswith("connector"):
        import mysql.connector

        tls = {"ssl_ca": ca, "ssl_verify_identity": True} if ca else {"ssl_disabled": True}
        return ask(mysql.connector.connect(**who, use_pure=client == "connector-pure", **tls))
    if client in ("mysqlclient", "django"):
        tls = {"ssl_mode": "VERIFY_IDENTITY", "ssl": {"ca": ca}} if ca else {"ssl_mode": "DISABLED"}
        if client == "django":
            return with_django(who, tls)
        import MySQLdb

        return ask(MySQLdb.connect(**who, **tls))
    if client == "sqlalchemy":
        from sqlalchemy import create_engine, text

        tls = (
            {"ssl_ca": ca, "ssl_verify_cert": True, "ssl_verify_identity": True}
            if ca
            else {"ssl_disabled": True}
        )
        engine = create_engine(f"mysql+pymysql://{user}:{password}@{HOST}:{port}/", connect_args=tls)
        with engine.connect() as connection:
            found = str(connection.execute(text("SELECT 7")).scalar())
        engine.dispose()
        return found
    return asyncio.run(with_asyncmy(who, ca))


def ask(connection: Any) -> str:
    cursor = connection.cursor()
    cursor.execute("SELECT 7")
    found = str(cursor.fetchall()[0][0])
    cursor.close()
    connection.close()
    return found


def with_django(who: dict[str, Any], tls: dict[str, Any]) -> str:
    from django.conf import settings
    from django.db import connection

    engine = {"ENGINE": "django.db.backends.mysql", "OPTIONS": tls, "NAME": "test"}
    settings.configure(DATABASES={"default": engine | {name.upper(): value for name, value in who.items()}})
    with connection.cursor() as cursor:
        cursor.execute("SELECT 7")
        found = str(cursor.fetchone()[0])
    connection.close()
    return found


async def with_asyncmy(who: dict[str, Any], ca: str) -> str:
    import asyncmy

    connection = await asyncmy.connect(**who, ssl=ssl.create_default_context(cafile=ca) if ca else None)
    async with connection.cursor() as cursor:
        await cursor.execute("SELECT 7")
        found = str((await cursor.fetchall())[0][0])
    connection.close()
    return found


if __name__ == "__main__":
    print(main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:]))
