"""Forms of a draft: its frame, and the forms of the programme and of rules without the days on which they hold."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.lib.refusals import Fault
from loyalty.models import EarningRule, Programme, RuleKind
from loyalty.simulation import drafts
from loyalty.simulation.drafts import Draft, DraftInvalid
from loyalty.simulation.faults import reached
from loyalty.views.earning_forms import DayField, ProgrammeForm, RuleForm

FIELDS = {"from": "from_on", "to": "to_on"}  # what a draft's places are called here


class FrameForm(forms.Form):
    """What is replayed, by which day's rules, and with how much the tiers are reached."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=drafts.MOST_NAME, required=False)
    from_on = DayField(label=gettext_lazy("From"))
    to_on = DayField(label=gettext_lazy("To"))
    as_of = DayField(
        label=gettext_lazy("Rules as they hold on"),
        help_text=gettext_lazy("A day to come takes versions that are planned."),
    )

    def __init__(self, data: Any, *, draft: Draft) -> None:
        held = drafts.held_on(draft)
        initial = {"name": draft.name, "from_on": draft.from_on, "to_on": draft.to_on, "as_of": held}
        super().__init__(data, initial=initial)
        self.tiers = reached(draft)
        for tier in self.tiers:
            self.fields[f"tier_{tier.code}"] = forms.IntegerField(
                label=tier.name, min_value=1, initial=draft.tiers.get(tier.code, tier.threshold)
            )

    def tier_rows(self) -> list[Any]:
        return [self[f"tier_{tier.code}"] for tier in self.tiers]

    def told(self) -> dict[str, Any]:
        """What `editing.set_frame` takes."""
        found = {name: self.cleaned_data[name] for name in ("name", "from_on", "to_on", "as_of")}
        least = {tier.code: self.cleaned_data[f"tier_{tier.code}"] for tier in self.tiers}
        return found | {
            "tiers": {
                tier.code: least[tier.code] for tier in self.tiers if least[tier.code] != tier.threshold
            }
        }


class DraftProgrammeForm(ProgrammeForm):
    def __init__(self, data: Any, *, now: Programme) -> None:
        super().__init__(data, now=now, valid_from=None)
        for name in ("seen", "valid_from", "pending_days"):
            del self.fields[name]


class DraftRuleForm(RuleForm):
    """A rule that holds for the whole period; rules about actions are not replayed."""

    def __init__(self, data: Any, *, now: EarningRule | None) -> None:
        super().__init__(data, now=now, valid_from=None)
        kinds = [(value, label) for value, label in RuleKind.choices if value != RuleKind.ACTION]
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]
        for name in ("seen", "valid_from", "valid_to", "action", "once"):
            del self.fields[name]

    def settings(self) -> dict[str, Any]:
        self.cleaned_data |= {"action": "", "once": False}
        return super().settings()


def at_fields(refusal: DraftInvalid) -> DraftInvalid:
    """The refusal with its places named as `FrameForm` names them; what lies elsewhere names itself."""
    faults = []
    for fault in refusal.faults:
        name = FIELDS.get(fault.pointer, fault.pointer).replace("tiers.", "tier_")
        is_here = name in {"name", "from_on", "to_on", "as_of"} or name.startswith("tier_")
        faults.append(Fault(name, fault.detail if is_here else f"{fault.pointer}: {fault.detail}"))
    return DraftInvalid(refusal.message or _("This draft cannot be replayed."), faults=tuple(faults))
