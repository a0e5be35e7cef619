"""Merging two customers who are one person.

Everything that the loser owns becomes the survivor's, by the rule that each model states (`Owned.on_merge`): rows are
deleted and inserted again under the survivor with their ids kept, for the customer of a row never changes.
Identifiers point to the survivor, and so do the inbox and earlier merges. The loser stays as a signpost: old public
ids go on working.

A merge waits until no applier is at work and keeps them out while it runs (the gate of `receiving.database`), so no
receipt can be written to the loser after its identifiers have moved.
"""

from datetime import datetime
from typing import Any, ClassVar

from django.apps import apps
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.owned import OnMerge, Owned, OwnedForeignKey, move_rows
from crm.lib.refusals import Refusal
from customers import names
from customers.matching import keys
from customers.models import Customer, Merge
from customers.receiving import database

# A blank of the survivor is filled with what the loser told.
_FILLED = (
    "name", "gender", "birthday", "age_band", "income_band", "occupation", "household_size", "household", "language",
    "address", "home_store_id",
)  # fmt: skip
_EARLIER = ("enrolled_at", "first_seen_at")


class CannotMerge(Refusal):
    code: ClassVar[str] = "cannot_merge"
    status: ClassVar[int] = 409


def merge(survivor: Customer, loser: Customer, *, by: Any, at: datetime) -> Merge:
    """Merge `loser` into `survivor`. Raises CannotMerge when one was merged before; then nothing has changed."""
    if survivor.pk == loser.pk:
        raise CannotMerge(_("A customer cannot be merged with themselves."))
    with transaction.atomic():
        cur = database.cursor()
        database.have_alone(cur)
        move_rows(cur)
        kept, gone = _locked(survivor.pk, loser.pk)
        identity_ids = _repoint(cur, kept.pk, gone.pk)
        moved = {model._meta.label: _carry(cur, model, kept.pk, gone.pk) for model in owned_models()}
        filled = _complete(kept, gone)
        Customer.objects.filter(pk=gone.pk).update(merged_into=kept, updated_at=Now())
        names.index([kept.pk, gone.pk])
        keys.index([kept.pk])
        cur.execute("INSERT INTO customers_stalestate (customer_id) VALUES (%s), (%s)", [kept.pk, gone.pk])
        done = Merge.objects.create(
            customer=kept, loser_id=gone.pk, merged_at=at, merged_by=trail.actor_name(by), identity_ids=identity_ids,
            before={"moved": {label: ids for label, ids in moved.items() if ids}, "filled": filled},
        )  # fmt: skip
        details = {"loser": gone.pk, "rows": {label: len(ids) for label, ids in moved.items() if ids}}
        trail.record("customer.merge", kept, by=by, store_id=kept.home_store_id, details=details)
    return done


def survivor_of(customer: Customer) -> Customer:
    """Whom a signpost points to; anybody else is themselves."""
    return customer if customer.merged_into_id is None else Customer.objects.get(pk=customer.merged_into_id)


def owned_models() -> list[type[Owned]]:
    """Every kind of row that customers own, of all apps, in the order of their names."""
    found = [model for model in apps.get_models() if issubclass(model, Owned) and not model._meta.proxy]
    return sorted(found, key=lambda model: model._meta.label)


def _locked(survivor_id: int, loser_id: int) -> tuple[Customer, Customer]:
    """Both, locked in the order of their ids. Neither may be a signpost."""
    rows = Customer.objects.select_for_update().filter(pk__in=[survivor_id, loser_id]).order_by("pk")
    found = {customer.pk: customer for customer in rows}
    if any(customer.merged_into_id for customer in found.values()):
        raise CannotMerge(_("One of the two was merged before."))
    return found[survivor_id], found[loser_id]


def _repoint(cur: Any, survivor_id: int, loser_id: int) -> list[int]:
    """Identifiers, inbox and earlier signposts; these are no owned rows, so their customer may change."""
    cur.execute(_IDENTITIES, [survivor_id, survivor_id, loser_id])
    identity_ids = [row[0] for row in cur.fetchall()]
    cur.execute(_ARRIVALS, [survivor_id, loser_id, loser_id])
    cur.execute(_RETURN_ARRIVALS, [survivor_id, loser_id, loser_id])
    cur.execute(_SIGNPOSTS, [survivor_id, loser_id])
    return identity_ids


