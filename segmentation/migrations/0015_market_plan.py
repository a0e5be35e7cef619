from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("segmentation", "0014_uses"),
    ]

    operations = [
        migrations.AddField(
            model_name="targeting",
            name="goal",
            field=models.CharField(blank=True, default="", max_length=200, verbose_name="goal"),
        ),
        migrations.AddField(
            model_name="targeting",
            name="product",
            field=models.TextField(blank=True, default="", verbose_name="product"),
        ),
        migrations.AddField(
            model_name="targeting",
            name="price",
            field=models.TextField(blank=True, default="", verbose_name="price"),
        ),
        migrations.AddField(
            model_name="targeting",
            name="channel",
            field=models.TextField(blank=True, default="", verbose_name="channel"),
        ),
        migrations.AddField(
            model_name="targeting",
            name="promotion",
            field=models.TextField(blank=True, default="", verbose_name="promotion"),
        ),
    ]
