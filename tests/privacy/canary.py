"""A person whose values occur nowhere else, brought in by every way in; and the places in which they are looked for."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from crm.backups import programs
from crm.jobs import runner
from crm.jobs.models import State
from crm.org.models import Store
from customers import imports, merging
from customers.models import Customer, CustomerTag, Tag
from tests import cast
from tests.customers.test_imports import HEADER, row

NOW = datetime(2026, 3, 10, 4, tzinfo=UTC)
NAME, OTHER_NAME = "Canaria Zwitscher", "鸟语花香女"
PHONE, OTHER_PHONE, MAIL = "+8613955550001", "+8613955550002", "canaria.zwitscher@birds.example"
MEMBER, CARD, OCCUPATION, HOUSEHOLD = "CANARY77001", "CANCARD55001", "aviary keeper 9931", "HH-CANARY-1"
BIRTHDAY = "1987-05-23"
# What nobody else has, in each form in which it is written somewhere.
SONG = (
    "Canaria", "Zwitscher", "zwitschercanaria", "canariazwitscher", "鸟语花香", "niaoyuhuaxiang", "3955550001",
    "3955550002", "139 5555 0001", "139-5555-0002", "canaria.zwitscher", MEMBER, CARD, OCCUPATION, HOUSEHOLD, BIRTHDAY,
)  # fmt: skip


@dataclass
class Canary:
    """The customer, the one who was merged into them, and what was planted."""

    customer: Customer
    merged: Customer
    uploads: list[Any] = field(default_factory=list)


def plant(store: Store, calling: Callable[..., Any]) -> Canary:
    """Enrolled, called in by the API, bought, imported, rejected, set aside, merged, scored, tagged."""
    client = calling("customers:write", "customers:read", "receipts:write")
    body = {
        "name": NAME, "home_store": store.code, "birthday": BIRTHDAY, "occupation": OCCUPATION, "gender": "f",
        "household": HOUSEHOLD,
        "identities": [{"kind": "phone", "value": PHONE}, {"kind": "email", "value": MAIL}],
    }  # fmt: skip
    told = _post(client, "customers/", body, key="canary-1")
    customer = Customer.objects.get(pk=Customer.row_id(told["id"]))
    merged = _other(store)
    for number, phone in enumerate((PHONE, PHONE, "139 5555 0002"), start=1):
        _post(client, "receipts/", receipt(store, f"canary-{number}", phone), key=f"receipt-{number}")
    back = {
        "source": "pos-1", "external_id": "canary-back", "store": store.code,
        "occurred_at": "2026-03-05T12:00:00+08:00", "receipt": {"source": "pos-1", "external_id": "canary-1"},
        "lines": [{"line": 1, "quantity": "1", "amount": "2.00"}],
    }  # fmt: skip
    _post(client, "returns/", back, key="return-1")
    unknown = receipt(store, "canary-aside", PHONE) | {"store": "NOWHERE"}
    client.post("/api/v1/receipts/batch/", ndjson([unknown]), content_type="application/x-ndjson")
    CustomerTag.objects.create(customer=customer, tag=Tag.objects.get_or_create(name="Birds")[0])
    uploads = _import(store)
    cast.night("2026-03-09")
    merging.merge(customer, merged, by="system:test", at=NOW)
    cast.night("2026-03-10")
    return Canary(Customer.objects.get(pk=customer.pk), merged, uploads)


def _other(store: Store) -> Customer:
    return cast.customer(OTHER_NAME, of=store, phone=OTHER_PHONE, member=MEMBER, card=CARD)


def receipt(store: Store, number: str, phone: str) -> dict[str, Any]:
    return {
        "source": "pos-1", "external_id": number, "store": store.code, "occurred_at": "2026-03-04T18:03:11+08:00",
        "customer": {"kind": "phone", "value": phone},
        "lines": [{"line": 1, "product": "SKU1", "quantity": "2", "amount": "4.00"}],
        "payments": [{"method": "card", "amount": "4.00"}],
    }  # fmt: skip


def ndjson(rows: list[dict[str, Any]]) -> bytes:
    import msgspec

    return b"\n".join(msgspec.json.encode(one) for one in rows)


def _post(client: Any, path: str, body: dict[str, Any], *, key: str) -> Any:
    answer = client.post(
        f"/api/v1/{path}", body, content_type="application/json", headers={"Idempotency-Key": key}
    )
    assert answer.status_code in (200, 201), answer.content
    return answer.json()


def _import(store: Store) -> list[Any]:
    """A file of customers and one of receipts, each with a row of the person and one that is rejected."""
    people = f"name,phone,email,birthday,home_store\n{NAME},{PHONE},{MAIL},{BIRTHDAY},{store.code}\n"
    people += f"{NAME},{PHONE},{MAIL},no-day,{store.code}\nDora Duck,+8613911113333,,,{store.code}\n"
    people += f"Carl Carlson,not-a-phone,,,{store.code}\n"
    third = row(customer_value="139-5555-0002", external_id="canary-file")
    broken = row(customer_value=PHONE, external_id="canary-broken", quantity="many")
    bought = "\n".join([HEADER, third, broken, row(external_id="others-broken", quantity="many")])
    made = [
        imports.start(SimpleUploadedFile("people.csv", people.encode()), "customers", by="system:test"),
        imports.start(SimpleUploadedFile("bought.csv", bought.encode()), "receipts", by="system:test"),
    ]
    for one in made:
        assert runner.run_until_ended(one.job).state == State.DONE, one.job.error
    return made


# --- Looking ----------------------------------------------------------------------------------------------------------


def songs_in(text: bytes | str) -> list[str]:
    """Which canaries sing in a text."""
    raw = text.encode() if isinstance(text, str) else text
    return [song for song in SONG if song.encode().lower() in raw.lower()]


def dump(database: str = "") -> bytes:
    """A whole database as SQL. Needs committed rows."""
    return programs.run("pg_dump", ["--inserts"], database=database)


def files() -> dict[str, bytes]:
    """Everything below the state folder."""
    return {str(path): path.read_bytes() for path in Path(settings.HOME.path).rglob("*") if path.is_file()}
