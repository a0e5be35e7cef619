"""Erasure of somebody who came in through the pages and the doors that strangers use, with the cache and the sessions
in a real Valkey: afterwards no key and no value there, no session, no row, no file and no line of a log names them.
"""

import base64
import json
import pickle
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from crm import embedded
from crm.celery import app
from crm.jobs import runner
from crm.jobs.models import Job, State
from crm.jobs.tasks import run_job
from crm.org.models import Staff, Store
from crm.privacy import erasing, sweeping
from crm.settings.base import broker
from customers import imports
from customers.consents import links
from customers.events import tokens
from customers.models import Connector, Customer, Identity, Provider, Site
from customers.orders import presets, signing
from tests.events.test_collecting import CHROME, ORIGIN
from tests.privacy import canary as birds

pytestmark = pytest.mark.django_db(transaction=True)
OWN = 7  # the database of Valkey that only this test uses
PHONE, MAIL, OPENID = "+8613977770001", "shrike@nest.example", "WXSHRIKE0001"
SONG = (
    "Shrikeson", "夜莺飞羽", "3977770001", "139 7777 0001", "shrike@nest", "wxshrike0001", "TYPEDSONG", "HOUSESONG",
    "PAGESONG", "NOTESONG", "TASKSONG", "ENDSONG", "SHOPSONG", "ASIDESONG", "ROWSONG",
)  # fmt: skip
JSON = "application/json"


def songs_in(text: bytes | str) -> set[str]:
    raw = (text.encode() if isinstance(text, str) else text).lower()
    return {song for song in SONG if song.encode().lower() in raw}


@pytest.fixture
def valkey(settings: Any) -> Iterator[redis.Redis]:
    address = settings.REDIS_URL.replace("db=0", f"db={OWN}")
    assert address != settings.REDIS_URL, "a database of Valkey by a parameter of its address"
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": address}
    }
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
    settings.REDIS_URL = address
    server = redis.Redis.from_url(address)
    server.flushdb()
    yield server
    server.flushdb()
    cache.close()


def stored(server: redis.Redis) -> list[bytes]:
    """All that Valkey holds: keys, values of every type, and what is packed inside."""
    found: list[bytes] = []
    for key in server.scan_iter():
        read = {
            b"string": lambda key=key: [server.get(key)],
            b"hash": lambda key=key: [piece for pair in server.hgetall(key).items() for piece in pair],
            b"list": lambda key=key: server.lrange(key, 0, -1),
            b"set": lambda key=key: list(server.smembers(key)),
            b"zset": lambda key=key: server.zrange(key, 0, -1),
        }[server.type(key)]
        found += [key, *(piece for value in read() for piece in opened(value))]
    return found


def all_of(server: redis.Redis) -> bytes:
    """This test's database of Valkey, and the one in which calls are counted."""
    counts = redis.Redis.from_url(embedded.redis_url(embedded.Home.for_tests()))
    return b"\n".join([*stored(server), *stored(counts)])


def opened(value: bytes) -> list[bytes]:
    """The value, and what base64, compression or pickling hides of it."""
    found = [value]
    for unpack in (base64.b64decode, zlib.decompress, lambda raw: str(pickle.loads(raw)).encode()):
        try:
            found.append(unpack(value))
        except Exception:  # noqa: BLE001  it is packed otherwise
            continue
    return found


def sessions() -> bytes:
    """What the sessions hold; their column is packed, so a dump shows nothing of it."""
    return json.dumps(
        [one.get_decoded() for one in Session.objects.all()], ensure_ascii=False, default=str
    ).encode()


@pytest.fixture
def shrike(
    valkey: redis.Redis, harbour: Store, chen: Staff, marta: Staff, ana: Staff, signed_in: Callable[[Staff], Client],
    calling: Callable[..., Client], client: Client,
) -> Customer:  # fmt: skip
    till, desk = signed_in(chen), signed_in(ana)
    for words in ("139 7777 0001", "Shrikeson", "TYPEDSONG"):
        assert till.post(reverse("customers:find"), {"q": words}).status_code == 200
    assert till.post(reverse("customers:enrol"), {"q": "139 7777 0001"}).status_code == 200
    told = {"phone": "139 7777 0001", "name": "夜莺飞羽 Shrikeson", "agree": ["sms.marketing.en.1"]}
    done = till.post(reverse("customers:enrol"), told)
    assert done.status_code == 303, done.context["form"].errors
    # The notice "… is a member now." is not read: it waits in the browser, not here.
    customer = Customer.objects.get(name__contains="Shrikeson")
    _pages(till, desk, customer)
    _strangers(client, customer, harbour)
    _systems(calling, customer)
    _file(desk)
    return customer


