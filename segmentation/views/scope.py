"""Looking at a part of one's stores: the filters that all segment pages share."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.org.models import Region, Staff, Store
from crm.org.permissions import Permission
from crm.org.scope import Scope, Viewer
from customers import nights


@dataclass(frozen=True)
class Narrowed:
    """A viewer who looks at fewer stores than they may."""

    staff: Staff
    store_ids: frozenset[int]

    def may(self, permission: Permission) -> bool:
        return self.staff.may(permission)

    def scope(self) -> Scope:
        own = self.staff.scope().store_ids
        return Scope(self.store_ids if own is None else self.store_ids & own)


class Kept(forms.Form):
    """Filters whose state stands in the address."""

    staff: Staff

    @property
    def wanted(self) -> dict[str, Any]:
        """What the address asks and is understood."""
        self.is_valid()
        return self.cleaned_data

    @property
    def is_lost(self) -> bool:
        """Whether the address makes so little sense that nobody is found, rather than more than was asked for."""
        return bool(self.errors)

    @property
    def viewer(self) -> Staff | Narrowed:
        """The person, or the person looking at one store or region only; at none when that cannot be told."""
        if self.is_lost:
            return Narrowed(self.staff, frozenset())
        if store := self.wanted.get("store"):
            return Narrowed(self.staff, frozenset({store.pk}))
        if region := self.wanted.get("region"):
            ids = Store.objects.visible_to(self.staff).filter(region=region).values_list("pk", flat=True)
            return Narrowed(self.staff, frozenset(ids))
        return self.staff


class Filter(Kept):
    """Which night, and whose stores. What is outside one's scope is not offered and not found."""

    on = forms.ChoiceField(label=gettext_lazy("Night"), required=False)
    region = forms.ModelChoiceField(Region.objects.none(), label=gettext_lazy("Region"), required=False)
    store = forms.ModelChoiceField(Store.objects.none(), label=gettext_lazy("Home store"), required=False)

    def __init__(self, data: Any, staff: Staff, *, dates: list[date]) -> None:
        super().__init__(data)
        self.staff = staff
        known = [(day.isoformat(), date_format(day)) for day in dates]
        self.fields["on"].choices = [("", _("Last night")), *known]  # type: ignore[attr-defined]
        stores = Store.objects.visible_to(staff).only("name", "region").order_by("name", "pk")
        self.fields["store"].queryset = stores  # type: ignore[attr-defined]
        self.fields["region"].queryset = Region.objects.filter(stores__in=stores).distinct()  # type: ignore[attr-defined]
        for name in ("store", "region"):
            self.fields[name].empty_label = _("All")  # type: ignore[attr-defined]
        if staff.scope().store_ids is not None:
            del self.fields["region"]
        if stores.count() == 1:
            del self.fields["store"]

    @property
    def day(self) -> date | None:
        return date.fromisoformat(self.wanted["on"]) if self.wanted.get("on") else None


class StoreFilter(Filter):
    """Whose stores, where only the newest night can be looked at."""

    def __init__(self, data: Any, staff: Staff) -> None:
        super().__init__(data, staff, dates=[])
        del self.fields["on"]


def whole_chain(viewer: Viewer) -> str:
    """What is said of everybody's figures to who looks at some stores only; to the others nothing."""
    return "" if viewer.scope().store_ids is None else _("of the whole chain")


def last_dates(most: int = 400) -> list[date]:
    return nights.published_dates()[:most]
