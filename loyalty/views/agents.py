"""Dedicated agents: choosing another one for a member, and an agent's own members."""

from typing import Any

from django import forms
from django.db import transaction
from django.db.models import F, Max, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from crm.audit import trail
from crm.org.models import Staff
from crm.org.permissions import Permission
from crm.ui.edits import EditForm
from crm.ui.pages import SIZE, page_of
from crm.ui.views import StaffView
from crm.ui.words import number
from customers import nights
from customers.models import Customer, Purchase
from customers.views.base import CustomerView
from customers.views.facts import Row, rows_of
from customers.views.listing import COUNTED, count_of, download
from loyalty import glance
from loyalty.models import DedicatedAgent
from loyalty.tiers import minding
from loyalty.tiers.minding import Choice
from loyalty.views.members import crumbs

ORDERS = {"new": "-own_since", "name": "name", "last": "last_on"}


class AgentForm(EditForm, forms.Form):
    """Who may be it, the nearest with the fewest members first."""

    agent = forms.ChoiceField(label=gettext_lazy("Dedicated agent"))

    def __init__(self, data: Any, *, choices: list[Choice], kept: str) -> None:
        super().__init__(data, initial={"agent": kept})
        self.fields["agent"].choices = [(one.who.code, _told(one)) for one in choices]  # type: ignore[attr-defined]
        self.carry()


def _told(one: Choice) -> str:
    members = ngettext("%(n)s member", "%(n)s members", one.load) % {"n": number(one.load)}
    return f"{one.who.name} · {one.who.role.label} · {members}"


class AgentRecord(CustomerView):
    """GET shows a member's agent and who could be it; POST chooses one. Choosing again takes it back."""

    permission = Permission.ASSIGN_WORK
    template = "loyalty/customer_agent.html"

    def get(self, request: HttpRequest, customer: str) -> HttpResponse:
        return self.render(self.template, self.around(self.customer(customer)))

    def post(self, request: HttpRequest, customer: str) -> HttpResponse:
        person = self.customer(customer)
        form = AgentForm(request.POST, choices=minding.choices(person), kept="")
        choose = lambda: minding.choose(  # noqa: E731
            person, by=self.staff, at=now(), based_on=form.based_on(), **form.cleaned_data
        )
        return self.answer(form, choose, done=self.done, context=lambda: self.around(person))

    def done(self, kept: DedicatedAgent) -> str:
        self.say(_("%(name)s is their dedicated agent.") % {"name": kept.staff.name})
        return reverse("customers:customer", args=[Customer(pk=kept.customer_id).public_id])

    def around(self, person: Customer) -> dict[str, Any]:
        found, people = glance.of(person, now()), minding.choices(person)
        kept = found.agent.code if found.agent else ""
        return {
            "title": _("Dedicated agent"), "person": person, "now": found, "tier": found.tier_name,
            "form": AgentForm(None, choices=people, kept=kept) if people else None, "crumbs": crumbs(person),
        }  # fmt: skip


class SortForm(forms.Form):
    sort = forms.ChoiceField(
        label=gettext_lazy("Sorted by"), required=False,
        choices=[
            ("new", gettext_lazy("Came to you last")), ("last", gettext_lazy("Not here for longest")),
            ("name", pgettext_lazy("person", "Name")),
        ],
    )  # fmt: skip

    def order(self) -> str:
        return ORDERS.get(self.cleaned_data["sort"] if self.is_valid() else "", ORDERS["new"])


def own_members(staff: Staff) -> QuerySet[Customer]:
    """The members whose agent somebody is, of those they may see, with what the list is sorted by."""
    own = DedicatedAgent.objects.filter(customer=OuterRef("pk"), staff=staff)
    kept = Q(returned=0) | Q(returned__lt=F("amount"))
    bought = Purchase.objects.filter(kept, customer=OuterRef("pk")).order_by().values("customer")
    people: Any = Customer.objects.visible_to(staff).living().select_related("home_store")
    mine = DedicatedAgent.objects.filter(staff=staff).values("customer_id")
    found: QuerySet[Customer] = people.filter(pk__in=mine).annotate(
        own_since=Subquery(own.values("since")),
        last_on=Subquery(bought.annotate(last=Max("business_date")).values("last")),
    )
    return found


class MyMembers(StaffView):
    """The members whose dedicated agent one is."""

    permission = Permission.VIEW_CUSTOMERS

    def get(self, request: HttpRequest) -> HttpResponse:
        form = SortForm(request.GET or None)
        people = own_members(self.staff)
        page = page_of(people, request, form.order(), size=SIZE)
        labels, shown = rows_of(self.staff, page.rows)
        query = request.GET.copy()
        query.pop("after", None)
        context = {
            "title": _("My members"), "form": form, "page": page, "labels": [*labels, _("Points")],
            "rows": _with_points(shown), "count": count_of(people), "counted": COUNTED, "night": nights.published(),
            "query": query.urlencode(), "export": reverse("loyalty:my-members-export"),
            "crumbs": [(_("Customers"), reverse("customers:list"))], "blank": _("No members yet"),
            "blank_text": _("Members whose tier promises a dedicated agent come to you by night, or by a manager."),
        }  # fmt: skip
        return self.render("loyalty/my_members.html", context)


def _with_points(rows: list[Row]) -> list[Row]:
    told = glance.lines([row.customer.pk for row in rows], now())
    for row in rows:
        found = told.get(row.customer.pk)
        row.more.append((number(found.spendable if found else 0), ""))
    return rows


class MyMembersExport(StaffView):
    """The same as a file, with who asked in the trail."""

    permission = Permission.EXPORT_CUSTOMERS

    def get(self, request: HttpRequest) -> HttpResponseBase:
        kind = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
        details = {"format": kind, "part": {"agent": self.staff.pk}}
        with transaction.atomic():
            trail.record("customers.export", "customers.customer:*", by=self.staff, details=details)
        return download(self.staff, own_members(self.staff).order_by("pk"), kind, _("my-members"))
