"""Guards of the tables around the ledger, and what a trace and a date may be.

Terms and rules that were published are only added. What a receipt, a coupon, a use, a reward, a hold or an adjustment is
does not change; what becomes of it does, and what is done stays done. A merge, its undoing and an erasure may move rows.
"""

from datetime import UTC, datetime
from importlib import import_module

from django.db import migrations, models

ONLY_ADDED = (
    "actiondone", "benefit", "couponterms", "referralterms", "rewardterms", "storedterms", "tier", "tierscheme",
    "topupoffer",
)  # fmt: skip
# By table the columns that tell what became of a row.
MAY_CHANGE = {
    "accrual": "kept growth_kept changes returned",
    "adjustment": (
        "state note movement_id decided_by decided_at decision_note undone_by undone_at undo_reason"
    ),
    "coupon": "code voided_at voided_by",  # an erasure takes the code
    "couponuse": (
        "terms_id store_id purchase_id amount used_on reserved_at reserved_until redeemed_at released_at reversed_at"
        " actor ended_by"
    ),
    "hold": "ended_at",
    "redemption": "state state_at state_by tracking",
}
# By table: when a row is so, these columns stay.
STAYS = {
    "adjustment": ("state IN (3, 4)", "state movement_id decided_by decided_at undone_by undone_at"),
    "coupon": ("voided_at IS NOT NULL", "voided_at voided_by"),
    "couponuse": ("redeemed_at IS NOT NULL", "redeemed_at amount used_on terms_id released_at"),
    "hold": ("ended_at IS NOT NULL", "ended_at"),
    "redemption": ("state = 'cancelled'", "state state_at state_by"),
}
GIVEN_BACK = ("couponuse", "reversed_at IS NOT NULL", "reversed_at ended_by")


def _only_added(table: str) -> str:
    return (
        f"CREATE TRIGGER {table}_is_only_added BEFORE UPDATE OR DELETE ON loyalty_{table}"
        " FOR EACH ROW EXECUTE FUNCTION row_is_only_added();\n"
    )


def _may_change(table: str, columns: str) -> str:
    names = ", ".join(f"'{name}'" for name in columns.split())
    return (
        f"CREATE TRIGGER {table}_stays_what_it_is BEFORE UPDATE OR DELETE ON loyalty_{table}"
        f" FOR EACH ROW EXECUTE FUNCTION loyalty_row_stays({names});\n"
    )


def _stays(table: str, condition: str, columns: str, name: str = "is_done") -> str:
    new, old = (", ".join(f"{row}.{column}" for column in columns.split()) for row in ("NEW", "OLD"))
    return (
        f"CREATE TRIGGER {table}_{name} BEFORE UPDATE ON loyalty_{table} FOR EACH ROW"
        f" WHEN (OLD.{condition} AND ROW({new}) IS DISTINCT FROM ROW({old}))"
        " EXECUTE FUNCTION row_is_only_added();\n"
    )


GUARDS = (
    """
CREATE FUNCTION loyalty_row_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('regulars.moves_rows', true) = 'on' THEN
        RETURN coalesce(NEW, OLD);
    ELSIF TG_OP = 'UPDATE' AND to_jsonb(NEW) - TG_ARGV = to_jsonb(OLD) - TG_ARGV THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'rows of % stay what they are: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""
    + "".join(map(_only_added, ONLY_ADDED))
    + "".join(_may_change(*one) for one in MAY_CHANGE.items())
    + "".join(_stays(table, *rule) for table, rule in STAYS.items())
    + _stays(*GIVEN_BACK, name="is_given_back")
    + """
-- Every code keeps what it opens; a merge alone changes whose coupon that is.
CREATE TRIGGER couponcode_stays_what_it_is BEFORE UPDATE ON loyalty_couponcode
    FOR EACH ROW EXECUTE FUNCTION loyalty_row_stays('customer_id');
"""
)
NO_GUARDS = (
    "".join(f"DROP TRIGGER {table}_is_only_added ON loyalty_{table};\n" for table in ONLY_ADDED)
    + "".join(f"DROP TRIGGER {table}_stays_what_it_is ON loyalty_{table};\n" for table in MAY_CHANGE)
    + "".join(f"DROP TRIGGER {table}_is_done ON loyalty_{table};\n" for table in STAYS)
    + """
DROP TRIGGER couponuse_is_given_back ON loyalty_couponuse;
DROP TRIGGER couponcode_stays_what_it_is ON loyalty_couponcode;
DROP FUNCTION loyalty_row_stays();
"""
)

_PARTED = import_module("loyalty.migrations.0016_parted")
# Lot by lot a movement goes the way that it goes in all: nothing is taken from one lot to fill another.
_LOTS = "l.unit = m.unit AND (m.kind NOT IN (1, 14) OR l.movement_id = m.id)"
_SAME_WAY = "".join(
    f"\n                    AND sign(x.{leg}) IN (0, sign(m.{leg}))"
    for leg in ("pending", "available", "held")
)
_WITH_WAY = _PARTED.NOW.replace(_LOTS, _LOTS + _SAME_WAY)


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0016_parted")]

    operations = [
        migrations.RunSQL(GUARDS, NO_GUARDS),
        migrations.RunSQL(_WITH_WAY + _PARTED.QUIET, _PARTED.NOW + _PARTED.QUIET),
        migrations.AddConstraint(
            model_name="movement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    occurred_at__gte=datetime(2000, 1, 1, tzinfo=UTC),
                    occurred_at__lt=datetime(2100, 1, 1, tzinfo=UTC),
                ),
                name="movement_in_this_century",
            ),
        ),
    ]
