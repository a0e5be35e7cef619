import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.db import migrations, models

import crm.lib.money


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0032_sign_ins"),
        ("org", "0002_more_countries"),
        ("segmentation", "0009_churn"),
    ]

    operations = [
        migrations.CreateModel(
            name="TargetNight",
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
                ("churn_by", models.CharField(max_length=40)),
                ("value_by", models.CharField(max_length=40)),
                ("month_on", models.DateField(null=True)),
                ("quarter_on", models.DateField(null=True)),
            ],
            options={
                "verbose_name": "measures of the segments at a night",
            },
        ),
        migrations.CreateModel(
            name="Target",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("considered", "Considered"), ("chosen", "Chosen"), ("dropped", "Dropped")],
                        default="considered",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("goal", models.CharField(blank=True, default="", max_length=200, verbose_name="goal")),
                ("product", models.TextField(blank=True, default="", verbose_name="product")),
                ("price", models.TextField(blank=True, default="", verbose_name="price")),
                ("channel", models.TextField(blank=True, default="", verbose_name="channel")),
                ("promotion", models.TextField(blank=True, default="", verbose_name="promotion")),
                ("review_on", models.DateField(blank=True, null=True, verbose_name="review on")),
                (
                    "competition",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="competition"),
                ),
                ("fit", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="fit")),
                ("created_by", models.CharField(default="system", max_length=80)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "group",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="segmentation.group",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="org.staff",
                    ),
                ),
                (
                    "segment",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="segmentation.segment",
                    ),
                ),
            ],
            options={
                "verbose_name": "target market",
            },
        ),
        migrations.CreateModel(
            name="TargetCount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("customers", models.IntegerField()),
                ("month_ago", models.IntegerField(null=True)),
                ("quarter_ago", models.IntegerField(null=True)),
                ("buyers", models.IntegerField()),
                ("revenue", crm.lib.money.TotalField()),
                ("churn", models.FloatField()),
                ("churn_of", models.IntegerField()),
                ("value", models.FloatField()),
                ("value_of", models.IntegerField()),
                ("reach_any", models.IntegerField()),
                ("reach_phone", models.IntegerField()),
                ("reach_sms", models.IntegerField()),
                ("reach_email", models.IntegerField()),
                ("reach_wechat", models.IntegerField()),
                ("reach_push", models.IntegerField()),
                ("reach_post", models.IntegerField()),
                ("breadth", models.BigIntegerField()),
                ("breadth_of", models.BigIntegerField()),
                ("rhythm", models.FloatField()),
                ("rhythm_of", models.IntegerField()),
                ("peers", crm.lib.money.TotalField()),
                ("peers_of", crm.lib.money.TotalField()),
                (
                    "group",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="segmentation.group",
                    ),
                ),
                (
                    "night",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.night",
                    ),
                ),
                (
                    "segment",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="segmentation.segment",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="org.store",
                    ),
                ),
            ],
            options={
                "verbose_name": "measures of a segment",
            },
        ),
        migrations.CreateModel(
            name="TargetDecision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("considered", "Considered"), ("chosen", "Chosen"), ("dropped", "Dropped")],
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("remark", models.CharField(blank=True, default="", max_length=400, verbose_name="remark")),
                ("created_by", models.CharField(max_length=80)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "night",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.night",
                    ),
                ),
                (
                    "target",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions",
                        to="segmentation.target",
                    ),
                ),
            ],
            options={
                "verbose_name": "decision about a target market",
            },
        ),
        migrations.CreateModel(
            name="Targeting",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("whole", "One offer for everybody"),
                            ("segments", "An offer for each chosen segment"),
                            ("one", "One to one"),
                        ],
                        default="segments",
                        max_length=8,
                        verbose_name="mode",
                    ),
                ),
                ("size", models.PositiveSmallIntegerField(default=20, verbose_name="size")),
                ("growth", models.PositiveSmallIntegerField(default=20, verbose_name="growth")),
                ("value", models.PositiveSmallIntegerField(default=25, verbose_name="value")),
                ("churn", models.PositiveSmallIntegerField(default=10, verbose_name="churn")),
                ("reach", models.PositiveSmallIntegerField(default=15, verbose_name="reach")),
                ("competition", models.PositiveSmallIntegerField(default=10, verbose_name="competition")),
                ("fit", models.PositiveSmallIntegerField(default=40, verbose_name="fit")),
                ("wallet", models.PositiveSmallIntegerField(default=30, verbose_name="share of wallet")),
                ("revenue", models.PositiveSmallIntegerField(default=30, verbose_name="share of revenue")),
                (
                    "remark",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="why it changed"),
                ),
                ("created_by", models.CharField(default="system", max_length=80)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "verbose_name": "way to choose markets",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "size",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                django.db.models.expressions.CombinedExpression(
                                                    models.Value(100), "-", models.F("growth")
                                                ),
                                                "-",
                                                models.F("value"),
                                            ),
                                            "-",
                                            models.F("churn"),
                                        ),
                                        "-",
                                        models.F("reach"),
                                    ),
                                    "-",
                                    models.F("competition"),
                                ),
                            )
                        ),
                        name="targeting_attractiveness_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "fit",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.Value(100), "-", models.F("wallet")
                                    ),
                                    "-",
                                    models.F("revenue"),
                                ),
                            )
                        ),
                        name="targeting_strength_whole",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TargetJudgement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "competition",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="competition"),
                ),
                ("fit", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="fit")),
                ("remark", models.CharField(blank=True, default="", max_length=400, verbose_name="remark")),
                ("created_by", models.CharField(max_length=80)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "target",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="judgements",
                        to="segmentation.target",
                    ),
                ),
            ],
            options={
                "verbose_name": "judgement about a target market",
            },
        ),
        migrations.AddIndex(
            model_name="target",
            index=models.Index(
                condition=models.Q(("review_on__isnull", False)),
                fields=["review_on"],
                name="target_to_review",
            ),
        ),
        migrations.AddConstraint(
            model_name="target",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("group__isnull", True), ("segment__isnull", False)),
                    models.Q(("group__isnull", False), ("segment__isnull", True)),
                    _connector="OR",
                ),
                name="target_of_one_segment",
            ),
        ),
        migrations.AddConstraint(
            model_name="target",
            constraint=models.UniqueConstraint(
                models.F("group"), condition=models.Q(("group__isnull", False)), name="target_group_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="target",
            constraint=models.UniqueConstraint(
                models.F("segment"),
                condition=models.Q(("segment__isnull", False)),
                name="target_segment_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="target",
            constraint=models.CheckConstraint(
                condition=models.Q(("competition", None), ("competition__range", (1, 5)), _connector="OR"),
                name="target_competition_rated",
            ),
        ),
        migrations.AddConstraint(
            model_name="target",
            constraint=models.CheckConstraint(
                condition=models.Q(("fit", None), ("fit__range", (1, 5)), _connector="OR"),
                name="target_fit_rated",
            ),
        ),
        migrations.AddConstraint(
            model_name="targetcount",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("group__isnull", True), ("segment__isnull", False)),
                    models.Q(("group__isnull", False), ("segment__isnull", True)),
                    _connector="OR",
                ),
                name="targetcount_of_one_segment",
            ),
        ),
        migrations.AddConstraint(
            model_name="targetcount",
            constraint=models.UniqueConstraint(
                fields=("night", "store", "group", "segment"), name="targetcount_once", nulls_distinct=False
            ),
        ),
    ]
