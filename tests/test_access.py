"""Who may see and do what: every route × method × person (see `walk.py`).

For each route the walk asserts: a stranger goes to sign-in (pages) or gets 401 (API); who lacks the permission gets
403; what belongs to another store is a 404; nothing of another store stands in any answer; and where a route lists
customers, the set of ids that it shows *equals* the oracle's, because a page that shows nothing leaks nothing either.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from django.db import transaction
from django.test import Client
from django.test.client import MULTIPART_CONTENT
from django.utils.timezone import now

from crm.audit import trail
from crm.org.models import Staff, Store, public_id
from crm.org.permissions import GRANTS, Permission, Role
from crm.org.scope import ScopedQuerySet
from crm.privacy import requests
from crm.privacy.models import Certificate, Request, Reveal
from crm.rest import keys
from crm.rest.scopes import GRANTS as SCOPE_GRANTS
from customers import consents, nights, notes, signups, work
from customers.imports import places
from customers.models import (
    Brand,
    Category,
    Connector,
    CustomField,
    DuplicatePair,
    EventKind,
    ImportMapping,
    KeptOrder,
    MatchRules,
    Provider,
    PublishedNight,
    Purchase,
    SignUp,
    SignUpState,
    Site,
    Tag,
    WorkBatch,
    WorkKind,
)
from customers.receiving import quarantine
from segmentation.models import (
    AgeLimit,
    Group,
    LifetimeFit,
    LifetimeScore,
    LifetimeSum,
    SegmentNight,
    SegmentSpell,
    Standing,
)
from segmentation.segments import membership, saving, settling
from tests import cast, walk
from tests.conftest import forget_what_the_process_knows
from tests.loyalty import rules as earning
from tests.loyalty import walked as loyal
from tests.loyalty import walking
from tests.segmentation import walked as clustered
from tests.segmentation.churn.scored import scored
from tests.walk import EVERYWHERE, Route, World

pytestmark = pytest.mark.django_db

ROUTES = list(walk.routes())
WALKED = [route for route in ROUTES if route.is_page or route.is_api]

# Open to strangers on purpose, each with its reason.
PUBLIC = {
    "api-schema": "the OpenAPI document describes free software",
    "api-docs": "its reader",
    "ui:preferences": "language and theme, before signing in too",
    "customers:preferences": "a customer's own, on a signed link",
    "customers:unsubscribe": "the same",
    "member:home": "the way in; a member's own card for whoever proved to be them",
    "member:codes": "asks for a one-time code; it tells nobody who is a member",
    "member:session": "signs a member in by the code, and out",
    "member:card": "a member's own, in their own session",
    "member:points": "the same",
    "member:coupons": "the same",
    "member:rewards": "the same",
    "member:reward-taken": "the same",
    "member:stored": "the same",
    "member:preferences": "the same",
    "member:friends": "the same",
    "member:family": "the same",
    "member:family-invitation": "the same",
    "member:family-sharing": "the same",
    "member:invited": "where a friend's link leads; it tells nobody whose it is",
    "member:language": "the language of these pages",
    "member:manifest": "tells of the chain and of nobody",
    "member:worker": "a script",
    "customers:join": "the sign-up form of a store; it tells nobody who is a member",
    "health_live": "asked by the machine",
    "health_ready": "asked by the machine",
    "customers:collect": "the tracking script runs in anybody's browser; it takes and tells nothing",
    "shop": "the demo shop: not there without the demo data",
    "shop-sign-up": "the demo shop",
    "shop-product": "the demo shop",
    "customers:order-webhook": "signed by the shop; without the signature it tells nothing",
    "metrics": "has a token of its own",
}

# The oracle, written by hand: which stores each person sees.
SEES: dict[str, frozenset[str]] = {
    "marta": frozenset({"HARB"}),
    "chen": frozenset({"HARB"}),
    "agnes": frozenset({"HARB"}),
    "uma": frozenset({"UPTN"}),
    "milo": frozenset({"MILL"}),
    "rosa": frozenset({"HARB", "UPTN"}),
    "max": frozenset({"HARB", "UPTN", "MILL"}),
    "noor": frozenset({"HARB", "UPTN", "MILL"}),
    "ana": frozenset({"HARB", "UPTN", "MILL"}),
    "ivo": frozenset({"HARB", "UPTN", "MILL"}),
}
KEYS: dict[str, frozenset[str]] = {
    "chain key": frozenset({"HARB", "UPTN", "MILL"}),
    "Harbour key": frozenset({"HARB"}),
    "Uptown key": frozenset({"UPTN"}),
    "coast key": frozenset({"HARB", "UPTN"}),
}

# And what each role may, against which the registry is held.
MAY: dict[str, set[Role]] = {
    "signed_in": set(Role) - {Role.INTEGRATION},
    "find_customers": set(Role) - {Role.ANALYST},
    "view_customers": set(Role),
    "edit_customers": set(Role) - {Role.ANALYST},
    "create_tags": {Role.STORE_MANAGER, Role.REGIONAL_MANAGER, Role.MARKETER, Role.ADMINISTRATOR},
    "merge_customers": {Role.REGIONAL_MANAGER, Role.ADMINISTRATOR},
    "export_customers": {
        Role.STORE_MANAGER, Role.REGIONAL_MANAGER, Role.MARKETER, Role.ANALYST, Role.ADMINISTRATOR,
    },
    "work_items": {
        Role.CLERK, Role.AGENT, Role.STORE_MANAGER, Role.REGIONAL_MANAGER, Role.ADMINISTRATOR, Role.INTEGRATION,
    },
    "assign_work": {Role.STORE_MANAGER, Role.REGIONAL_MANAGER, Role.ADMINISTRATOR, Role.INTEGRATION},
    "edit_work_kinds": {Role.ADMINISTRATOR},
    "record_consents": set(Role) - {Role.ANALYST, Role.MARKETER},
    "edit_wordings": {Role.ADMINISTRATOR},
    "manage_sign_up": {Role.STORE_MANAGER, Role.REGIONAL_MANAGER, Role.ADMINISTRATOR},
    "view_segments": set(Role) - {Role.CLERK, Role.AGENT},
    "export_segments": {
        Role.STORE_MANAGER, Role.REGIONAL_MANAGER, Role.MARKETER, Role.ANALYST, Role.ADMINISTRATOR,
    },
    "edit_segments": {
        Role.STORE_MANAGER, Role.REGIONAL_MANAGER, Role.MARKETER, Role.ANALYST, Role.ADMINISTRATOR,
    },
    "edit_targets": {Role.MARKETER, Role.ANALYST, Role.ADMINISTRATOR},
    "edit_schemes": {Role.MARKETER, Role.ADMINISTRATOR},
    "view_nights": {Role.REGIONAL_MANAGER, Role.MARKETER, Role.ANALYST, Role.ADMINISTRATOR},
    "run_nights": {Role.MARKETER, Role.ADMINISTRATOR},
    "view_imports": {Role.REGIONAL_MANAGER, Role.MARKETER, Role.ADMINISTRATOR},
    "run_imports": {Role.MARKETER, Role.ADMINISTRATOR},
    "replay_quarantine": {Role.ADMINISTRATOR},
    "post_receipts": {Role.INTEGRATION, Role.ADMINISTRATOR},
    "post_events": {Role.INTEGRATION, Role.ADMINISTRATOR},
    "view_catalogue": set(Role),
    "view_loyalty": set(Role),
    "view_liability": {
        Role.STORE_MANAGER, Role.REGIONAL_MANAGER, Role.MARKETER, Role.ANALYST, Role.ADMINISTRATOR,
    },
    "redeem_points": {
        Role.CLERK, Role.AGENT, Role.STORE_MANAGER, Role.REGIONAL_MANAGER, Role.ADMINISTRATOR, Role.INTEGRATION,
    },
    "adjust_points": {
        Role.AGENT, Role.STORE_MANAGER, Role.REGIONAL_MANAGER, Role.ADMINISTRATOR, Role.INTEGRATION,
    },
    "approve_points": {Role.STORE_MANAGER, Role.REGIONAL_MANAGER, Role.MARKETER, Role.ADMINISTRATOR},
    "edit_programme": {Role.MARKETER, Role.ADMINISTRATOR},
    "manage_coupons": {Role.MARKETER, Role.ADMINISTRATOR},
    "manage_organisation": {Role.ADMINISTRATOR},
    "manage_staff": {Role.ADMINISTRATOR},
    "manage_api_keys": {Role.ADMINISTRATOR},
    "view_audit": {Role.ADMINISTRATOR},
    "handle_privacy": {Role.ADMINISTRATOR},
    "record_privacy": {Role.AGENT, Role.STORE_MANAGER, Role.REGIONAL_MANAGER, Role.ADMINISTRATOR},
    "view_reveals": {Role.STORE_MANAGER, Role.REGIONAL_MANAGER, Role.ADMINISTRATOR},
}  # fmt: skip

# Routes that list, find or export customers, and how to ask for all that one may see. The sets of ids must be equal.
LISTS: dict[str, tuple[str, dict[str, str]]] = {
    "api-customers": ("get", {"limit": "200"}),
    "api-duplicates": ("get", {"limit": "200"}),
    "api-segment-members": ("get", {"limit": "200"}),
    "api-cluster-members": ("get", {"limit": "200"}),
    "customers:list": ("get", {}),
    "customers:export": ("get", {"format": "csv"}),
    "customers:find": ("post", {"q": "bird"}),
    "customers:pairs": ("get", {}),
    "customers:pairs-export": ("get", {"format": "csv"}),
    "segmentation:members": ("get", {}),
    "segmentation:members-export": ("get", {"format": "xlsx"}),
    "segmentation:cluster-members": ("get", {}),
    "segmentation:cluster-members-export": ("get", {}),
    "segmentation:leaving-people": ("get", {"chance": "0"}),
    "segmentation:leaving-export": ("get", {"chance": "0"}),
    "segmentation:segment": ("get", {}),
    "segmentation:segment-export": ("get", {"format": "csv"}),
    "segmentation:movers": ("get", {}),
    "segmentation:movers-export": ("get", {}),
    "segmentation:lifetime-value": ("get", {}),
    "segmentation:valuable": ("get", {}),
    "segmentation:valuable-export": ("get", {"format": "csv"}),
    "analytics:revenue-customers": ("get", {}),
    "analytics:revenue-customers-export": ("get", {"format": "csv"}),
    "analytics:comings-customers": ("get", {}),
    "analytics:comings-customers-export": ("get", {"format": "csv"}),
}

# Of these, the ones that find through SQL of their own instead of `visible_to`.
SEARCHES = {
    "customers:find", "analytics:revenue-customers",
    "analytics:revenue-customers-export",
    "analytics:comings-customers", "analytics:comings-customers-export",
}  # fmt: skip

# Where a page or answer tells how many customers there are: what it says must be as many as the oracle knows.
COUNTS: dict[str, Callable[[Any], int]] = {
    "api-segments": lambda answer: sum(part["customers"] for part in answer.json()["results"]),
    "customers:list": lambda answer: answer.context["count"],
    "segmentation:cluster-members": lambda answer: answer.context["count"],
    "segmentation:leaving": lambda answer: answer.context["spread"].customers,
    "segmentation:leaving-people": lambda answer: answer.context["count"],
    "segmentation:members": lambda answer: answer.context["count"],
    "segmentation:segment": lambda answer: answer.context["count"],
    "segmentation:segments": lambda answer: answer.context["map"].customers,
    "segmentation:lifetime-value": lambda answer: answer.context["expected"].customers,
    "segmentation:valuable": lambda answer: answer.context["count"],
    "segmentation:targets": lambda answer: answer.context["measured"].customers,
    "api-targets": lambda answer: sum(
        (one["figures"] or {"customers": 0})["customers"] for one in answer.json()["results"]
    ),
}

# What an address needs besides its parts.
QUERIES: dict[str, dict[str, str]] = {
    "segmentation:movers": {"from": "2026-03-09", "to": "2026-03-10", "was": "new", "is": "new"},
    "segmentation:movers-export": {"from": "2026-03-09", "to": "2026-03-10", "was": "new", "is": "new"},
    **{
        f"analytics:{name}{ending}": query
        for ending in ("", "-export")
        for name, query in {
            "comings-customers": {"month": "2026-03-01", "kind": "new"},
            "gains-customers": {"brand": "Walked", "why": "more"},
            "crossshop-customers": {"first": "b:Walked", "second": "b:Walker", "mask": "3"},
        }.items()
    },
}

# Calls that find a member of any branch by an exact identifier (docs/architecture.md, "Who may see what").
EXACT = {
    "api-customer-lookup", "api-customer-duplicates", "customers:served", "loyalty:served-redemptions",
    "loyalty:served-prizes", "loyalty:served-vouchers", "loyalty:served-missed", "loyalty:served-topups",
    "loyalty:served-payments", "loyalty:served-voucher-code", "loyalty:served-membership-sales",
}  # fmt: skip

# The least valid body of a call, so that what is refused is the object and not the form. Pages get an empty form.
BODIES: dict[tuple[str, str], Any] = {
    ("api-customer-lookup", "post"): {"kind": "member", "value": "NOBODY1"},
    ("api-customer", "patch"): {"occupation": "baker"},
    ("api-target", "patch"): {"fit": 4},
    ("api-customer-notes", "post"): {"text": "Sings."},
    ("api-customer-work", "post"): {"kind": "call", "title": "Ring", "due_at": "2030-01-01T10:00:00Z"},
    ("api-work-result", "post"): {"result": "reached"},
    ("api-work-item", "patch"): {"title": "Ring again"},
    ("api-duplicate-decision", "post"): {"decision": "dismissed"},
    ("api-events", "post"): {"source": "walk", "events": []},
    ("api-customer-duplicates", "post"): {"name": "Nobody at all", "birthday": "1990-01-01"},
    ("api-customer-consents", "post"): {"channel": "sms", "purpose": "marketing", "is_given": False},
    ("api-event-tokens", "post"): {"customer": {"kind": "member", "value": "NOBODY1"}},
    ("api-facts", "post"): {"provider": "geo", "facts": []},
    ("api-customer-merges", "post"): {"other": "cus_000000000000"},
    ("api-customer-erasure", "post"): {"confirm": "cus_000000000000"},
    ("api-privacy-requests", "post"): {"kind": "access", "store": "NOWHERE"},
    ("api-customers", "post"): {"identities": [{"kind": "member", "value": "NEW1"}], "home_store": "HARB"},
    **loyal.BODIES,
    **clustered.BODIES,
    **walking.BODIES,
}


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Built once for the module, in a transaction that is rolled back; every test is a savepoint in it."""
    with django_db_blocker.unblock(), transaction.atomic():
        forget_what_the_process_knows()
        yield build_world()
        transaction.set_rollback(True)


