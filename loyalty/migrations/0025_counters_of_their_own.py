"""Counters are written by functions of the owner alone, and guards look at our tables alone.

Whoever has the application's role may make temporary tables, functions and triggers. Depth within triggers says nothing
of whose trigger it is: so the functions that carry movements and traces into balances and lots, and memberships into
their history, run as their owner, nobody else sets them on a table, and the guards let nobody else through. A temporary
table that has the name of one of ours is looked at last, so it leads no guard astray.

And no trace comes after its movement: all that there are of it are those that came in one statement.
"""

from importlib import import_module

from django.db import migrations

OWNERS = ("loyalty_balances_follow()", "loyalty_lots_follow()", "loyalty_tier_history()")
GUARDS = (
    "loyalty_balance_is_a_sum()",
    "loyalty_continues(bigint, smallint, bigint, smallint, bigint)",
    "loyalty_family_whole_stays()",
    "loyalty_is_not_emptied()",
    "loyalty_lot_is_a_sum()",
    "loyalty_movement_is_whole()",
    "loyalty_row_stays()",
    "loyalty_sale_stays()",
    "loyalty_stored_stays()",
    "loyalty_tierchange_is_written()",
    "row_is_only_added()",
)


def _of_each(names: tuple[str, ...], change: str) -> str:
    """ALTER FUNCTION for each; `%2$I` is the schema of our tables."""
    listed = ", ".join(f"'{name}'" for name in names)
    return f"""
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[{listed}] LOOP
        EXECUTE format('ALTER FUNCTION %1$s {change}', name, current_schema());
    END LOOP;
END $$;
"""


FIXED = (
    _of_each(OWNERS + GUARDS, "SET search_path = %2$I, pg_temp")
    + _of_each(OWNERS, "SECURITY DEFINER")
    + "".join(f"REVOKE EXECUTE ON FUNCTION {name} FROM PUBLIC;\n" for name in OWNERS)
)
LOOSE = (
    "".join(f"GRANT EXECUTE ON FUNCTION {name} TO PUBLIC;\n" for name in OWNERS)
    + _of_each(OWNERS, "SECURITY INVOKER")
    + _of_each(OWNERS + GUARDS, "RESET search_path")
)

_AROUND = import_module("loyalty.migrations.0017_guards_around")
_QUIET = import_module("loyalty.migrations.0016_parted").QUIET
_ANY_TIME = _AROUND._WITH_WAY + _QUIET
_AT_ONCE = (
    _AROUND._WITH_WAY.replace("count(*) FILTER (", "count(*) AS traces, count(*) FILTER (")
    .replace("OR t.lots <> s.lots", "OR t.lots <> s.lots OR t.lots <> s.traces")
    + _QUIET
)  # fmt: skip

# Who may set a trigger on the table is its owner, or as trusted. The application's role may not.
_BALANCE_CHANGES = """(NEW.customer_id, NEW.unit, NEW.available, NEW.pending, NEW.held, NEW.debt, NEW.version)
            IS DISTINCT FROM
            (OLD.customer_id, OLD.unit, OLD.available, OLD.pending, OLD.held, OLD.debt, OLD.version)"""
_LOT_CHANGES = """(NEW.id, NEW.customer_id, NEW.unit, NEW.movement_id, NEW.points, NEW.earned_at, NEW.is_extended)
            IS DISTINCT FROM
            (OLD.id, OLD.customer_id, OLD.unit, OLD.movement_id, OLD.points, OLD.earned_at, OLD.is_extended)"""
