"""Memberships that are bought: each sale a row of its own, that is only added and given back once."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import crm.lib.money

GUARDS = """
-- Sales are only added and given back once. A merge, its undoing and an erasure may move rows; a note may be blanked.
CREATE TRIGGER membershipsale_is_only_added BEFORE DELETE ON loyalty_membershipsale
    FOR EACH ROW EXECUTE FUNCTION row_is_only_added();
CREATE FUNCTION loyalty_sale_stays() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE free text[] := ARRAY['note'];
BEGIN
    IF OLD.returned_at IS NULL THEN
        free := ARRAY['note', 'returned_at', 'returned_on', 'returned_by'];
    END IF;
    IF to_jsonb(NEW) - free = to_jsonb(OLD) - free THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'rows of % are only added: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER membershipsale_stays BEFORE UPDATE ON loyalty_membershipsale
    FOR EACH ROW EXECUTE FUNCTION loyalty_sale_stays();
"""
NO_GUARDS = """
DROP TRIGGER membershipsale_stays ON loyalty_membershipsale;
DROP FUNCTION loyalty_sale_stays();
DROP TRIGGER membershipsale_is_only_added ON loyalty_membershipsale;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0032_sign_ins"),
        ("loyalty", "0020_issued_by_receipts"),
        ("org", "0002_more_countries"),
    ]

    operations = [
        migrations.CreateModel(
            name="MembershipSale",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("tier", models.CharField(max_length=24)),
                ("scheme_id", models.IntegerField()),
                ("price", crm.lib.money.MoneyField()),
                ("begins_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("renews", models.BooleanField()),
                ("source", models.CharField(db_collation="C", max_length=100)),
                (
                    "how",
                    models.CharField(
                        choices=[
                            ("cash", "Cash"),
                            ("card", "Card"),
                            ("wechat", "WeChat Pay"),
                            ("alipay", "Alipay"),
                            ("transfer", "Bank transfer"),
                            ("other", "Otherwise"),
                        ],
                        max_length=10,
                    ),
                ),
                ("receipt_number", models.CharField(blank=True, default="", max_length=120)),
                ("sold_at", models.DateTimeField()),
                ("sold_on", models.DateField()),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("actor", models.CharField(max_length=80)),
                ("stood", models.JSONField()),
                ("version", models.IntegerField()),
                ("returned_at", models.DateTimeField(null=True)),
                ("returned_on", models.DateField(null=True)),
                ("returned_by", models.CharField(blank=True, default="", max_length=80)),
                ("note", models.CharField(blank=True, default="", max_length=500)),
            ],
            options={
                "verbose_name": "membership that was bought",
            },
        ),
        migrations.RemoveConstraint(
            model_name="tierscheme",
            name="tierscheme_days",
        ),
        migrations.AddField(
            model_name="tierscheme",
            name="refund_days",
            field=models.PositiveSmallIntegerField(
                db_default=14, default=14, verbose_name="days in which a bought tier can be given back"
            ),
        ),
        migrations.AlterField(
            model_name="membership",
            name="reason",
            field=models.SmallIntegerField(
                choices=[
                    (1, "Reached"),
                    (2, "Kept"),
                    (3, "Not kept"),
                    (4, "Goods came back"),
                    (5, "Changed by hand"),
                    (6, "Locked"),
                    (7, "Lock ended"),
                    (8, "Bought"),
                    (9, "Not bought again"),
                    (10, "Joined with another customer"),
                    (11, "Membership given back"),
                ]
            ),
        ),
        migrations.AlterField(
            model_name="tierchange",
            name="reason",
            field=models.SmallIntegerField(
                choices=[
                    (1, "Reached"),
                    (2, "Kept"),
                    (3, "Not kept"),
                    (4, "Goods came back"),
                    (5, "Changed by hand"),
                    (6, "Locked"),
                    (7, "Lock ended"),
                    (8, "Bought"),
                    (9, "Not bought again"),
                    (10, "Joined with another customer"),
                    (11, "Membership given back"),
                ]
            ),
        ),
        migrations.AddConstraint(
            model_name="tierscheme",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("grace_days__lte", 366),
                    ("notice_days__lte", 366),
                    ("refund_days__lte", 366),
                    ("take_back_days__lte", 366),
                ),
                name="tierscheme_days",
            ),
        ),
        migrations.AddField(
            model_name="membershipsale",
            name="customer",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="customers.customer",
            ),
        ),
        migrations.AddField(
            model_name="membershipsale",
            name="store",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="org.store",
            ),
        ),
        migrations.AddIndex(
            model_name="membershipsale",
            index=models.Index(fields=["customer", "-id"], name="sale_of_customer"),
        ),
        migrations.AddIndex(
            model_name="membershipsale",
            index=models.Index(fields=["sold_on"], name="sale_by_day"),
        ),
        migrations.AddIndex(
            model_name="membershipsale",
            index=models.Index(
                condition=models.Q(("returned_on__isnull", False)),
                fields=["returned_on"],
                name="sale_back_by_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="membershipsale",
            constraint=models.UniqueConstraint(
                models.F("customer"), models.F("source"), name="sale_once_per_source"
            ),
        ),
        migrations.AddConstraint(
            model_name="membershipsale",
            constraint=models.CheckConstraint(condition=models.Q(("price__gte", 0)), name="sale_price"),
        ),
        migrations.AddConstraint(
            model_name="membershipsale",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_on__gt", models.F("begins_on"))), name="sale_has_days"
            ),
        ),
        migrations.AddConstraint(
            model_name="membershipsale",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("returned_at__isnull", True), ("returned_by", ""), ("returned_on__isnull", True)
                    ),
                    models.Q(
                        ("returned_at__isnull", False),
                        ("returned_on__isnull", False),
                        models.Q(("returned_by", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="sale_given_back_by_somebody",
            ),
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
