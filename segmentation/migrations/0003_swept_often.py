from django.db import migrations


class Migration(migrations.Migration):
    """Standings are read along an index every night: see the customers' migration of the same name."""

    dependencies = [
        ("segmentation", "0002_totals"),
    ]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE segmentation_standing"
            " SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000)",
            "ALTER TABLE segmentation_standing RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold)",
        ),
    ]
