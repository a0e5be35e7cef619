"""What the database needs to see changes that nobody records (`crm/audit/capture.py`).

`audit_pending` holds notes of transactions that run; none outlives its own. The triggers of the tables themselves are
made after all migrations, from the models.
"""

from django.db import migrations

CAPTURE = """
CREATE UNLOGGED TABLE audit_pending (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transaction bigint NOT NULL,
    app text NOT NULL,
    label text NOT NULL,
    operation text NOT NULL,
    rows bigint NOT NULL,
    columns text[],
    ids bigint[],
    low bigint,
    high bigint,
    digest text
);
CREATE INDEX audit_pending_transaction ON audit_pending (transaction);
CREATE INDEX audit_seal_last ON audit_seal ((ranges[cardinality(ranges)]));

-- Whose changes of this transaction are recorded: ",customers,org,".
CREATE FUNCTION audit_spoken_for(app text) RETURNS void LANGUAGE sql AS $$
    SELECT set_config(
        'regulars.spoken', coalesce(nullif(current_setting('regulars.spoken', true), ''), ',') || app || ',', true)
    WHERE strpos(coalesce(current_setting('regulars.spoken', true), ''), ',' || app || ',') = 0
$$;

-- An act that is recorded speaks for its app.
CREATE FUNCTION audit_entry_speaks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM audit_spoken_for(split_part(NEW.subject, '.', 1));
    RETURN NULL;
END
$$;
CREATE TRIGGER audit_entry_speaks AFTER INSERT ON audit_entry
    FOR EACH ROW WHEN (NEW.channel <> 'database') EXECUTE FUNCTION audit_entry_speaks();

-- As the transaction commits: the first of its notes settles all of them, one entry a table and operation.
CREATE FUNCTION audit_capture_commit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM audit_pending WHERE id = NEW.id) THEN
        RETURN NULL;
    END IF;
    WITH gone AS (DELETE FROM audit_pending WHERE transaction = NEW.transaction RETURNING *),
    silent AS (
        SELECT * FROM gone
        WHERE strpos(coalesce(current_setting('regulars.spoken', true), ''), ',' || app || ',') = 0
    ),
    told AS (
        SELECT label, operation, sum(rows)::bigint AS rows, count(*) AS statements, min(low) AS low, max(high) AS high,
            to_hex(bit_xor(('x' || lpad(coalesce(digest, '0'), 16, '0'))::bit(64)::bigint)) AS digest,
            bool_and(ids IS NOT NULL) AND sum(rows) <= 50 AS is_listed, min(id) AS place
        FROM silent GROUP BY label, operation
    )
    INSERT INTO audit_entry (recorded_at, actor, action, subject, details, changes, channel)
    SELECT clock_timestamp(),
        coalesce(nullif(current_setting('regulars.actor', true), ''), left('database:' || session_user, 80)),
        'table.' || told.operation,
        told.label || CASE WHEN told.rows = 1 AND told.low IS NOT NULL THEN ':' || told.low ELSE '' END,
        jsonb_strip_nulls(jsonb_build_object(
            'rows', told.rows, 'statements', told.statements,
            'columns', (SELECT jsonb_agg(DISTINCT c) FROM silent s, unnest(s.columns) c
                        WHERE (s.label, s.operation) = (told.label, told.operation)),
            'ids', CASE WHEN told.is_listed THEN
                (SELECT jsonb_agg(DISTINCT i) FROM silent s, unnest(s.ids) i
                 WHERE (s.label, s.operation) = (told.label, told.operation)) END,
            'low', CASE WHEN NOT told.is_listed THEN told.low END,
            'high', CASE WHEN NOT told.is_listed THEN told.high END,
            'digest', CASE WHEN NOT told.is_listed THEN told.digest END,
            'program', nullif(left(current_setting('application_name', true), 60), ''))),
        '{}', 'database'
    FROM told ORDER BY told.place;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER audit_capture_commit AFTER INSERT ON audit_pending
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_capture_commit();
"""

NO_CAPTURE = """
DO $$
DECLARE t record;
BEGIN
    FOR t IN SELECT tgname, tgrelid::regclass AS place FROM pg_trigger
        WHERE tgname LIKE 'audit_capture%' AND NOT tgisinternal AND tgparentid = 0
    LOOP EXECUTE format('DROP TRIGGER %I ON %s', t.tgname, t.place); END LOOP;
    FOR t IN SELECT oid::regprocedure AS place FROM pg_proc WHERE proname LIKE 'audit_capture%'
    LOOP EXECUTE format('DROP FUNCTION %s', t.place); END LOOP;
END
$$;
DROP TRIGGER audit_entry_speaks ON audit_entry;
DROP FUNCTION audit_entry_speaks();
DROP FUNCTION audit_spoken_for(text);
DROP TABLE audit_pending;
DROP INDEX audit_seal_last;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_searched")]

    operations = [migrations.RunSQL(CAPTURE, NO_CAPTURE)]
