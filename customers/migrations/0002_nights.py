"""Purchase states, dated lifecycle spells and nights in the shape that the nightly run needs. Nothing was written yet."""

import django.db.models.deletion
from django.db import migrations, models

import crm.lib.money


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_initial")]

    operations = [
        migrations.DeleteModel("Lifecycle"),
        migrations.DeleteModel("PurchaseState"),
        migrations.CreateModel(
            name="Night",
            fields=[
                (
                    "rules",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.lifecyclerules",
                    ),
                ),
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("on", models.DateField(verbose_name="business date")),
                ("window_days", models.PositiveIntegerField()),
                ("computed_at", models.DateTimeField(null=True)),
                ("published_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "night",
                "verbose_name_plural": "nights",
            },
        ),
        migrations.CreateModel(
            name="PublishedNight",
            fields=[
                (
                    "night",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="customers.night"
                    ),
                ),
                (
                    "id",
                    models.PositiveSmallIntegerField(
                        default=1, editable=False, primary_key=True, serialize=False
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Lifecycle",
            fields=[
                (
                    "customer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.customer",
                    ),
                ),
                (
                    "night",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.night",
                    ),
                ),
                ("ended_night", models.IntegerField(null=True)),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "customer",
                        "night",
                        "began_on",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "stage",
                    models.SmallIntegerField(
                        choices=[
                            (1, "Potential"),
                            (2, "New"),
                            (3, "Active"),
                            (4, "Dormant"),
                            (5, "Lost"),
                            (6, "Won back"),
                        ]
                    ),
                ),
                ("began_on", models.DateField()),
                ("ended_on", models.DateField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="PurchaseState",
            fields=[
                (
                    "customer",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="purchase_state",
                        serialize=False,
                        to="customers.customer",
                    ),
                ),
                ("first_on", models.DateField(null=True)),
                ("last_on", models.DateField(null=True)),
                ("comeback_on", models.DateField(null=True)),
                ("count", models.IntegerField(default=0)),
                ("spent", crm.lib.money.MoneyField(default=0)),
                ("window_first_on", models.DateField(null=True)),
                ("window_count", models.IntegerField(default=0)),
                ("window_spent", crm.lib.money.MoneyField(default=0)),
                ("next_on", models.DateField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="StateBasis",
            fields=[
                (
                    "id",
                    models.PositiveSmallIntegerField(
                        default=1, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("on", models.DateField(null=True)),
                ("window_days", models.PositiveIntegerField(null=True)),
                ("lost_days", models.PositiveIntegerField(null=True)),
                ("won_back_days", models.PositiveIntegerField(null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="lifecyclerules",
            name="lifecycle_rules_in_order",
        ),
        migrations.AddConstraint(
            model_name="lifecyclerules",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("dormant_days__lt", models.F("lost_days")),
                    ("new_days__gt", 0),
                    ("won_back_days__gt", 0),
                    ("new_days__lte", models.F("dormant_days")),
                    ("won_back_days__lte", models.F("dormant_days")),
                ),
                name="lifecycle_rules_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="purchasestate",
            constraint=models.CheckConstraint(
                condition=models.Q(("count__gte", models.F("window_count"))), name="state_window_within"
            ),
        ),
        migrations.AddConstraint(
            model_name="statebasis",
            constraint=models.CheckConstraint(condition=models.Q(("id", 1)), name="statebasis_is_one"),
        ),
        migrations.AddIndex(
            model_name="night",
            index=models.Index(fields=["on", "id"], name="night_by_date"),
        ),
        migrations.AddIndex(
            model_name="lifecycle",
            index=models.Index(
                condition=models.Q(("ended_night", None)), fields=["stage", "customer"], name="lifecycle_now"
            ),
        ),
        migrations.AddIndex(
            model_name="lifecycle",
            index=models.Index(
                condition=models.Q(("ended_night__isnull", False)),
                fields=["ended_night"],
                name="lifecycle_ended",
            ),
        ),
        migrations.AddConstraint(
            model_name="lifecycle",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_night", None)),
                fields=("customer",),
                include=("stage", "began_on"),
                name="lifecycle_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="lifecycle",
            constraint=models.CheckConstraint(
                condition=models.Q(("ended_on__gte", models.F("began_on"))), name="lifecycle_in_order"
            ),
        ),
        migrations.AddConstraint(
            model_name="publishednight",
            constraint=models.CheckConstraint(condition=models.Q(("id", 1)), name="publishednight_is_one"),
        ),
        # room on each page, so that the night's updates stay beside the row and touch no index
        migrations.RunSQL(
            "ALTER TABLE customers_purchasestate SET (fillfactor = 80)",
            "ALTER TABLE customers_purchasestate RESET (fillfactor)",
        ),
    ]
