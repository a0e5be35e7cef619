"""A segment in time: who was in it on a date, who came and went between two, what it shares with others, and why
somebody is in it."""

from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from crm.org.models import Staff
from crm.org.permissions import Permission
from crm.org.scope import Viewer
from crm.ui import words
from customers.models import Customer
from segmentation.models import Segment, SegmentNight
from segmentation.segments import active, growth, reasons, timetravel
from segmentation.segments.timetravel import Flow, Overlap
from segmentation.views.members import exported, listed
from segmentation.views.onesegment import SegmentView

PARTS = ("in", "came", "went")
MOST_NIGHTS = 400
MOST_OTHERS = 100


class SpanForm(forms.Form):
    """Two nights of the segment; without any, the last one and the first of the month before it."""

    since = forms.ChoiceField(label=gettext_lazy("From the night of"), required=False)
    until = forms.ChoiceField(label=gettext_lazy("to the night of"), required=False)
    show = forms.ChoiceField(
        label=gettext_lazy("Show"),
        required=False,
        choices=[
            ("in", gettext_lazy("who was in it then")),
            ("came", gettext_lazy("who came")),
            ("went", gettext_lazy("who went")),
        ],
    )

    def __init__(self, data: Any, moments: dict[date, datetime]) -> None:
        super().__init__(data)
        self.moments = moments
        unchosen = {"since": _("a month before it"), "until": _("the last one")}
        for name, label in unchosen.items():
            choices = [("", label), *((on.isoformat(), date_format(on)) for on in moments)]
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    @property
    def unknown(self) -> date | None:
        """A day that is asked for and lies before the first night: nothing is known of it."""
        return next((day for day in _asked_days(self.data) if self._night_of(day) is None), None)

    @property
    def days(self) -> tuple[date, date] | None:
        """The earlier and the later night, each the last one up to the day asked for; None: there is none."""
        if not self.moments or self.unknown:
            return None
        last = self._night_of(_asked_day(self.data.get("until")) or date.max)
        since = _asked_day(self.data.get("since"))
        before = [on for on in self.moments if on < last] if last else []
        first = self._night_of(since) if since else before[min(27, len(before) - 1)] if before else last
        return (min(first, last), max(first, last)) if first and last else None

    def _night_of(self, day: date) -> date | None:
        return next((on for on in self.moments if on <= day), None)

    @property
    def part(self) -> str:
        wanted = self.data.get("show")
        return wanted if wanted in PARTS else "in"


def _asked_day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _asked_days(data: Any) -> list[date]:
    return [day for name in ("since", "until") if (day := _asked_day(data.get(name)))]


def moments_of(segment: Segment, days: list[date]) -> dict[date, datetime]:
    """The last nights of a segment with their moments, the newest first, and those that stand for these days; of two
    runs for a date the later."""
    rows = SegmentNight.objects.filter(segment=segment, night__published_at__isnull=False)
    found: dict[date, datetime] = {}
    for on, at in rows.order_by("-night__on", "-night_id").values_list("night__on", "at")[:MOST_NIGHTS]:
        found.setdefault(on, at)
    for night in (timetravel.night_of(segment, day) for day in days):
        if night is not None:
            found.setdefault(night.night.on, night.at)
    return dict(sorted(found.items(), reverse=True))


class Past:
    """What the address asks of a segment's past."""

    def __init__(self, request: HttpRequest, segment: Segment, staff: Staff) -> None:
        self.segment, self.staff = segment, staff
        self.form = SpanForm(request.GET, moments_of(segment, _asked_days(request.GET)))
        self.days = self.form.days

    def people(self) -> QuerySet[Customer]:
        if self.days is None:
            return Customer.objects.none()
        since, until = (self.form.moments[day] for day in self.days)
        if self.form.part == "came":
            rows = timetravel.came(self.segment, self.staff, since, until)
        elif self.form.part == "went":
            rows = timetravel.went(self.segment, self.staff, since, until)
        else:
            rows = timetravel.members_at(self.segment, self.staff, until)
        return rows.select_related("home_store")

    def flow(self) -> Flow | None:
        if self.days is None:
            return None
        since, until = (self.form.moments[day] for day in self.days)
        return timetravel.flow(self.segment, self.staff, since, until)


class SegmentPast(SegmentView):
    """Who was in it then, who came, who went."""

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        segment = self.segment(public_id)
        past = Past(request, segment, self.staff)
        context = {
            "segment": segment,
            "title": _("%(name)s in time") % {"name": segment.name},
            "form": past.form,
            "days": past.days,
            "unknown": past.form.unknown,
            "flow": past.flow(),
            "growth": grown(segment, self.staff),
            "links": links(request),
            "export": reverse("segmentation:segment-past-export", args=[segment.public_id]),
            "crumbs": crumbs(segment),
        }
        return self.render("segmentation/segment_past.html", context | listed(self, past.people(), request))


