# ruff: noqa: RUF012
"""A program that uses much of Django's ORM against a server: python -m tests.differential.orm_django HOST PORT USER PASSWORD.

What it prints is of no consequence; the statements that Django makes are recorded by the server.
"""

from __future__ import annotations

import sys
import warnings
from datetime import UTC, datetime

import django
from django.conf import settings


def configure() -> None:
    host, port, user, password = sys.argv[1:5]
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.mysql",
                "NAME": "orm",
                "HOST": host,
                "PORT": int(port),
                "USER": user,
                "PASSWORD": password,
            }
        },
        SECRET_KEY="for tests",
        USE_TZ=False,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()


def main() -> None:
    warnings.simplefilter("ignore")
    configure()
    from django.contrib.auth.models import Group, User
    from django.contrib.sessions.backends.db import SessionStore
    from django.core.management import call_command
    from django.db import connection, models, transaction
    from django.db.models import (
        Avg,
        Case,
        Count,
        Exists,
        F,
        FilteredRelation,
        Max,
        OuterRef,
        Prefetch,
        Q,
        StdDev,
        Subquery,
        Sum,
        Value,
        When,
        Window,
    )  # fmt: skip
    from django.db.models.functions import (
        Cast,
        Coalesce,
        Concat,
        ExtractYear,
        Greatest,
        JSONObject,
        Lag,
        Length,
        Lower,
        Now,
        Rank,
        Substr,
        TruncDay,
        TruncMonth,
        Upper,
    )  # fmt: skip

    class Author(models.Model):
        name = models.CharField(max_length=50, unique=True)
        born = models.DateField(null=True)
        boss = models.ForeignKey("self", models.SET_NULL, null=True)

        class Meta:
            app_label = "auth"
            db_table = "author"

    class Tag(models.Model):
        label = models.SlugField()

        class Meta:
            app_label = "auth"
            db_table = "tag list"

    class Book(models.Model):
        author = models.ForeignKey(Author, models.CASCADE, related_name="books")
        tags = models.ManyToManyField(Tag)
        title = models.CharField(max_length=80, db_index=True)
        price = models.DecimalField(max_digits=8, decimal_places=2)
        data = models.JSONField(default=dict)
        cover = models.BinaryField(default=b"")
        made = models.DateTimeField(auto_now_add=True)
        order = models.IntegerField(default=0)

        class Meta:
            app_label = "auth"
            db_table = "book"
            unique_together = [("author", "title")]
            indexes = [models.Index(fields=["price", "-made"], name="book_price")]
            constraints = [models.CheckConstraint(condition=Q(price__gte=0), name="price_ok")]

    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        for model in (Author, Tag, Book):
            editor.create_model(model)
        field = models.CharField(max_length=10, default="x")
        field.set_attributes_from_name("extra")
        editor.add_field(Author, field)
        editor.remove_field(Author, field)
    call_command("inspectdb", stdout=open("/dev/null", "w"))  # noqa: SIM115
    User.objects.create_user("ann", "ann@example.com", 'it\'s \\ a "secret"')
    user = User.objects.get(username="ann")
    user.groups.add(Group.objects.create(name="readers"))
    assert user.has_perm("auth.add_user") is False
    session = SessionStore()
    session["x"] = 1
    session.save()
    session.delete()
    ann = Author.objects.create(name="Ann O'Neil", born=datetime(1970, 1, 1, tzinfo=UTC).date())
    bob = Author.objects.create(name="Bob", boss=ann)
    Author.objects.bulk_create([Author(name=f"n{i} ü \\ %") for i in range(20)])
    Author.objects.bulk_create([Author(name="Bob", boss=ann)], update_conflicts=True, update_fields=["boss"])
    Author.objects.bulk_create([Author(name="Bob")], ignore_conflicts=True)
    tags = [Tag.objects.create(label=label) for label in ("a", "select", "from")]
    books = []
    for i in range(6):
        book = Book.objects.create(
            author=ann if i % 2 else bob,
            title=f"t{i} -- '",
            price=i * 3,
            data={"a": [1, {"b": "x'y"}], "n": i},
        )
        book.tags.set(tags[: i % 4])
        books.append(book)
    Author.objects.get_or_create(name="Zoe", defaults={"boss": bob})
    Author.objects.update_or_create(name="Zoe", defaults={"boss": ann})
    newest = Book.objects.filter(author=OuterRef("pk")).order_by("-made")
    several = [
        Author.objects.filter(Q(name__icontains="o") | ~Q(books__price__gt=5), boss__isnull=True).distinct(),
        Author.objects.annotate(n=Count("books"), total=Sum("books__price")).filter(n__gt=1).order_by("-total"),
        Author.objects.annotate(last=Subquery(newest.values("title")[:1])).exclude(last=None),
        Author.objects.filter(Exists(newest.filter(price__gt=1))),
        Author.objects.annotate(
            cheap=FilteredRelation("books", condition=Q(books__price__lt=10))
        ).filter(cheap__title__startswith="t"),
        Author.objects.annotate(
            kind=Case(When(born__isnull=True, then=Value("?")), When(name="Bob", then=Lower("name")), default=Value("x"))
        ).values("kind").annotate(n=Count("id")),
        Book.objects.annotate(
            rank=Window(Rank(), partition_by=F("author"), order_by=F("price").desc()),
            before=Window(Lag("price"), order_by=F("made").asc()),
        ),
        Book.objects.filter(data__a__1__b="x'y", data__has_key="n").values("data__n"),
        Book.objects.filter(title__regex="^t[0-9]", title__iexact="T1 -- '"),
        Book.objects.filter(made__year=datetime.now(UTC).year, made__date__lte=Now()),
        Book.objects.annotate(month=TruncMonth("made"), day=TruncDay("made"), y=ExtractYear("made")).values("month").annotate(n=Count("*")),
        Book.objects.annotate(
            w=Concat(Upper("title"), Value(" by "), "author__name"), l=Length("title"), s=Substr("title", 1, 2),
            g=Greatest("price", F("price") + F("price")), c=Coalesce("author__boss__name", Value("none")), i=Cast("price", models.IntegerField()),
            j=JSONObject(t="title"),
        ),
        Book.objects.values_list("author__name").union(Author.objects.values_list("name"), all=True),
        Book.objects.filter(tags__label__in=["a", "select"]).select_related("author__boss").defer("data"),
        Book.objects.filter(id__in=Book.objects.filter(price__gt=1).values("id")).reverse()[1:3],
        Book.objects.order_by("?")[:2],
        Book.objects.filter(price__range=(1, 9)).exclude(author__in=Author.objects.filter(name__startswith="n")),
        Author.objects.alias(n=Count("books")).filter(n__gte=F("id") - 100).values("name", "books__title"),
        Book.objects.raw("SELECT * FROM book WHERE price > %s", [1]),
        Book.objects.none(),
    ]  # fmt: skip
    for query in several:
        list(query)
    list(Author.objects.prefetch_related(Prefetch("books", Book.objects.filter(price__gt=0)), "books__tags"))
    Book.objects.aggregate(
        Avg("price"), Max("made"), StdDev("price"), n=Count("author", distinct=True, filter=Q(price__gt=2))
    )
    Book.objects.filter(author__name="Bob").update(price=F("price") + 1, title=Concat("title", Value("!")))
    Book.objects.order_by("-id").update(order=F("id") * -1)
    for i, book in enumerate(books):
        book.price = i
    Book.objects.bulk_update(books, ["price"])
    with transaction.atomic():
        list(Book.objects.select_for_update(skip_locked=True).filter(price__gt=1))
        list(
            Book.objects.select_for_update(of=("self",)).select_related("author")
        ) if connection.features.has_select_for_update_of else None
        with transaction.atomic():
            Book.objects.filter(price__lt=1).delete()
    Book.objects.filter(tags__label="from").delete()
    Author.objects.filter(books__price__gt=3).exists()
    Book.objects.filter(price__gt=1).explain()
    Book.objects.in_bulk([1, 2, 3])
    Book.objects.earliest("made")
    Book.objects.dates("made", "month")
    list(Book.objects.iterator(chunk_size=2))
    ann.delete()
    with connection.cursor() as cursor:
        connection.introspection.table_names(cursor)
        connection.introspection.get_table_description(cursor, "book")
        connection.introspection.get_constraints(cursor, "book")
        connection.introspection.get_relations(cursor, "book")
    call_command("flush", verbosity=0, interactive=False)
    with connection.schema_editor() as editor:
        for model in (Book, Tag, Author):
            editor.delete_model(model)
    connection.close()


if __name__ == "__main__":
    main()
