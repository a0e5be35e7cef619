"""What the bell says of pay-outs."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.notices import kinds
from crm.notices.models import Notice
from crm.org.models import Staff
from loyalty.models import StoredOperation
from loyalty.storedvalue.cents import said


def fill() -> None:
    waits, mine = (
        gettext_lazy("A pay-out waits for my approval"),
        gettext_lazy("My pay-out was decided about"),
    )
    kinds.register(kinds.Kind("stored.approve", waits, icon="cash", show=approve, order=42))
    kinds.register(kinds.Kind("stored.decided", mine, icon="cash", show=decided, order=43))


def approve(reader: Staff, notices: list[Notice]) -> dict[int, kinds.Shown]:
    address = reverse("loyalty:stored-value")
    return {
        one.pk: (_("A pay-out waits for approval: %(money)s") % {"money": said(one.params["money"])}, address)
        for one in _seen(reader, notices)
    }


def decided(reader: Staff, notices: list[Notice]) -> dict[int, kinds.Shown]:
    told = {}
    for one in _seen(reader, notices):
        words = _("Approved: pay out %(money)s") if one.params["state"] == "booked" else _("Pay-out rejected")
        told[one.pk] = (words % {"money": said(one.params["money"])}, reverse("loyalty:stored-value"))
    return told


def _seen(reader: Staff, notices: list[Notice]) -> list[Notice]:
    """Those about acts in one's stores."""
    ids = {notice.pk: int(notice.about.rpartition(":")[2]) for notice in notices}
    rows = StoredOperation.objects.visible_to(reader).filter(pk__in=ids.values())
    visible = set(rows.values_list("pk", flat=True))
    return [notice for notice in notices if ids[notice.pk] in visible]
