"""What was bought is counted from the sales alone: a sale no longer keeps what the membership was."""

from django.db import migrations, models

REASONS = [
    (1, "Reached"), (2, "Kept"), (3, "Not kept"), (4, "Goods came back"), (5, "Changed by hand"), (6, "Locked"),
    (7, "Lock ended"), (8, "Bought"), (9, "Not bought again"), (10, "Joined with another customer"),
    (11, "Membership given back"), (12, "Separated from another customer"),
]  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0023_family_rewards")]

    operations = [
        migrations.RemoveField(model_name="membershipsale", name="stood"),
        migrations.RemoveField(model_name="membershipsale", name="version"),
        *(
            migrations.AlterField(model, "reason", models.SmallIntegerField(choices=REASONS))
            for model in ("membership", "tierchange")
        ),
    ]
