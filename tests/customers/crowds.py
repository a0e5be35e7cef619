"""Crowds: random customers who own rows in *every* owned table of every app, made from the models.

A table that is added is filled by itself, with values by the type of each column. Where its constraints ask for more,
`test_unmerging.py` fails and says so: add the columns to `KNOWN` then.
"""

import contextlib
import string
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models

from crm.lib.owned import Owned, OwnedForeignKey
from crm.org.models import Store
from customers import names
from customers.matching import keys
from customers.merging import owned_models
from customers.merging.tables import tables
from customers.models import (
    Arrival,
    ArrivalKind,
    Customer,
    Identity,
    Line,
    Payment,
    Provider,
    Purchase,
    Return,
    ReturnLine,
    Spell,
    Wording,
)
from loyalty import holds, ledger
from loyalty.ledger import Cause, NewLot
from tests import cast

# Made by merging itself, or written by `_receipts` and `names` with what belongs together.
ELSEWHERE = {
    "customers.MatchKey", "customers.Merge", "customers.NameKey", "customers.Purchase", "customers.Line",
    "customers.Payment", "customers.Return", "customers.ReturnLine",
    "loyalty.Balance", "loyalty.Hold", "loyalty.Lot", "loyalty.Movement", "loyalty.TierChange",
    "loyalty.Trace",
}  # fmt: skip
START = datetime(2026, 1, 5, 4, tzinfo=UTC)

# Columns whose values a constraint ties together: model to what makes them.
Maker = Callable[[Random, int], dict[str, Any]]
# Links that may be empty, but not in the rows that the crowd has.
NEEDED = {"loyalty.Redemption": ["movement"]}
KNOWN: dict[str, Maker] = {
    "customers.Consent": lambda chance, n: {
        "purpose": n % 2 + 1, "channel": n // 2 + 1, "is_given": chance.choice((True, False, None)),
        "wording": any_of(Wording, chance), "recorded_at": START + timedelta(days=200),
    },
    "customers.Guardian": lambda chance, n: {"ended_at": None, "recorded_at": START + timedelta(days=200)},
    "loyalty.MembershipSale": lambda chance, n: {
        "begins_on": date(2026, 3, 1), "ends_on": date(2027, 3, 1), "returned_at": START,
        "returned_on": date(2026, 3, 2), "returned_by": "test",
    },
    "segmentation.SegmentSpell": lambda chance, n: {"ended_at": START + timedelta(days=900)},
    "segmentation.SegmentVersion": lambda chance, n: {"number": n + 1 + chance.randrange(99_999) * 3},
    "customers.Lifecycle": lambda chance, n: {"ended_on": date(2027, 1, 1)},
    "customers.PurchaseState": lambda chance, n: {"count": 5, "window_count": chance.randint(0, 5)},
    # Few names, so that two people often have the same.
    "customers.ProvidedFact": lambda chance, n: {
        "provider": Provider.objects.order_by("pk").first() or any_of(Provider, chance), "name": f"fact{n % 3}",
        "valid_until": date(2027, 1, 1),
    },
    "loyalty.Adjustment": lambda chance, n: {
        "kind": 1, "points": 5, "receipt_number": "", "state": 2, "is_above_limit": True, "decided_by": "",
        "decided_at": None, "movement": None, "undone_at": None,
    },
    "loyalty.Accrual": lambda chance, n: {"points": 9, "kept": 5, "growth": 9, "growth_kept": 5},
    "loyalty.CouponTerms": lambda chance, n: {"number": n + 1 + chance.randrange(9999) * 3, "to_on": None},
    "loyalty.CouponUse": lambda chance, n: {
        "reserved_until": START, "redeemed_at": None, "released_at": None, "reversed_at": None,
    },
    "loyalty.EarningRule": lambda chance, n: {"kind": "base", "percent": 100, "valid_to": None},
    "loyalty.FamilySeat": lambda chance, n: {
        "family_id": chance.randrange(12), "way": "counter", "narrowed": 0, "shares": chance.choice((True, False)),
        "left_at": START if n else None, "left_by": "test" if n else "", "why": "left" if n else "",
    },
    "loyalty.FamilyRedemption": lambda chance, n: {"points": 9, "given_back": 4},
    "loyalty.Redemption": lambda chance, n: {"points": 9, "trial_year": None},
    "loyalty.Referral": lambda chance, n: {"state": 1, "settled_at": None},
    "loyalty.RewardTerms": lambda chance, n: {"number": n + 1 + chance.randrange(9999) * 3, "to_on": None},
    "loyalty.StoredOperation": lambda chance, n: {
        "kind": 4, "state": 3, "principal": 0, "bonus": 0, "money": 0, "of": None, "decided_by": "",
    },
    "loyalty.StoredTerms": lambda chance, n: {
        "most_top_up": 5, "most_balance": 9, "pay_out_alone": 1, "pay_out_lead": 2,
    },
    "loyalty.TopUpOffer": lambda chance, n: {"valid_to": None},
    "loyalty.Membership": lambda chance, n: {"paid_tier": "", "paid_until": None},
    "customers.WorkItem": lambda chance, n: {"state": n % 2 + 1, "ended_at": None, "result": None},
}  # fmt: skip


