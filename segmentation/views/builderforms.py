"""The form around a description: how the segment is called, what it is for, who sees it."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.ui.edits import EditForm
from segmentation.models import Segment, SegmentVersion
from segmentation.segments.members import newest


class SegmentForm(EditForm, forms.Form):
    """`version` is the number of the one that was on the page; `faults` are those of the description, by place."""

    parts: ClassVar[dict[str, Any]] = {"definition": _("Who is in it")}
    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("As people would say it: “Regulars at risk”."),
    )
    about = forms.CharField(label=_("What it is for"), max_length=400, required=False)
    remark = forms.CharField(label=_("Why it changes"), max_length=200, required=False)
    is_shared = forms.BooleanField(
        label=_("For everybody"), required=False, help_text=_("Without it only you see the segment.")
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        data: Any,
        *,
        initial: dict[str, Any] | None = None,
        segment: Segment | None = None,
        version: SegmentVersion | None = None,
    ) -> None:
        held = {"name": segment.name, "about": segment.about} if segment else {}
        super().__init__(
            data, initial=held | ({"version": version.number} if version else {}) | (initial or {})
        )
        self.segment = segment
        self.faults: dict[str, list[tuple[str, str]]] = {}
        del self.fields["is_shared" if segment else "remark"]
        self.theirs = {}
        if segment:
            self.carry()
            self.fields["version"].show_hidden_initial = self.fields["remark"].show_hidden_initial = False

    def rebase(self, now: Mapping[str, Any]) -> None:
        """Saving again is based on the version that somebody else made meanwhile."""
        if "definition" in now and self.segment and (version := newest(self.segment.pk)):
            self.data["version"] = str(version.number)  # type: ignore[index]
