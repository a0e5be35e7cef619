"""Gifts of birthdays are only added, so nobody is given the same twice."""

from django.db import migrations

GUARD = """
CREATE TRIGGER birthdaygift_is_only_added BEFORE UPDATE OR DELETE ON loyalty_birthdaygift
    FOR EACH ROW EXECUTE FUNCTION row_is_only_added();
"""


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0027_actions_told")]

    operations = [
        migrations.RunSQL(GUARD, "DROP TRIGGER birthdaygift_is_only_added ON loyalty_birthdaygift;"),
    ]
