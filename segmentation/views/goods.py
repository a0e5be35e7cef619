"""Pages about goods that go together: rules as a table and a chart, and the cross-sell matrix."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.audit import trail
from crm.org.permissions import Permission
from crm.ui import export, words
from crm.ui.pages import Page
from crm.ui.views import StaffView
from segmentation.models import Level, ProductFit
from segmentation.products import rules
from segmentation.products.rules import Asked, Rule
from segmentation.views.base import tabs
from segmentation.views.scope import whole_chain

CHARTED = 12
MINIMA = (("", "0.1 %"), ("0.002", "0.2 %"), ("0.005", "0.5 %"), ("0.01", "1 %"), ("0.05", "5 %"))
PROMOTED = (("", gettext_lazy("All purchases")), ("no", gettext_lazy("Without what was on promotion")))
PLACES = (
    ("rules", gettext_lazy("Bought together"), "segmentation:products", Permission.VIEW_SEGMENTS),
    ("matrix", gettext_lazy("Cross-sell matrix"), "segmentation:cross-sell", Permission.VIEW_SEGMENTS),
    ("due", gettext_lazy("Needed this week"), "segmentation:due", Permission.VIEW_SEGMENTS),
    ("stock", gettext_lazy("What to stock"), "segmentation:stock", Permission.VIEW_SEGMENTS),
    ("ages", gettext_lazy("Age limits"), "segmentation:ages", Permission.EDIT_TARGETS),
)


def around(view: StaffView, place: str) -> dict[str, Any]:
    """What the pages about goods share: both rows of tabs, and the night."""
    shown = [
        (label, reverse(name), key == place) for key, label, name, permission in PLACES if view.staff.may(permission)
    ]  # fmt: skip
    return {
        "tabs": tabs(view, "products"), "places": shown, "title": _("Segments"), "fit": rules.fit(),
        "whole": whole_chain(view.staff),
    }  # fmt: skip


class RulesForm(forms.Form):
    q = forms.CharField(label=gettext_lazy("Goods"), required=False, max_length=80)
    level = forms.TypedChoiceField(
        label=gettext_lazy("Level"), required=False, coerce=int, empty_value=Level.TYPE.value,  # type: ignore[arg-type]
        choices=[("", Level.TYPE.label), *((one.value, one.label) for one in Level if one != Level.TYPE)],
    )  # fmt: skip
    least = forms.TypedChoiceField(
        label=gettext_lazy("In at least"),
        required=False,
        coerce=float,
        empty_value=0.0,  # type: ignore[arg-type]
        choices=MINIMA,
    )
    sort = forms.ChoiceField(
        label=gettext_lazy("Sort by"), required=False,
        choices=[("", gettext_lazy("Lift")), ("confidence", gettext_lazy("Confidence")),
                 ("support", gettext_lazy("Support"))],
    )  # fmt: skip
    promoted = forms.ChoiceField(label=gettext_lazy("Counted"), required=False, choices=PROMOTED)

    def asked(self, request: HttpRequest) -> Asked:
        self.is_valid()
        told = self.cleaned_data  # what is not understood is left out, and marked
        pair = [_number(request.GET.get(name)) for name in ("a", "b")]
        return Asked(
            Level(told.get("level") or Level.TYPE), told.get("promoted") == "no", told.get("least") or 0.0,
            told.get("q", "").strip(), told.get("sort") or "lift", *pair,
        )  # fmt: skip


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


class RulesPage(StaffView):
    permission = Permission.VIEW_SEGMENTS

    def get(self, request: HttpRequest) -> HttpResponse:
        form = RulesForm(request.GET)
        context = around(self, "rules") | {"form": form, "export": reverse("segmentation:products-export")}
        if context["fit"]:
            context |= _shown(context["fit"], form.asked(request), request)
        return self.render("segmentation/products.html", context)


def _shown(fit: ProductFit, asked: Asked, request: HttpRequest) -> dict[str, Any]:
    start = min(_number(request.GET.get("after")) or 0, rules.EXPORTED)
    found, count = rules.rules(fit, asked, rules.SHOWN, start)
    further = start + len(found)
    page = Page(found, str(further) if found and further < min(count, rules.EXPORTED) else None, not start)
    hidden = {name: request.GET[name] for name in ("a", "b") if request.GET.get(name)}
    query = request.GET.copy()
    query.pop("after", None)
    return {"page": page, "count": count, "chart": _chart(found[:CHARTED]), "hidden": hidden,
            "baskets": rules.baskets(fit, asked.is_plain), "query": query.urlencode()}  # fmt: skip


def _chart(found: list[Rule]) -> dict[str, Any]:
    return {
        "labels": [f"{one.first} + {one.second}" for one in found],
        "horizontal": True,
        "series": [{"name": _("Lift"), "values": [round(one.pair.lift, 2) for one in found]}],
    }


class RulesExport(StaffView):
    """Pairs as a file: sums only, no customers."""

    permission = Permission.EXPORT_SEGMENTS

    def get(self, request: HttpRequest) -> HttpResponseBase:
        asked, fit = RulesForm(request.GET).asked(request), rules.fit()
        found = rules.rules(fit, asked, rules.EXPORTED)[0] if fit else []
        header = [
            _("First item"), _("Second item"), _("Baskets with both"), _("Baskets with the first"),
            _("Baskets with the second"), _("Support"), _("Confidence"), _("from"), _("to"), _("Lift"), _("from"),
            _("to"),
        ]  # fmt: skip
        return downloaded(self, request, _("goods-bought-together"), header, [_row(one) for one in found])


def _row(one: Rule) -> list[Any]:
    pair = one.pair
    measures = (one.support, pair.confidence, *one.confidence_interval, pair.lift, *one.lift_interval)
    counts = [pair.both, pair.first_baskets, pair.second_baskets]
    return [one.first, one.second, *counts, *(round(value, 6) for value in measures)]


def downloaded(
    view: StaffView, request: HttpRequest, name: str, header: list[Any], rows: list[list[Any]]
) -> HttpResponseBase:
    kind = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
    with transaction.atomic():
        details = {"format": kind, "what": name}
        trail.record("products.export", "segmentation.basketpair:*", by=view.staff, details=details)
    return export.download(name, kind, header, rows)


class MatrixForm(forms.Form):
    level = forms.TypedChoiceField(
        label=gettext_lazy("Level"), required=False, coerce=int, empty_value=Level.CATEGORY.value,  # type: ignore[arg-type]
        choices=[("", Level.CATEGORY.label), *((one.value, one.label) for one in (Level.TYPE, Level.BRAND))],
    )  # fmt: skip
    promoted = forms.ChoiceField(label=gettext_lazy("Counted"), required=False, choices=PROMOTED)


class MatrixPage(StaffView):
    """How much more often than by chance each two of the most bought categories are in one basket."""

    permission = Permission.VIEW_SEGMENTS

    def get(self, request: HttpRequest) -> HttpResponse:
        form = MatrixForm(request.GET)
        form.is_valid()
        told = form.cleaned_data
        level, is_plain = Level(told.get("level") or Level.CATEGORY), told.get("promoted") == "no"
        context = around(self, "matrix") | {"form": form, "levels": range(10)}
        if context["fit"]:
            context |= _drawn(context["fit"], level, is_plain)
        return self.render("segmentation/cross_sell.html", context)


def _drawn(fit: ProductFit, level: Level, is_plain: bool) -> dict[str, Any]:
    found = rules.matrix(fit, level, is_plain)
    asked = {"level": level.value} | ({"promoted": "no"} if is_plain else {})
    rows = [
        (name, [_cell(found.cells.get((item, other)), asked) for other, _name in found.items])
        for item, name in found.items
    ]
    return {
        "columns": [name for _item, name in found.items],
        "rows": rows,
        "across": _("with"),
        "down": _("Bought"),
    }


def _cell(rule: Rule | None, asked: dict[str, Any]) -> dict[str, Any]:
    if rule is None:
        return {"href": "", "main": "", "title": _("Too few baskets with both")}
    low, high = rule.lift_interval
    told = {"a": rule.first, "b": rule.second, "lift": words.number(rule.pair.lift, 2), "low": words.number(low, 2),
            "high": words.number(high, 2), "n": words.number(rule.pair.both)}  # fmt: skip
    pair = {"a": rule.pair.first, "b": rule.pair.second}
    return {
        "href": f"{reverse('segmentation:products')}?{urlencode({**asked, **pair})}",
        "level": rules.heat(rule.pair.lift), "main": words.number(rule.pair.lift, 1),
        "sub": words.percent(rule.support, 1),
        "title": _("%(a)s and %(b)s: lift %(lift)s (%(low)s to %(high)s), in %(n)s baskets") % told,
    }  # fmt: skip
