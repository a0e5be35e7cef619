"""The forms of the scheme and of the groups."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.urls import reverse_lazy
from django.utils.text import slugify
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from crm.ui.edits import EditForm
from segmentation import schemes
from segmentation.models import Axis, Group, Method, Scheme, scheme

CARRIED_GRID = "initial-grid"


class Limits(forms.CharField):
    """Rising whole numbers with spaces or commas between: "7 21 60 150"."""

    def prepare_value(self, value: Any) -> Any:
        return " ".join(map(str, value)) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[int]:
        text = str(super().clean(value) or "").replace(",", " ").replace("，", " ")
        try:
            return [int(part) for part in text.split()]
        except ValueError:
            raise forms.ValidationError(
                _("Whole numbers with spaces between, such as 7 21 60 150.")
            ) from None


class SchemeForm(EditForm, forms.Form):
    parts: ClassVar[dict[str, Any]] = {"grid": _("The painted map")}
    window_days = forms.IntegerField(
        label=_("Window in days"),
        min_value=1,
        max_value=3660,
        help_text=_("How far back frequency and money look."),
    )
    buckets = forms.TypedChoiceField(
        label=_("Number of scores"),
        coerce=int,
        choices=[(n, n) for n in range(3, 11)],
        # Another size brings the map that it begins with.
        widget=forms.Select(
            attrs={
                "hx-get": reverse_lazy("segmentation:scheme"),
                "hx-trigger": "change",
                "hx-target": "#grid",
                "hx-select": "#grid",
                "hx-swap": "outerHTML",
                "hx-include": "this",
            }
        ),
    )
    axis = forms.ChoiceField(
        label=_("Across"), choices=Axis.choices, help_text=_("Recency goes down, this goes across.")
    )
    method = forms.ChoiceField(
        label=_("Limits"), choices=Method.choices, widget=forms.Select(attrs={"data-shows": "yes"})
    )
    recency = Limits(
        label=_("Recency, in days"), required=False, help_text=_("The most days of each score but the last.")
    )
    frequency = Limits(label=_("Frequency, in purchases"), required=False)
    monetary = Limits(label=_("Money, in whole currency"), required=False)
    lapsed_group = forms.ChoiceField(label=_("Without a purchase in the window"))
    high_percent = forms.IntegerField(label=_("High value: share of revenue, %"), min_value=1, max_value=98)
    medium_percent = forms.IntegerField(
        label=_("Medium value: share of revenue, %"), min_value=1, max_value=98
    )

    def __init__(self, data: Any, *, now: Scheme, groups: list[Group]) -> None:
        limits = {name: now.cuts.get(name, []) for name in schemes.MEASURES}
        super().__init__(data, initial=now.settings() | limits)
        self.fields["lapsed_group"].choices = [(group.code, group.name) for group in groups]  # type: ignore[attr-defined]
        self.now = now
        self.carry()

    @property
    def carried_grid(self) -> str:
        """The grid that was shown, as the form carries it along."""
        return str(self.data.get(CARRIED_GRID) or json.dumps(self.now.grid))

    def based_on(self) -> dict[str, Any]:
        seen = super().based_on()
        limits = {name: seen.pop(name) for name in schemes.MEASURES if name in seen}
        if any(limits.values()):
            seen["cuts"] = limits
        if self.data.get(CARRIED_GRID):
            with suppress(ValueError):
                seen["grid"] = json.loads(self.data[CARRIED_GRID])
        return seen

    def places(self, now: Mapping[str, Any]) -> dict[str, tuple[str, Any]]:
        limits = (
            {name: ("cuts", now["cuts"].get(name, [])) for name in schemes.MEASURES} if "cuts" in now else {}
        )
        return super().places(now) | limits

    def rebase(self, now: Mapping[str, Any]) -> None:
        if "grid" in now:
            self.data[CARRIED_GRID] = json.dumps(now["grid"])  # type: ignore[index]

    def grid(self) -> list[list[str]]:
        """What was painted: g-<r>-<x> for every cell."""
        size = int(self.data.get("painted", "0") or 0) if str(self.data.get("painted", "")).isdigit() else 0
        size = min(size, 10)
        return [
            [str(self.data.get(f"g-{r}-{x}", "")) for x in range(1, size + 1)] for r in range(1, size + 1)
        ]

    def settings(self) -> dict[str, Any]:
        """What `schemes.change` takes."""
        values = {
            name: self.cleaned_data[name]
            for name in (
                "window_days",
                "buckets",
                "axis",
                "method",
                "lapsed_group",
                "high_percent",
                "medium_percent",
            )
        }
        if values["method"] == Method.FIXED:
            values["cuts"] = {name: self.cleaned_data[name] for name in schemes.MEASURES}
        if len(painted := self.grid()) == values["buckets"]:
            values["grid"] = painted
        return values


class GroupForm(EditForm, forms.Form):
    """The chain's own names for a group, in each language; empty keeps the product's."""

    colour = forms.CharField(
        label=_("Colour"),
        validators=[scheme.colour_validator],
        widget=forms.TextInput(attrs={"type": "color"}),
    )
    position = forms.IntegerField(label=_("Order"), min_value=0, max_value=30_000)

    def __init__(self, data: Any, *, group: Group | None) -> None:
        super().__init__(data)
        for code, _name in settings.LANGUAGES:
            own = group.names.get(code, "") if group else ""
            label = get_language_info(code)["name_local"]
            self.fields[f"name_{code}"] = forms.CharField(
                label=label,
                max_length=60,
                initial=own,
                required=group is None and code == settings.LANGUAGE_CODE,
            )
        self.fields["colour"].initial = group.colour if group else "#64748b"
        self.fields["position"].initial = group.position if group else 200
        self.order_fields([*(f"name_{code}" for code, _name in settings.LANGUAGES), "colour", "position"])
        if group:
            self.carry()

    def based_on(self) -> dict[str, Any]:
        seen = super().based_on()
        names = {code: seen.pop(f"name_{code}", "") for code, _name in settings.LANGUAGES}
        return seen | {"names": {code: name for code, name in names.items() if name}} if seen else seen

    def places(self, now: Mapping[str, Any]) -> dict[str, tuple[str, Any]]:
        codes = [code for code, _name in settings.LANGUAGES] if "names" in now else []
        names = {f"name_{code}": ("names", now["names"].get(code, "")) for code in codes}
        return super().places(now) | names

    def names(self) -> dict[str, str]:
        return {
            code: self.cleaned_data[f"name_{code}"]
            for code, _name in settings.LANGUAGES
            if self.cleaned_data[f"name_{code}"]
        }

    def code(self) -> str:
        """A code of its own from the English name; history will know the group by it."""
        base = (
            slugify(self.cleaned_data[f"name_{settings.LANGUAGE_CODE}"])
            .replace("-", "_")
            .lstrip("0123456789_")[:34]
            or "group"
        )
        taken = set(Group.objects.filter(code__startswith=base).values_list("code", flat=True))
        return next(code for code in (base, *(f"{base}_{n}" for n in range(2, 1000))) if code not in taken)