def crowd(size: int, *, seed: int) -> list[Customer]:
    """So many customers, each with up to four rows in every owned table."""
    chance = Random(seed)
    for code, name in (("HARB", "Harbour"), ("UPTN", "Uptown"), ("MILL", "Mill")):
        cast.store(code, name)
    people = Customer.objects.bulk_create(_person(chance, n) for n in range(size))
    Identity.objects.bulk_create(one for person in people for one in _identities(chance, person))
    _receipts(chance, people)
    _points(chance, people)
    for table in tables():
        if table.label not in ELSEWHERE:
            _fill(table.model, people, chance)
    names.index([person.pk for person in people])
    keys.index([person.pk for person in people])
    return people


def _person(chance: Random, n: int) -> Customer:
    is_stub = chance.random() < 0.2
    plain = {
        field.name: _value(field, chance)
        for field in Customer._meta.concrete_fields
        if field.name
        not in (
            "id",
            "merged_into",
            "erased_at",
            "is_stub",
            "first_seen_at",
            "home_store",
            "created_at",
            "updated_at",
        )
        and chance.random() < 0.5
    }
    plain |= {"enrolled_at": None} if is_stub else {}
    return Customer(
        **plain, is_stub=is_stub, home_store=any_of(Store, chance) if chance.random() < 0.8 else None,
        first_seen_at=START + timedelta(minutes=chance.randrange(9999)) if is_stub else None,
    )  # fmt: skip


def _identities(chance: Random, person: Customer) -> list[Identity]:
    found = []
    for kind in ("phone", "email", "card", "member", "openid"):
        for n in range(chance.choice((0, 1, 1, 2))):
            number = f"{person.pk:07}{n}"
            known = {"phone": f"+86138{number}", "email": f"p{number}@example.com"}
            value = known.get(kind, f"{kind[0].upper()}{number}")
            main = n == 0 and chance.random() < 0.8
            found.append(Identity(kind=kind, value=value, customer=person, is_primary=main, source="app"))
    return found


def _receipts(chance: Random, people: Sequence[Customer]) -> None:
    till = cast.source()
    bought = [_purchase(chance, person, till.pk, n) for person in people for n in range(chance.randrange(4))]
    Purchase.objects.bulk_create(bought)
    Line.objects.bulk_create(line for one in bought for line in _lines(chance, one))
    Payment.objects.bulk_create(
        Payment(customer=p.customer, purchase=p, number=1, method="card", amount=p.amount) for p in bought
    )
    returned = [
        Return(
            customer=p.customer, purchase=p, store=p.store, source_id=till.pk, business_date=p.business_date,
            occurred_at=p.occurred_at, amount=Decimal(1), external_id=f"B{p.pk}",
        )
        for p in bought if chance.random() < 0.3
    ]  # fmt: skip
    Return.objects.bulk_create(returned)
    ReturnLine.objects.bulk_create(
        ReturnLine(customer=r.customer, goods_return=r, number=1, quantity=1, amount=1) for r in returned
    )
    back = {r.purchase_id for r in returned}
    Purchase.objects.filter(pk__in=back).update(returned=1)
    Line.objects.filter(purchase_id__in=back, number=1).update(returned_amount=1, returned_quantity=1)
    Arrival.objects.bulk_create([_of_receipt(p) for p in bought] + [_of_return(r) for r in returned])


def _points(chance: Random, people: Sequence[Customer]) -> None:
    """Through the ledger: its rows have to agree with each other."""
    for person in people:
        for n in range(chance.randint(1, 3)):
            at = START + timedelta(days=n)
            vests_at = at + timedelta(days=14) if chance.random() < 0.3 else None
            lot = NewLot(
                chance.randint(20, 90), at + timedelta(days=chance.randint(200, 900)), vests_at=vests_at
            )
            ledger.earn(person.pk, [lot], Cause(f"receipt:{person.pk}-{n}", at, "till:1"))
        with contextlib.suppress(ledger.InsufficientPoints):
            ledger.redeem(person.pk, 10, Cause(f"till:{person.pk}", START + timedelta(days=3), "till:1"))
            holds.place(person.pk, 5, Cause(f"web:{person.pk}", START + timedelta(days=3), "till:1"))


def _purchase(chance: Random, person: Customer, till: int, n: int) -> Purchase:
    at = START + timedelta(days=chance.randrange(60), minutes=chance.randrange(600))
    return Purchase(
        customer=person, store=any_of(Store, chance), source_id=till, business_date=at.date(), occurred_at=at,
        amount=Decimal(20), external_id=f"T{person.pk}-{n}", recorded_at=at,
    )  # fmt: skip


def _lines(chance: Random, one: Purchase) -> list[Line]:
    skus = [f"SKU{chance.randrange(9)}" for _n in range(2)]
    return [
        Line(customer=one.customer, purchase=one, number=n, product=cast.product(sku), quantity=1, amount=10)
        for n, sku in enumerate(skus, start=1)
    ]