def build_world() -> World:
    """Three stores in two regions; two, three and four canaries; one person a role, one manager a store; one night."""
    cast.chain()
    coast, inland = cast.region("coast"), cast.region("inland")
    shops = {
        "HARB": cast.store("HARB", "Harbour", of=coast),
        "UPTN": cast.store("UPTN", "Uptown", of=coast),
        "MILL": cast.store("MILL", "Mill", of=inland),
    }
    canaries, tokens, receipts, aside, words = {}, {}, {}, {}, {}
    for size, (code, shop) in enumerate(shops.items(), start=2):
        canaries[code] = [_canary(code, n, shop) for n in range(size)]
        words[code] = consents.record(
            canaries[code][0], channel="sms", purpose="marketing", is_given=False, wording=None, source=f"word-{code}",
            by="system:test", at=None,
        )  # fmt: skip
        aside[code] = cast.set_aside(f"aside-{code}", at=shop).pk
        receipts[code] = Purchase.objects.get(external_id=f"receipt-{code}-0").public_id
        names = {person.name for person in canaries[code]}
        tokens[code] = (
            names
            | {person.public_id for person in canaries[code]}
            | {f"word-{code}", f"receipt-{code}-0", f"aside-{code}", receipts[code]}
        )
    people = _people(shops, coast)
    for shop in shops.values():
        signups.switch(shop, on=True, by="system:test")
    waiting = {code: _waiting(shop, canaries[code][0]) for code, shop in shops.items()}
    for code, shop in shops.items():
        gone = cast.set_aside(f"gone-{code}", at=shop)
        quarantine.dismiss(gone, why=f"why-{code}", by=people["ana"], at=now())
        tokens[code] |= {gone.external_id, f"why-{code}"}
    cast.night("2026-03-09")
    night = cast.night("2026-03-10")
    scored(one for found in canaries.values() for one in found)
    _lifetime_values(canaries, shops)
    shop = Connector.objects.create(code="shop", name="Shop", store=shops["HARB"])
    Brand.objects.bulk_create([Brand(name="Walked"), Brand(name="Walker")])
    anywhere = {
        "regions": coast,
        "departments": cast.department("service"),
        "sites": Site.objects.create(name="Shop", domains=["shop.example"]),
        "connectors": shop,
        "providers": Provider.objects.create(code="geo", name="Geo", right="contract"),
        "kept-orders": KeptOrder.objects.create(connector=shop, external_id="1", reason="unmapped", raw={}),
        "event-kinds": EventKind.objects.create(code="tasting", name="Tasting"),
        "groups": Group.objects.first(),
        "nights": night,
    }
    nouns: dict[str, dict[str, Any]] = {
        noun: {EVERYWHERE: record.pk} for noun, record in anywhere.items()
    } | {
        "entries": {EVERYWHERE: trail.record("store.change", "org.store:1", by="system:test").pk},
        "orders": {"HARB": shop.code},
        "keys": {EVERYWHERE: keys.create_key(name="k", scopes=["catalogue:read"], by="system:test")[0].pk},
        "customers": {code: found[0].public_id for code, found in canaries.items()},
        "purchases": receipts,
        "merge": {code: found[1].public_id for code, found in canaries.items()},
        "merges": {EVERYWHERE: public_id("mrg").encode(1)},
        "identifiers": {code: found[0].identities.get(kind="phone").pk for code, found in canaries.items()},
        "stores": {code: shop.pk for code, shop in shops.items()},
        "staff": {"HARB": people["chen"].pk, "UPTN": people["uma"].pk, "MILL": people["milo"].pk},
        "segments": {EVERYWHERE: Standing.objects.get(customer=canaries["HARB"][1]).group.code},
        "clusters": {EVERYWHERE: clustered.cluster().pk},
        "lookalikes": {
            code: clustered.search(found, shops[code]).public_id for code, found in canaries.items()
        },
        "targets": {EVERYWHERE: "loyal"},
        "ages": {EVERYWHERE: _age_limit().pk},
        "saved": {EVERYWHERE: _segment()},
        "uploads": {EVERYWHERE: "no-file"},
        "served": {EVERYWHERE: "no-pass"},
        "facts": {EVERYWHERE: "occupation"},
        "customer-fields": {EVERYWHERE: CustomField.objects.create(code="walked", label="W", kind="text").pk},
        "tags": {EVERYWHERE: Tag.objects.create(name="walked").pk},
        "duplicates": _pairs(canaries),
        "requests": {code: _privacy_request(shops[code], found[0]).key for code, found in canaries.items()},
        "certificates": {EVERYWHERE: _certificate().key},
        "retention": {EVERYWHERE: "web"},
        "quarantine": aside,
        "words": words,
        "waiting": waiting,
        "consent": {EVERYWHERE: "sms.marketing"},
        "in": {EVERYWHERE: "en"},
        "imports": {EVERYWHERE: _import(tokens).pk},
        "mappings": {
            EVERYWHERE: ImportMapping.objects.create(kind="customers", name="Shop", created_by="staff:1").pk
        },
        "notices": {EVERYWHERE: 1},
        "rules": {EVERYWHERE: earning.rule("walked", kind="bonus", points=5).code},
        **_follow_ups(canaries, tokens, people),
        **loyal.nouns(canaries, tokens),
        **walking.nouns(canaries, shops, tokens),
    }
    built = World(canaries, tokens, people, nouns)
    for name, person in people.items():
        built.browsers[name] = Client(raise_request_exception=False)
        assert person.user is not None
        built.browsers[name].force_login(person.user, backend="crm.ui.staff.StaffBackend")
    return built


