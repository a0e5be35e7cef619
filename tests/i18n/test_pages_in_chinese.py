"""Every page in Chinese, with data in Chinese: what is still Latin is a name of a thing, or was forgotten.

Pages are walked as in `tests/walk.py`, as they are opened and as a form comes back with errors; then the pages of
sign-in, which libraries bring, and the pages of errors.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from crm.audit.models import Entry
from crm.jobs.models import Job, State
from crm.notices.models import Notice
from crm.org.models import Staff
from crm.org.permissions import Role
from crm.privacy import requests
from crm.privacy.models import Certificate
from crm.rest import keys
from customers import consents, merging, notes, signups, work
from customers.imports import columns
from customers.models import (
    ArrivalState,
    Category,
    Connector,
    CustomField,
    DuplicatePair,
    EventKind,
    ImportFile,
    ImportMapping,
    KeptOrder,
    MatchRules,
    Provider,
    SignUp,
    SignUpState,
    Site,
    Tag,
    WorkBatch,
    WorkKind,
)
from customers.orders import presets
from loyalty.accrual import earn_for
from segmentation.models import AgeLimit, Group
from segmentation.segments import lists, saving
from tests import cast, walk
from tests.loyalty import rules as earning
from tests.loyalty import walked, walking
from tests.segmentation import walked as clustered

pytestmark = pytest.mark.django_db

# Names of things, which are the same in every language.
COLUMNS = {
    ", ".join(names)
    for known in (columns.RECEIPTS, columns.CUSTOMERS)
    for names in (known.required, known.optional)
}
LATIN = frozenset(
    {
        *(
            "regulars",
            "english",
            "rfm",
            "auc",
            "api",
            "id",
            "csv",
            "excel",
            "ndjson",
            "parquet",
            "gbk",
            "utf",
            "iso",
            "svg",
            "wechat",
            "corner",
            "grocers",
            "png",
            "dnt",
            "gpc",
            "hmac",
            "json",
            "sha",
            "shopify",
            "sku",
            "webhook",
            "ctrl",
            "alt",
            "cus",
            "app",
            "gdpr",
            "ccpa",
            "test",
        ),
        *(
            "cny",
            "twd",
            "asia",
            "shanghai",
            "enter",
            "esc",
            "pos",
            "authorization",
            "bearer",
            "authenticator",
        ),
    }
)
SHOWN = ("title", "placeholder", "aria-label", "alt", "data-done")
SAID = "data-say-"
_WORD = re.compile(r"[A-Za-z][A-Za-z'’]{2,}")
_ID = re.compile(
    r"\b(?:(?:cus|seg|rcp|wrk|not|mrg|lka|adj|cpd|cpn|hld|mem|mov|rdm|rwd|sto)_[0-9a-z]{12}|[A-Z2-7]{32})\b|\brgl_[\w-]+"
    r"|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[A-Z]+_[A-Z_]+\b"
    r"|\b[0-9A-HJKMNP-TV-Z]{4}(?:-?[0-9A-HJKMNP-TV-Z]{4}){2}\b"  # codes of coupons
)  # public ids, secrets, certificates, settings of the operator


class Reader(HTMLParser):
    """What people read of a page: its text and the words of its controls; code, identifiers and data apart."""

    SKIPPED = ("script", "style", "code", "pre", "textarea", "datalist", "kbd")

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.told: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.depth += tag in self.SKIPPED
        self.told += [value for name, value in attrs if value and (name in SHOWN or name.startswith(SAID))]

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag in self.SKIPPED

    def handle_data(self, data: str) -> None:
        if not self.depth and data.strip():
            self.told.append(data.strip())


def english(html: str) -> list[str]:
    """The pieces of text with a Latin word that is no name of a thing."""
    reader = Reader()
    reader.feed(html)
    told = set(reader.told) - COLUMNS - {", ".join(columns.columns_of("customers").optional)}
    return sorted(
        {text for text in told if {word.lower() for word in _WORD.findall(_ID.sub("", text))} - LATIN}
    )


@pytest.fixture
def world(db: None) -> walk.World:
    """A shop in which everything has a Chinese name, with something of every kind to show."""
    cast.chain()
    coast = cast.region("c1", "沿海")
    shop, other = cast.store("s1", "港口店", of=coast), cast.store("s2", "上城店", of=coast)
    stub = cast.store("s9", "九", is_stub=True)
    person = cast.customer("林小雨", of=shop, phone="+8613700137000", member="300", email="e@x.cn", gender="f",
                           birthday="1990-02-03", language="zh-hans", occupation="教师", household_size=2)  # fmt: skip
    cast.customer("王芳", of=other, phone="+8613700137001")
    cast.customer("", of=shop, is_stub=True, enrolled_at=None, card="77")
    cast.product("1", "茉莉花茶")
    receipt = cast.purchase(person, at=shop, on="2026-03-02", lines=[("1", "1", "8.00")], external_id="1")
    cast.purchase(person, at=shop, on="2026-03-12", lines=[("1", "1", "8.00")], external_id="2")
    admin = cast.staff("安娜", Role.ADMINISTRATOR)
    clerk = cast.staff("陈", Role.CLERK, stores=[shop])
    cast.night("2026-03-09")
    night = cast.night("2026-03-10")
    for number, (reason, state) in enumerate(ASIDE, start=3):
        arrival = cast.set_aside(str(number), at=shop)
        type(arrival).objects.filter(pk=arrival.pk).update(reason=reason, state=state)
    failed = Job.objects.create(
        kind="night", key="2026-03-11", state=State.QUARANTINED, error="OSError: disk is full"
    )
    key, _secret = keys.create_key(name="收银", scopes=["catalogue:read"], by="system:test")
    nouns = {
        "regions": coast.pk, "departments": cast.department("d1", "客服部").pk, "groups": Group.objects.first().pk,
        "nights": [night.pk, failed.pk], "keys": key.pk,
        "customers": person.public_id, "purchases": receipt.public_id, "identifiers": person.identities.first().pk,
        "stores": [shop.pk, stub.pk], "staff": clerk.pk, "segments": "new", "served": "-", "quarantine": arrival.pk,
        "clusters": clustered.cluster().pk, "lookalikes": clustered.search([person], shop).public_id,
        "targets": "loyal",
        **_follow_ups(person, admin, clerk),
        **_outside(shop),
        "imports": _imports(), "words": _word(person), "consent": "sms.marketing", "in": "zh-hans",
        "waiting": _waiting(shop, person), **_merges(person, shop, admin), "duplicates": _pair(shop),
        "rules": _earning(receipt), "ages": _age_limit(), "saved": _saved(), "uploads": "-",
        "facts": "occupation", **_settings(shop, person), **walking.in_chinese(person, shop),
        **walked.in_chinese(person, admin, clerk),
    }  # fmt: skip
    everywhere = {name: {walk.EVERYWHERE: value} for name, value in nouns.items()}
    return walk.World({}, {}, {"ana": admin, "chen": clerk}, everywhere)


def _age_limit() -> int:
    drinks = Category.objects.create(path="9", name="酒水")
    return AgeLimit.objects.create(category=drinks, minimum_age=18, created_by="system:test").pk


def _saved() -> list[str]:
    """A segment with a condition of each sort, and a list."""
    deed = {"did": "bought", "where": [{"field": "is_discounted", "is": "yes"}], "when": {"last_days": 90}}
    tree = {"all": [
        {"attribute": "person.age", "is": "between", "value": [18, 60]}, {**deed, "count": "times", "is": "at_least",
        "value": 1}, {"any": [{"first": deed, "then": {"did": "bought"}, "within_days": 30}]},
    ]}  # fmt: skip
    rules = saving.create(by="system:test", name="茶客", definition=tree)
    saving.change(rules, {"all": tree["all"][:2]}, by="system:test")
    named = lists.create(by="system:test", name="集市", customers=[])
    return [rules.public_id, named.public_id]


def _earning(receipt: Any) -> str:
    """A programme with a rule, and a receipt that has earned."""
    earning.programme(excluded={"products": ["SKU1"]})
    earning.rule(
        "welcome", kind="bonus", points=5, name="欢迎", condition={"is_first": True, "weekdays": [1]}
    )
    earn_for([(receipt.customer_id, receipt.pk)], at=now())
    return "welcome"


def _settings(shop: Any, person: Any) -> dict[str, Any]:
    """What administrators and officers look after."""
    asked = requests.receive(
        "access", customer_id=person.pk, received_on=now().date(), store=shop, by="x:1", at=now()
    )
    gone = Certificate.objects.create(customer_id=10**9, born_at=now(), erased_at=now(), erased_by="x:1")
    return {
        "tags": Tag.objects.create(name="贵宾").pk, "requests": asked.key, "certificates": gone.key,
        "customer-fields": CustomField.objects.create(code="f1", label="鞋码", kind="text").pk, "retention": "web",
        "mappings": ImportMapping.objects.create(kind="customers", name="网店", created_by="staff:1").pk,
        "entries": [one.pk for one in Entry.objects.order_by("pk")[:3]],
    }  # fmt: skip


def _pair(shop: Any) -> str:
    """Two who may be one."""
    first, second = cast.customer("林大雨", of=shop), cast.customer("林大宇", of=shop)
    DuplicatePair.objects.create(
        first=first, second=second, score=70, rules=MatchRules.current(), digest=b"0" * 16
    )
    return f"{first.public_id}.{second.public_id}"


def _merges(person: Any, shop: Any, by: Staff) -> dict[str, str]:
    """Somebody who was merged into the person, and somebody else who could be."""
    twin = cast.customer("林晓雨", of=shop, phone="+8613700137002")
    another = cast.customer(
        "小林", of=shop, phone="+8613700137003", member="301", gender="m", occupation="医生"
    )
    cast.purchase(another, at=shop, on="2026-03-02")
    return {"merges": merging.merge(person, twin, by=by, at=now()).public_id, "merge": another.public_id}


def _follow_ups(person: Any, admin: Staff, clerk: Staff) -> dict[str, Any]:
    """A note that mentions, and a follow-up that was given; both are told."""
    at = now()
    note = notes.write(person, "@安娜 请看", by=clerk, at=at)
    notes.edit(note, "@安娜 请再看", by=clerk, at=at)
    day = timedelta(days=1)
    late = work.create(person, kind="call", title="回访", due_at=at - day, owner=admin, by=clerk, at=at)
    slept = work.create(person, kind="visit", title="拜访", due_at=at, by=admin, at=at)
    work.snooze(slept, until=at + day, by=admin, at=at)
    done = work.create(person, kind="check", title="核查", due_at=at, by=admin, at=at)
    work.finish(done, result="done", note="好", by=clerk, at=at)
    batch = WorkBatch.objects.create(kind="created", made_by=admin, made_at=at)
    kind = WorkKind.objects.create(code="9", names={"zh-hans": "家访"}, scripts={"zh-hans": "先打电话。"})
    return {
        "notices": [one.pk for one in Notice.objects.all()], "notes": note.public_id, "batches": batch.pk,
        "work": [late.public_id, slept.public_id, done.public_id], "kinds": kind.pk,
    }  # fmt: skip


ASIDE = [
    ("return_exceeds_receipt", ArrivalState.QUARANTINED),
    ("unknown_store", ArrivalState.QUARANTINED),
    ("", ArrivalState.WAITING),
]


def _word(person: Any) -> int:
    return consents.record(person, channel="sms", purpose="marketing", is_given=False, wording=None, source="letter",
                           by="system:test", at=None)  # fmt: skip


def _waiting(shop: Any, person: Any) -> int:
    signups.switch(shop, on=True, by="system:test")
    return SignUp.objects.create(store=shop, state=SignUpState.WAITING, customer_id=person.pk).pk


def _outside(shop: Any) -> dict[str, Any]:
    """A web site, a kind of event, a connector with an order that was set aside, a provider."""
    tea = Connector.objects.create(code="1", name="茶店", store=shop, mapping=presets.GENERIC)
    item = {"id": "1", "sku": "1", "quantity": "1", "total": "8.00"}
    order = {"number": "1", "ordered_at": "2026-03-02T12:00:00+08:00", "items": [item]}
    kept = KeptOrder.objects.create(
        connector=tea, external_id="1", reason="unmapped", detail="没有", raw=order
    )
    return {
        "sites": Site.objects.create(name="网店", domains=["1.cn"]).pk,
        "event-kinds": EventKind.objects.create(code="k1", name="品尝").pk,
        "connectors": tea.pk, "kept-orders": kept.pk,
        "providers": Provider.objects.create(code="p1", name="数据商", right="合同").pk,
    }  # fmt: skip


def _imports() -> list[int]:
    """One that is done, one that was refused, one that failed, one that runs."""
    done = cast.import_file("1.csv")
    counts = {
        "rows": 9,
        "applied": 3,
        "duplicates": 3,
        "rejected": 3,
        "receipts": 2,
        "returns": 1,
        "waiting": 1,
    }
    Job.objects.filter(pk=done.job_id).update(counts=counts | {"new": 1})
    ImportFile.objects.filter(pk=done.pk).update(stubs={"stores": ["s9"], "products": ["1"]})
    failed, runs = cast.import_file("2.csv"), cast.import_file("3.csv")
    Job.objects.filter(pk=failed.job_id).update(state=State.QUARANTINED, error="OSError: disk is full")
    Job.objects.filter(pk=runs.job_id).update(state=State.QUEUED, done=5, total=10)
    return [done.pk, failed.pk, runs.pk]


def browser(person: Staff, language: str) -> Client:
    Staff.objects.filter(pk=person.pk).update(language=language)
    client = Client(headers={"accept-language": language}, raise_request_exception=False)
    assert person.user is not None
    client.force_login(person.user, backend="crm.ui.staff.StaffBackend")
    return client


def addresses(route: walk.Route, world: walk.World) -> Iterator[str]:
    missing = [noun for noun in route.nouns if noun not in world.nouns]
    assert not missing, f"teach this test what {missing} are"
    values = {noun: world.nouns[noun][walk.EVERYWHERE] for noun in route.nouns}
    several = next((noun for noun, value in values.items() if isinstance(value, list)), None)
    for value in values[several] if several else [None]:
        yield route.address(values | ({several: value} if several else {}))


PAGES = [route for route in walk.routes() if route.is_page]
CHINESE = pytest.mark.parametrize("language", ["zh-hans", "zh-hant"])
LIBRARY = [
    "/accounts/password/change/", "/accounts/2fa/", "/accounts/2fa/totp/activate/", "/accounts/logout/",
    "/accounts/reauthenticate/", "/accounts/password/reset/", "/accounts/2fa/recovery-codes/generate/",
    "/accounts/email/",
]  # fmt: skip


def read(answer: Any) -> list[str]:
    if not str(answer.headers.get("Content-Type", "")).startswith("text/html"):
        return []
    html = walk.text_of(answer)
    return english(html) + unreadable(html)


def unreadable(html: str) -> list[str]:
    """Days that a browser does not understand and shows as empty: a field of theirs speaks one language only."""
    fields = re.findall(r'<input type="date"[^>]*>', html)
    days = [day for field in fields for day in re.findall(r' value="([^"]+)"', field)]
    return [f"no day for a browser: {day}" for day in days if not re.fullmatch(r"\d{4}-\d\d-\d\d", day)]


@CHINESE
def test_no_page_speaks_english(world: walk.World, language: str) -> None:
    left = set()
    known = [(one, route.methods) for route in PAGES for one in addresses(route, world)]
    for who in ("ana", "chen"):
        client = browser(world.people[who], language)
        for address, methods in [*known, *((one, ["get", "post"]) for one in LIBRARY)]:
            for method in ("get", "post"):
                if method in methods:
                    left |= {
                        f"{who} {method} {address} {text}" for text in read(getattr(client, method)(address))
                    }
    assert "\n".join(sorted(left)) == ""


@CHINESE
def test_neither_do_the_pages_for_strangers_and_of_errors(world: walk.World, language: str) -> None:
    stranger = Client(headers={"accept-language": language}, raise_request_exception=False)
    left = read(stranger.get("/accounts/login/"))
    wrong = {"login": "nobody", "password": "wrong"}
    answers = [stranger.post("/accounts/login/", wrong) for _ in range(7)]
    assert answers[-1].status_code == 429
    careful = Client(enforce_csrf_checks=True, headers={"accept-language": language})
    chens = browser(world.people["chen"], language)
    answers += [stranger.get("/nowhere/"), careful.post("/preferences/", {}), chens.get("/settings/")]
    assert [one.status_code for one in answers[-3:]] == [404, 403, 403]
    for answer in answers:
        left += read(answer)
    assert "\n".join(left) == ""


@CHINESE
def test_neither_do_refusals_and_the_notices_after_an_act(world: walk.World, language: str) -> None:
    client = browser(world.people["ana"], language)
    acts = [route for route in PAGES if {"post", "delete"} & set(route.methods)]
    left = set()
    for route in acts:
        for address in addresses(route, world):
            for more in ({}, {"_method": "DELETE"}):
                left |= {f"{address} {text}" for text in read(client.post(address, more, follow=True))}
    assert "\n".join(sorted(left)) == ""


def test_a_day_in_words_is_found() -> None:
    days = (
        '<input type="date" name="on" value="2026年5月3日">',
        '<input type="date" name="on" value="2026-05-03">',
    )
    assert unreadable("".join(days)) == ["no day for a browser: 2026年5月3日"]


def test_a_forgotten_sentence_is_found() -> None:
    assert english('<p title="Not yet">导出 CSV</p><p>Saved.</p><code>no such</code>') == [
        "Not yet",
        "Saved.",
    ]
