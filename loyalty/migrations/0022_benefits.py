"""What benefits name: the coupon or points of a birthday, given once a year; the reward that is tried for free."""

import django.db.models.deletion
from django.db import migrations, models

import crm.lib.owned


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0032_sign_ins"),
        ("loyalty", "0021_memberships"),
        ("org", "0002_more_countries"),
    ]

    operations = [
        migrations.CreateModel(
            name="BirthdayGift",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "customer", "year", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("year", models.SmallIntegerField()),
                ("tier", models.CharField(max_length=24)),
                ("points", models.BigIntegerField()),
                ("given_on", models.DateField()),
                ("given_at", models.DateTimeField()),
                (
                    "coupon",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.coupondefinition",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.customer",
                    ),
                ),
            ],
            options={
                "verbose_name": "birthday gift",
            },
        ),
        migrations.RemoveConstraint(
            model_name="redemption",
            name="redemption_costs_points",
        ),
        migrations.AddField(
            model_name="benefit",
            name="coupon",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="loyalty.coupondefinition",
                verbose_name="coupon",
            ),
        ),
        migrations.AddField(
            model_name="benefit",
            name="reward",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="loyalty.reward",
                verbose_name="reward",
            ),
        ),
        migrations.AddField(
            model_name="redemption",
            name="trial_year",
            field=models.SmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="tierscheme",
            name="birthday_days",
            field=models.PositiveSmallIntegerField(
                db_default=0, default=0, verbose_name="days before the birthday on which the gift comes"
            ),
        ),
        migrations.AlterField(
            model_name="redemption",
            name="movement",
            field=crm.lib.owned.OwnedForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="loyalty.movement",
            ),
        ),
        migrations.AddConstraint(
            model_name="benefit",
            constraint=models.CheckConstraint(
                condition=models.Q(("reward__isnull", True), ("kind", 4), _connector="OR"),
                name="benefit_reward",
            ),
        ),
        migrations.AddConstraint(
            model_name="benefit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("coupon__isnull", True), models.Q(("kind", 6), ("value", 1)), _connector="OR"
                ),
                name="benefit_coupon",
            ),
        ),
        migrations.AddConstraint(
            model_name="redemption",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("movement__isnull", False), ("points__gt", 0), ("trial_year__isnull", True)),
                    models.Q(("movement__isnull", True), ("points", 0), ("trial_year__isnull", False)),
                    _connector="OR",
                ),
                name="redemption_costs_points",
            ),
        ),
        migrations.AddConstraint(
            model_name="tierscheme",
            constraint=models.CheckConstraint(
                condition=models.Q(("birthday_days__lte", 60)), name="tierscheme_birthday"
            ),
        ),
    ]