def _follow_ups(
    canaries: dict[str, list[Any]], tokens: dict[str, set[str]], people: dict[str, Staff]
) -> dict[str, dict[str, Any]]:
    """A follow-up and a note of a customer of each store, in words that occur nowhere else."""
    items, written = {}, {}
    for code, (person, *_others) in canaries.items():
        title, text = f"Ring {code} bell", f"Sings {code} songs"
        item = work.create(person, kind="call", title=title, due_at=now(), by=people["ana"], at=now())
        note = notes.write(person, text, by=people["ana"], at=now())
        items[code], written[code] = item.public_id, note.public_id
        tokens[code] |= {title, text, item.public_id, note.public_id}
    batch = WorkBatch.objects.create(kind="created", made_by=people["ana"], made_at=now())
    return {
        "work": items,
        "notes": written,
        "kinds": {EVERYWHERE: WorkKind.objects.get(code="call").pk},
        "batches": {EVERYWHERE: batch.pk},
    }


def _waiting(shop: Any, member: Any) -> int:
    """A sign-up by a canary's phone."""
    return SignUp.objects.create(
        store=shop, state=SignUpState.WAITING, customer_id=member.pk, facts={"name": "x"}
    ).pk


def _pairs(canaries: dict[str, list[Any]]) -> dict[str, str]:
    """Each canary beside the next of its store; and one pair across two regions, which only the chain sees."""
    rows = [two for found in canaries.values() for two in pairwise(found)]
    rows.append((canaries["HARB"][0], canaries["MILL"][0]))
    rules = MatchRules.current()
    for two in rows:
        first, second = sorted(two, key=lambda one: one.pk)
        DuplicatePair.objects.create(first=first, second=second, score=70, rules=rules, digest=b"0" * 16)
    return {code: f"{found[0].public_id}.{found[1].public_id}" for code, found in canaries.items()}


