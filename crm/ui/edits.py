"""Forms that change a record, when two people have them open (see `crm/lib/edits.py` for the rule).

Each field carries, hidden beside it, what it held when it was shown. A refused form comes back with what was typed;
beside each field stands what somebody else put there, who and when, and a button that takes it. The form is now based
on that: saving again keeps what one typed.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import QueryDict
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.edits import ChangedMeanwhile
from crm.org.models import Staff
from crm.ui import words


class Joined(forms.HiddenInput):
    """Several values in one hidden field, so that none at all is told, too."""

    def format_value(self, value: Any) -> str:
        return ",".join(str(one) for one in value or [])

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return [part for part in (data.get(name) or "").split(",") if part]


class EditForm(forms.BaseForm):
    """Mixed into a form; `carry` comes last in its `__init__`."""

    theirs: dict[str, dict[str, str]]  # by field: what somebody else put there, as it is sent and in words
    parts: ClassVar[dict[str, Any]] = {}  # what of the record has no field of its own, with its name

    def carry(self) -> None:
        self.theirs = {}
        for field in self.fields.values():
            field.show_hidden_initial = True
            if isinstance(field, forms.ModelMultipleChoiceField | forms.MultipleChoiceField):
                field.hidden_widget = Joined

    def name_the_blanks(self) -> None:
        """A select whose first entry is no choice says so in a word instead of in dashes."""
        for field in self.fields.values():
            word = _("Please choose") if field.required else words.NOTHING
            if isinstance(field, forms.ModelMultipleChoiceField):
                continue
            if isinstance(field, forms.ModelChoiceField):
                field.empty_label = word
            elif isinstance(field, forms.ChoiceField) and not isinstance(field, forms.MultipleChoiceField):
                choices: Any = field.choices  # not always a list
                field.choices = [(key, word if key == "" else label) for key, label in choices]

    def based_on(self) -> dict[str, Any]:
        """What each field held when it was shown, as far as the form carries it."""
        return {name: self.seen(name) for name in self.fields if self.is_carried(name)}

    def is_carried(self, name: str) -> bool:
        return self[name].html_initial_name in self.data

    def seen(self, name: str) -> Any:
        field = self.fields[name]
        raw = field.hidden_widget().value_from_datadict(self.data, self.files, self[name].html_initial_name)
        for read in (field.clean, field.to_python):  # what is required may have been empty
            try:
                return read(raw)
            except ValidationError:
                continue
        return None

    def places(self, now: Mapping[str, Any]) -> dict[str, tuple[str, Any]]:
        """By field: which value of the record it shows, and what that is now."""
        return {name: (name, value) for name, value in now.items() if name in self.fields}

    def rebase(self, now: Mapping[str, Any]) -> None:
        """Base what has no field of its own on what stands there now."""


def explain(form: forms.BaseForm, refusal: ChangedMeanwhile) -> None:
    """Say beside each field what somebody else put there, and base the form on that."""
    if not isinstance(form, EditForm):
        form.add_error(None, str(refusal))
        return
    data = QueryDict(mutable=True)
    data.update(form.data)
    form.data = data
    form.rebase(refusal.now)
    for name in refusal.now.keys() & form.parts.keys():
        form.add_error(None, f"{form.parts[name]}: {sentence(refusal, name)}")
    for name, (told, value) in form.places(refusal.now).items():
        bound = form[name]
        prepared = bound.field.prepare_value(value)
        data[bound.html_initial_name] = bound.field.hidden_widget().format_value(prepared) or ""
        if value == form.cleaned_data.get(name):
            continue  # they wrote the same
        form.theirs[name] = {"value": _as_sent(prepared), "words": in_words(bound.field, value)}
        form.add_error(name, sentence(refusal, told))
    if not form.errors:
        form.add_error(None, str(refusal))


def sentence(refusal: ChangedMeanwhile, name: str) -> str:
    """Who changed it and when, as far as that is known, and how to go on."""
    who, at = _who(refusal, name)
    if who and at:
        told = _("%(name)s changed this %(ago)s.") % {"name": who, "ago": words.ago(at)}
    else:
        told = _("Somebody else changed this meanwhile.")
    choice = _("Save again to keep yours, or take theirs.")
    return f"{told} {choice}"


def _who(refusal: ChangedMeanwhile, name: str) -> tuple[str, datetime | None]:
    actor, at = refusal.authors.get(name, ("", None))
    if not actor and isinstance(refusal.record, Model):
        entry = trail.last_change(refusal.record, name)
        actor, at = (entry.actor, entry.recorded_at) if entry else ("", None)
    kind, _colon, number = actor.partition(":")
    if kind != "staff" or not number.isdigit():
        return "", None
    return Staff.objects.filter(pk=number).values_list("name", flat=True).first() or "", at


def in_words(field: forms.Field, value: Any) -> str:
    """A field's value as a person reads it."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if hasattr(value, "isoformat"):
        return words.day(value)
    if not isinstance(value, str) and hasattr(value, "__iter__"):
        return ", ".join(str(one) for one in value) or _("empty")
    labels = {str(key): label for key, label in getattr(field, "choices", [])} if value else {}
    return str(labels.get(str(value), value)) if value not in (None, "") else _("empty")


def _as_sent(prepared: Any) -> str:
    """What the browser would send for this value: ids with commas between for several."""
    if isinstance(prepared, bool):
        return "on" if prepared else ""
    if isinstance(prepared, list | tuple | set):
        return ",".join(str(one) for one in prepared)
    return "" if prepared is None else str(prepared)
