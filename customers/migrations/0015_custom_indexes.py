import django.contrib.postgres.indexes
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # tills go on while the indexes are built

    dependencies = [
        ("customers", "0014_custom_fields"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="customer",
            index=django.contrib.postgres.indexes.GinIndex(fields=["custom"], name="customer_custom"),
        ),
        AddIndexConcurrently(
            model_name="customer",
            index=models.Index(
                fields=["household", "id"], name="customer_household", condition=models.Q(household__gt="")
            ),
        ),
    ]
