"""Of an Idempotency-Key only a digest is kept; those of the last 30 days are replaced by theirs, so they still repeat."""

from typing import Any

from django.db import migrations

from crm.rest.idempotency import secret


def digest(_apps: Any, editor: Any) -> None:
    with editor.connection.cursor() as cursor:
        cursor.execute(
            "UPDATE rest_storedanswer SET idempotency_key ="
            " encode(sha256(convert_to(%s || idempotency_key, 'UTF8')), 'hex')",
            [secret().decode()],
        )


class Migration(migrations.Migration):
    dependencies = [("rest", "0007_names")]
    operations = [migrations.RunPython(digest, migrations.RunPython.noop, elidable=True)]
