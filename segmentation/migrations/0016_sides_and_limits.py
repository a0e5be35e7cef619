from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("segmentation", "0015_market_plan"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="agelimit", name="agelimit_years"),
        migrations.AddField(model_name="churnscore", name="sides", field=models.IntegerField(null=True)),
        migrations.AlterField(
            model_name="agelimit",
            name="minimum_age",
            field=models.SmallIntegerField(verbose_name="minimum age"),
        ),
        migrations.AddConstraint(
            model_name="agelimit",
            constraint=models.CheckConstraint(
                condition=Q(minimum_age__gte=1, minimum_age__lte=99) | Q(minimum_age=999),
                name="agelimit_years",
            ),
        ),
    ]
