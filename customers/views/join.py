"""The public sign-up form of a store. It answers everybody alike: nobody learns from it who is a member."""

from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from crm.ui import throttle
from customers import identities, joining, signups
from customers.consents import wordings
from customers.models import IdentityKind, SignUpForm
from customers.views.invited import InvitedForm
from customers.views.public import PublicView

MOST, SECONDS = 10, 600  # sign-ups from one place: a family at a table, not a machine
SOONEST, LATEST = timedelta(seconds=3), timedelta(hours=4)
_SALT = "customers.join"


class JoinForm(InvitedForm):
    """Name, and a phone or an e-mail address. `website` is a trap: people do not see it."""

    name = forms.CharField(
        label=pgettext_lazy("person", "Name"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    phone = forms.CharField(
        label=gettext_lazy("Phone"), max_length=40, required=False,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel"}),
    )  # fmt: skip
    email = forms.CharField(
        label=gettext_lazy("E-mail"), max_length=190, required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )  # fmt: skip
    birthday = forms.DateField(
        label=gettext_lazy("Birthday"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    shown = forms.CharField(widget=forms.HiddenInput)
    either: ClassVar = {"phone": gettext_lazy("or e-mail"), "email": gettext_lazy("or phone")}

    def clean_phone(self) -> str:
        return self._identifier("phone", IdentityKind.PHONE, _("This is no phone number."))

    def clean_email(self) -> str:
        return self._identifier("email", IdentityKind.EMAIL, _("This is no e-mail address."))

    def _identifier(self, name: str, kind: IdentityKind, words: str) -> str:
        value = str(self.cleaned_data[name])
        if value and identities.normalised(kind, value) is None:
            raise forms.ValidationError(identities.fault(kind, value, words))
        return value

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        if not name.isprintable():
            raise forms.ValidationError(_("Control characters are not allowed."))
        return name

    def clean_birthday(self) -> Any:
        born = self.cleaned_data["birthday"]
        if born and not (born.year >= 1900 and born <= timezone.localdate()):
            raise forms.ValidationError(_("A birthday lies in the past."))
        return born

    def clean_shown(self) -> str:
        """When the form was shown, signed: a machine fills it in at once, or keeps an old one."""
        try:
            at = signing.loads(self.cleaned_data["shown"], salt=_SALT)
        except signing.BadSignature:
            at = 0
        age = timezone.now().timestamp() - at
        if age > LATEST.total_seconds():
            raise forms.ValidationError(_("This page was open for too long. Please send it again."))
        if age < SOONEST.total_seconds():
            raise forms.ValidationError(_("That was very quick. Please send it again."))
        return str(at)

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        if not self.errors and not told.get("phone") and not told.get("email"):
            self.add_error("phone", _("A phone number or an e-mail address is needed."))
        return told


class Join(PublicView):
    """GET shows the form of a store; POST keeps what was sent."""

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        form = get_object_or_404(SignUpForm.objects.select_related("store"), code=code)
        if "done" in request.GET:
            return self.show("public/joined.html", {"title": _("Thank you"), "store": form.store})
        return self._page(
            form, JoinForm(initial={"shown": stamp(), "invited_by": request.GET.get("by", "")[:20]})
        )

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        place = get_object_or_404(SignUpForm.objects.select_related("store"), code=code)
        form = JoinForm(request.POST)
        if not place.is_on or not form.is_valid():
            return self._page(place, form, status=422)
        if throttle.is_too_often("join", throttle.place_of(request), most=MOST, seconds=SECONDS):
            return self.show("public/slower.html", {"title": _("Too many tries")}, status=429)
        if not request.POST.get("website"):
            signups.receive(place, self._facts(form))
        return HttpResponse(status=303, headers={"Location": f"{request.path}?done="})

    def _facts(self, form: JoinForm) -> dict[str, Any]:
        told = form.cleaned_data
        shown = {text.code for text in self._texts().values()}
        return {
            "name": told["name"], "phone": told["phone"], "email": told["email"],
            "language": self.request.LANGUAGE_CODE, "invited_by": told.get("invited_by", ""),
            "birthday": told["birthday"].isoformat() if told["birthday"] else "",
            "agreed": [code for code in self.request.POST.getlist("agree") if code in shown],
        }  # fmt: skip

    def _page(self, place: SignUpForm, form: JoinForm, status: int = 200) -> HttpResponse:
        if form.is_bound and "shown" in form.errors:  # a fresh stamp for the next try
            data = self.request.POST.copy()
            data["shown"] = stamp(timezone.now() - SOONEST)
            form.data = data
        context = {
            "title": _("Become a member"), "form": form, "place": place, "texts": self._texts(),
            "agreed": self.request.POST.getlist("agree"),
        }  # fmt: skip
        return self.show("public/join.html" if place.is_on else "public/closed.html", context, status=status)

    def _texts(self) -> Any:
        return wordings.current(self.request.LANGUAGE_CODE, joining.asked(with_email=True))


def stamp(at: Any = None) -> str:
    """When the form was shown, signed."""
    return signing.dumps((at or timezone.now()).timestamp(), salt=_SALT)
