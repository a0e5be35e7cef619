"""The list of segments: found while typing, filtered, sorted, exported."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from crm.audit import trail
from crm.org.models import Staff
from crm.org.permissions import Permission
from crm.ui import export
from crm.ui.views import StaffView
from segmentation import starters
from segmentation.models import Segment, SegmentKind
from segmentation.segments import overview, owning
from segmentation.segments.sizes import Size, sizes
from segmentation.views.base import tabs
from segmentation.views.segmentwords import sentence_of

MOST = 1_000  # a chain has dozens; the page is one list


class SavedFilter(forms.Form):
    q = forms.CharField(
        label=gettext_lazy("Search"),
        required=False,
        max_length=80,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    which = forms.ChoiceField(
        label=gettext_lazy("Which"),
        required=False,
        choices=[
            ("", gettext_lazy("All")),
            ("mine", gettext_lazy("Mine")),
            ("shared", gettext_lazy("For everybody")),
            ("archived", gettext_lazy("Archived")),
            ("others", gettext_lazy("Kept by others")),
        ],
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), required=False, choices=[("", gettext_lazy("All")), *SegmentKind.choices]
    )
    by = forms.ChoiceField(
        label=gettext_lazy("Sorted by"),
        required=False,
        choices=[
            ("", gettext_lazy("Name")),
            ("size", pgettext_lazy("segment", "Size")),
            ("change", gettext_lazy("Change in a week")),
            ("newest", gettext_lazy("Newest")),
        ],
    )

    def __init__(self, data: Any, staff: Staff) -> None:
        super().__init__(data)
        if not owning.may_take(staff):
            which = self.fields["which"]
            which.choices = [one for one in which.choices if one[0] != "others"]  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Row:
    segment: Segment
    sentence: str
    size: Size
    version: int
    times: int
    used_at: datetime | None
    asked_by: list[Segment]


def rows_of(view: StaffView, form: SavedFilter) -> list[Row]:
    """The segments that the filters name, with what stands beside each."""
    wanted = form.cleaned_data if form.is_valid() else {}
    segments = _wanted(view, wanted)
    versions = overview.newest_versions(segments)
    found, uses = sizes(segments, view.staff, now()), overview.uses(segments)
    asked_by = overview.askers(segments, versions)
    rows = [
        Row(
            one, sentence_of(versions[one.pk], one, view.staff), found[one.pk], versions[one.pk].number,
            uses.get(one.pk, {}).get("times", 0), uses.get(one.pk, {}).get("last_at"), asked_by.get(one.pk, []),
        )
        for one in segments if one.pk in versions
    ]  # fmt: skip
    return _sorted([row for row in rows if _is_named(row, wanted.get("q", ""))], wanted.get("by", ""))


def _wanted(view: StaffView, wanted: dict[str, Any]) -> list[Segment]:
    which = wanted.get("which", "")
    rows = owning.of_others(view.staff) if which == "others" else Segment.objects.visible_to(view.staff)
    rows = rows.filter(archived_at__isnull=which != "archived")
    if which == "mine":
        rows = rows.filter(owner=view.staff)
    if which == "shared":
        rows = rows.filter(is_shared=True)
    if wanted.get("kind"):
        rows = rows.filter(kind=wanted["kind"])
    return list(rows.select_related("owner").order_by("name", "pk")[:MOST])


def _is_named(row: Row, words: str) -> bool:
    owner = row.segment.owner.name if row.segment.owner else ""
    said = f"{row.segment.name} {row.segment.about} {row.sentence} {owner}".lower()
    return all(word in said for word in words.lower().split())


def _sorted(rows: list[Row], by: str) -> list[Row]:
    """Those of which a number is not known yet come last."""
    if by == "newest":
        return sorted(rows, key=lambda row: -row.segment.pk)
    if by in ("size", "change"):
        number = lambda row: row.size.now if by == "size" else row.size.change  # noqa: E731
        return sorted(rows, key=lambda row: (number(row) is None, -(number(row) or 0)))
    return rows


class Saved(StaffView):
    permission = Permission.VIEW_SEGMENTS

    def get(self, request: HttpRequest) -> HttpResponse:
        form = SavedFilter(request.GET, self.staff)
        rows = rows_of(self, form)
        context = {
            "form": form,
            "rows": rows,
            "is_begun": bool(rows) or self.has_any(),
            "starters": starters.usable(self.staff),
            "tabs": tabs(self, "saved"),
            "title": _("Segments"),
            "export": reverse("segmentation:saved-export"),
            "query": request.GET.urlencode(),
        }
        return self.render("segmentation/saved.html", context)

    def has_any(self) -> bool:
        """Whether a filter could show one: also where all are archived, or kept by others."""
        return owning.reachable(self.staff).exists()


class SavedExport(StaffView):
    """The list as a file: what each segment means and how many are in it, no customers."""

    permission = Permission.EXPORT_SEGMENTS

    def get(self, request: HttpRequest) -> HttpResponseBase:
        kind = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
        with transaction.atomic():
            trail.record("segments.export", "segmentation.segment:*", by=self.staff, details={"format": kind})
        header = [_("Segment"), _("What it means"), _("Customers"), _("Change in a week"), _("Owner"), _("Kind"),
                  _("For everybody"), _("Version"), _("Used"), _("Made at")]  # fmt: skip
        rows = [
            (row.segment.name, row.sentence, row.size.now, row.size.change,
             row.segment.owner.name if row.segment.owner else "", row.segment.get_kind_display(),
             _("yes") if row.segment.is_shared else _("no"), row.version, row.times, row.segment.created_at)
            for row in rows_of(self, SavedFilter(request.GET, self.staff))
        ]  # fmt: skip
        return export.download(_("segments"), kind, header, rows)
