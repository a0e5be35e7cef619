"""The programme's settings: opening it, and changing it from a day to come.

Each change is a version that begins on a day that no store has reached: what was earned stays as it was explained. The
first version may begin in the past; the next night then earns what was bought since.
"""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib import edits
from crm.lib.refusals import Fault, Refusal
from crm.org.models import Chain, Store
from customers.models import Category, Product
from loyalty.models import Ending, Programme, Rounding

LEAST_RATE, MOST_RATE = Decimal("0.01"), Decimal(1_000_000)
PLACES = Decimal("0.0001")
MOST_DAYS = 365
MOST_COUNT = 120
COUNTED = {
    Ending.MONTHS: 1,
    Ending.ACTIVITY: 1,
    Ending.MONTH_END: 0,
    Ending.YEAR_END: 0,
}  # the least count of each
CAPS = ("cap_receipt", "cap_day", "cap_month")
MOST_CAP = 2**31 - 1
EXCLUDED = {"categories", "products"}
MOST_TOLD = 60  # letters of a code in a message


class ProgrammeInvalid(Refusal):
    code = "programme_invalid"


def latest() -> Programme | None:
    """The version that holds last: now, or from a day to come. What says the same as before it is none of its own."""
    return next(
        (one for one, before in reversed(_held()) if before is None or not _is_same(one, before)), None
    )


def planned(at: datetime) -> list[tuple[Programme, Programme | None]]:
    """The versions of days to come, each with the one that holds before it. What was withdrawn is left out."""
    return [
        (one, before)
        for one, before in _held()
        if one.valid_from > today(at) and (before is None or not _is_same(one, before))
    ]


def _held() -> list[tuple[Programme, Programme | None]]:
    """Of each day the version made last, with the one that holds before it."""
    newest = {one.valid_from: one for one in Programme.objects.order_by("valid_from", "pk")}
    held = list(newest.values())
    return list(zip(held, [None, *held], strict=False))


def _is_same(one: Programme, other: Programme) -> bool:
    return _same(one.settings(), other.settings())


def today(at: datetime) -> date:
    """The latest day that a store of the chain has reached."""
    zones = {Chain.current().timezone, *Store.objects.values_list("timezone", flat=True)}
    return max(at.astimezone(ZoneInfo(zone)).date() for zone in zones)


def change(*, by: Any, at: datetime, based_on: dict[str, Any] | None = None, **settings: Any) -> Programme:
    """A version with these settings (see `Programme.settings`); the first opens the programme.

    The latest one when nothing changes. Refuses what cannot be counted with, naming each field, and what somebody else
    changed meanwhile.
    """
    with transaction.atomic():
        in_turn()
        now = latest()
        before = (now or Programme()).settings()
        wanted = before | edits.changes(before, settings, based_on)
        if now is not None and _same(wanted, before):
            return now
        if faults := (
            *faults_of(wanted),
            *day_faults(wanted["valid_from"], now.valid_from if now else None, at),
        ):
            raise ProgrammeInvalid(_("The programme cannot be kept like this."), faults=faults)
        made = Programme.objects.create(**wanted, created_by=trail.actor_name(by))
        _carry_on(made)
        changed = {name: (before[name], value) for name, value in wanted.items() if value != before[name]}
        trail.record("programme.change", made, by=by, details={"from": now and now.pk}, changes=changed)
    return made


def withdraw(version: int, *, by: Any, at: datetime) -> Programme:
    """What is planned does not come: from its day on, what holds before it goes on. Nothing is taken away; a version
    made later says so for that day. Refuses what has begun, what is replaced already, and the programme's first.
    """
    with transaction.atomic():
        in_turn()
        one, before = next((found for found in planned(at) if found[0].pk == version), (None, None))
        if one is None or before is None:
            raise ProgrammeInvalid(
                _("This version is not planned any more: it has begun, or another took its place.")
            )
        settings = before.settings() | {"valid_from": one.valid_from}
        made = Programme.objects.create(**settings, created_by=trail.actor_name(by))
        was = one.settings()
        changed = {name: (was[name], value) for name, value in settings.items() if value != was[name]}
        trail.record("programme.withdraw", made, by=by, details={"withdrawn": one.pk}, changes=changed)
    return made