def _privacy_request(shop: Store, who: Any) -> Request:
    made = requests.receive(
        "access", customer_id=who.pk, received_on=now().date(), store=shop, by="x:1", at=now()
    )
    Reveal.objects.create(staff=Staff.objects.get(name="Ana"), customer_id=who.pk, store=shop, what="phone")
    return made


def _certificate() -> Certificate:
    return Certificate.objects.create(customer_id=10**9, born_at=now(), erased_at=now(), erased_by="x:1")


def _segment() -> str:
    """Everybody is in it, and that is written down."""
    made = saving.create(by="system:test", name="Everybody", definition={"all": []})
    settling.new_versions()
    people = list(
        SegmentSpell.objects.filter(segment=made).order_by("customer").values_list("customer_id", flat=True)
    )
    SegmentNight.objects.create(
        segment=made, night=nights.published(), version=made.versions.get(), at=now(), customers=len(people),
        came=len(people), went=0, digest=membership.digest(people),
    )  # fmt: skip
    return made.public_id


def _age_limit() -> AgeLimit:
    walked = Category.objects.create(path="walked", name="Walked")
    return AgeLimit.objects.create(category=walked, minimum_age=18, created_by="system:test")


def _import(tokens: dict[str, set[str]]) -> Any:
    """A file of the whole chain: what it rejected quotes customers of every store."""
    file = cast.import_file("walk.csv")
    places.rejected_file(file).write_text("\n".join(["words", *sorted(set().union(*tokens.values()))]))
    return file


