"""The triggers that keep the ledger's promises (docs/algorithms/ledger.md).

They look at the rows of their own customers and at settings alone, so each machine of a distributed database can run
them on what it holds.
"""

from django.db import migrations

GUARDS = """
-- Movements and traces are only added; a merge, its undoing and an erasure may move them (`row_is_only_added`).
CREATE TRIGGER movement_is_only_added BEFORE UPDATE OR DELETE ON loyalty_movement
    FOR EACH ROW EXECUTE FUNCTION row_is_only_added();
CREATE TRIGGER trace_is_only_added BEFORE UPDATE OR DELETE ON loyalty_trace
    FOR EACH ROW EXECUTE FUNCTION row_is_only_added();

CREATE FUNCTION loyalty_is_not_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('regulars.may_empty', true) = 'on' THEN  -- between two tests
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is the ledger: it is not emptied', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER movement_is_not_emptied BEFORE TRUNCATE ON loyalty_movement EXECUTE FUNCTION loyalty_is_not_emptied();
CREATE TRIGGER lot_is_not_emptied BEFORE TRUNCATE ON loyalty_lot EXECUTE FUNCTION loyalty_is_not_emptied();
CREATE TRIGGER trace_is_not_emptied BEFORE TRUNCATE ON loyalty_trace EXECUTE FUNCTION loyalty_is_not_emptied();
CREATE TRIGGER balance_is_not_emptied BEFORE TRUNCATE ON loyalty_balance EXECUTE FUNCTION loyalty_is_not_emptied();

-- Balances follow the movements, whole statements at a time.
CREATE FUNCTION loyalty_balances_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO loyalty_balance (customer_id, unit)
        SELECT DISTINCT m.customer_id, m.unit FROM moved m
        WHERE NOT EXISTS (
            SELECT FROM loyalty_balance b WHERE b.customer_id = m.customer_id AND b.unit = m.unit
        )
        ON CONFLICT (customer_id, unit) DO NOTHING;
        UPDATE loyalty_balance b SET available = b.available + m.available, pending = b.pending + m.pending,
            held = b.held + m.held, debt = b.debt + m.debt, version = b.version + m.movements
        FROM (
            SELECT customer_id, unit, sum(available)::bigint AS available, sum(pending)::bigint AS pending,
                sum(held)::bigint AS held, sum(debt)::bigint AS debt, count(*) AS movements
            FROM moved GROUP BY customer_id, unit
        ) m
        WHERE b.customer_id = m.customer_id AND b.unit = m.unit;
    ELSE
        UPDATE loyalty_balance b SET available = b.available - m.available, pending = b.pending - m.pending,
            held = b.held - m.held, debt = b.debt - m.debt, version = b.version - m.movements
        FROM (
            SELECT customer_id, unit, sum(available)::bigint AS available, sum(pending)::bigint AS pending,
                sum(held)::bigint AS held, sum(debt)::bigint AS debt, count(*) AS movements
            FROM moved GROUP BY customer_id, unit
        ) m
        WHERE b.customer_id = m.customer_id AND b.unit = m.unit;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER movement_moves_balance AFTER INSERT ON loyalty_movement REFERENCING NEW TABLE AS moved
    FOR EACH STATEMENT EXECUTE FUNCTION loyalty_balances_follow();
CREATE TRIGGER movement_leaves_balance AFTER DELETE ON loyalty_movement REFERENCING OLD TABLE AS moved
    FOR EACH STATEMENT EXECUTE FUNCTION loyalty_balances_follow();

-- Nobody else writes a balance: at depth one it is a statement of somebody, deeper it is the trigger above.
CREATE FUNCTION loyalty_balance_is_a_sum() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() > 1 THEN
        RETURN coalesce(NEW, OLD);
    ELSIF TG_OP = 'DELETE' AND current_setting('regulars.moves_rows', true) = 'on' THEN
        RETURN OLD;
    ELSIF TG_OP = 'INSERT' AND (NEW.available, NEW.pending, NEW.held, NEW.debt, NEW.version) = (0, 0, 0, 0, 0) THEN
        RETURN NEW;
    ELSIF TG_OP = 'UPDATE' AND (NEW.customer_id, NEW.unit, NEW.available, NEW.pending, NEW.held, NEW.debt, NEW.version)
            = (OLD.customer_id, OLD.unit, OLD.available, OLD.pending, OLD.held, OLD.debt, OLD.version) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a balance is the sum of its movements: % refused', TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER balance_is_a_sum BEFORE INSERT OR UPDATE OR DELETE ON loyalty_balance
    FOR EACH ROW EXECUTE FUNCTION loyalty_balance_is_a_sum();

-- A lot is issued empty; its counters follow the traces; what it is does not change.
CREATE FUNCTION loyalty_lot_is_a_sum() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('regulars.moves_rows', true) = 'on' AND TG_OP <> 'UPDATE' THEN
        RETURN coalesce(NEW, OLD);
    ELSIF TG_OP = 'INSERT' AND (NEW.pending, NEW.available, NEW.held) = (0, 0, 0) THEN
        RETURN NEW;
    ELSIF TG_OP = 'UPDATE' AND pg_trigger_depth() > 1 AND (
            NEW.id, NEW.customer_id, NEW.unit, NEW.movement_id, NEW.points, NEW.earned_at, NEW.is_extended
        ) = (OLD.id, OLD.customer_id, OLD.unit, OLD.movement_id, OLD.points, OLD.earned_at, OLD.is_extended) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a lot is what its traces say: % refused', TG_OP USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER lot_is_a_sum BEFORE INSERT OR UPDATE OR DELETE ON loyalty_lot
    FOR EACH ROW EXECUTE FUNCTION loyalty_lot_is_a_sum();

-- Lots follow the traces; all traces of a movement come in one statement and explain its legs to the last point.
-- Rows that a merge moves bring their counters along.
CREATE FUNCTION loyalty_lots_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong bigint;
BEGIN
    IF current_setting('regulars.moves_rows', true) = 'on' THEN
        RETURN NULL;
    END IF;
    UPDATE loyalty_lot l SET pending = l.pending + t.pending, available = l.available + t.available,
        held = l.held + t.held
    FROM (
        SELECT customer_id, lot_id, sum(pending)::bigint AS pending, sum(available)::bigint AS available,
            sum(held)::bigint AS held
        FROM added GROUP BY customer_id, lot_id
    ) t
    WHERE l.customer_id = t.customer_id AND l.id = t.lot_id;
    SELECT t.movement_id INTO wrong
    FROM (SELECT customer_id, movement_id, count(*) AS lots FROM added GROUP BY customer_id, movement_id) t
    LEFT JOIN loyalty_movement m ON m.customer_id = t.customer_id AND m.id = t.movement_id
    LEFT JOIN LATERAL (
        SELECT sum(x.pending) AS pending, sum(x.available) AS available, sum(x.held) AS held,
            count(*) FILTER (
                WHERE l.unit = m.unit AND (m.kind <> 1 OR l.movement_id = m.id)
            ) AS lots
        FROM loyalty_trace x LEFT JOIN loyalty_lot l ON l.customer_id = x.customer_id AND l.id = x.lot_id
        WHERE x.customer_id = t.customer_id AND x.movement_id = t.movement_id
    ) s ON true
    WHERE (m.pending, m.available, m.held) IS DISTINCT FROM (s.pending, s.available, s.held) OR t.lots <> s.lots
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'movement %: its lots do not add up to its legs', wrong
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER trace_moves_lot AFTER INSERT ON loyalty_trace REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION loyalty_lots_follow();

-- At the end of the transaction no movement is without its traces, and none continues more than its first had.
CREATE FUNCTION loyalty_movement_is_whole() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('regulars.moves_rows', true) = 'on' THEN
        RETURN NULL;
    END IF;
    IF (NEW.pending, NEW.available, NEW.held) <> (0, 0, 0) AND NOT EXISTS (
        SELECT FROM loyalty_trace t WHERE t.movement_id = NEW.id AND t.customer_id = NEW.customer_id
    ) AND EXISTS (  -- and was not moved on within its transaction
        SELECT FROM loyalty_movement m WHERE m.id = NEW.id AND m.customer_id = NEW.customer_id
    ) THEN
        RAISE EXCEPTION 'movement % says of no lot where its points are', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.kind IN (6, 5, 10) AND EXISTS (
        SELECT FROM loyalty_movement m WHERE m.id = NEW.id AND m.customer_id = NEW.customer_id
    ) THEN
        PERFORM loyalty_continues(NEW.customer_id, NEW.unit, NEW.of_id, NEW.kind, NEW.id);
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION loyalty_continues(owner bigint, the_unit smallint, first_id bigint, the_kind smallint, new_id bigint)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    first_kind smallint;
BEGIN
    SELECT kind INTO first_kind FROM loyalty_movement
    WHERE customer_id = owner AND id = first_id AND unit = the_unit;
    IF first_kind IS NULL OR (the_kind IN (5, 6) AND first_kind <> 4)
            OR (the_kind = 10 AND first_kind NOT IN (3, 5, 11)) THEN
        RAISE EXCEPTION 'movement % continues nothing that it could', new_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    -- Lot by lot: what was captured and released is at most what was held; what was given back, what was taken.
    IF EXISTS (
        SELECT FROM loyalty_trace t
        JOIN loyalty_movement m ON m.customer_id = t.customer_id AND m.id = t.movement_id
        WHERE m.customer_id = owner AND (m.id = first_id OR (m.of_id = first_id AND m.kind IN (5, 6, 10)))
        GROUP BY t.lot_id
        HAVING CASE WHEN first_kind = 4 THEN sum(t.held) < 0
            WHEN first_kind = 5 THEN sum(CASE WHEN m.id = first_id THEN t.held ELSE t.available END) > 0
            ELSE sum(t.available) > 0 END
    ) THEN
        RAISE EXCEPTION 'movement % gives back more than was taken', new_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
END $$;
CREATE CONSTRAINT TRIGGER movement_is_whole AFTER INSERT ON loyalty_movement DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION loyalty_movement_is_whole();
"""
NO_GUARDS = """
DROP TRIGGER movement_is_whole ON loyalty_movement;
DROP TRIGGER trace_moves_lot ON loyalty_trace;
DROP TRIGGER lot_is_a_sum ON loyalty_lot;
DROP TRIGGER balance_is_a_sum ON loyalty_balance;
DROP TRIGGER movement_leaves_balance ON loyalty_movement;
DROP TRIGGER movement_moves_balance ON loyalty_movement;
DROP TRIGGER balance_is_not_emptied ON loyalty_balance;
DROP TRIGGER trace_is_not_emptied ON loyalty_trace;
DROP TRIGGER lot_is_not_emptied ON loyalty_lot;
DROP TRIGGER movement_is_not_emptied ON loyalty_movement;
DROP TRIGGER trace_is_only_added ON loyalty_trace;
DROP TRIGGER movement_is_only_added ON loyalty_movement;
DROP FUNCTION loyalty_movement_is_whole();
DROP FUNCTION loyalty_continues(bigint, smallint, bigint, smallint, bigint);
DROP FUNCTION loyalty_lots_follow();
DROP FUNCTION loyalty_lot_is_a_sum();
DROP FUNCTION loyalty_balance_is_a_sum();
DROP FUNCTION loyalty_balances_follow();
DROP FUNCTION loyalty_is_not_emptied();
"""


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0001_ledger"), ("customers", "0031_undone_merges")]

    operations = [migrations.RunSQL(GUARDS, NO_GUARDS)]
