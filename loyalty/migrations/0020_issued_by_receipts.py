"""Terms of a coupon may have receipts issue it."""

from django.db import migrations

import crm.lib.money


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0019_numbers_in_capitals")]

    operations = [
        migrations.AddField(
            model_name="couponterms",
            name="issued_from",
            field=crm.lib.money.MoneyField(
                blank=True, null=True, verbose_name="issued by a receipt of at least"
            ),
        ),
    ]