def _canary(code: str, n: int, shop: Any) -> Any:
    person = cast.customer(
        f"Canary{code}{n} Bird", of=shop, phone=f"+86138{sum(map(ord, code)):04}{n:04}", member=f"M{code}{n}"
    )
    cast.purchase(person, at=shop, on="2026-03-02", external_id=f"receipt-{code}-{n}")
    return person


def _lifetime_values(canaries: dict[str, list[Any]], shops: dict[str, Store]) -> None:
    """They have all bought once and on one day, so that no night would tell what to expect."""
    night = PublishedNight.objects.get().night
    fit = LifetimeFit.objects.create(
        night=night,
        until=night.on,
        customers=9,
        repeaters=0,
        histories=1,
        days=400,
        rate=0.01,
        value=10,
        why="few",
    )
    for code, found in canaries.items():
        LifetimeSum.objects.create(night=fit.night, store=shops[code], customers=len(found))
        LifetimeScore.objects.bulk_create(
            LifetimeScore(customer=person, night=fit.night, value_365=person.pk) for person in found
        )


def _people(shops: dict[str, Any], coast: Any) -> dict[str, Staff]:
    harbour = [shops["HARB"]]
    return {
        "marta": cast.staff("Marta", Role.STORE_MANAGER, stores=harbour),
        "chen": cast.staff("Chen", Role.CLERK, stores=harbour),
        "agnes": cast.staff("Agnes", Role.AGENT, stores=harbour),
        "uma": cast.staff("Uma", Role.STORE_MANAGER, stores=[shops["UPTN"]]),
        "milo": cast.staff("Milo", Role.STORE_MANAGER, stores=[shops["MILL"]]),
        "rosa": cast.staff("Rosa", Role.REGIONAL_MANAGER, of=coast),
        "max": cast.staff("Max", Role.MARKETER),
        "noor": cast.staff("Noor", Role.ANALYST),
        "ana": cast.staff("Ana", Role.ADMINISTRATOR),
        "ivo": cast.staff("Ivo", Role.INTEGRATION),
    }


