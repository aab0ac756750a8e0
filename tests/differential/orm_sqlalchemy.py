# ruff: noqa: RUF012
"""A program that uses much of SQLAlchemy against a server: python -m tests.differential.orm_sqlalchemy HOST PORT USER PASSWORD."""

from __future__ import annotations

import sys
import warnings
from datetime import datetime
from decimal import Decimal

from sqlalchemy import (
    JSON,
    URL,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Enum,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    and_,
    bindparam,
    case,
    cast,
    create_engine,
    delete,
    distinct,
    exists,
    extract,
    func,
    insert,
    inspect,
    literal,
    not_,
    or_,
    select,
    text,
    tuple_,
    union_all,
    update,
)  # fmt: skip
from sqlalchemy.dialects.mysql import insert as mysql_insert
from sqlalchemy.dialects.mysql import match
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    aliased,
    joinedload,
    mapped_column,
    relationship,
    selectinload,
    subqueryload,
)  # fmt: skip


class Base(DeclarativeBase):
    pass


LINKS = Table(
    "order items",
    Base.metadata,
    Column("order", ForeignKey("orders.id"), primary_key=True),
    Column("item", ForeignKey("items.id"), primary_key=True),
)


class Person(Base):
    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50), unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    boss_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    orders: Mapped[list[Order]] = relationship(back_populates="person", cascade="all, delete-orphan")
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "person"}


class Worker(Person):
    __tablename__ = "workers"
    id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    pay: Mapped[Decimal] = mapped_column(Numeric(8, 2))
    __mapper_args__ = {"polymorphic_identity": "worker"}


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    made: Mapped[datetime] = mapped_column(DateTime, server_default=func.now())
    note: Mapped[str | None] = mapped_column(Text)
    data: Mapped[dict[str, object] | None] = mapped_column(JSON)
    blob: Mapped[bytes | None] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(Enum("new", "paid", "it's"), default="new")
    person: Mapped[Person] = relationship(back_populates="orders")
    items: Mapped[list[Item]] = relationship(secondary=LINKS)
    __table_args__ = (Index("ix_made", "made", "state"), CheckConstraint("person_id > 0"))


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(String(40))
    qty: Mapped[int] = mapped_column(default=1)
    __table_args__ = (Index("ft", "sku", mysql_prefix="FULLTEXT"),)


def main() -> None:
    warnings.simplefilter("ignore")
    host, port, user, password = sys.argv[1:5]
    engine = create_engine(
        URL.create("mysql+pymysql", user, password, host, int(port), "orm"),
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
    )
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        fill(session)
        load(session)
        select_much(session)
        change(session)
    core(engine)
    inspector = inspect(engine)
    for name in inspector.get_table_names():
        inspector.get_columns(name)
        inspector.get_foreign_keys(name)
        inspector.get_indexes(name)
        inspector.get_table_options(name)
    inspector.get_view_names()
    MetaData().reflect(engine, views=True)
    Base.metadata.drop_all(engine)
    engine.dispose()


def fill(session: Session) -> None:
    boss = Person(name='Boss\'s "name" \\', kind="person")
    session.add(boss)
    session.flush()
    people = [Worker(name=f"w{i} ü %", pay=Decimal(i), boss_id=boss.id) for i in range(4)]
    session.add_all(people)
    items = [Item(sku=sku) for sku in ("a-1", "b'2", "select")]
    for i, person in enumerate(people):
        order = Order(
            person=person, note=f"-- {i}", data={"a": [i]}, blob=b"\x00'\\\xff", items=items[: i % 3]
        )
        session.add(order)
    session.commit()
    session.execute(insert(Item), [{"sku": f"s{i}", "qty": i} for i in range(100)])
    session.commit()


def load(session: Session) -> None:
    for option in (joinedload, selectinload, subqueryload):
        session.expire_all()
        list(
            session.scalars(
                select(Person).options(option(Person.orders).options(option(Order.items)))
            ).unique()
        )
    session.get(Worker, 2)
    list(session.scalars(select(Order).join(Order.person.of_type(Worker)).where(Worker.pay > 1)))
    list(
        session.scalars(select(Order).where(Order.items.any(Item.sku == "a-1"), Order.person.has(name="w1")))
    )


