import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import crm.lib.money
import segmentation.models.churn


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0032_sign_ins"),
        ("segmentation", "0008_lifetime"),
    ]

    operations = [
        migrations.CreateModel(
            name="ChurnModel",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("trained_on", models.DateField()),
                ("horizon_days", models.SmallIntegerField()),
                ("learnt_at", models.JSONField(default=list)),
                ("proved_on", models.DateField()),
                ("customers", models.IntegerField()),
                ("serves", models.CharField(max_length=16)),
                ("tested", models.JSONField(default=dict)),
                ("curve", models.JSONField(default=list)),
                ("deciles", models.JSONField(default=list)),
                ("reasons", models.JSONField(default=list)),
                ("average", models.FloatField()),
                ("shape", models.JSONField(default=dict)),
                ("numbers", models.JSONField(default=dict)),
                ("tables", models.BinaryField(default=bytes)),
                (
                    "night",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="customers.night"
                    ),
                ),
            ],
            options={
                "verbose_name": "model of who leaves",
            },
        ),
        migrations.CreateModel(
            name="ChurnNight",
            fields=[
                (
                    "night",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="customers.night",
                    ),
                ),
                ("customers", models.IntegerField()),
                ("expected", models.FloatField()),
                ("histogram", models.JSONField(default=list)),
                ("drift", models.JSONField(default=dict)),
                ("weights", models.JSONField(default=dict)),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="segmentation.churnmodel",
                    ),
                ),
            ],
            options={
                "verbose_name": "night of scores of who leaves",
            },
        ),
        migrations.CreateModel(
            name="ChurnScore",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "customer", "night", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("probability", models.FloatField()),
                ("at_stake", crm.lib.money.MoneyField()),
                (
                    "points",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=segmentation.models.churn.RealField(), size=None
                    ),
                ),
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
            ],
            options={
                "verbose_name": "score of who leaves",
                "indexes": [
                    models.Index(fields=["night", "-at_stake", "-customer"], name="churnscore_at_stake")
                ],
            },
        ),
    ]
