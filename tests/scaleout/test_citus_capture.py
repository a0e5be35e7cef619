"""Change capture and Citus: the triggers go before tables are distributed, and nothing asks for them afterwards."""

import pytest
from django.db import connection

from crm.audit import capture
from crm.scaleout import citus

pytestmark = [pytest.mark.django_db, pytest.mark.plain]


def test_the_plan_takes_the_triggers_off_first() -> None:
    plan = citus.dry_run()
    dropped = [line for line in plan if line.startswith("DROP TRIGGER audit_capture_")]
    first_move = next(n for n, line in enumerate(plan) if "create_reference_table" in line)
    assert 'DROP TRIGGER audit_capture_update ON "customers_customer"' in dropped
    assert 'DROP TRIGGER audit_capture_insert ON "org_store"' in dropped
    assert max(plan.index(line) for line in dropped) < first_move
    assert not any("org_staff" in line for line in dropped), "local tables keep theirs"


def test_a_distributed_table_is_not_missed() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for line in capture.drop_statements(cursor, ["org_store"]):
            cursor.execute(line)
        assert capture.missing() == ["org_store"]
        cursor.execute("CREATE TABLE pg_dist_partition AS SELECT 'org_store'::regclass AS logicalrelid")
    assert capture.missing() == []
    assert capture.install() == [], "and not given what it cannot have"