def _carry(cur: Any, model: type[Owned], survivor_id: int, loser_id: int) -> list[int]:
    """Moves one model's rows; ids of those that have one."""
    if model.on_merge is OnMerge.STAY:
        return []
    table = f'"{model._meta.db_table}"'
    if model.on_merge is OnMerge.DROP:
        cur.execute(f"DELETE FROM {table} WHERE customer_id = %s", [loser_id])  # noqa: S608
        return []
    columns = [f'"{field.column}"' for field in model._meta.concrete_fields if field.column != "customer_id"]
    listed = ", ".join(columns)
    where = _by_parent(model)
    conflict = "ON CONFLICT DO NOTHING" if model.on_merge is OnMerge.UNITE else ""
    has_id = isinstance(model._meta.pk, models.AutoField)
    cur.execute(
        f"WITH gone AS (DELETE FROM {table} AS t WHERE t.customer_id = %(loser)s {where} RETURNING *) "  # noqa: S608
        f"INSERT INTO {table} (customer_id, {listed}) SELECT %(survivor)s, {listed} FROM gone {conflict} "
        f"RETURNING {'id' if has_id else 'NULL'}",
        {"loser": loser_id, "survivor": survivor_id},
    )
    return [row[0] for row in cur.fetchall()] if has_id else []


def _by_parent(model: type[Owned]) -> str:
    """Details have no index on the customer: they are found through their parent's rows, moved or not yet."""
    parents = [field for field in model._meta.concrete_fields if isinstance(field, OwnedForeignKey)]
    if not parents or model._meta.pk_fields[0] is not parents[0]:
        return ""
    parent = parents[0]
    table = parent.target_field.model._meta.db_table
    rows = f'SELECT id FROM "{table}" WHERE customer_id IN (%(loser)s, %(survivor)s)'  # noqa: S608  our own names
    return f'AND t."{parent.column}" IN ({rows})'


def _complete(kept: Customer, gone: Customer) -> list[str]:
    """Fills the survivor's blanks; the names of the fields that were filled."""
    filled = [
        name
        for name in _FILLED
        if getattr(kept, name) in (None, "") and getattr(gone, name) not in (None, "")
    ]
    for name in filled:
        setattr(kept, name, getattr(gone, name))
    for name in _EARLIER:
        times = [at for at in (getattr(kept, name), getattr(gone, name)) if at is not None]
        setattr(kept, name, min(times, default=None))
    kept.is_stub = kept.is_stub and gone.is_stub
    kept.save(update_fields=[*filled, *_EARLIER, "is_stub"])
    return filled


# The survivor's own main identifier of a kind stays the main one.
_IDENTITIES = """
UPDATE customers_identity i SET customer_id = %s, is_primary = i.is_primary AND NOT EXISTS (
    SELECT FROM customers_identity other WHERE other.customer_id = %s AND other.kind = i.kind AND other.is_primary
)
WHERE i.customer_id = %s RETURNING i.id
"""
# The inbox has no index on the customer: it is reached through the purchases, which still are the loser's.
_ARRIVALS = """
UPDATE customers_arrival a SET customer_id = %s
FROM customers_purchase p
WHERE p.customer_id = %s AND a.source_id = p.source_id AND a.external_id = p.external_id AND a.kind = 1
  AND a.customer_id = %s
"""
_RETURN_ARRIVALS = """
UPDATE customers_arrival a SET customer_id = %s
FROM customers_purchase p
WHERE p.customer_id = %s AND a.of_source_id = p.source_id AND a.of_external_id = p.external_id AND a.kind = 2
  AND a.customer_id = %s
"""
_SIGNPOSTS = """
UPDATE customers_customer SET merged_into_id = %s
WHERE id IN (SELECT loser_id FROM customers_merge WHERE customer_id = %s)
"""
