"""What of customers is forgotten after a while (crm/privacy/retention.py)."""

from datetime import datetime
from itertools import islice
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.privacy import erasing
from crm.privacy.retention import BY, Rule, of_model, register
from customers.models import Arrival, ArrivalState, Customer, ImportFile, Interaction, Purchase, TouchChannel

_STUBS_A_SLICE = 20  # each is an erasure with its certificate
_STUBS_LOOKED_AT = 100  # some are still in use


def fill() -> None:
    for rule in (_raw_events(), _web_touches(), _idle_stubs(), *_files()):
        register(rule)


def _raw_events() -> Rule:
    def old(before: datetime) -> Any:
        return Arrival.objects.filter(state=ArrivalState.APPLIED, recorded_at__lt=before, raw__isnull=False)

    def remove(before: datetime, most: int) -> int:
        keys = list(old(before).order_by("pk").values_list("pk", flat=True)[:most])
        return Arrival.objects.filter(pk__in=keys).update(raw=None)

    return Rule(
        "arrivals", _("Raw receipts and returns"),
        _("Empties the form in which a receipt came, once it is applied. The receipt stays."),
        days=730, is_on=False, least=30, count=lambda before: old(before).count(), remove=remove,
    )  # fmt: skip


def _web_touches() -> Rule:
    def old(before: datetime) -> Any:
        return Interaction.objects.filter(
            channel__in=[TouchChannel.WEB, TouchChannel.APP], occurred_at__lt=before
        )

    return Rule(
        "web", _("Touches of web and app"),
        _("Deletes pages seen, searches and carts from the timeline. Purchases stay."),
        days=400, is_on=False, least=30, **of_model(old),
    )  # fmt: skip


def _idle_stubs() -> Rule:
    def old(before: datetime) -> Any:
        bought = Purchase.objects.filter(customer=OuterRef("pk"), occurred_at__gte=before)
        return Customer.objects.living().filter(~Exists(bought), is_stub=True, created_at__lt=before)

    def remove(before: datetime, most: int) -> int:
        keys = list(old(before).order_by("pk").values_list("pk", flat=True)[: min(most, _STUBS_LOOKED_AT)])
        done = (_erased(key) for key in keys)
        return len(list(islice(filter(None, done), min(most, _STUBS_A_SLICE))))

    return Rule(
        "stubs", _("Customers who never enrolled"),
        _("Erases those whom only receipts know and who bought nothing in all that time, each with a certificate. This"
          " cannot be undone."),
        days=1_095, is_on=False, least=180, count=lambda before: old(before).count(), remove=remove,
    )  # fmt: skip


def _erased(customer_id: int) -> bool:
    """Whether they were erased; not those of whom an import is being read: a later night erases them."""
    try:
        erasing.erase(customer_id, by=BY, at=timezone.now())
    except erasing.StillInUse:
        return False
    return True


def _files() -> list[Rule]:
    """Files of imports have had their own job from the start (`imports/keeping.py`); here they are named."""
    kept = ImportFile.objects.filter(removed_at=None)
    nothing: dict[str, Any] = {"remove": lambda before, most: 0, "is_on": True}
    return [
        Rule(
            "imports.uploads", _("Uploaded import files"), _("Removed after the last import of it was done."),
            days=settings.IMPORT_UPLOAD_DAYS, fixed="IMPORT_UPLOAD_DAYS",
            count=lambda before: kept.filter(job__state="done", job__finished_at__lt=before).count(), **nothing,
        ),
        Rule(
            "imports.stopped", _("Files of imports that stopped"),
            _("Removed after that; until then they can be resumed."),
            days=settings.IMPORT_STOPPED_DAYS, fixed="IMPORT_STOPPED_DAYS",
            count=lambda before: kept.filter(
                job__state__in=["quarantined", "cancelled"], job__finished_at__lt=before).count(),
            **nothing,
        ),
        Rule(
            "imports.rejected", _("Rejected rows"), _("Removed after the import ended."),
            days=settings.IMPORT_REJECTED_DAYS, fixed="IMPORT_REJECTED_DAYS",
            count=lambda before: ImportFile.objects.exclude(rejected_path="").filter(
                job__finished_at__lt=before).count(),
            **nothing,
        ),
    ]  # fmt: skip
