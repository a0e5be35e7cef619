"""From where an act came, old and new values, signatures and seals. New columns only: nothing is rewritten."""

import django.contrib.postgres.fields
import django.db.models.functions.datetime
from django.db import migrations, models

GUARD = """
CREATE TRIGGER audit_seal_no_change BEFORE UPDATE OR DELETE ON audit_seal
    FOR EACH ROW EXECUTE FUNCTION audit_entry_refuses_change();
CREATE TRIGGER audit_seal_no_truncate BEFORE TRUNCATE ON audit_seal
    FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_refuses_change();
"""
NO_GUARD = """
DROP TRIGGER audit_seal_no_truncate ON audit_seal;
DROP TRIGGER audit_seal_no_change ON audit_seal;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0002_append_only"),
    ]

    operations = [
        migrations.CreateModel(
            name="Seal",
            fields=[
                ("number", models.PositiveIntegerField(primary_key=True, serialize=False)),
                ("sealed_at", models.DateTimeField()),
                ("count", models.PositiveIntegerField()),
                (
                    "ranges",
                    django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                ),
                ("leaves", models.BinaryField()),
                ("root", models.BinaryField(max_length=32)),
                ("previous", models.BinaryField(max_length=32)),
                ("key", models.BinaryField(max_length=4)),
                ("signature", models.BinaryField(max_length=32)),
            ],
            options={
                "verbose_name": "seal",
            },
        ),
        migrations.CreateModel(
            name="Verification",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("started_by", models.CharField(max_length=80)),
                ("entries", models.BigIntegerField()),
                ("seals", models.IntegerField()),
                ("unsealed", models.BigIntegerField()),
                ("faults", models.BigIntegerField()),
                ("findings", models.JSONField(default=list)),
                ("anchor", models.CharField(blank=True, default="", max_length=80)),
            ],
        ),
        migrations.AddField(
            model_name="entry",
            name="address",
            field=models.CharField(db_default="", default="", max_length=45),
        ),
        migrations.AddField(
            model_name="entry",
            name="agent",
            field=models.CharField(db_default="", default="", max_length=40),
        ),
        migrations.AddField(
            model_name="entry",
            name="changes",
            field=models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict),
        ),
        migrations.AddField(
            model_name="entry",
            name="channel",
            field=models.CharField(
                choices=[
                    ("page", "Page"),
                    ("api", "API"),
                    ("command", "Command"),
                    ("job", "Job"),
                    ("database", "Database"),
                ],
                db_default="",
                default="",
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="entry",
            name="request_id",
            field=models.CharField(db_default="", default="", max_length=40),
        ),
        migrations.AddField(
            model_name="entry",
            name="signature",
            field=models.BinaryField(max_length=32, null=True),
        ),
        migrations.RunSQL(GUARD, NO_GUARD),
    ]
