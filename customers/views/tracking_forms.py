"""Forms of Settings → Web tracking."""

import re
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.org.forms import RecordForm
from customers.events.kinds import CODE, SHAPES
from customers.models import EventKind, Site

_HOST = re.compile(r"(?=.{1,190}$)[a-z0-9-]+(\.[a-z0-9-]+)*")


class Domains(forms.CharField):
    """Host names, one a line or with commas; an address is cut down to its host."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        hosts = []
        for part in re.split(r"[\s,，;；]+", super().clean(value)):
            host = (urlsplit(part if "//" in part else f"//{part}").hostname or "").lower()
            if part and not _HOST.fullmatch(host):
                raise forms.ValidationError(_("“%(part)s” is no domain."), params={"part": part})
            hosts += [host] if part else []
        if not 0 < len(set(hosts)) <= 20:
            raise forms.ValidationError(_("Between 1 and 20 domains."))
        return sorted(set(hosts))

    def to_python(self, value: Any) -> Any:
        return value if isinstance(value, list) else super().to_python(value)


class SiteForm(RecordForm):
    domains = Domains(
        label=_("Domains"),
        help_text=_("Such as shop.example.com, one a line. What stands below one counts too."),
    )

    class Meta:
        model = Site
        fields = ["name", "domains", "store", "requires_consent", "is_on"]
        help_texts = {
            "requires_consent": _(
                "The script stores and sends nothing before the page says that the visitor agreed."
            ),
            "is_on": _("Off: what the pages send is refused."),
        }


class KindForm(RecordForm):
    class Meta:
        model = EventKind
        fields = ["name", "code", "is_on"]
        help_texts = {"code": _("What systems send, such as tasting: small letters, digits, underscore.")}

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        if not CODE.fullmatch(code):
            raise forms.ValidationError(_("Small letters, digits, underscore."))
        if code in SHAPES or code == "identify":
            raise forms.ValidationError(_("This kind is there already."))
        return code
