"""The timeline on a customer's page: its filters, whose state stands in the address, and its pages."""

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.org.models import Chain
from crm.org.permissions import Permission
from crm.ui.staff import chain_of
from customers import timeline
from customers.models import Customer
from customers.timeline import Asked, Place, Touch
from customers.views.base import CustomerView


class StreamFilter(forms.Form):
    """What the address may ask of the timeline."""

    kinds = forms.MultipleChoiceField(label=gettext_lazy("Kinds"), required=False)
    channel = forms.ChoiceField(label=gettext_lazy("Channel"), required=False)

    def __init__(self, data: QueryDict, viewer: Any) -> None:
        super().__init__(data)
        kinds: Any = self.fields["kinds"]
        kinds.choices = list(timeline.groups(viewer).items())
        kinds.widget = forms.CheckboxSelectMultiple(choices=kinds.choices)
        channel: Any = self.fields["channel"]
        channel.choices = [("", _("All channels")), *timeline.CHANNELS.items()]
        for name, label in (("from", _("From")), ("to", _("To"))):
            widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
            self.fields[name] = forms.DateField(label=label, required=False, widget=widget)

    def asked(self, viewer: Any, chain: Chain, customer: Customer) -> Asked:
        """The question, in the chain's days. Raises ValueError where the address asks for what there is not."""
        if not self.is_valid():
            raise ValueError("no such filter")
        told = self.cleaned_data
        return Asked(
            viewer, chain, customer,
            groups=frozenset(told["kinds"]),
            channels=frozenset(filter(None, [told["channel"]])),
            since=_begin(told["from"]),
            until=_begin(told["to"] + timedelta(days=1)) if told["to"] else None,
            after=place_of(self.data.get("t", "")),
        )  # fmt: skip


def _begin(day: date | None) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, time.min)) if day else None


@dataclass(frozen=True)
class Stream:
    """A page of the timeline as the template shows it: `days` [(day, touches)]; `is_more`: earlier pages are above."""

    form: StreamFilter
    days: list[tuple[date, list[Touch]]]
    next: str
    shown_day: date | None
    is_asked: bool
    is_first: bool
    open: str  # the filters without the place, for addresses

    @property
    def fields(self) -> list[Any]:
        """The fields of the filter that are no chips."""
        return [self.form[name] for name in ("channel", "from", "to")]


def stream_of(request: HttpRequest, viewer: Any, customer: Customer) -> Stream:
    """What the address asks for."""
    form = StreamFilter(request.GET, viewer)
    filters = request.GET.copy()
    for name in list(filters):
        if name not in form.fields or not any(filters.getlist(name)):
            del filters[name]
    try:
        asked = form.asked(viewer, chain_of(request), customer)
    except (ValueError, OverflowError):  # the last day of all, too
        return Stream(form, [], "", None, True, True, filters.urlencode())
    page = timeline.page(asked)
    shown = timezone.localdate(asked.after.at) if asked.after else None
    following = filters.copy()
    if page.next:
        following["t"] = token_of(page.next)
    return Stream(
        form, list(_days(page.touches)), following.urlencode() if page.next else "", shown, bool(filters),
        asked.after is None, filters.urlencode(),
    )  # fmt: skip


def _days(touches: list[Touch]) -> Iterator[tuple[date, list[Touch]]]:
    for day, found in groupby(touches, key=lambda one: timezone.localdate(one.at)):
        yield day, list(found)


def token_of(place: Place) -> str:
    """A place as the address carries it."""
    packed = json.dumps([place.at.isoformat(), place.source, place.number], separators=(",", ":"))
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def place_of(token: str) -> Place | None:
    """None for none, and for one that somebody bent: the stream begins again."""
    try:
        at, source, number = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        place = Place(datetime.fromisoformat(at), str(source), int(number))
        return place if place.at.tzinfo and abs(place.number) < 2**63 else None
    except (ValueError, TypeError, OverflowError, binascii.Error):
        return None


class Timeline(CustomerView):
    """The next page of the stream, or the stream under other filters, as a fragment."""

    permission = Permission.VIEW_CUSTOMERS

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        customer = self.customer(public_id)
        stream = stream_of(request, self.staff, customer)
        page = reverse("customers:customer", args=[customer.public_id])
        if not stream.is_first:
            return self.render("customers/timeline_rows.html", {"customer": customer, "stream": stream})
        answer = self.render("customers/timeline.html", {"customer": customer, "stream": stream})
        answer["HX-Push-Url"] = f"{page}?{stream.open}" if stream.open else page
        return answer