def key_client(world: World, codes: frozenset[str], scopes: list[str]) -> Client:
    stores = [] if len(codes) == len(world.canaries) else Store.objects.filter(code__in=codes)
    _key, secret = keys.create_key(name="walk", scopes=scopes, by="system:test", stores=stores)
    return Client(headers={"authorization": f"Bearer {secret}"}, raise_request_exception=False)


def call(client: Client, route: Route, method: str, address: str, asked: dict[str, str] | None = None) -> Any:
    """One call. What it changes is taken back, so that the next person meets the same world."""
    query = {**QUERIES.get(route.name, {}), **(asked or {})}
    if method == "delete" and route.name in walking.QUERIES:
        address += "?" + urlencode(walking.QUERIES[route.name])
    with transaction.atomic():
        if method == "get":
            answer = client.get(address, query)
            answer.text_shown = walk.text_of(answer)
        else:
            body = query or BODIES.get((route.name, method), {})
            form = "application/json" if route.is_api or method != "post" else MULTIPART_CONTENT
            answer = getattr(client, method)(address, body, content_type=form)
            answer.text_shown = walk.text_of(answer)
        transaction.set_rollback(True)
    return answer


# --- The build -------------------------------------------------------------------------------------------------------


def test_every_route_is_walked_or_open_on_purpose() -> None:
    open_ones = {str(route) for route in ROUTES if not (route.is_page or route.is_api)}
    assert open_ones <= set(PUBLIC), "neither a StaffView nor an ApiView, and not public on purpose"


