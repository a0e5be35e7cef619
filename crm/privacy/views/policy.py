"""The register, the masking policy, reveals, retention."""

from datetime import timedelta
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.lib.refusals import Refusal
from crm.org.models import Staff
from crm.org.models import public_id as coder
from crm.org.permissions import Permission
from crm.privacy import masking, retention, reveals
from crm.privacy.models import Reveal
from crm.privacy.register import Table, Whose, columns_of, entries, places
from crm.privacy.views.base import PrivacyView
from crm.ui.pages import page_of

_SPANS = (7, 30, 90)
# What is shown in full, by its code: the kinds of identifiers.
KINDS = {
    "phone": gettext_lazy("Phone"), "email": gettext_lazy("E-mail"), "member": gettext_lazy("Member number"),
    "card": gettext_lazy("Card"), "openid": gettext_lazy("WeChat"), "account": gettext_lazy("Web shop account"),
    "device": gettext_lazy("Device"),
}  # fmt: skip


class Register(PrivacyView):
    """Every table and place with what it holds of people."""

    permission = Permission.HANDLE_PRIVACY
    tab = "register"

    def get(self, request: HttpRequest) -> HttpResponse:
        whose = request.GET.get("whose", Whose.CUSTOMER)
        chosen = whose if whose in Whose.values else Whose.CUSTOMER
        rows = [
            {
                "label": one.label,
                "name": one.name,
                "table": one.table,
                "columns": grouped(one.table),
                "plain": len(columns_of(one.model)) - len(one.table.columns),
            }
            for one in entries(Whose(chosen))
        ]
        tabs = [(label, f"?whose={value}", value == chosen) for value, label in Whose.choices]
        context = {
            "rows": rows, "whose": tabs, "is_customers": chosen == Whose.CUSTOMER,
            "places": [place for place in places() if place.whose == chosen], "title": _("Register of personal data"),
        }  # fmt: skip
        return self.render("privacy/register.html", context)


def grouped(table: Table) -> list[tuple[str, str, list[str]]]:
    """The personal columns of a table: (kind, what an erasure does, names), those of a kind together."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, kind in table.columns.items():
        found.setdefault((str(kind.label), str(table.erasure_of(name).label)), []).append(name)
    return [(*group, names) for group, names in found.items()]


class Masking(PrivacyView):
    """Who sees what how: the table that pages, exports and the API go by."""

    permission = Permission.RECORD_PRIVACY
    tab = "masking"

    def get(self, request: HttpRequest) -> HttpResponse:
        words = {
            masking.Reveals.NO: _("no"),
            masking.Reveals.FREE: _("yes, written down"),
            masking.Reveals.WITH_REASON: _("yes, with a reason, written down"),
        }
        rows = [
            (role.label, [(one.label, one is not masking.Sight.FULL) for one in sights], words[reveal])
            for role, sights, reveal in masking.table()
        ]
        context = {"rows": rows, "heads": [one.label for one in masking.What], "title": _("Masking")}
        return self.render("privacy/masking.html", context)


class RevealFilter(forms.Form):
    staff = forms.ModelChoiceField(Staff.objects.none(), label=gettext_lazy("Who"), required=False)
    customer = forms.CharField(
        label=gettext_lazy("Of whom (customer's number)"), required=False, max_length=40
    )
    days = forms.TypedChoiceField(
        label=gettext_lazy("In the last"), required=False, coerce=int, empty_value="30",
        choices=[(n, format_lazy("{} {}", n, gettext_lazy("days"))) for n in _SPANS], initial=30,
    )  # fmt: skip

    def __init__(self, data: Any, viewer: Staff) -> None:
        super().__init__({"days": "30"} | data.dict())
        self.fields["staff"].queryset = Staff.objects.visible_to(viewer).order_by("name", "pk")  # type: ignore[attr-defined]
        self.fields["staff"].empty_label = _("Everybody")  # type: ignore[attr-defined]


class Reveals(PrivacyView):
    """Who was shown what of whom; whoever looked at unusually many stands first."""

    permission = Permission.VIEW_REVEALS
    tab = "reveals"

    def get(self, request: HttpRequest) -> HttpResponse:
        form = RevealFilter(request.GET, self.staff)
        rows = Reveal.objects.visible_to(self.staff)
        if form.is_valid():
            told = form.cleaned_data
            rows = rows.filter(at__gte=timezone.now() - timedelta(days=int(told["days"])))
            rows = rows.filter(staff=told["staff"]) if told["staff"] else rows
            if told["customer"]:
                rows = rows.filter(customer_id=coder("cus").decode(told["customer"].strip()) or 0)
        else:
            rows = rows.none()
        encode = coder("cus").encode
        page = page_of(rows.select_related("staff", "store"), request, "-at")
        context = {
            "form": form, "page": page,
            "rows": [(one, encode(one.customer_id), KINDS.get(one.what, one.what)) for one in page.rows],
            "habits": reveals.habits(rows)[:20], "title": _("Reveals"),
        }  # fmt: skip
        return self.render("privacy/reveals.html", context)


class Retention(PrivacyView):
    """What is removed after how long, and how many rows that would be tonight."""

    permission = Permission.HANDLE_PRIVACY
    tab = "retention"

    def get(self, request: HttpRequest) -> HttpResponse:
        at = timezone.now()
        rows = [(one, one.rule.count(one.before(at))) for one in retention.rules()]
        return self.render("privacy/retention.html", {"rows": rows, "title": _("Retention")})


class RetentionRule(PrivacyView):
    """POST turns one rule on or off and sets its days."""

    permission = Permission.HANDLE_PRIVACY
    tab = "retention"

    def post(self, request: HttpRequest, name: str) -> HttpResponse:
        known = {one.rule.name: one for one in retention.rules() if not one.rule.fixed}
        if name not in known:
            raise Http404
        days = request.POST.get("days", "")
        try:
            number = int(days) if days.isdecimal() and len(days) < 7 else 0
            retention.choose(name, is_on=request.POST.get("is_on") == "on", days=number, by=self.staff)
        except Refusal as refusal:
            self.say(refusal, error=True)
        else:
            self.say(_("Saved: %(name)s.") % {"name": known[name].rule.title})
        return self.go(reverse("privacy:retention"))
