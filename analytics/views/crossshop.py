"""Cross-shop: who buys at two or three of some categories, brands or stores."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from analytics import crossshop
from analytics.crossshop import PEOPLE, Combination, Overlap, Set
from analytics.goods import Goods
from analytics.questions import Question
from analytics.views.base import Behind, Page, Table
from analytics.views.filters import Filters, categories
from analytics.views.words import days
from crm.org.models import Staff, Store
from customers.models import Brand, Category

NAMES = ("first", "second", "third")


class SetFilters(Filters):
    """Each set is a category ("c:path"), a store ("s:number") or a brand ("b:name")."""

    without = frozenset({"against", "category", "brand"})

    first = forms.ChoiceField(label=pgettext_lazy("which", "First"), required=False)
    second = forms.ChoiceField(label=gettext_lazy("Second"), required=False)
    third = forms.ChoiceField(label=gettext_lazy("Third"), required=False)
    field_order = [*NAMES, "period", "since", "until", "region", "store", "channel", "group", "segment"]

    def __init__(self, data: Any, staff: Staff) -> None:
        super().__init__(data, staff)
        stores = [
            (f"s:{pk}", name)
            for pk, name in Store.objects.visible_to(staff).order_by("name").values_list("pk", "name")
        ]
        goods = [(f"c:{path}", label) for path, label in categories()]
        brands = [(f"b:{name}", name) for name in self._brands()]
        choices = [("", "–"), (_("Categories"), goods), (_("Stores"), stores), (_("Brands"), brands)]
        for name in NAMES:
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    def _brands(self) -> list[str]:
        from django.db.models import Count

        rows = (
            Brand.objects.annotate(goods=Count("products"))
            .order_by("-goods", "name")
            .values_list("name", flat=True)
        )
        chosen = [self.data[name][2:] for name in NAMES if str(self.data.get(name, "")).startswith("b:")]
        return sorted({*rows[:50], *Brand.objects.filter(name__in=chosen).values_list("name", flat=True)})

    def sets(self) -> list[Set]:
        """Those that the address names, each once."""
        asked = dict.fromkeys(self.wanted[name] for name in NAMES if self.wanted.get(name))
        return [_set(one) for one in asked]


def _set(text: str) -> Set:
    kind, _colon, name = text.partition(":")
    if kind == "s":
        return Set(store=Store.objects.get(pk=name))
    if kind == "b":
        return Set(Goods(brand=Brand.objects.get(name=name)))
    return Set(Goods(category=Category.objects.get(path=name)))


class CrossShop(Page):
    key = "crossshop"
    filters = SetFilters

    def shown(self, question: Question, form: Any) -> dict[str, Any]:
        sets = form.sets()
        if len(sets) < 2:
            return {"found": None}
        found = crossshop.overlap(question, sets)
        rows = self._combinations(found, form)
        told = [
            (one.name, found.buyers_of[i], found.spent_in[i], self.link(form, set=i))
            for i, one in enumerate(sets)
        ]
        return {
            "found": found,
            "rows": rows,
            "sets": told,
            "pairs": [(sets[one.first].name, sets[one.second].name, one) for one in found.pairs],
            "chart": _chart(rows),
            "days": days(question.period),
        }

    def _combinations(self, found: Overlap, form: Filters) -> list[tuple[str, Combination, float, Any, str]]:
        return [
            (
                name_of(found, one.mask),
                one,
                one.customers / found.customers,
                one.spent / found.spent if found.spent else None,
                self.link(form, mask=one.mask),
            )
            for one in found.combinations
        ]


def name_of(found: Overlap, mask: int) -> str:
    names = [one.name for i, one in enumerate(found.sets) if mask & 1 << i]
    return " + ".join(names) if len(names) > 1 else _("Only %(name)s") % {"name": names[0]}


def _chart(rows: list[tuple[str, Any, float, Any, str]]) -> dict[str, Any]:
    links = [link for *_rest, link in rows]
    return {
        "labels": [name for name, *_rest in rows],
        "horizontal": True,
        "percent": True,
        "series": [
            {"name": _("Share of customers"), "values": [share for _n, _c, share, _s, _l in rows], "links": links},
            {"name": _("Share of sales"), "values": [float(s or 0) for _n, _c, _h, s, _l in rows], "links": links},
        ],
    }  # fmt: skip


def table(question: Question, form: Any) -> Table:
    sets = form.sets()
    header = [_("Bought"), _("Customers"), _("Sales of these"), _("All that they bought")]
    if len(sets) < 2:
        return Table(_("cross-shop"), header, [])
    found = crossshop.overlap(question, sets)
    rows = [[name_of(found, one.mask), one.customers, one.spent, one.whole] for one in found.combinations]
    return Table("-".join([_("cross-shop"), *(one.name for one in sets)]), header, rows)


def behind(question: Question, form: Any, request: HttpRequest) -> Behind | None:
    """Those of one combination (`mask`), or all of one set (`set`)."""
    sets = form.sets()
    whole, mask = request.GET.get("set", ""), request.GET.get("mask", "")
    if len(sets) < 2 or not ({whole, mask} & set("0123456789")):
        return None
    if whole in ("0", "1", "2") and int(whole) < len(sets):
        title, asked, wanted = sets[int(whole)].name, 1 << int(whole), 1 << int(whole)
    elif mask in "1234567" and mask and int(mask) < 1 << len(sets):
        asked, wanted = (1 << len(sets)) - 1, int(mask)
        title = " + ".join(one.name for i, one in enumerate(sets) if wanted & 1 << i)
    else:
        return None
    values = crossshop.values_of(question, sets) | {"asked": asked, "mask": wanted}
    return Behind(title, _("Bought from %(days)s.") % {"days": days(question.period)}, PEOPLE, values)
