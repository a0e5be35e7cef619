"""What the search of the trail goes by; built beside the work of the day."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("audit", "0003_evidence")]

    operations = [
        AddIndexConcurrently("entry", models.Index(fields=["action", "id"], name="audit_entry_by_action")),
        AddIndexConcurrently(
            "entry",
            models.Index(
                fields=["store_id", "id"],
                name="audit_entry_by_store",
                condition=models.Q(store_id__isnull=False),
            ),
        ),
    ]
