"""The programme's settings: opening it, and changing it from a day to come.

Each change is a version that begins on a day that no store has reached: what was earned stays as it was explained. The
first version may begin in the past; the next night then earns what was bought since.
"""

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
from loyalty.models import Ending, Programme

LEAST_RATE, MOST_RATE = Decimal("0.01"), Decimal(1_000_000)
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


class ProgrammeInvalid(Refusal):
    code = "programme_invalid"


def latest() -> Programme | None:
    """The version that holds last: now, or from a day to come."""
    return Programme.objects.order_by("-valid_from", "-pk").first()


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
        changed = {name: (before[name], value) for name, value in wanted.items() if value != before[name]}
        trail.record("programme.change", made, by=by, details={"from": now and now.pk}, changes=changed)
    return made


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
    if before is not None and begins < before:
        words = _("A version from %(day)s on is planned; take that day or a later one.")
        return [Fault("valid_from", str(words % {"day": date_format(before)}))]
    return []


def _same(wanted: dict[str, Any], before: dict[str, Any]) -> bool:
    return all(wanted[name] == before[name] for name in wanted if name != "valid_from")


def faults_of(s: dict[str, Any]) -> list[Fault]:
    """What is wrong with settings, apart from the day from which they hold."""
    faults = []
    if not LEAST_RATE <= s["money_per_point"] <= MOST_RATE:
        faults.append(Fault("money_per_point", str(_("From 0.01 to 1,000,000."))))
    if s["point_worth"] is not None and not 0 < s["point_worth"] <= MOST_RATE:
        faults.append(Fault("point_worth", str(_("Above 0, at most 1,000,000."))))
    if s["pending_days"] > MOST_DAYS:
        faults.append(Fault("pending_days", str(_("At most a year."))))
    least = COUNTED.get(s["ending"], 0)
    if not least <= s["ending_count"] <= MOST_COUNT:
        words = _("From %(least)s to %(most)s.") % {"least": least, "most": MOST_COUNT}
        faults.append(Fault("ending_count", str(words)))
    faults += goods_faults(s["excluded"].get("categories", ()), s["excluded"].get("products", ()), "excluded")
    return faults


def goods_faults(categories: Any, products: Any, field: str) -> list[Fault]:
    """Categories and products that there are not."""
    known = set(Category.objects.filter(path__in=categories).values_list("path", flat=True))
    known |= set(Product.objects.filter(sku__in=products).values_list("sku", flat=True))
    unknown = sorted({*categories, *products} - known)
    if not unknown:
        return []
    return [Fault(field, str(_("Not in the catalogue: %(codes)s.") % {"codes": ", ".join(unknown[:5])}))]