def _of_receipt(one: Purchase) -> Arrival:
    return Arrival(
        kind=ArrivalKind.RECEIPT, source_id=one.source_id, external_id=one.external_id, customer_id=one.customer_id,
        purchase_id=one.pk, store_id=one.store_id, fingerprint=f"{one.pk:016}".encode(),
    )  # fmt: skip


def _of_return(one: Return) -> Arrival:
    bought = one.purchase
    return Arrival(
        kind=ArrivalKind.RETURN, source_id=one.source_id, external_id=one.external_id, customer_id=one.customer_id,
        return_id=one.pk, store_id=one.store_id, fingerprint=f"{one.pk:016}".encode(),
        of_source_id=bought.source_id, of_external_id=bought.external_id,
        raw={
            "source": "pos-1", "external_id": one.external_id, "store": bought.store.code,
            "occurred_at": one.occurred_at.isoformat(), "lines": [{"line": 1, "quantity": "1", "amount": "1.00"}],
            "receipt": {"source": "pos-1", "external_id": bought.external_id},
        },
    )  # fmt: skip


# Any table, from its model --------------------------------------------------------------------------------------------


def _fill(model: type[Owned], people: Sequence[Customer], chance: Random) -> None:
    """Up to four rows a customer (one where the customer is the key); what a unique constraint refuses is left out."""
    is_single = model._meta.pk is not None and model._meta.pk.name == "customer"
    fields = model._meta.concrete_fields
    needed = [field.name for field in fields if isinstance(field, OwnedForeignKey) and not field.null]
    needed += NEEDED.get(model._meta.label, [])
    rows = []
    for person in people:
        for n in range(chance.randint(0, 1) if is_single else chance.randint(0, 4)):
            values = _values(model, chance, person, n)
            if all(values[name] is not None for name in needed):
                rows.append(model(customer=person, **values))
    model._default_manager.bulk_create(rows, ignore_conflicts=True)


def _values(model: type[models.Model], chance: Random, person: Customer | None, n: int) -> dict[str, Any]:
    found = {}
    for field in model._meta.concrete_fields:
        if isinstance(field, models.AutoField) or field.name in ("customer", "pk"):
            continue
        if person is None and (field.has_default() or field.has_db_default() or field.null):
            continue
        if isinstance(field, OwnedForeignKey):
            found[field.name] = _own(field, person)
        elif not (field.null and chance.random() < 0.3):
            found[field.name] = _value(field, chance)
    if issubclass(model, Spell):
        found["ended_night"] = 10**6 + n
    maker = KNOWN.get(model._meta.label)
    return found | (maker(chance, n) if maker else {})


def _own(field: Any, person: Customer | None) -> Any:
    return field.related_model._default_manager.filter(customer=person).order_by("pk").first()


def any_of(model: type[models.Model], chance: Random) -> Any:
    """A row of another table; a few are made where there are none."""
    known = list(model._default_manager.order_by("pk")[:5])
    if len(known) < 3:
        known += [model._default_manager.create(**_values(model, chance, None, n)) for n in range(3)]
    return chance.choice(known)


def _value(field: Any, chance: Random) -> Any:
    if isinstance(field, models.ForeignKey):
        return any_of(field.related_model, chance)
    if field.choices:
        return chance.choice([key for key, _label in field.flatchoices])
    for kind, make in _BY_TYPE.items():
        if isinstance(field, kind):
            return make(field, chance)
    raise AssertionError(f"teach tests/customers/crowds.py what {field} may hold")


def _text(field: Any, chance: Random) -> str:
    return "".join(chance.choices(string.ascii_lowercase, k=min(field.max_length or 8, 8)))


_BY_TYPE: dict[type, Callable[[Any, Random], Any]] = {
    ArrayField: lambda field, chance: [_value(field.base_field, chance) for _n in range(2)],
    models.BooleanField: lambda field, chance: chance.random() < 0.5,
    models.DateTimeField: lambda field, chance: START + timedelta(microseconds=chance.randrange(10**13)),
    models.DateField: lambda field, chance: date(2025, 1, 1) + timedelta(days=chance.randrange(400)),
    models.DecimalField: lambda field, chance: Decimal(chance.randrange(1, 999)),
    models.IntegerField: lambda field, chance: chance.randint(1, 5),
    models.FloatField: lambda field, chance: chance.random(),
    models.JSONField: lambda field, chance: {_text(field, chance): chance.randint(1, 9)},
    models.BinaryField: lambda field, chance: chance.randbytes(8),
    models.UUIDField: lambda field, chance: UUID(int=chance.getrandbits(128)),
    models.TextField: _text,
    models.CharField: _text,
}


def uncovered(people: Sequence[Customer]) -> list[str]:
    """Owned models of which nobody in the crowd has a row, but those that merging itself writes."""
    ids = [person.pk for person in people]
    return [
        model._meta.label
        for model in owned_models()
        if model._meta.label != "customers.Merge"
        and not model._default_manager.filter(customer__in=ids).exists()
    ]
