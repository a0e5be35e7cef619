"""What the address may ask of the trail."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.audit import words
from crm.audit.models import Channel, Entry
from crm.org.models import Staff, Store
from crm.rest.models import ApiKey

KINDS = {"system": gettext_lazy("The system"), "database": gettext_lazy("Database")}


class EntryFilter(forms.Form):
    """What is outside of one's scope can be named, and is found nowhere."""

    record = forms.CharField(
        label=gettext_lazy("Record"),
        required=False,
        max_length=120,
        widget=forms.TextInput(
            attrs={"placeholder": gettext_lazy("Number of a customer"), "autocomplete": "off"}
        ),
    )
    who = forms.ChoiceField(label=gettext_lazy("Who"), required=False)
    action = forms.ChoiceField(label=gettext_lazy("What"), required=False)
    store = forms.ModelChoiceField(Store.objects.none(), label=gettext_lazy("Store"), required=False)
    channel = forms.ChoiceField(label=gettext_lazy("From where"), required=False)
    since = forms.DateField(
        label=gettext_lazy("From day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        label=gettext_lazy("To day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, data: Any, staff: Staff) -> None:
        super().__init__(data)
        self.names = names_of_actors(staff)
        everything = ("", _("All"))
        self.fields["who"].choices = [everything, *self.names.items(), *KINDS.items()]  # type: ignore[attr-defined]
        self.fields["action"].choices = [everything, *words.acts()]  # type: ignore[attr-defined]
        self.fields["channel"].choices = [everything, *Channel.choices]  # type: ignore[attr-defined]
        store: Any = self.fields["store"]
        store.queryset = Store.objects.visible_to(staff).only("name").order_by("name", "pk")
        store.empty_label = _("All")

    def apply(self, rows: QuerySet[Entry]) -> QuerySet[Entry]:
        """What passes; an address that makes no sense finds nothing."""
        if not self.is_valid():
            return rows.none()
        wanted = self.cleaned_data
        if record := wanted["record"]:
            rows = rows.filter(subject=words.number_of(record))
        if who := wanted["who"]:
            rows = rows.filter(actor__startswith=f"{who}:") if who in KINDS else rows.filter(actor=who)
        if store := wanted["store"]:
            rows = rows.filter(store_id=store.pk)
        for name in ("action", "channel"):
            if wanted[name]:
                rows = rows.filter(**{name: wanted[name]})
        return rows.filter(_between(wanted["since"], wanted["until"]))


def _between(since: Any, until: Any) -> Q:
    """Whole days of the reader's clock."""
    found = Q()
    if since:
        found &= Q(recorded_at__gte=_midnight(since))
    if until:
        last = min(until, date.max - timedelta(days=2))  # the calendar has an end
        found &= Q(recorded_at__lt=_midnight(last + timedelta(days=1)))
    return found


def _midnight(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def names_of_actors(staff: Staff) -> dict[str, str]:
    """Who may be named in a row, by the trail's own name of them: people, then keys. Two queries for all rows."""
    people = Staff.objects.visible_to(staff).order_by("name", "pk").values_list("pk", "name")
    keys = ApiKey.objects.order_by("name", "pk").values_list("pk", "name")
    return {f"staff:{pk}": name for pk, name in people} | {f"key:{pk}": name for pk, name in keys}


def who(actor: str, names: dict[str, str]) -> str:
    """An actor in words: a name, or what kind of actor it was."""
    if actor in names:
        return names[actor]
    kind, _colon, rest = actor.partition(":")
    label = KINDS.get(kind)
    if label and rest == "first_use":
        rest = _("first use")
    return f"{label} ({rest.replace('_', ' ')})" if label and rest else str(label or actor)
