"""What a merge that is undone leaves behind: points that are lent, so that what was spent stays what it was, and in each
account whom its customer was one with. Nothing that spends is owed any more.
"""

from importlib import import_module

import django.contrib.postgres.fields
from django.db import migrations, models

_GUARDS = import_module("loyalty.migrations.0002_guards").GUARDS
_FROM = _GUARDS.index("CREATE FUNCTION loyalty_lots_follow")
_BEFORE = _GUARDS[_FROM : _GUARDS.index("CREATE TRIGGER trace_moves_lot")].replace(
    "CREATE", "CREATE OR REPLACE", 1
)
QUIET = """
ALTER FUNCTION loyalty_lots_follow() SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off;
"""
# What is lent is a lot of its own, as what is earned.
NOW = _BEFORE.replace("m.kind <> 1 OR", "m.kind NOT IN (1, 14) OR")


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0032_sign_ins"),
        ("loyalty", "0015_families"),
        ("org", "0002_more_countries"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="movement",
            name="movement_signs",
        ),
        migrations.AddField(
            model_name="balance",
            name="parted",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), null=True, size=None
            ),
        ),
        migrations.AlterField(
            model_name="movement",
            name="kind",
            field=models.SmallIntegerField(
                choices=[
                    (1, "Earned"),
                    (2, "Became available"),
                    (3, "Redeemed"),
                    (4, "Held"),
                    (5, "Paid with held points"),
                    (6, "Released"),
                    (7, "Expired"),
                    (8, "Taken back"),
                    (9, "Debt paid"),
                    (10, "Given back"),
                    (11, "Adjusted"),
                    (12, "Transferred"),
                    (13, "Debt forgiven"),
                    (14, "Lent"),
                ]
            ),
        ),
        migrations.AddConstraint(
            model_name="movement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("kind__in", [1]),
                        ("available__gt", 0),
                        ("pending", 0),
                        ("held", 0),
                        ("debt", 0),
                        ("contra__lt", 0),
                    ),
                    models.Q(
                        ("kind__in", [1]),
                        ("available", 0),
                        ("pending__gt", 0),
                        ("held", 0),
                        ("debt", 0),
                        ("contra__lt", 0),
                    ),
                    models.Q(
                        ("kind__in", [2]),
                        ("available__gt", 0),
                        ("pending__lt", 0),
                        ("held", 0),
                        ("debt", 0),
                        ("contra", 0),
                    ),
                    models.Q(
                        ("kind__in", [3]),
                        ("available__lt", 0),
                        ("pending", 0),
                        ("held", 0),
                        ("debt", 0),
                        ("contra__gt", 0),
                    ),
                    models.Q(
                        ("kind__in", [4]),
                        ("available__lt", 0),
                        ("pending", 0),
                        ("held__gt", 0),
                        ("debt", 0),
                        ("contra", 0),
                    ),
                    models.Q(
                        ("kind__in", [5]),
                        ("available", 0),
                        ("pending", 0),
                        ("held__lt", 0),
                        ("debt", 0),
                        ("contra__gt", 0),
                    ),
                    models.Q(
                        ("kind__in", [6]),
                        ("available__gt", 0),
                        ("pending", 0),
                        ("held__lt", 0),
                        ("debt", 0),
                        ("contra", 0),
                    ),
                    models.Q(
                        ("kind__in", [7]),
                        ("available__lt", 0),
                        ("pending", 0),
                        ("held", 0),
                        ("debt", 0),
                        ("contra__gt", 0),
                    ),
                    models.Q(
                        ("kind__in", [8]),
                        ("available__lte", 0),
                        ("pending__lte", 0),
                        ("held", 0),
                        ("debt__gte", 0),
                        ("contra__gt", 0),
                    ),
                    models.Q(
                        ("kind__in", [9]),
                        ("available__lt", 0),
                        ("pending", 0),
                        ("held", 0),
                        ("debt__lt", 0),
                        ("contra", 0),
                    ),
                    models.Q(
                        ("kind__in", [10]),
                        ("available__gt", 0),
                        ("pending", 0),
                        ("held", 0),
                        ("debt", 0),
                        ("contra__lt", 0),
                    ),
                    models.Q(
                        ("kind__in", [11, 12]),
                        ("available__gt", 0),
                        ("pending", 0),
                        ("held", 0),
                        ("debt", 0),
                        ("contra__lt", 0),
                    ),
                    models.Q(
                        ("kind__in", [11, 12]),
                        ("available__lt", 0),
                        ("pending", 0),
                        ("held", 0),
                        ("debt", 0),
                        ("contra__gt", 0),
                    ),
                    models.Q(
                        ("kind__in", [13]),
                        ("available", 0),
                        ("pending", 0),
                        ("held", 0),
                        ("debt__lt", 0),
                        ("contra__lt", 0),
                    ),
                    models.Q(
                        ("kind__in", [14]),
                        ("available__gt", 0),
                        ("pending", 0),
                        ("held", 0),
                        ("debt__gt", 0),
                        ("contra", 0),
                    ),
                    _connector="OR",
                ),
                name="movement_signs",
            ),
        ),
        migrations.RunSQL(NOW + QUIET, _BEFORE + QUIET),
    ]