def test_every_route_says_its_permission() -> None:
    for route in WALKED:
        for method in route.methods:
            assert isinstance(route.permission(method), Permission), f"{route} {method}"


def test_the_registry_grants_what_was_agreed() -> None:
    assert {str(permission) for permission in Permission} == set(MAY)
    for permission in Permission:
        assert {role for role in Role if permission in GRANTS[role]} == MAY[permission], permission


# --- The walk --------------------------------------------------------------------------------------------------------


def each(routes: Any) -> Any:
    return pytest.mark.parametrize("route", list(routes), ids=str)


@each(WALKED)
def test_strangers_are_turned_away(route: Route, world: World) -> None:
    for address in world.addresses(route).values():
        for method in route.methods:
            answer = call(Client(), route, method, address)
            if route.is_api:
                assert answer.status_code == 401, f"{method} {address}"
                assert answer["Content-Type"] == "application/problem+json"
            else:
                assert answer.status_code == 302, f"{method} {address}"
                assert answer["Location"].startswith("/accounts/login/"), f"{method} {address}"


@each(route for route in WALKED if route.is_page)
def test_weak_roles_are_refused(route: Route, world: World) -> None:
    for address in world.addresses(route).values():
        for method in route.methods:
            for name, person in world.people.items():
                if person.role not in MAY[route.permission(method)]:
                    answer = call(world.browsers[name], route, method, address)
                    assert answer.status_code == 403, f"{name} {method} {address}"


@each(route for route in WALKED if route.is_api)
def test_keys_without_the_scope_are_refused(route: Route, world: World) -> None:
    for method in route.methods:
        others = [scope for scope in SCOPE_GRANTS if scope != route.scope(method)]
        client = key_client(world, KEYS["chain key"], others)
        for address in world.addresses(route).values():
            answer = call(client, route, method, address)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), f"{method} {address}"


@each(route for route in WALKED if route.is_api)
def test_a_persons_cookie_opens_no_api(route: Route, world: World) -> None:
    for address in world.addresses(route).values():
        assert call(world.browsers["ana"], route, route.methods[0], address).status_code == 401


@each(WALKED)
def test_nothing_of_another_store_is_shown(route: Route, world: World) -> None:
    assert_no_leak(route, world)


@each(route for route in WALKED if route.name in LISTS)
def test_lists_show_exactly_ones_own(route: Route, world: World) -> None:
    assert_exact(route, world)


@each(route for route in WALKED if route.name in COUNTS)
def test_counts_count_ones_own(route: Route, world: World) -> None:
    assert_counted(route, world)


def test_dismissed_events_are_listed_by_scope(world: World) -> None:
    route = _route("customers:quarantine")
    for who, codes, client in _viewers(route, world):
        answer = call(client, route, "get", "/quarantine/", {"show": "dismissed"})
        shown = {
            word
            for code in world.canaries
            for word in (f"gone-{code}", f"why-{code}")
            if word in answer.text_shown
        }
        assert shown == {word for code in codes for word in (f"gone-{code}", f"why-{code}")}, who


def test_every_list_is_known() -> None:
    assert {*LISTS, *COUNTS, *QUERIES} <= {route.name for route in WALKED}


@each(route for route in WALKED if "get" in route.methods and route.is_page)
def test_days_at_the_ends_of_the_calendar_are_days(route: Route, world: World) -> None:
    """Whatever a page calls its days: the first and the last one that there are."""
    *_others, (_who, _codes, client) = _viewers(route, world)
    *_others, address = world.addresses(route).values()
    for day in ("0001-01-01", "9999-12-31"):
        for names in (("since", "from_on", "from"), ("until", "to_on", "to", "on", "as_of")):
            answer = call(client, route, "get", address, dict.fromkeys(names, day))
            assert answer.status_code < 500, f"{address} {names} {day}"


