from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # tills go on while the index is built

    dependencies = [
        ("customers", "0022_import_changes"),
    ]

    operations = [
        RemoveIndexConcurrently(model_name="customer", name="customer_household"),
        migrations.AddField(
            model_name="customer",
            name="household_code",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="The same code for everybody of one household.",
                max_length=40,
                verbose_name="household",
            ),
        ),
        migrations.AlterField(
            model_name="customer",
            name="household",
            field=models.CharField(blank=True, default="", max_length=40, verbose_name="kind of household"),
        ),
        AddIndexConcurrently(
            model_name="customer",
            index=models.Index(
                fields=["household_code", "id"],
                name="customer_by_household",
                condition=models.Q(household_code__gt=""),
            ),
        ),
    ]