def select_much(session: Session) -> None:
    boss = aliased(Person, name="select")
    ranked = select(
        Order.id,
        func.row_number().over(partition_by=Order.person_id, order_by=Order.made.desc()).label("n"),
        func.sum(Order.id).over(order_by=Order.id, rows=(-1, 0)).label("running"),
    ).subquery("ranked")
    tree = (
        select(Person.id, Person.boss_id, literal(0).label("level"))
        .where(Person.boss_id.is_(None))
        .cte("tree", recursive=True)
    )
    tree = tree.union_all(
        select(Person.id, Person.boss_id, tree.c.level + 1).join(tree, Person.boss_id == tree.c.id)
    )
    paid = (
        select(Order.person_id, func.count().label("n"))
        .group_by(Order.person_id)
        .having(func.count() >= 1)
        .cte("orders_of")
    )
    statements = [
        select(Person, boss).join(boss, Person.boss_id == boss.id, isouter=True).order_by(boss.name, Person.id.desc()),
        select(ranked).where(ranked.c.n == 1),
        select(tree),
        select(Person.name, paid.c.n).join(paid, paid.c.person_id == Person.id),
        select(func.count(distinct(Order.person_id)), func.max(Order.made)).where(Order.state.in_(["new", "paid"])),
        select(Order).where(or_(Order.note.like("%--%"), and_(Order.id > 1, not_(Order.id.between(5, 6))))),
        select(Order).where(tuple_(Order.id, Order.person_id).in_([(1, 1), (2, 2)])),
        select(Person.name).where(~exists().where(Order.person_id == Person.id)),
        select(Person.name, select(func.count()).where(Order.person_id == Person.id).scalar_subquery().label("c")),
        select(case((Person.active, "on"), else_="off"), func.coalesce(Person.boss_id, 0), cast(Person.id, String(5))),
        select(extract("year", Order.made), func.date_format(Order.made, "%Y-%m")).group_by(text("1, 2")),
        select(Order.data["a"][0].as_integer(), Order.data["a"].as_json()).where(Order.data["a"][0].as_integer() > 0),
        union_all(select(Person.id, Person.name), select(Item.id, Item.sku)).order_by("id").limit(5).offset(1),
        select(Item).where(match(Item.sku, against="select").in_boolean_mode()),
        select(Item).with_for_update(skip_locked=True).limit(1),
        select(Item).with_for_update(read=True).limit(1),
        select(Person).with_hint(Person, "USE INDEX (PRIMARY)").where(Person.id.in_([])),
        select(Order).where(Order.person_id.in_(select(Worker.id).where(Worker.pay > 0))).distinct(),
        select(literal(True), func.now(), func.database(), func.version(), func.connection_id()),
        select(LINKS.c.item, func.group_concat(LINKS.c.order)).group_by(LINKS.c.item),
        select(Item.sku.op("REGEXP")("^a"), Item.sku.concat("x"), Item.qty % 2, -Item.qty).where(Item.sku.is_distinct_from("b")),
        select(Person).from_statement(text("SELECT * FROM people WHERE id > :low").bindparams(bindparam("low", 1))),
    ]  # fmt: skip
    for statement in statements:
        list(session.execute(statement))
    session.rollback()


def change(session: Session) -> None:
    session.execute(
        update(Order).where(Order.state == "new").values(state="paid", note=func.concat(Order.note, "'!"))
    )
    session.execute(update(Item), [{"id": 1, "qty": 5}, {"id": 2, "qty": 6}])
    session.execute(
        update(Order).where(Order.person_id == Person.id, Person.name == "w1 ü %").values(note=Person.name),
        execution_options={"synchronize_session": False},
    )
    order = session.get(Order, 1)
    if order is not None:
        with session.begin_nested():
            order.note = None
            order.items.append(Item(sku="new"))
    session.commit()
    session.execute(delete(Item).where(Item.sku.like("s1%")))
    session.execute(
        delete(LINKS).where(LINKS.c.item == Item.id, Item.sku == "select"),
        execution_options={"synchronize_session": False},
    )
    worker = session.get(Worker, 3)
    session.delete(worker)
    session.commit()


def core(engine: object) -> None:
    from sqlalchemy import Engine

    assert isinstance(engine, Engine)
    items = Item.__table__
    with engine.begin() as connection:
        merge = mysql_insert(items).values(
            [{"id": 1, "sku": "a", "qty": 1}, {"id": 999, "sku": "b", "qty": 2}]
        )
        connection.execute(
            merge.on_duplicate_key_update(qty=merge.inserted.qty, sku=func.concat(items.c.sku, "+"))
        )
        connection.execute(mysql_insert(items).prefix_with("IGNORE").values(id=1, sku="x"))
        copy = Table(
            "copy",
            MetaData(),
            Column("id", Integer, primary_key=True),
            Column("sku", String(40)),
            prefixes=["TEMPORARY"],
        )
        copy.create(connection)
        connection.execute(
            insert(copy).from_select(["id", "sku"], select(items.c.id, items.c.sku).where(items.c.qty > 0))
        )
        connection.execute(select(copy)).all()
        copy.drop(connection)
        if engine.dialect.is_mariadb:  # type: ignore[attr-defined]
            connection.execute(insert(items).values(sku="r").returning(items.c.id)).all()
            connection.execute(delete(items).where(items.c.sku == "r").returning(items.c.sku)).all()
        connection.execute(text("CREATE OR REPLACE VIEW big_items AS SELECT id FROM items WHERE qty > 3"))
    with engine.connect() as connection:
        inspect(connection).get_view_definition("big_items")
        connection.execute(text("SELECT * FROM big_items")).all()
        connection.execute(text("DROP VIEW big_items"))
        connection.commit()


if __name__ == "__main__":
    main()