@each(route for route in WALKED if "get" in route.methods and route.is_api)
def test_days_at_the_ends_of_the_calendar_are_days_to_programs(route: Route, world: World) -> None:
    *_others, (_who, _codes, client) = _viewers(route, world)
    for name in (one.name for one in msgspec.structs.fields(route.view.get.endpoint.query)):
        for address in world.addresses(route).values():
            for day in ("0001-01-01", "9999-12-31"):
                answer = call(client, route, "get", address, {name: day})
                assert answer.status_code < 500, f"{address} {name} {day}"


@each(WALKED)
def test_no_address_with_a_nul_names_anything(route: Route, world: World) -> None:
    """The database's text has none, so it must not get so far as to be asked for."""
    *_others, (_who, _codes, client) = _viewers(route, world)
    if route.nouns:
        address = route.address(dict.fromkeys(route.nouns, "\0"))
        for method in route.methods:
            assert call(client, route, method, address).status_code == 404, f"{method} {address}"
    if "get" in route.methods:
        for address in world.addresses(route).values():
            answer = call(client, route, "get", address, {"q": "\0", "on": "\0"})
            assert answer.status_code == (400 if route.is_api else 404), address


def assert_no_leak(route: Route, world: World) -> None:
    """Own objects open, others' are 404, and no answer holds a word of a store that is not one's own."""
    for who, codes, client in _viewers(route, world):
        for owner, address in world.addresses(route).items():
            for method in route.methods:
                listed, asked = LISTS.get(route.name, ("", {}))
                answer = call(client, route, method, address, asked if method == listed else None)
                where = f"{who} {method} {address}"
                assert answer.status_code < 500, where
                if not _is_theirs(owner, codes):
                    assert answer.status_code == 404, where
                elif method == "get" and route.name not in EXACT:
                    assert answer.status_code in (200, 302), where
                foreign = {token for token in world.foreign_tokens(codes) if token not in address}
                leaked = sorted(token for token in foreign if token in answer.text_shown)
                assert not leaked, f"{where} shows {leaked}"


def _is_theirs(owner: str, codes: frozenset[str]) -> bool:
    return owner == EVERYWHERE or owner in codes


def assert_exact(route: Route, world: World) -> None:
    method, asked = LISTS[route.name]
    for who, codes, client in _viewers(route, world):
        for address in world.addresses(route).values():
            answer = call(client, route, method, address, asked)
            assert answer.status_code == 200, f"{who} {address}"
            assert walk.shown_ids(answer.text_shown) == world.ids(codes), f"{who} {address}"


def assert_counted(route: Route, world: World) -> None:
    for who, codes, client in _viewers(route, world):
        for address in world.addresses(route).values():
            answer = call(client, route, "get", address)
            assert COUNTS[route.name](answer) == len(world.ids(codes)), f"{who} {address}"


def _viewers(route: Route, world: World) -> Iterator[tuple[str, frozenset[str], Client]]:
    """Everybody who may use the route at all: name, the stores they see, their client."""
    if route.is_api:
        for name, codes in KEYS.items():
            yield (
                name,
                codes,
                key_client(world, codes, sorted({route.scope(method) for method in route.methods})),
            )
        return
    for name, person in world.people.items():
        if all(person.role in MAY[route.permission(method)] for method in route.methods):
            yield name, SEES[name], world.browsers[name]


# --- The walk is no rubber stamp -------------------------------------------------------------------------------------


def _route(name: str) -> Route:
    return next(route for route in WALKED if route.name == name)


@each(route for route in WALKED if route.name in LISTS and route.name not in SEARCHES)
def test_a_forgotten_filter_is_found(route: Route, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ScopedQuerySet, "visible_to", lambda rows, viewer: rows)
    for check in (assert_no_leak, assert_exact):
        with pytest.raises(AssertionError):
            check(route, world)


@each(route for route in WALKED if route.name in COUNTS)
def test_a_count_without_its_filter_is_found(
    route: Route, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ScopedQuerySet, "visible_to", lambda rows, viewer: rows)
    with pytest.raises(AssertionError):
        assert_counted(route, world)


def test_a_forgotten_condition_in_sql_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from customers.api import profiles

    monkeypatch.setattr(profiles, "_stores", lambda viewer: None)
    with pytest.raises(AssertionError):
        assert_no_leak(_route("api-customer"), world)


def test_a_list_that_shows_too_little_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ScopedQuerySet, "visible_to", lambda rows, viewer: rows.none())
    with pytest.raises(AssertionError):
        assert_exact(_route("api-customers"), world)


def test_a_route_that_the_walk_cannot_fill_is_found(world: World) -> None:
    with pytest.raises(AssertionError, match="cannot fill"):
        world.addresses(Route("dragons/<int:pk>/", "dragon", object))
