"""Django's ORM over mysqlclient, with its own set-up chatter."""

from __future__ import annotations

import django
from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Count, Sum
from django.db.utils import DatabaseError

from tests.drivers.clients import session as s


def main() -> None:
    at = s.arguments()
    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.mysql",
                "NAME": "shop",
                "HOST": at["host"],
                "PORT": at["port"],
                "USER": at["user"],
                "PASSWORD": at["password"],
            }
        },
        USE_TZ=True,
    )
    django.setup()

    class Product(models.Model):
        name = models.CharField(max_length=50)
        price = models.DecimalField(max_digits=8, decimal_places=2)

        class Meta:
            app_label = "shop"
            db_table = "products"

    class Order(models.Model):
        product = models.ForeignKey(Product, models.DO_NOTHING, db_column="product")
        amount = models.IntegerField()
        note = models.CharField(max_length=50, null=True)

        class Meta:
            app_label = "shop"
            db_table = "orders"

    seen: dict[str, object] = {}
    seen["text"] = [[p.id, p.name, str(p.price)] for p in Product.objects.order_by("id")]
    seen["prepared"] = Product.objects.get(pk=2).name
    counts = []
    try:
        with transaction.atomic():
            Order.objects.create(product_id=1, amount=5, note="rolled back")
            raise ArithmeticError
    except ArithmeticError:
        counts.append(Order.objects.count())
    with transaction.atomic():
        Order.objects.bulk_create(
            [Order(product_id=1, amount=2, note="it's"), Order(product_id=2, amount=3, note=None)]
        )
        with transaction.atomic():  # a savepoint
            Order.objects.filter(amount=3).update(note="three")
    counts.append(Order.objects.count())
    seen["transaction"] = counts
    seen["join"] = [
        [name, number, s.plain(total)]
        for name, number, total in Order.objects.select_related("product")
        .values("product__name")
        .annotate(n=Count("id"), total=Sum("amount"))
        .order_by("product__name")
        .values_list("product__name", "n", "total")
    ]
    with connection.cursor() as cursor:
        try:
            cursor.execute(s.ERROR)
        except DatabaseError as error:
            seen["error"] = error.args[0]
        results = []
        for text in (s.CALL, s.MULTI):
            cursor.execute(text)
            while True:
                results.append(s.rows(cursor))
                if not cursor.nextset():
                    break
        seen["multi"] = results
        cursor.execute(s.BIG)
        seen["big"] = s.size(s.rows(cursor))
        try:
            cursor.execute(s.FORBIDDEN)
            seen["blocked"] = None
        except DatabaseError as error:
            seen["blocked"] = [error.args[0], error.args[1]]
        cursor.execute(s.AFTER)
        seen["after"] = s.rows(cursor)
    connection.close()
    s.report(seen)


main()
