"""The list of customers: filters in the address, keyset pages, export."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from django import forms
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from crm.audit import trail
from crm.org.models import Region, Store
from crm.org.permissions import Permission
from crm.org.scope import Viewer
from crm.ui import export
from crm.ui.pages import page_of
from crm.ui.views import StaffView
from customers import customfields, nights, stages
from customers.models import Customer, CustomerTag, CustomField, FieldKind, Stage, Tag
from customers.views.facts import rows_of

COUNTED = 10_000  # counting further would cost more than it tells


class CustomerFilter(forms.Form):
    """What the address may ask for. What is outside one's scope can be named, and is found nowhere."""

    region = forms.ModelChoiceField(Region.objects.none(), label=gettext_lazy("Region"), required=False)
    store = forms.ModelChoiceField(Store.objects.none(), label=gettext_lazy("Home store"), required=False)
    stage = forms.TypedChoiceField(
        label=gettext_lazy("Stage"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", gettext_lazy("All")), *Stage.choices],
    )
    tag = forms.ModelChoiceField(Tag.objects.all(), label=gettext_lazy("Tag"), required=False)
    enrolled = forms.ChoiceField(
        label=gettext_lazy("Enrolment"),
        required=False,
        choices=[
            ("", gettext_lazy("All")),
            ("yes", gettext_lazy("Enrolled")),
            ("no", gettext_lazy("Not enrolled yet")),
        ],
    )

    def __init__(self, data: Any, staff: Viewer) -> None:
        super().__init__(data)
        self.staff = staff
        stores = Store.objects.visible_to(staff).only("name").order_by("name", "pk")
        self.fields["store"].queryset = stores  # type: ignore[attr-defined]
        self.fields["region"].queryset = Region.objects.filter(stores__in=stores).distinct()  # type: ignore[attr-defined]
        self.own = [one for one in customfields.definitions(staff) if one.is_listed]
        for one in self.own:
            self.fields[f"{customfields.PREFIX}{one.code}"] = _filter_of(one)
        for field in self.fields.values():
            if isinstance(field, forms.ModelChoiceField):
                field.empty_label = _("All")
        if stores.count() == 1:
            del self.fields["store"]
        if staff.scope().store_ids is not None:
            del self.fields["region"]

    def apply(self, rows: QuerySet[Customer]) -> QuerySet[Customer]:
        """Those who pass. An address that asks for what is not there (or not one's own) finds nobody."""
        if not self.is_valid():
            return rows.none()
        wanted = self.cleaned_data
        if store := wanted.get("store"):
            rows = rows.filter(home_store=store)
        if region := wanted.get("region"):
            rows = rows.filter(home_store__region=region)
        if stage := wanted.get("stage"):
            rows = rows.filter(Exists(stages.members(self.staff, stage).filter(customer=OuterRef("pk"))))
        if tag := wanted.get("tag"):
            rows = rows.filter(Exists(CustomerTag.objects.filter(customer=OuterRef("pk"), tag=tag)))
        if wanted.get("enrolled"):
            rows = rows.filter(is_stub=wanted["enrolled"] == "no")
        for one in self.own:
            if told := wanted.get(f"{customfields.PREFIX}{one.code}"):
                try:
                    # Through the index on what customers hold (docs/algorithms/custom-fields.md).
                    rows = rows.filter(custom__contains=_held(one, told))
                except customfields.InvalidCustom:
                    return rows.none()
        return rows


def _told(name: str, value: str) -> str:
    """As the trail keeps it: of the chain's own fields only that they were asked for."""
    return "…" if customfields.is_custom(name) else value


def _held(one: CustomField, told: str) -> dict[str, Any]:
    return customfields.clean({one.code: told}, [one], held={one.code: told})


def _filter_of(one: CustomField) -> forms.Field:
    if one.kind == FieldKind.FLAG:
        choices = [("", _("All")), ("true", _("yes")), ("false", _("no"))]
        return forms.ChoiceField(label=one.name, required=False, choices=choices)
    if one.kind == FieldKind.CHOICE:
        return forms.ChoiceField(
            label=one.name, required=False, choices=[("", _("All")), *one.options(retired=True).items()]
        )
    kind = {"date": "date", "number": "number"}.get(one.kind, "search")
    widget = forms.TextInput(attrs={"type": kind, "step": "any"} if kind == "number" else {"type": kind})
    return forms.CharField(label=one.name, required=False, max_length=customfields.LONGEST, widget=widget)


def asked_for(request: HttpRequest, staff: Viewer) -> tuple[CustomerFilter, QuerySet[Customer]]:
    """The filters of the address, and the customers of one's scope that pass them."""
    form = CustomerFilter(request.GET, staff)
    rows = Customer.objects.visible_to(staff).living().select_related("home_store")
    return form, form.apply(rows)


class Customers(StaffView):
    permission = Permission.VIEW_CUSTOMERS

    def get(self, request: HttpRequest) -> HttpResponse:
        form, rows = asked_for(request, self.staff)
        page = page_of(rows, request, "-pk")
        labels, shown = rows_of(self.staff, page.rows, form.own)
        query = request.GET.copy()
        query.pop("after", None)
        context = {
            "form": form,
            "page": page,
            "rows": shown,
            "labels": labels,
            "count": count_of(rows),
            "counted": COUNTED,
            "night": nights.published(),
            "query": query.urlencode(),
            "title": _("Customers"),
            "export": reverse("customers:export"),
            "follow_ups": reverse("customers:work-many"),
        }
        return self.render("customers/list.html", context)


class Export(StaffView):
    """The list as it is filtered, all of it, as a file. Goes into the trail with its filters and who asked."""

    permission = Permission.EXPORT_CUSTOMERS

    def get(self, request: HttpRequest) -> HttpResponseBase:
        form, rows = asked_for(request, self.staff)
        kind = request.GET.get("format", "csv")
        with transaction.atomic():
            filters = {key: _told(key, request.GET[key]) for key in form.fields if request.GET.get(key)}
            trail.record(
                "customers.export",
                "customers.customer:*",
                by=self.staff,
                details={"format": kind, "filters": filters},
            )
        return download(
            self.staff, rows.order_by("pk"), "xlsx" if kind == "xlsx" else "csv", _("customers"), form.own
        )


def download(
    staff: Any, rows: QuerySet[Customer], kind: str, name: str, own: Iterable[CustomField] = ()
) -> HttpResponseBase:
    """These customers as a file, with the columns that the lists show."""
    own = list(own)
    labels, _none = rows_of(staff, [], own)
    people = _in_chunks(staff, rows, own)
    first = next(people, None)
    labels = first[0] if first else labels
    header = [
        _("Customer"),
        pgettext("person", "Name"),
        _("Phone"),
        _("Home store"),
        _("Stage"),
        _("Last visit"),
        _("Purchases"),
        _("Spent"),
        *labels,
    ]
    cells = (line for chunk in ([first] if first else []) for line in chunk[1])
    rest = (line for chunk in people for line in chunk[1])
    return export.download(f"{name}-{timezone.localdate():%Y%m%d}", kind, header, _chain(cells, rest))


def _chain(*parts: Any) -> Iterator[list[Any]]:
    for part in parts:
        yield from part


def _in_chunks(
    staff: Any, rows: QuerySet[Customer], own: list[CustomField]
) -> Iterator[tuple[list[Any], list[list[Any]]]]:
    people = rows.iterator(chunk_size=2000)
    while chunk := list(islice(people, 2000)):
        labels, found = rows_of(staff, chunk, own)
        yield labels, [_cells(row) for row in found]


def _cells(row: Any) -> list[Any]:
    person, bought = row.customer, row.bought
    store = person.home_store.name if person.home_store else ""
    return [
        row.public_id,
        person.name,
        row.phone,
        store,
        row.stage.label if row.stage else "",
        bought.last_on,
        bought.count,
        bought.spent,
        *[words for words, _tone in row.more],
    ]


def count_of(rows: QuerySet[Customer]) -> int:
    """How many, up to COUNTED + 1."""
    return rows.select_related(None).order_by()[: COUNTED + 1].count()