def _pages(till: Client, desk: Client, customer: Customer) -> None:
    at = lambda name, *more: reverse(f"customers:{name}", args=[customer.public_id, *more])  # noqa: E731
    assert till.get(at("customer")).status_code == 200
    assert (
        till.post(reverse("customers:duplicates"), {"name": "Shrikeson", "phone": PHONE}).status_code == 200
    )
    assert till.post(at("fact", "household_code"), {"household_code": "HOUSESONG"}).status_code == 200
    assert till.post(at("fact", "address"), {"address": "9 PAGESONG Lane"}).status_code == 200
    for kind, value in (("email", MAIL), ("openid", OPENID)):
        assert till.post(at("contacts"), {"kind": kind, "value": value}).status_code == 200
    phone = Identity.objects.get(customer=customer, kind="phone")
    assert till.post(at("reveal", phone.pk)).status_code == 200
    assert till.post(at("note-writing"), {"text": "NOTESONG @Marta"}).status_code in (200, 303)
    task = {"kind": "call", "title": "TASKSONG", "due": "2030-01-02T10:00", "priority": "2", "owner": ""}
    assert desk.post(at("work-new"), task).status_code == 303
    assert desk.get(reverse("customers:export"), {"format": "csv"}).status_code == 200
    assert desk.get(reverse("privacy:export", args=[customer.public_id])).status_code == 200
    asked = desk.post(
        reverse("privacy:request-new") + f"?customer={customer.public_id}",
        {"kind": "access", "received_on": now().date().isoformat()},
    )
    assert asked.status_code in (200, 303)


def _strangers(client: Client, customer: Customer, store: Store) -> None:
    """The preference page, the tracking script, a shop's webhook."""
    page = reverse("customers:preferences", args=[links.preferences_token(customer)])
    assert client.get(page).status_code == 200
    site = Site.objects.create(name="Shop", domains=["example.com"])
    clock = 1_700_000_000_000
    said = [
        {"i": "shrike0001", "k": "search", "a": clock, "d": {"query": "SHOPSONG"}},
        {"i": "shrike0002", "k": "identify", "a": clock, "d": {"token": tokens.make(customer)[0]}},
    ]
    body = {"k": site.key, "v": "shrikevisitor0001", "s": clock, "c": 1, "e": said}
    sent = client.post(
        "/t/", json.dumps(body), content_type="text/plain", headers={"origin": ORIGIN, "user-agent": CHROME}
    )
    assert sent.status_code == 204
    shop = Connector.objects.create(
        code="shop", name="Shop", store=store, mapping=presets.SHOPIFY, is_on=True, tested_at=now()
    )
    for number, order in enumerate(({}, {"line_items": "odd ASIDESONG"}), start=1):
        raw = json.dumps(presets.SAMPLE | {"id": number, "phone": PHONE, "email": MAIL} | order).encode()
        signed = {"X-Regulars-Signature": _signature(shop, raw)}
        answer = client.post("/hooks/orders/shop/", raw, content_type=JSON, headers=signed)
        assert answer.status_code == 200, answer.content


def _signature(shop: Connector, body: bytes) -> str:
    import hmac

    return hmac.digest(signing.secret_of(shop).encode(), body, "sha256").hex()


