"""Loading the demo chain: organisation, catalogue, members, receipts, each through the door that everybody uses."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.demo import (
    earning,
    families,
    files,
    followups,
    goods,
    journey,
    levels,
    limits,
    offers,
    organisation,
    segments,
    wallets,
)
from crm.demo.places import invent_places
from crm.lib.refusals import Refusal
from crm.org.models import Chain
from customers import imports
from customers.catalogue import load_products
from customers.models import Customer, Purchase, Site, Source

SMALL_HOUSEHOLDS = 60
BY = "system:load_demo"
Watcher = Callable[[str, int, int], None]  # (what is being done, rows done, rows in all)


class NotForDemo(Refusal):
    """Invented people must not come among real ones."""

    code = "not_for_demo"


class NotWhole(Refusal):
    """The importer did not take every row."""

    code = "demo_not_whole"


@dataclass(frozen=True)
class Loaded:
    members: int
    lines: int
    last_day: date
    new_lines: int  # 0 the second time


@dataclass(frozen=True)
class Prepared:
    """The import files and what is in them."""

    customers: Path
    receipts: Path
    members: int
    lines: int
    last_day: date


def load(directory: Path, *, small: bool, watcher: Watcher) -> Loaded:
    """Make this installation the demo chain. Again: nothing changes. Raises NotForDemo, NotWhole."""
    check_place()
    watcher(_("stores and products"), 0, 0)
    prepared = prepare(directory, small=small)
    _import(prepared.customers, "customers", watcher, rows=prepared.members)
    new_lines = _import(prepared.receipts, "receipts", watcher, rows=prepared.lines)
    followups.make()
    earning.make()
    levels.make()
    offers.make()
    wallets.make(12 if small else 24)
    families.make()
    segments.make()
    limits.make()
    _add_site()
    return Loaded(prepared.members, prepared.lines, prepared.last_day, new_lines)


def _add_site() -> None:
    """The demo shop (`crm/demo/shop.py`) is a web site that sends events."""
    Site.objects.get_or_create(name=_("Demo shop"), defaults={"domains": ["127.0.0.1", "localhost"]})


def _import(path: Path, kind: str, watcher: Watcher, *, rows: int) -> int:
    """Through the importer; every row must be applied or known already. Returns the rows that were new."""
    done = imports.run_now(path, kind, by=BY, watcher=lambda phase, n, of: watcher(f"{kind}, {phase}", n, of))
    counts = done.job.counts if done.job else {}
    if done.refusal or counts.get("applied", 0) + counts.get("duplicates", 0) != rows:
        why = done.refusal or (done.job.error if done.job else "") or str(counts)
        raise NotWhole(
            _("%(kind)s of the demo chain were not imported: %(why)s") % {"kind": kind, "why": why}
        )
    return int(counts["applied"])


def check_place() -> None:
    """Refuse where real data are, or will be."""
    if settings.REFUSES_DEMO_SIGN_INS:
        raise NotForDemo(_("Demo data and its public sign-ins do not belong into production."))
    if not Chain.current().demo_source and Customer.objects.exists():
        raise NotForDemo(_("There are customers here who are not of the demo chain; nothing was loaded."))


def prepare(directory: Path, *, small: bool) -> Prepared:
    """Set the chain up, load its catalogue and write its files into `directory`."""
    data = journey.data_directory()
    everything = journey.read_lines(data)
    stores = invent_places(everything)
    weeks = _weeks(everything)
    members = files.invent_members(everything, stores, data, weeks=weeks)
    lines = everything
    if small:
        households = files.few(everything, stores, households=SMALL_HOUSEHOLDS)
        lines = everything.of_households(households)
        chosen = set(households.tolist())
        members = [member for member in members if member.person.household in chosen]
    used = {member.home.number for member in members} | set(np.unique(lines.store).tolist())
    organisation.set_up(place for number, place in stores.items() if number in used)
    _load_catalogue(data, lines, small=small)
    directory.mkdir(parents=True, exist_ok=True)
    prepared = Prepared(
        customers=directory / "customers.parquet",
        receipts=directory / "receipts.parquet",
        members=len(members),
        lines=len(lines),
        last_day=(lines.local.max() + weeks * files.WEEK).astype("datetime64[D]").item(),
    )
    files.write_customers(prepared.customers, members)
    files.write_receipts(prepared.receipts, lines, stores, weeks=weeks)
    return prepared


def _weeks(lines: journey.Lines) -> int:
    """By how many weeks the year moves: as at the first load, which a receipt that is there tells."""
    there = (
        Purchase.objects.filter(source_id__in=_source_ids())
        .values_list("external_id", "business_date")
        .first()
    )
    if there is None:
        today = timezone.now().astimezone(journey.DATA_ZONE).date()
        return journey.weeks_to_shift(lines.last_day, today)
    basket, day = there
    own_day = lines.local[lines.basket == int(basket)][0].astype("datetime64[D]").item()
    return int((day - own_day).days // 7)


def _source_ids() -> list[int]:
    return list(Source.objects.filter(code=files.SOURCE).values_list("pk", flat=True))


def _load_catalogue(data: Path, lines: journey.Lines, *, small: bool) -> None:
    bought = frozenset(np.unique(lines.product).tolist()) if small else None
    load_products(goods.product_rows(journey.read_products(data), bought))
