"""Who needs something again this week, as a list with reasons, and what stores should have for them."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from crm.org.permissions import Permission
from crm.ui import export
from crm.ui.views import StaffView
from customers.models import Category, Customer, Product
from customers.views.facts import rows_of
from segmentation.models import ProductFit
from segmentation.products import needs, reasons, rules
from segmentation.products.recommending import Suggestion
from segmentation.segments import uses
from segmentation.views.goods import around, downloaded
from segmentation.views.keeping import KeepAsList
from segmentation.views.members import ListWork, listed, taken
from segmentation.views.scope import Filter

CHUNK = 2000


class NeedsFilter(Filter):
    """`kind`: a type of goods; `sku`: one product."""

    field_order = ["kind", "sku", "region", "store"]
    kind = forms.ChoiceField(label=gettext_lazy("Type of goods"), required=False)
    sku = forms.CharField(label=gettext_lazy("SKU"), required=False, max_length=64)

    def __init__(self, data: Any, staff: Any, fit: ProductFit | None) -> None:
        super().__init__(data, staff, dates=[])
        del self.fields["on"]
        kinds = needs.kinds(fit) if fit else []
        self.fields["kind"].choices = [("", _("All")), *kinds]  # type: ignore[attr-defined]

    def what(self) -> dict[str, int | None]:
        told = self.wanted
        sku = told.get("sku", "").strip()
        product = Product.objects.filter(sku=sku).values_list("pk", flat=True).first() or 0 if sku else None
        return {"kind": int(told["kind"]) if told.get("kind") else None, "product": product}


class Asked:
    """The people that the address names, within one's scope, and what they need."""

    def __init__(self, request: HttpRequest, view: StaffView) -> None:
        self.fit = rules.fit()
        self.form = NeedsFilter(request.GET, view.staff, self.fit)
        self.what = self.form.what()

    def people(self) -> QuerySet[Customer]:
        if self.fit is None:
            return Customer.objects.none().select_related("home_store")
        return needs.people(self.fit, self.form.viewer, **self.what)

    def goods(self, ids: list[int]) -> dict[int, list[Suggestion]]:
        return needs.of_customers(self.fit, ids, **self.what) if self.fit else {}

    def reasons(self, ids: list[int]) -> dict[int, str]:
        return {pk: _told(some) for pk, some in self.goods(ids).items()}

    def name(self) -> str:
        kind = self.what["kind"]
        named = Category.objects.filter(pk=kind).values_list("name", flat=True).first() if kind else ""
        return named or _("goods they buy regularly")


def _told(some: list[Suggestion]) -> str:
    """The soonest with its reason, and how many more there are."""
    first = _("%(name)s: %(reason)s") % {"name": some[0].name, "reason": reasons.sentence(some[0])}
    more = len(some) - 1
    told = ngettext("%(first)s; %(n)s more", "%(first)s; %(n)s more", more)
    return told % {"first": first, "n": more} if more else first


class DuePage(StaffView):
    permission = Permission.VIEW_SEGMENTS

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = Asked(request, self)
        shown = listed(self, asked.people(), request)
        told = asked.reasons([row.customer.pk for row in shown["rows"]])
        for row in shown["rows"]:
            row.more.insert(0, (told.get(row.customer.pk, "–"), ""))
        context = around(self, "due") | shown | {
            "labels": [_("Needs"), *shown["labels"]], "form": asked.form, "export": reverse("segmentation:due-export"),
            "follow_ups": reverse("segmentation:due-work"), "keep": reverse("segmentation:due-list"),
            "blank": _("Nobody needs anything"),
            "blank_text": _("Who buys something at regular intervals appears here in the week in which it is due."),
        }  # fmt: skip
        return self.render("segmentation/due.html", context)


