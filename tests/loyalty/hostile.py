"""Statements of somebody who has the application's role and means harm."""

MOVE = (
    "INSERT INTO loyalty_movement (customer_id, unit, kind, source, of_id, occurred_at, actor, available, pending,"
    " held, debt, contra) VALUES (%(who)s, {unit}, {kind}, {source}, {of}, now(), 'x', {available}, {pending},"
    " {held}, {debt}, {contra})"
)
SPENT = "(SELECT id FROM loyalty_movement WHERE source = 'till:1')"
HELD = "(SELECT id FROM loyalty_movement WHERE source = 'web:2')"
ROOM = (
    "(SELECT max(id) FROM loyalty_lot WHERE customer_id = %(who)s AND unit = 1 AND available + held < points)"
)
FULL = "(SELECT max(id) FROM loyalty_lot WHERE customer_id = %(who)s AND unit = 1 AND available > 0)"


def move(**legs: object) -> str:
    given = {
        "unit": 1,
        "kind": 11,
        "source": "'evil'",
        "of": "NULL",
        "available": 0,
        "pending": 0,
        "held": 0,
        "debt": 0,
    }
    return MOVE.format(**given | {"contra": 0} | legs)


def traced(statement: str, lot: str = FULL, **legs: int) -> str:
    """A movement with a trace, as one statement."""
    given = {"pending": 0, "available": 0, "held": 0} | legs
    return (
        f"WITH m AS ({statement} RETURNING id)"
        " INSERT INTO loyalty_trace (customer_id, movement_id, lot_id, pending, available, held)"
        f" SELECT %(who)s, m.id, {lot}, {given['pending']}, {given['available']}, {given['held']} FROM m"
    )


def within(statement: str) -> str:
    """A statement that runs one trigger deeper, in a table and a function of one's own."""
    return (
        f"CREATE FUNCTION pg_temp.own() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {statement}; RETURN NULL; END$$;"
        " CREATE TEMP TABLE own (id int);"
        " CREATE TRIGGER own AFTER INSERT ON own FOR EACH ROW EXECUTE FUNCTION pg_temp.own();"
        " INSERT INTO own VALUES (1)"
    )


TIER_CHANGE = (
    'INSERT INTO loyalty_tierchange (customer_id, from_tier, to_tier, reason, at, "on", actor, cause)'
    " VALUES (%(who)s, 'member', 'gold', 1, now(), current_date, 'x', '')"
)

