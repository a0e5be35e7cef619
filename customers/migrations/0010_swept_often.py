from django.db import migrations

# A night changes a few rows on nearly every page, and the next reads all of them along an index, which need not visit a
# page that was swept since. By default a table is swept when a fifth of it has changed: every few weeks.
SWEPT = "autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000"
TABLES = ("customers_purchasestate", "customers_lifecycle")


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0009_dismissals"),
    ]

    operations = [
        migrations.RunSQL(
            [f"ALTER TABLE {table} SET ({SWEPT})" for table in TABLES],
            [
                f"ALTER TABLE {table} RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold)"
                for table in TABLES
            ],
        ),
    ]
