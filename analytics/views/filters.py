"""The filters of the analyses. Their state stands in the address, so a page can be sent to somebody."""

from datetime import date, timedelta
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.goods import Goods
from analytics.periods import EARLIEST, Against, Period, Preset, compared, period_of
from analytics.questions import Question
from crm.org.models import Region, Staff, Store
from customers.models import Brand, Category, Channel, Night
from segmentation import generations
from segmentation.models import Group, LifetimeFit, Segment
from segmentation.views.scope import Kept

BEHIND = timedelta(days=7)  # tills are at most so late; after that nothing was sold
SEGMENTS = 300  # offered, by their names
BRANDS = 300  # offered while typing; any other is found by its name


def categories(chosen: str = "") -> list[tuple[str, str]]:
    """Departments and what is right below them, and the one that is chosen however deep it lies."""
    known = Category.objects.order_by("path").values_list("path", "name")
    rows = [(path, name) for path, name in known if path.count("/") < 2 or path == chosen]
    return [(path, f"{'– ' * path.count('/')}{name}") for path, name in rows]


def usable(staff: Staff, chosen: str = "") -> dict[str, Segment]:
    """Saved segments that the person may look at, by name, and the one that is chosen however many there are."""
    seen = Segment.objects.visible_to(staff).in_use().order_by("name", "pk")
    asked = seen.filter(pk=Segment.row_id(chosen) or 0) if chosen else []
    return {one.public_id: one for one in [*seen[:SEGMENTS], *asked]}


def last_day(night: Night) -> date:
    """The last day of which there are receipts: where tills are some days behind, sales have not fallen."""
    fit: LifetimeFit | None = generations.serving(LifetimeFit)
    is_near = fit is not None and night.on - fit.until <= BEHIND
    return fit.until if fit is not None and is_near else night.on


class Filters(Kept):
    """Which sales, in which days. `without` are the fields that a page has no use for.

    What is not understood is left out and said, and the rest holds.
    """

    without: ClassVar[frozenset[str]] = frozenset()

    period = forms.ChoiceField(label=gettext_lazy("Period"), choices=Preset.choices, required=False)
    since = forms.DateField(
        label=gettext_lazy("First day"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=gettext_lazy("Last day"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    against = forms.ChoiceField(label=gettext_lazy("Against"), choices=Against.choices, required=False)
    region = forms.ModelChoiceField(Region.objects.none(), label=gettext_lazy("Region"), required=False)
    store = forms.ModelChoiceField(Store.objects.none(), label=gettext_lazy("Store"), required=False)
    channel = forms.TypedChoiceField(
        label=gettext_lazy("Channel"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", gettext_lazy("All")), *Channel.choices],
    )
    category = forms.ChoiceField(label=gettext_lazy("Category"), required=False)
    brand = forms.CharField(
        label=gettext_lazy("Brand"),
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"type": "search", "list": "brands"}),
    )
    group = forms.ModelChoiceField(
        Group.objects.all(), label=gettext_lazy("Group"), required=False, to_field_name="code"
    )
    segment = forms.ChoiceField(label=gettext_lazy("Segment"), required=False)

    def __init__(self, data: Any, staff: Staff) -> None:
        super().__init__({"period": Preset.WEEKS_4, **dict(data.items())})
        self.staff = staff
        stores = Store.objects.visible_to(staff).only("name", "region").order_by("name", "pk")
        self.fields["store"].queryset = stores  # type: ignore[attr-defined]
        self.fields["region"].queryset = Region.objects.filter(stores__in=stores).distinct()  # type: ignore[attr-defined]
        for name in ("store", "region", "group"):
            self.fields[name].empty_label = _("All")  # type: ignore[attr-defined]
        self.fields["category"].choices = [("", _("All")), *categories(self.data.get("category", ""))]  # type: ignore[attr-defined]
        self.segments = usable(staff, self.data.get("segment", ""))
        known = [(code, one.name) for code, one in self.segments.items()]
        self.fields["segment"].choices = [("", _("All")), *known]  # type: ignore[attr-defined]
        unasked = {"region"} if staff.scope().store_ids is not None else set()
        unasked |= {"store"} if stores.count() == 1 else set()
        for name in {*unasked, *self.without}:
            del self.fields[name]

    def clean_segment(self) -> Segment | None:
        return self.segments.get(self.cleaned_data["segment"])

    def clean_brand(self) -> Brand | None:
        name = self.cleaned_data["brand"].strip()
        found = Brand.objects.filter(name__iexact=name).first() if name else None
        if name and found is None:
            raise forms.ValidationError(_("No brand has this name."))
        return found

    def clean(self) -> dict[str, Any]:
        wanted = super().clean() or self.cleaned_data
        if wanted.get("period") == Preset.OWN and not self.errors:
            since, until = wanted.get("since"), wanted.get("until")
            if not since or not until:
                self.add_error("until" if since else "since", _("Own dates need a first and a last day."))
            elif since > until:
                self.add_error("until", _("The last day lies before the first."))
        return wanted

    @property
    def is_lost(self) -> bool:
        """Of a place that is not there for this person nothing is told, rather than of all."""
        return not {"region", "store"}.isdisjoint(self.errors)

    @property
    def left_out(self) -> list[tuple[Any, str]]:
        """What of the address is not understood: the name of the field, and what is wrong with it."""
        return [
            (self[name].label, self._fault(name, one))
            for name, each in self.errors.as_data().items()
            for one in each
        ]

    def _fault(self, name: str, error: ValidationError) -> str:
        if error.code == "invalid_choice":
            return _("“%(value)s” is not one of the choices.") % {"value": self.data.get(name, "")}
        return " ".join(error.messages)

    def narrowed(self) -> list[str]:
        """What narrows the sales, in words."""
        wanted = self.wanted
        rows = [wanted[name].name for name in ("region", "store", "group", "segment") if wanted.get(name)]
        channel = wanted.get("channel")
        return [self.goods.name, *([Channel(channel).label] if channel else []), *rows]

    @property
    def goods(self) -> Goods:
        path = self.wanted.get("category")
        category = Category.objects.select_related("parent").filter(path=path).first() if path else None
        return Goods(category, self.wanted.get("brand"))

    def question(self, night: Night) -> Question:
        """What the address asks, `night` being the last one."""
        period = self._period(last_day(night))
        return Question(
            viewer=self.viewer,
            period=period,
            before=compared(period, self.wanted.get("against") or Against.BEFORE),
            night=night,
            channel=self.wanted.get("channel"),
            goods=self.goods,
            group=self.wanted.get("group"),
            segment=self.wanted.get("segment"),
        )

    def _period(self, on: date) -> Period:
        wanted = self.wanted
        if wanted.get("period") != Preset.OWN or not (wanted.get("since") and wanted.get("until")):
            return period_of(wanted.get("period", ""), on)
        # What lies outside of all receipts is not looked at: so the calendar never ends.
        return Period(*(min(max(wanted[name], EARLIEST), on) for name in ("since", "until")))

    def brands(self) -> list[str]:
        """The names to offer: those with the most goods."""
        from django.db.models import Count

        rows = Brand.objects.annotate(goods=Count("products")).order_by("-goods", "name")
        return list(rows.values_list("name", flat=True)[:BRANDS]) if "brand" in self.fields else []