CLOSED = f"""
CREATE OR REPLACE FUNCTION loyalty_balance_is_a_sum() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('regulars.moves_rows', true) = 'on' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'a balance is the sum of its movements: % refused', TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
DROP TRIGGER balance_begins_empty ON loyalty_balance;
CREATE TRIGGER balance_begins_empty BEFORE INSERT ON loyalty_balance FOR EACH ROW
    WHEN ((NEW.available, NEW.pending, NEW.held, NEW.debt, NEW.version) <> (0, 0, 0, 0, 0))
    EXECUTE FUNCTION loyalty_balance_is_a_sum();
DROP TRIGGER balance_is_a_sum ON loyalty_balance;
CREATE TRIGGER balance_is_a_sum BEFORE UPDATE ON loyalty_balance FOR EACH ROW
    WHEN ((pg_trigger_depth() = 0 OR NOT has_table_privilege('loyalty_balance'::regclass, 'TRIGGER'))
        AND {_BALANCE_CHANGES})
    EXECUTE FUNCTION loyalty_balance_is_a_sum();

CREATE OR REPLACE FUNCTION loyalty_lot_is_a_sum() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' AND current_setting('regulars.moves_rows', true) = 'on' THEN
        RETURN coalesce(NEW, OLD);
    END IF;
    RAISE EXCEPTION 'a lot is what its traces say: % refused', TG_OP USING ERRCODE = 'integrity_constraint_violation';
END $$;
DROP TRIGGER lot_is_a_sum ON loyalty_lot;
CREATE TRIGGER lot_is_a_sum BEFORE UPDATE ON loyalty_lot FOR EACH ROW
    WHEN (pg_trigger_depth() = 0 OR NOT has_table_privilege('loyalty_lot'::regclass, 'TRIGGER')
        OR {_LOT_CHANGES})
    EXECUTE FUNCTION loyalty_lot_is_a_sum();

CREATE OR REPLACE FUNCTION loyalty_tierchange_is_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (pg_trigger_depth() > 1 AND has_table_privilege(TG_RELID, 'TRIGGER'))
            OR current_setting('regulars.moves_rows', true) = 'on' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the history of tiers is written with the membership'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""


def _function(module: str, texts: str, name: str) -> str:
    """A function as it was made."""
    text: str = getattr(import_module(f"loyalty.migrations.{module}"), texts)
    begin = text.index(f"CREATE FUNCTION {name}")
    return text[begin : text.index("END $$;", begin)].replace("CREATE", "CREATE OR REPLACE", 1) + "END $$;\n"


OPEN = (
    _function("0005_tiers", "HISTORY", "loyalty_tierchange_is_written")
    + _function("0002_guards", "GUARDS", "loyalty_lot_is_a_sum")
    + _function("0002_guards", "GUARDS", "loyalty_balance_is_a_sum")
    + f"""
DROP TRIGGER lot_is_a_sum ON loyalty_lot;
CREATE TRIGGER lot_is_a_sum BEFORE UPDATE ON loyalty_lot FOR EACH ROW
    WHEN (pg_trigger_depth() = 0 OR {_LOT_CHANGES})
    EXECUTE FUNCTION loyalty_lot_is_a_sum();
DROP TRIGGER balance_is_a_sum ON loyalty_balance;
CREATE TRIGGER balance_is_a_sum BEFORE UPDATE ON loyalty_balance FOR EACH ROW
    WHEN (pg_trigger_depth() = 0 AND {_BALANCE_CHANGES})
    EXECUTE FUNCTION loyalty_balance_is_a_sum();
DROP TRIGGER balance_begins_empty ON loyalty_balance;
CREATE TRIGGER balance_begins_empty BEFORE INSERT ON loyalty_balance FOR EACH ROW
    WHEN (pg_trigger_depth() = 0 AND (NEW.available, NEW.pending, NEW.held, NEW.debt, NEW.version) <> (0, 0, 0, 0, 0))
    EXECUTE FUNCTION loyalty_balance_is_a_sum();
"""
)


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0024_sales_alone"), ("customers", "0032_sign_ins")]

    operations = [
        migrations.RunSQL(CLOSED, OPEN),
        migrations.RunSQL(_AT_ONCE, _ANY_TIME),
        migrations.RunSQL(FIXED, LOOSE),
    ]
