"""SQLAlchemy's ORM and core over PyMySQL, with its own set-up chatter and reflection."""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, MetaData, Table, create_engine, func, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from tests.drivers.clients import session as s


class Base(DeclarativeBase):
    pass


class Product(Base):
    __tablename__ = "products"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    price: Mapped[str]


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    product: Mapped[int]
    amount: Mapped[int]
    note: Mapped[str | None]


def listed(result: Any) -> list[list[object]]:
    return [[s.plain(value) for value in row] for row in result]


def main() -> None:
    seen: dict[str, object] = {}
    at = s.arguments()
    url = URL.create("mysql+pymysql", at["user"], at["password"], at["host"], at["port"], "shop")
    engine = create_engine(url, connect_args={"client_flag": 65536}, pool_pre_ping=True, pool_size=1)
    with engine.connect() as connection:
        reflected = Table("products", MetaData(), autoload_with=connection)
        seen["columns"] = [column.name for column in reflected.columns]
        seen["text"] = listed(connection.execute(text(s.TEXT)))
        connection.commit()
    with Session(engine) as orm:
        found = orm.get(Product, 2)
        assert found is not None
        seen["prepared"] = [found.name, s.plain(found.price)]
        seen["join"] = listed(
            orm.execute(
                select(Product.name, func.sum(Order.amount))
                .join(Order, Order.product == Product.id, isouter=True)
                .group_by(Product.name)
                .order_by(Product.name)
                .limit(10)
            )
        )
        counts = []
        orm.add(Order(product=1, amount=5, note="rolled back"))
        orm.flush()
        orm.rollback()
        counts.append(orm.scalar(select(func.count()).select_from(Order)))
        orm.add_all([Order(product=1, amount=2, note="it's"), Order(product=2, amount=3, note=None)])
        orm.commit()
        counts.append(orm.scalar(select(func.count()).select_from(Order)))
        orm.execute(insert(Order), [{"product": 3, "amount": n, "note": "x"} for n in range(50)])
        orm.rollback()
        seen["transaction"] = counts
    with engine.connect() as connection:
        try:
            connection.execute(text(s.ERROR))
        except DBAPIError as error:
            seen["error"] = error.orig.args[0] if error.orig else None
        connection.rollback()
        cursor: Any = connection.connection.cursor()
        results = []
        for statement in (s.CALL, s.MULTI):
            cursor.execute(statement)
            while True:
                results.append(s.rows(cursor))
                if not cursor.nextset():
                    break
        seen["multi"] = results
        cursor.close()
        seen["big"] = s.size(listed(connection.execute(text(s.BIG))))
        try:
            connection.execute(text(s.FORBIDDEN))
            seen["blocked"] = None
        except DBAPIError as error:
            assert error.orig is not None
            seen["blocked"] = [error.orig.args[0], error.orig.args[1]]
        seen["after"] = listed(connection.execute(text(s.AFTER)))
    engine.dispose()
    s.report(seen)


main()
