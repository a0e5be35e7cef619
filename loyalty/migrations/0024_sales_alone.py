"""What was bought is counted from the sales alone: a sale no longer keeps what the membership was."""

from django.db import migrations, models

REASONS = [
    (1, "Reached"), (2, "Kept"), (3, "Not kept"), (4, "Goods came back"), (5, "Changed by hand"), (6, "Locked"),
    (7, "Lock ended"), (8, "Bought"), (9, "Not bought again"), (10, "Joined with another customer"),
    (11, "Membership given back"), (12, "Separated from another customer"),
]  # fmt: skip

# What was bought before sales were kept: one that ends when the membership says, long ago enough not to be given back.
BOUGHT = """
INSERT INTO loyalty_membershipsale (
    customer_id, tier, scheme_id, price, begins_on, ends_on, renews, source, how, receipt_number, sold_at, sold_on, actor,
    returned_by, note
)
SELECT m.customer_id, m.paid_tier, t.scheme_id, coalesce(t.price, 0), b.begins_on, m.paid_until, false, 'before:sales',
    'other', '', b.begins_on::timestamptz, b.begins_on, 'system:migration', '', ''
FROM loyalty_membership m
CROSS JOIN LATERAL (
    SELECT t.scheme_id, t.price, coalesce(t.paid_months, 12) AS months
    FROM loyalty_tier t JOIN loyalty_tierscheme s ON s.id = t.scheme_id
    WHERE t.code = m.paid_tier ORDER BY s.valid_from DESC, s.id DESC LIMIT 1
) t
CROSS JOIN LATERAL (SELECT (m.paid_until - make_interval(months => t.months))::date AS begins_on) b
WHERE m.paid_until IS NOT NULL AND NOT EXISTS (
    SELECT FROM loyalty_membershipsale k WHERE k.customer_id = m.customer_id AND k.tier = m.paid_tier
        AND k.ends_on = m.paid_until AND k.returned_at IS NULL
);
"""


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0023_family_rewards")]

    operations = [
        migrations.RemoveField(model_name="membershipsale", name="stood"),
        migrations.RemoveField(model_name="membershipsale", name="version"),
        *(
            migrations.AlterField(model, "reason", models.SmallIntegerField(choices=REASONS))
            for model in ("membership", "tierchange")
        ),
        migrations.RunSQL(BOUGHT, migrations.RunSQL.noop),
    ]