def _carry_on(made: Programme) -> None:
    """Days after this version's, of which what was planned has been withdrawn: this is what goes on there now."""
    days = (
        Programme.objects.filter(valid_from__gt=made.valid_from)
        .values_list("valid_from", flat=True)
        .distinct()
    )
    for day in sorted(days):
        Programme.objects.create(**made.settings() | {"valid_from": day}, created_by=made.created_by)


def in_turn() -> None:
    """Versions are made one after another."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(72311021)")


def day_faults(begins: date | None, before: date | None, at: datetime) -> list[Fault]:
    """What is wrong with the day from which a version holds. `before`: the day of the latest version so far."""
    if begins is None:
        return [Fault("valid_from", str(_("From which day does it hold?")))]
    if before is not None and begins <= today(at):
        words = _("From a day to come: what was bought until today has been earned.")
        return [Fault("valid_from", str(words))]
    return planned_faults(begins, before)


def planned_faults(begins: date, before: date | None) -> list[Fault]:
    """A version before the latest one would end on that one's day, unseen by who made it."""
    if before is not None and begins < before:
        words = _("A version from %(day)s on is planned; take that day or a later one.")
        return [Fault("valid_from", str(words % {"day": date_format(before)}))]
    return []


def _same(wanted: dict[str, Any], before: dict[str, Any]) -> bool:
    return all(wanted[name] == before[name] for name in wanted if name != "valid_from")


def faults_of(s: dict[str, Any]) -> list[Fault]:
    """What is wrong with settings, apart from the day from which they hold."""
    faults = [*_money_faults(s), *_choice_faults(s), *cap_faults(s)]
    if not 0 <= s["pending_days"] <= MOST_DAYS:
        faults.append(Fault("pending_days", str(_("At most a year."))))
    least = COUNTED.get(s["ending"], 0)
    if not least <= s["ending_count"] <= MOST_COUNT:
        faults.append(Fault("ending_count", between(least, MOST_COUNT)))
    if unknown := sorted(set(s["excluded"]) - EXCLUDED):
        faults.append(Fault(f"excluded.{told(unknown[0])}", str(_("categories or products."))))
    return faults + goods_faults(
        s["excluded"].get("categories", ()), s["excluded"].get("products", ()), "excluded"
    )


def _money_faults(s: dict[str, Any]) -> list[Fault]:
    """A number that is none ("NaN") cannot even be compared; parts below the fourth place would not be kept."""
    faults = []
    for name, least, words in (
        ("money_per_point", LEAST_RATE, _("From 0.01 to 1,000,000.")),
        ("point_worth", PLACES, _("Above 0, at most 1,000,000.")),
    ):
        amount = s[name]
        if amount is None:
            continue
        if not (amount.is_finite() and least <= amount <= MOST_RATE):
            faults.append(Fault(name, str(words)))
        elif amount != amount.quantize(PLACES):
            faults.append(Fault(name, str(_("At most four places after the point."))))
    return faults


def _choice_faults(s: dict[str, Any]) -> list[Fault]:
    return [
        Fault(name, str(_("One of: %(values)s.") % {"values": ", ".join(known)}))
        for name, known in (("rounding", Rounding.values), ("ending", Ending.values))
        if s[name] not in known
    ]


def cap_faults(s: dict[str, Any]) -> list[Fault]:
    """Limits of a programme or a rule: empty, or some points."""
    wrong = [name for name in CAPS if s[name] is not None and not 1 <= s[name] <= MOST_CAP]
    return [Fault(name, between(1, MOST_CAP)) for name in wrong]


def between(least: int, most: int) -> str:
    return str(_("From %(least)s to %(most)s.") % {"least": least, "most": most})


def goods_faults(categories: Any, products: Any, field: str) -> list[Fault]:
    """Categories and products that there are not."""
    known = set(Category.objects.filter(path__in=kept(categories)).values_list("path", flat=True))
    known |= set(Product.objects.filter(sku__in=kept(products)).values_list("sku", flat=True))
    unknown = sorted({*categories, *products} - known)
    if not unknown:
        return []
    codes = ", ".join(told(code) for code in unknown[:5])
    return [Fault(field, str(_("Not in the catalogue: %(codes)s.") % {"codes": codes}))]


def kept(codes: Iterable[str]) -> list[str]:
    """Those that the database can be asked for: no text in it has a NUL."""
    return [code for code in codes if "\0" not in code]


def told(code: str) -> str:
    """A code of somebody's as a message can name it: short, in letters that can be shown."""
    shown = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in code)
    return shown if len(shown) <= MOST_TOLD else f"{shown[:MOST_TOLD]}…"
