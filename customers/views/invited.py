"""The code of who brought a new member along, as forms ask for it."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy

from customers import invitations


class InvitedForm(forms.Form):
    """Asks for the code where members can bring others; whose it is, nobody learns here."""

    invited_by = forms.CharField(
        label=gettext_lazy("Code of a friend"), max_length=20, required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not invitations.is_open(timezone.now()):
            del self.fields["invited_by"]
        else:
            self.order_fields([name for name in self.fields if name != "invited_by"])

    def clean_invited_by(self) -> str:
        try:
            return invitations.read(self.cleaned_data["invited_by"])
        except invitations.InvalidInvitation as refusal:
            raise forms.ValidationError(str(refusal)) from None
