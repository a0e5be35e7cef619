"""Coupons for many: a job that takes whoever is due, some thousands at a time, and copies their coupons in.

Who is due stands in a queue; a slice takes rows out and writes coupons and codes in one transaction. So a job that is
killed goes on where it was, and nobody gets two.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.jobs import queue
from crm.jobs.claim import Claim
from crm.jobs.registry import job
from crm.lib.refusals import Fault, Refusal
from crm.lib.statements import Statement
from customers.receiving import database
from loyalty.coupons import audiences, codes, defining
from loyalty.coupons.refusals import CouponEnded, SharedCode
from loyalty.coupons.rules import rules_of
from loyalty.coupons.windows import window_of, zones_of
from loyalty.ledger.accounts import enter
from loyalty.models import CouponBatch, CouponDefinition, CouponDue, CouponTally, CouponTerms

KIND = "coupons.issue"
SLICE = 5_000
LONGEST_LIST = 10_000


class Recipient(NamedTuple):
    """Whose coupon it is, in which store's days it is counted (their home store's), and what it comes from.

    `purchase`: the receipt that issued it, in that store.
    """

    customer: int
    store: int | None
    source: str
    purchase: int | None = None


class NobodyMeant(Refusal):
    code = "nobody_meant"

    def __init__(self) -> None:
        sentence = str(_("This names no customer."))
        super().__init__(sentence, faults=(Fault("audience", sentence),))


def start(
    definition: CouponDefinition, *, audience: str, by: Any, at: datetime, customer_ids: Iterable[int] = ()
) -> CouponBatch:
    """Have a coupon issued to an audience ("segment:champions"), or to these customers ("list").

    Raises CouponEnded, SharedCode, NobodyMeant.
    """
    ids = sorted(set(customer_ids))[:LONGEST_LIST]
    if definition.is_shared:
        raise SharedCode
    if definition.ended_at or defining.terms_at(definition, at) is None:
        raise CouponEnded
    if audience == audiences.LIST and not ids:
        raise NobodyMeant
    with transaction.atomic():
        batch = CouponBatch.objects.create(
            definition=definition, audience=audience, issued_at=at, created_by=trail.actor_name(by)
        )
        CouponDue.objects.bulk_create(CouponDue(batch=batch, customer_id=pk) for pk in ids)
        batch.job = queue.enqueue(KIND, key=str(batch.pk), params={"batch": batch.pk}, by=by)
        batch.save(update_fields=["job"])
        details = {"audience": audience, "batch": batch.pk}
        trail.record("coupons.issue", definition, by=by, details=details)
    return batch


@job(KIND)
def run(claim: Claim) -> None:
    batch = CouponBatch.objects.select_related("definition").get(pk=claim.params["batch"])
    if not claim.checkpoint.get("is_filled"):
        with claim.slice() as draft:
            draft["is_filled"] = True
            batch.wanted = _fill(batch)
            batch.save(update_fields=["wanted"])
    claim.progress(batch.issued, batch.wanted)
    terms = defining.terms_at(batch.definition, batch.issued_at)
    assert terms is not None
    while True:
        with claim.slice(done=batch.issued + claim.counts.get("left_out", 0)):
            taken, issued = _slice(batch, terms)
            batch.issued += issued
            claim.counts["issued"] = batch.issued
            claim.counts["left_out"] = claim.counts.get("left_out", 0) + taken - issued
        if not taken:
            return


def _fill(batch: CouponBatch) -> int:
    if batch.audience != audiences.LIST:
        used_for = f"coupons {batch.definition.code}"
        sql, values = audiences.take(batch.audience, used_for=used_for, by=batch.created_by)
        with database.cursor() as cur:
            cur.execute(
                f"INSERT INTO loyalty_coupondue (batch_id, customer_id) SELECT %(batch)s, due.* FROM ({sql}) due"  # noqa: S608
                " ON CONFLICT DO NOTHING",
                {**values, "batch": batch.pk},
            )
    return CouponDue.objects.filter(batch=batch).count()


def _slice(batch: CouponBatch, terms: CouponTerms) -> tuple[int, int]:
    """Some thousand of those who are due: how many were taken, and how many got one."""
    enter()
    with database.cursor() as cur:
        cur.execute(TAKE, [batch.pk, SLICE])
        ids = sorted(row[0] for row in cur.fetchall())
        if (
            not ids
            or CouponDefinition.objects.filter(pk=batch.definition_id, ended_at__isnull=False).exists()
        ):
            return len(ids), 0
        values = {"ids": ids, "definition": batch.definition_id, "batch": f"batch:{batch.pk}:"}
        cur.execute(PRESENT.sql, values)
        people = cur.fetchall()
        told = [Recipient(customer, store, f"batch:{batch.pk}:{customer}") for customer, store in people]
        copy_in(cur, terms, told, at=batch.issued_at, by=batch.created_by)
    CouponBatch.objects.filter(pk=batch.pk).update(issued=F("issued") + len(people))
    return len(ids), len(people)


def copy_in(cur: Any, terms: CouponTerms, people: Sequence[Recipient], *, at: datetime, by: str) -> None:
    """A coupon with these terms for each, in the caller's transaction, which keeps them from being erased."""
    cur.execute("SELECT nextval('loyalty_coupon_id_seq') FROM generate_series(1, %s)", [len(people)])
    numbers = [row[0] for row in cur.fetchall()]
    rules, made = rules_of(terms), []
    zones = zones_of({one.store for one in people})
    windows = {store: window_of(rules, at, zone) for store, zone in zones.items()}
    for number, one in zip(numbers, people, strict=True):
        made.append((number, one, codes.new(), *windows[one.store]))
    with cur.copy(f"COPY loyalty_coupon ({_COLUMNS}) FROM STDIN") as copy:
        for number, one, code, begin, end in made:
            copy.write_row(
                (
                    number,
                    one.customer,
                    terms.definition_id,
                    terms.pk,
                    code,
                    one.source,
                    at,
                    by,
                    begin,
                    end,
                    "",
                    one.store if one.purchase else None,
                    one.purchase,
                )
            )
    with cur.copy("COPY loyalty_couponcode (code, definition_id, customer_id, coupon_id) FROM STDIN") as copy:
        for number, one, code, _begin, _end in made:
            copy.write_row((code, terms.definition_id, one.customer, number))
    CouponTally.objects.filter(pk=terms.definition_id).update(issued=F("issued") + len(people))


_COLUMNS = """
id, customer_id, definition_id, terms_id, code, source, issued_at, issued_by, valid_from, valid_to, voided_by,
store_id, purchase_id
"""
TAKE = """
DELETE FROM loyalty_coupondue WHERE id IN (
    SELECT id FROM loyalty_coupondue WHERE batch_id = %s ORDER BY id LIMIT %s
) RETURNING customer_id
"""
PRESENT = Statement(
    "coupons.present",
    """
SELECT p.id, p.home_store_id FROM customers_customer p
WHERE p.id = ANY(%(ids)s::bigint[]) AND p.merged_into_id IS NULL AND p.erased_at IS NULL
    AND NOT EXISTS (  -- of two who were merged meanwhile one may have got theirs
        SELECT FROM loyalty_coupon c WHERE c.customer_id = p.id AND c.definition_id = %(definition)s
            AND starts_with(c.source, %(batch)s)
    )
ORDER BY p.id FOR KEY SHARE OF p
""",
    {"ids": [1, 2, 3], "definition": 1, "batch": "batch:1:"},
)
STATEMENTS = [PRESENT]