class DueExport(StaffView):
    permission = Permission.EXPORT_CUSTOMERS

    def get(self, request: HttpRequest) -> HttpResponseBase:
        asked = Asked(request, self)
        what = {name: str(value) for name, value in asked.what.items() if value}
        kind, ids = taken(self, asked.people(), request, what)
        header = [
            _("Customer"), pgettext("person", "Name"), _("Phone"), _("Home store"), _("SKU"), _("Product"),
            _("Usual days between"), _("Last bought"), _("Due"),
        ]  # fmt: skip
        name = _("needed-this-week")
        return export.download(f"{name}-{localdate():%Y%m%d}", kind, header, self.lines(asked, ids))

    def lines(self, asked: Asked, ids: list[int]) -> Iterator[list[Any]]:
        """A line for each of the goods that somebody needs, the soonest of each customer first."""
        rows, today = uses.these(asked.people(), ids).order_by("pk"), localdate()
        people = rows.iterator(chunk_size=CHUNK)
        while chunk := list(islice(people, CHUNK)):
            goods = asked.goods([one.pk for one in chunk])
            for row in rows_of(self.staff, chunk)[1]:
                person, store = row.customer, row.customer.home_store
                for one in goods.get(person.pk, []):
                    last = today - timedelta(days=one.ago)
                    yield [
                        row.public_id, person.name, row.phone, store.name if store else "", one.sku, one.name, one.gap,
                        last, last + timedelta(days=one.gap),
                    ]  # fmt: skip


class DueList(KeepAsList):
    """A list of those who need something."""

    def people(self) -> QuerySet[Customer]:
        return Asked(self.request, self).people()

    def name(self) -> str:
        return _("May need again: %(goods)s") % {"goods": Asked(self.request, self).name()}

    def back(self) -> str:
        return f"{reverse('segmentation:due')}?{self.request.GET.urlencode()}"


class DueWork(ListWork):
    """Follow-ups for those who need something."""

    permission = Permission.ASSIGN_WORK

    def people(self) -> QuerySet[Customer]:
        return Asked(self.request, self).people()

    def about(self) -> str:
        return str(_("May need again: %(goods)s") % {"goods": Asked(self.request, self).name()})

    def back(self) -> str:
        return f"{reverse('segmentation:due')}?{self.request.GET.urlencode()}"


class StockFilter(NeedsFilter):
    field_order = ["q", "kind", "region", "store"]
    q = forms.CharField(label=gettext_lazy("Goods"), required=False, max_length=80)

    def __init__(self, data: Any, staff: Any, fit: ProductFit | None) -> None:
        super().__init__(data, staff, fit)
        del self.fields["sku"]
        if "store" in self.fields:
            self.fields["store"].label = _("Store")

    def rows(self, fit: ProductFit) -> QuerySet[Any]:
        told = self.wanted
        kind = int(told["kind"]) if told.get("kind") else None
        return needs.stock(fit, self.viewer, kind=kind, words=told.get("q", "").strip())


class StockPage(StaffView):
    permission = Permission.VIEW_SEGMENTS

    def get(self, request: HttpRequest) -> HttpResponse:
        context = around(self, "stock")
        form = StockFilter(request.GET, self.staff, context["fit"])
        context |= {
            "form": form,
            "export": reverse("segmentation:stock-export"),
            "query": request.GET.urlencode(),
        }
        if context["fit"]:
            rows = form.rows(context["fit"])
            context |= {"rows": list(rows[: needs.LISTED]), "count": rows.count()}
        return self.render("segmentation/stock.html", context)


class StockExport(StaffView):
    """Sums by store and product: no customers."""

    permission = Permission.EXPORT_SEGMENTS

    def get(self, request: HttpRequest) -> HttpResponseBase:
        fit = rules.fit()
        rows = StockFilter(request.GET, self.staff, fit).rows(fit) if fit else []
        header = [
            _("Store"), _("SKU"), _("Product"), _("Customers"), _("Needed next week"), _("Sold last week"),
            _("A usual week"),
        ]  # fmt: skip
        told = [
            [one.store.name, one.product.sku, one.product.name, one.customers, one.due_pieces, one.week_pieces,
             one.usual_pieces]
            for one in rows
        ]  # fmt: skip
        return downloaded(self, request, _("what-to-stock"), header, told)