class SegmentPastExport(SegmentView):
    permission = Permission.EXPORT_CUSTOMERS

    def get(self, request: HttpRequest, public_id: str) -> HttpResponseBase:
        past = Past(request, self.segment(public_id), self.staff)
        if past.days is None:
            raise Http404  # nothing is known of that day, which is not nobody
        since, until = past.days
        what = {"segment": public_id, "part": past.form.part, "from": f"{since}", "to": f"{until}"}
        if past.form.part == "in":
            del what["part"], what["from"]
        as_of = past.form.moments[until]
        return exported(self, past.people(), request, what, segment=past.segment, as_of=as_of)


def links(request: HttpRequest) -> dict[str, str]:
    """The same page with another part of it."""
    found = {}
    for part in PARTS:
        query = {name: request.GET[name] for name in ("since", "until") if request.GET.get(name)}
        found[part] = f"?{urlencode(query | {'show': part})}#customers"
    return found


def grown(segment: Segment, viewer: Viewer) -> dict[str, Any] | None:
    """Who came and who went, night by night: bars up and down."""
    points = growth.growth(segment, viewer, days=92)
    if len(points) < 2:
        return None
    chart = {
        "labels": [words.day(one.on) for one in points],
        "series": [
            {"name": _("came"), "values": [one.came for one in points]},
            {"name": _("went"), "values": [-one.went for one in points]},
        ],
        "stacked": True,
        "signed": True,
    }
    return {"chart": chart, "rows": list(reversed(points))}


def crumbs(segment: Segment) -> list[tuple[str, str]]:
    return [
        (_("Segments"), reverse("segmentation:saved")),
        (segment.name, reverse("segmentation:segment", args=[segment.public_id])),
    ]


class OtherForm(forms.Form):
    other = forms.ChoiceField(label=pgettext_lazy("another segment", "with"), required=False)

    def __init__(self, data: Any, others: list[Segment]) -> None:
        super().__init__(data)
        self.others = {one.public_id: one for one in others}
        choices = [("", _("each of the others")), *((code, one.name) for code, one in self.others.items())]
        self.fields["other"].choices = choices  # type: ignore[attr-defined]

    @property
    def chosen(self) -> Segment | None:
        return self.others.get(self.cleaned_data["other"]) if self.is_valid() else None


class SegmentOverlap(SegmentView):
    """What it shares with the other segments, and who is in both."""

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        segment = self.segment(public_id)
        rows = Segment.objects.visible_to(self.staff).in_use().exclude(pk=segment.pk).order_by("name")
        others = list(rows[:MOST_OTHERS])
        form = OtherForm(request.GET, others)
        other = form.chosen
        context = {
            "segment": segment,
            "title": _("%(name)s and other segments") % {"name": segment.name},
            "form": form,
            "other": other,
            "shared": self.shared(segment, others),
            "overlap": timetravel.overlap(segment, other, self.staff) if other else None,
            "crumbs": crumbs(segment),
        }
        people = timetravel.in_both(segment, other, self.staff) if other else Customer.objects.none()
        return self.render(
            "segmentation/segment_overlap.html",
            context | listed(self, people.select_related("home_store"), request),
        )

    def shared(self, segment: Segment, others: list[Segment]) -> list[tuple[Segment, Overlap]]:
        """The largest overlap first."""
        sizes = timetravel.sizes_now([segment, *others], self.staff)
        both = timetravel.shared_by(segment, self.staff, others)
        found = [
            (one, Overlap(sizes.get(segment.pk, 0), sizes.get(one.pk, 0), both.get(one.pk, 0)))
            for one in others
        ]
        return sorted(found, key=lambda pair: (-pair[1].share, pair[0].name))


class SegmentWhy(SegmentView):
    """Why a customer is in it: every condition with what they met it with, then and today."""

    permission = Permission.VIEW_SEGMENTS

    def get(self, request: HttpRequest, public_id: str, customer_id: str) -> HttpResponse:
        segment = self.segment(public_id)
        people = Customer.objects.visible_to(self.staff).living()
        customer = get_object_or_404(people, pk=Customer.row_id(customer_id) or 0)
        on = _asked_day(request.GET.get("on"))
        night = timetravel.night_of(segment, on) if on else None
        one = active.of(segment)
        is_known = on is None or night is not None
        at = night.at if night else None
        context = {
            "segment": segment,
            "customer": customer,
            "on": on,
            "night": night.night if night else None,
            "is_known": is_known,
            "why": reasons.then(segment, customer, self.staff, at) if is_known else None,
            "today": reasons.now(one.tree, customer, self.staff) if one else [],
            "title": _("%(customer)s in “%(segment)s”") % {"customer": customer, "segment": segment.name},
            "crumbs": crumbs(segment),
        }
        return self.render("segmentation/segment_why.html", context)
