"""Builders of the cast: small, quick, exact. Fixtures in `conftest.py` give the people their names.

Rows are written straight into the tables, so that a test about one thing does not run through another. Tests of the
ways in (enrolment, receiving, import) call those instead.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from hashlib import blake2b
from itertools import count
from typing import Any

from django.contrib.auth import get_user_model

from crm.jobs import runner
from crm.jobs.models import Job, State
from crm.org.models import Chain, Department, Region, Staff, Store
from crm.org.permissions import Role
from customers import names, nights
from customers.imports import places
from customers.models import (
    Arrival,
    ArrivalKind,
    ArrivalState,
    Customer,
    Identity,
    ImportFile,
    Line,
    Payment,
    Product,
    Purchase,
    Source,
    StaleState,
)

_numbers = count(1)


def chain() -> Chain:
    """Corner Grocers, in China."""
    return Chain.objects.update_or_create(
        id=1,
        defaults={"name": "Corner Grocers", "currency": "CNY", "timezone": "Asia/Shanghai", "country": "CN"},
    )[0]


def region(code: str, name: str = "") -> Region:
    return Region.objects.get_or_create(code=code, defaults={"name": name or code.title()})[0]


def store(
    code: str, name: str, *, of: Region | None = None, timezone: str = "Asia/Shanghai", **more: Any
) -> Store:
    return Store.objects.create(code=code, name=name, region=of, timezone=timezone, **more)


def department(code: str, name: str = "") -> Department:
    return Department.objects.get_or_create(code=code, defaults={"name": name or code.title()})[0]


def staff(
    name: str, role: Role, *, stores: Iterable[Store] = (), of: Region | None = None, **more: Any
) -> Staff:
    """A member of staff who can sign in (their user's name is theirs in lower case)."""
    user = get_user_model().objects.create(
        username=name.lower(), email=f"{name.lower()}@corner.example", password="!"
    )
    person = Staff.objects.create(
        user=user, code=f"E{next(_numbers):04}", name=name, role=role, region=of, **more
    )
    person.stores.set(stores)
    return person


def customer(
    name: str,
    *,
    of: Store | None,
    phone: str = "",
    email: str = "",
    member: str = "",
    card: str = "",
    **more: Any,
) -> Customer:
    """An enrolled customer of a store with their identifiers and, so that search finds them, the keys of their name."""
    more.setdefault("enrolled_at", datetime(2025, 1, 6, 4, tzinfo=UTC))
    person = Customer.objects.create(name=name, home_store=of, **more)
    known = {"phone": phone, "email": email, "member": member, "card": card}
    Identity.objects.bulk_create(
        Identity(kind=kind, value=value, customer=person, is_primary=True)
        for kind, value in known.items()
        if value
    )
    names.index([person.pk])
    return person


def product(sku: str, name: str = "", **more: Any) -> Product:
    return Product.objects.get_or_create(sku=sku, defaults={"name": name or sku, **more})[0]


def source(code: str = "pos-1") -> Source:
    return Source.objects.get_or_create(code=code)[0]


def purchase(
    who: Customer,
    *,
    at: Store,
    on: date | str,
    amount: Decimal | str = "10.00",
    lines: Iterable[tuple[str, str, str]] = (),
    by: str = "",
    external_id: str = "",
    **more: Any,
) -> Purchase:
    """A receipt at noon of `on` in the store's zone. `lines`: (SKU, quantity, amount); without any, one of "SKU1"."""
    day = date.fromisoformat(on) if isinstance(on, str) else on
    rows = list(lines) or [("SKU1", "1", str(amount))]
    total = sum((Decimal(row[2]) for row in rows), Decimal(0))
    till, number = source(), external_id or f"T{next(_numbers):06}"
    receipt = Purchase.objects.create(
        customer=who, store=at, source_id=till.pk, business_date=day, amount=total, external_id=number,
        occurred_at=datetime.combine(day, time(12), tzinfo=at.zone), staff_code=by, **more,
    )  # fmt: skip
    Line.objects.bulk_create(
        Line(
            customer=who,
            purchase=receipt,
            number=i,
            product=product(sku),
            quantity=Decimal(n),
            amount=Decimal(cost),
        )
        for i, (sku, n, cost) in enumerate(rows, start=1)
    )
    Payment.objects.create(customer=who, purchase=receipt, number=1, method="card", amount=total)
    Arrival.objects.create(
        kind=ArrivalKind.RECEIPT, source=till, external_id=number, store=at, customer_id=who.pk, purchase_id=receipt.pk,
        fingerprint=blake2b(number.encode(), digest_size=16).digest(),
    )  # fmt: skip
    StaleState.objects.create(customer_id=who.pk)
    return receipt


def set_aside(external_id: str, *, at: Store) -> Arrival:
    """A return that brings back more than was bought."""
    raw = {"source": "pos-1", "external_id": external_id, "store": at.code, "lines": []}
    return Arrival.objects.create(
        kind=ArrivalKind.RETURN, source=source(), external_id=external_id, store=at, fingerprint=b"0" * 16, raw=raw,
        state=ArrivalState.QUARANTINED, reason="return_exceeds_receipt",
    )  # fmt: skip


def import_file(name: str) -> ImportFile:
    """An import of receipts that is done and rejected some rows."""
    job = Job.objects.create(kind="import.receipts", key=name, state=State.DONE)
    file = ImportFile.objects.create(kind="receipts", name=name, path=name, job=job)
    file.rejected_path = str(places.rejected_file(file))
    file.save(update_fields=["rejected_path"])
    return file


def night(on: date | str) -> Any:
    """Run the night of a business date, all steps of it, in this process. Its job."""
    job = nights.start(date.fromisoformat(on) if isinstance(on, str) else on, by="system:test")
    job = runner.run_until_ended(job)
    assert job.state == State.DONE, job.error
    return job
