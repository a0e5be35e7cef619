"""Numbers of receipts that were missed are compared in capitals, without the blanks around them."""

from django.db import migrations

CAPITALS = """
INSERT INTO loyalty_missedreceipt (key, adjustment_id)
SELECT split_part(key, ':', 1) || ':' || upper(btrim(substr(key, strpos(key, ':') + 1))), adjustment_id
FROM loyalty_missedreceipt ORDER BY adjustment_id ON CONFLICT (key) DO NOTHING;
DELETE FROM loyalty_missedreceipt
WHERE key <> split_part(key, ':', 1) || ':' || upper(btrim(substr(key, strpos(key, ':') + 1)));
"""


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0018_counter_receipts")]

    operations = [migrations.RunSQL(CAPITALS, migrations.RunSQL.noop)]
