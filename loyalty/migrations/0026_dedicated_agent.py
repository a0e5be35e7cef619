"""Dedicated agents: whose own contact a member of staff is, where the tier promises one."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0032_sign_ins"),
        ("loyalty", "0025_counters_of_their_own"),
        ("org", "0002_more_countries"),
    ]

    operations = [
        migrations.AlterField(
            model_name="benefit",
            name="kind",
            field=models.SmallIntegerField(
                choices=[
                    (1, "Points multiplied by"),
                    (2, "Discount in percent"),
                    (3, "Early access, days before others"),
                    (4, "Free trials a year"),
                    (5, "A dedicated agent"),
                    (6, "Birthday gift, points"),
                ],
                verbose_name="kind",
            ),
        ),
        migrations.CreateModel(
            name="DedicatedAgent",
            fields=[
                (
                    "customer",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="customers.customer",
                    ),
                ),
                ("since", models.DateTimeField()),
                ("by", models.CharField(max_length=80)),
                (
                    "staff",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="org.staff",
                    ),
                ),
            ],
            options={
                "verbose_name": "dedicated agent",
                "indexes": [models.Index(fields=["staff", "customer"], name="agent_by_staff")],
            },
        ),
    ]