STATEMENTS = {
    # Balances and lots are sums.
    "a balance is raised": "UPDATE loyalty_balance SET available = available + 1000 WHERE customer_id = %(who)s",
    "points come out of a hold": "UPDATE loyalty_balance SET available = available + held, held = 0",
    "a debt is wiped": "UPDATE loyalty_balance SET debt = debt + 1",
    "a version is set back": "UPDATE loyalty_balance SET version = version - 1",
    "a balance changes its unit": "UPDATE loyalty_balance SET unit = 4 WHERE unit = 3",
    "a balance is opened full": "INSERT INTO loyalty_balance (customer_id, unit, available) VALUES (%(who)s, 4, 100)",
    "a balance goes": "DELETE FROM loyalty_balance WHERE customer_id = %(who)s",
    "a lot is filled": "UPDATE loyalty_lot SET available = points WHERE customer_id = %(who)s",
    "a lot is made larger": "UPDATE loyalty_lot SET points = points + 1",
    "a lot lives longer": "UPDATE loyalty_lot SET expires_at = expires_at + interval '1 year'",
    "a lot vests early": "UPDATE loyalty_lot SET vests_at = now()",
    "a lot changes hands": "UPDATE loyalty_lot SET customer_id = %(other)s WHERE customer_id = %(who)s",
    "a lot goes": "DELETE FROM loyalty_lot WHERE customer_id = %(who)s",
    "a lot is issued full": (
        "INSERT INTO loyalty_lot (customer_id, unit, movement_id, points, earned_at, available)"
        f" VALUES (%(who)s, 1, {SPENT}, 50, now(), 50)"
    ),
    "a lot of nothing": (
        "INSERT INTO loyalty_lot (customer_id, unit, movement_id, points, earned_at)"
        f" VALUES (%(who)s, 1, {SPENT}, 0, now())"
    ),
    # Movements and traces are only added.
    "a movement is changed": "UPDATE loyalty_movement SET contra = contra - 10, available = available + 10",
    "a movement changes hands": "UPDATE loyalty_movement SET customer_id = %(other)s",
    "a movement is backdated": "UPDATE loyalty_movement SET occurred_at = occurred_at - interval '1 year'",
    "a movement changes its author": "UPDATE loyalty_movement SET actor = 'staff:1'",
    "a movement goes": f"DELETE FROM loyalty_movement WHERE id = {SPENT}",
    "a trace is changed": "UPDATE loyalty_trace SET available = 0",
    "a trace goes": f"DELETE FROM loyalty_trace WHERE movement_id = {SPENT}",
    "the movements are emptied": "TRUNCATE loyalty_movement",
    "the lots are emptied": "TRUNCATE loyalty_lot CASCADE",
    "the traces are emptied": "TRUNCATE loyalty_trace",
    "the balances are emptied": "TRUNCATE loyalty_balance",
    # Legs.
    "points from nowhere": traced(move(available=50), available=50),
    "a movement of nothing": move(),
    "half of a transaction": traced(move(kind=3, available=-5), available=-5),
    "a redemption that gives": traced(move(kind=3, available=5, contra=-5), available=5),
    "an expiry that gives": traced(move(kind=7, available=5, contra=-5), available=5),
    "an earning that takes": traced(move(kind=1, available=-5, contra=5), available=-5),
    "a debt that is forgiven into points": traced(move(kind=13, available=5, debt=-5, contra=-10), available=5),
    "a redemption that is owed": traced(move(kind=3, available=-5, debt=5, contra=10), available=-5),
    "lent into an old lot": traced(move(kind=14, available=5, debt=5), available=5),
    "lent and not owed": traced(move(kind=14, available=5, contra=-5), available=5),
    "a kind that there is not": traced(move(kind=77, available=5, contra=-5), available=5),
    "no source": traced(move(source="''", available=-1, contra=1), available=-1),
    "the same source twice": traced(move(kind=3, source="'till:1'", available=-1, contra=1), available=-1),
    # Lots behind the legs.
    "a movement of no lot": move(available=-5, contra=5),
    "less than the legs": traced(move(available=-5, contra=5), available=-4),
    "more than there is": traced(move(available=-100000, contra=100000), available=-100000),
    "a lot of another unit": traced(
        move(available=-5, contra=5), "(SELECT id FROM loyalty_lot WHERE unit = 3)", available=-5
    ),
    "a lot of somebody else": traced(
        move(available=-5, contra=5), "(SELECT min(id) FROM loyalty_lot WHERE customer_id = %(other)s)", available=-5
    ),
    "earned into an old lot": traced(move(kind=1, available=5, contra=-5), available=5),
    "a trace for an old movement": (
        f"INSERT INTO loyalty_trace (customer_id, movement_id, lot_id, available) VALUES (%(who)s, {SPENT}, {FULL}, 5)"
    ),
    "traces that cancel out for an old movement": (
        "INSERT INTO loyalty_trace (customer_id, movement_id, lot_id, available)"
        f" SELECT %(who)s, {SPENT}, id, CASE id WHEN {FULL} THEN -1 ELSE 1 END FROM loyalty_lot"
        " WHERE customer_id = %(who)s AND available BETWEEN 1 AND points - 1 OR id = " + FULL
    ),
    # What continues another.
    "a capture of no hold": traced(move(kind=5, of=SPENT, held=-5, contra=5), held=-5),
    "a reversal of nothing": traced(move(kind=10, available=5, contra=-5), available=5),
    "a reversal of more than was spent": traced(
        move(kind=10, of=SPENT, available=40, contra=-40),
        "(SELECT lot_id FROM loyalty_trace WHERE movement_id = " + SPENT + ")", available=40,
    ),
    # Lot by lot and in time.
    "taken from one lot to fill another": (
        f"WITH m AS ({move(kind=3, available=-5, contra=5)} RETURNING id)"
        " INSERT INTO loyalty_trace (customer_id, movement_id, lot_id, available)"
        f" SELECT %(who)s, m.id, l.id, CASE l.id WHEN {FULL} THEN -6 ELSE 1 END FROM m, loyalty_lot l"
        f" WHERE l.customer_id = %(who)s AND l.unit = 1 AND (l.id = {FULL} OR l.id = {ROOM})"
    ),
    "spent in another century": traced(
        move(kind=3, available=-5, contra=5).replace("now()", "'1899-01-01'"), available=-5
    ),
    "spent in the next century": traced(
        move(kind=3, available=-5, contra=5).replace("now()", "'2100-01-01T00:00:00Z'"), available=-5
    ),
    "a release into another lot": (
        f"WITH m AS ({move(kind=6, of=HELD, available=5, held=-5)} RETURNING id)"
        " INSERT INTO loyalty_trace (customer_id, movement_id, lot_id, available, held)"
        " SELECT %(who)s, m.id, max(l.id), 5, -5 FROM m, loyalty_lot l WHERE customer_id = %(who)s AND l.held = 0"
        " GROUP BY m.id"
    ),
    # Around the ledger.
    "a receipt earned more": "UPDATE loyalty_accrual SET points = points + 100, kept = kept + 100",
    "a receipt earned for somebody else": "UPDATE loyalty_accrual SET customer_id = %(other)s",
    "the arithmetic of a receipt goes": "DELETE FROM loyalty_accrual",
    "a rule pays more from the beginning": "UPDATE loyalty_earningrule SET percent = 900",
    "a point costs less": "UPDATE loyalty_programme SET money_per_point = 0.01",
    "coupon terms are made better": "UPDATE loyalty_couponterms SET minimum = 0, amount = 500",
    "coupon terms go": "DELETE FROM loyalty_couponterms",
    "a used coupon is new again": "UPDATE loyalty_couponuse SET redeemed_at = NULL, reserved_until = now()",
    "a use takes less off": "UPDATE loyalty_couponuse SET amount = 0",
    "a use is forgotten": "DELETE FROM loyalty_couponuse",
    "a use by somebody else": "UPDATE loyalty_couponuse SET owner_id = %(other)s",
    "a coupon is another one": "UPDATE loyalty_coupon SET valid_to = NULL, source = 'gift'",
    "a coupon goes": "DELETE FROM loyalty_coupon",
    "a code opens another coupon": "UPDATE loyalty_couponcode SET coupon_id = coupon_id + 1",
    "a tier comes cheaper": "UPDATE loyalty_tier SET threshold = 1 WHERE rank > 0",
    "a hold is another one": "UPDATE loyalty_hold SET until = until + interval '1 year'",
    "a gift is forgotten": "DELETE FROM loyalty_birthdaygift",
    "an action was never told": "DELETE FROM loyalty_actiontold",
    "an action was told with another answer": "UPDATE loyalty_actiontold SET earned = '[]'",
    # What the role has no right to.
    "a guard is switched off": "ALTER TABLE loyalty_movement DISABLE TRIGGER ALL",
    "all guards are switched off": "SET LOCAL session_replication_role = 'replica'",
    "a guard goes": "DROP TRIGGER movement_is_only_added ON loyalty_movement",
    "a guard is replaced": (
        "CREATE OR REPLACE FUNCTION row_is_only_added() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN RETURN coalesce(NEW, OLD); END$$"
    ),
    "a constraint goes": "ALTER TABLE loyalty_movement DROP CONSTRAINT movement_signs",
    "a column is renamed": "ALTER TABLE loyalty_balance RENAME debt TO forgiven",
    "the table goes": "DROP TABLE loyalty_trace",
    "a table is taken over": "ALTER TABLE loyalty_lot OWNER TO CURRENT_USER",
    "an own guard": (
        "CREATE TRIGGER own BEFORE INSERT ON loyalty_trace FOR EACH ROW EXECUTE FUNCTION row_is_only_added()"
    ),
    "the tables are emptied between two tests": "SET LOCAL regulars.may_empty = 'on'; TRUNCATE loyalty_balance",
    "numbers begin anew": "SELECT setval('loyalty_movement_id_seq', 1)",
    "the role becomes a superuser": "ALTER ROLE regulars_app SUPERUSER",
    "the role sees files": "COPY loyalty_balance TO '/tmp/balances'",
    # From within a trigger of one's own, as deep as the ledger's own triggers write.
    "a balance is raised by an own trigger": within("UPDATE loyalty_balance SET available = available + 1000"),
    "a debt is wiped by an own trigger": within("UPDATE loyalty_balance SET debt = debt + 1"),
    "a balance is opened full by an own trigger": within(
        "INSERT INTO loyalty_balance (customer_id, unit, available) VALUES (%(who)s, 4, 100)"
    ),
    "a balance goes by an own trigger": within("DELETE FROM loyalty_balance WHERE customer_id = %(who)s"),
    "a lot is filled by an own trigger": within("UPDATE loyalty_lot SET available = points - pending - held"),
    "a lot lives longer by an own trigger": within(
        "UPDATE loyalty_lot SET expires_at = '2099-01-01' WHERE NOT is_extended"
    ),
    "a tier was reached": TIER_CHANGE,
    "a tier was reached by an own trigger": within(TIER_CHANGE),
    # The ledger's own functions on a table of one's own.
    "balances follow an own table": (
        "CREATE TEMP TABLE own (LIKE loyalty_movement);"
        " CREATE TRIGGER own AFTER INSERT ON own REFERENCING NEW TABLE AS moved FOR EACH STATEMENT"
        " EXECUTE FUNCTION loyalty_balances_follow();"
        " INSERT INTO own SELECT * FROM loyalty_movement"
    ),
    "lots follow an own table": (
        "CREATE TEMP TABLE own (LIKE loyalty_trace);"
        " CREATE TRIGGER own AFTER INSERT ON own REFERENCING NEW TABLE AS added FOR EACH STATEMENT"
        " EXECUTE FUNCTION loyalty_lots_follow();"
        " INSERT INTO own (customer_id, movement_id, lot_id, pending, available, held)"
        f" SELECT customer_id, movement_id, lot_id, 0, 1, 0 FROM loyalty_trace WHERE movement_id = {SPENT}"
    ),
    "the history of tiers follows an own table": (
        "CREATE TEMP TABLE own (LIKE loyalty_membership);"
        " CREATE TRIGGER own AFTER INSERT ON own FOR EACH ROW EXECUTE FUNCTION loyalty_tier_history();"
        " INSERT INTO own (customer_id, tier, came_from, since, changed_at, changed_on, reason, actor, cause,"
        " paid_tier, version)"
        " VALUES (%(who)s, 'gold', 'member', now(), now(), current_date, 1, 'x', '', '', 1)"
    ),
    # Tables of one's own with the names of ours.
    "points in a lot of an own table": (
        "CREATE TEMP TABLE loyalty_lot (LIKE loyalty_lot);"
        " INSERT INTO loyalty_lot (id, customer_id, unit, movement_id, points, earned_at, is_extended, pending,"
        " available, held) VALUES (1, %(who)s, 1, 1, 50, now(), false, 0, 0, 0);"
        + traced(move(available=50, contra=-50), "1", available=50)
    ),
    "a movement whose lots an own table tells": (
        "CREATE TEMP TABLE loyalty_trace (LIKE loyalty_trace);"
        + traced(move(available=-5, contra=5), available=-5)
    ),
    "a reversal that an own table hides": (
        traced(
            move(kind=10, of=SPENT, available=40, contra=-40),
            "(SELECT lot_id FROM loyalty_trace WHERE movement_id = " + SPENT + ")", available=40,
        )
        + "; CREATE TEMP TABLE loyalty_movement AS SELECT * FROM loyalty_movement WHERE id = " + SPENT
    ),
}  # fmt: skip
