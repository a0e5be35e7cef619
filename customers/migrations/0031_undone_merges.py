from django.db import migrations

# What undoing a merge needs is facts of both, and of nobody's use once it is undone; it must not outlive an erasure.
EMPTY = "UPDATE customers_merge SET before = '{}' WHERE undone_at IS NOT NULL AND before <> '{}'"


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0030_names"),
    ]

    operations = [
        migrations.RunSQL(EMPTY, migrations.RunSQL.noop, elidable=True),
    ]
