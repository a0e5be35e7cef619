"""What a source has told of an action is kept with its answer; what was told before has its answer in the movements."""

import django.db.models.deletion
from django.db import migrations, models

BEFORE = """
INSERT INTO loyalty_actiontold (customer_id, action, source, told_at, earned)
SELECT d.customer_id, r.action, substr(m.source, length('action:' || d.code || ':') + 1), min(m.occurred_at),
    jsonb_agg(jsonb_build_array(d.code, d.points) ORDER BY d.id)
FROM loyalty_actiondone d
JOIN loyalty_movement m ON m.customer_id = d.customer_id AND m.id = d.movement_id
JOIN loyalty_earningrule r ON r.id = d.rule_id
WHERE starts_with(m.source, 'action:' || d.code || ':')
GROUP BY 1, 2, 3;
"""
GUARD = """
CREATE TRIGGER actiontold_is_only_added BEFORE UPDATE OR DELETE ON loyalty_actiontold
    FOR EACH ROW EXECUTE FUNCTION row_is_only_added();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0032_sign_ins"),
        ("loyalty", "0026_dedicated_agent"),
    ]

    operations = [
        migrations.CreateModel(
            name="ActionTold",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "customer",
                        "action",
                        "source",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("profile_completed", "Profile completed"),
                            ("survey_answered", "Survey answered"),
                            ("review_written", "Review written"),
                            ("referral", "Friend brought along"),
                            ("check_in", "Checked in"),
                        ],
                        max_length=40,
                    ),
                ),
                ("source", models.CharField(db_collation="C", max_length=120)),
                ("told_at", models.DateTimeField()),
                ("earned", models.JSONField()),
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
                "verbose_name": "action that was told",
            },
        ),
        migrations.RunSQL(BEFORE, migrations.RunSQL.noop),
        migrations.RunSQL(GUARD, "DROP TRIGGER actiontold_is_only_added ON loyalty_actiontold;"),
    ]