def _systems(calling: Callable[..., Client], customer: Customer) -> None:
    api = calling("customers:read", "customers:write", "work:write", "events:write", "receipts:write")
    base = f"/api/v1/customers/{customer.public_id}/"
    keyed = {"Idempotency-Key": f"note-{PHONE}"}  # what some systems make their keys of
    assert (
        api.post(base + "notes/", {"text": "NOTESONG"}, content_type=JSON, headers=keyed).status_code == 201
    )
    who = {"kind": "phone", "value": "139 7777 0001"}
    odd = {
        "id": "e1",
        "kind": "odd_kind",
        "occurred_at": now().isoformat(),
        "customer": who,
        "data": {"x": "ASIDESONG"},
    }
    assert (
        api.post("/api/v1/events/", {"source": "app", "events": [odd]}, content_type=JSON).status_code == 200
    )
    assert api.post("/api/v1/customers/lookup/", who, content_type=JSON).status_code == 200
    task = {"kind": "call", "title": "TASKSONG", "due_at": "2030-01-02T10:00:00+08:00"}
    made = api.post(base + "work/", task, content_type=JSON, headers={"Idempotency-Key": "w"}).json()
    done = f"/api/v1/work/{made['id']}/"
    api.patch(done, {"title": "TASKSONG again", "based_on": {"title": "TASKSONG"}}, content_type=JSON)
    assert (
        api.post(done + "result/", {"result": "reached", "note": "ENDSONG"}, content_type=JSON).status_code
        == 200
    )
    Provider.objects.create(code="geo", name="Geo", right="c")


def _file(desk: Client) -> None:
    """A file that is called after the person, with rows that are taken and rows that are not."""
    rows = [
        {"name": "夜莺飞羽 Shrikeson", "phone": PHONE, "occupation": "ROWSONG"},
        {"name": "Shrikeson", "phone": PHONE, "birthday": "ROWSONG"},
        {"name": "Dora Duck", "phone": "+8613911113333"},
    ]
    raw = "\n".join(json.dumps(one, ensure_ascii=False) for one in rows).encode()
    upload = SimpleUploadedFile("夜莺飞羽 Shrikeson.ndjson", raw)
    file = imports.start(upload, "customers", by="system:test")
    assert runner.run_until_ended(file.job).state == State.DONE, file.job.error
    assert desk.get(reverse("customers:import", args=[file.pk])).status_code == 200


def test_no_key_no_value_no_row_is_left(
    shrike: Customer, valkey: redis.Redis, caplog: Any, capfd: Any, calling: Callable[..., Client]
) -> None:
    before = songs_in(birds.dump())
    assert {"夜莺飞羽", "3977770001", "TASKSONG", "ENDSONG", "ASIDESONG", "SHOPSONG", "ROWSONG"} <= before
    assert len(list(valkey.scan_iter())) >= 3, "two sessions and a count of calls"
    assert songs_in(all_of(valkey)) == set(), "Valkey never held anything of a customer"
    assert songs_in(sessions()) == set()

    erasing.erase(shrike.pk, by="system:test", at=now())

    for job in Job.objects.filter(kind=sweeping.KIND):
        assert runner.run_until_ended(job).state == State.DONE, job.error
    assert songs_in(birds.dump()) == set()
    assert {path: songs_in(text) for path, text in birds.files().items() if songs_in(text)} == {}
    assert songs_in(all_of(valkey)) == set()
    assert songs_in(sessions()) == set()
    assert songs_in(caplog.text + "".join(capfd.readouterr())) == set()


def test_notices_wait_in_the_browser_and_not_here(
    valkey: redis.Redis, harbour: Store, chen: Staff, signed_in: Callable[[Staff], Client]
) -> None:
    """“… is a member now.”: however many nobody has read yet."""
    till = signed_in(chen)
    for number in range(5):
        told = {"phone": f"1397777000{number}", "name": "Shrikeson " + "夜莺飞羽" * 25}
        assert till.post(reverse("customers:enrol"), told).status_code == 303
    assert songs_in(sessions()) == set()
    assert songs_in(b"\n".join(stored(valkey))) == set()
    assert "夜莺飞羽 is" in till.get("/counter/").content.decode(), "the last one is told"


def test_a_message_to_the_workers_is_a_number(valkey: redis.Redis, settings: Any, db: None) -> None:
    """As Celery writes it into Valkey: arguments, headers and all."""
    with app.connection_for_write(broker(settings.REDIS_URL)) as line:
        run_job.apply_async(args=[4711], connection=line, retry=False)
    (message,) = [piece for piece in stored(valkey) if piece.startswith(b"{")]
    told = json.loads(message)
    assert json.loads(base64.b64decode(told["body"]))[:2] == [[4711], {}]
    assert (told["headers"]["argsrepr"], told["headers"]["kwargsrepr"]) == ("[4711]", "{}")
