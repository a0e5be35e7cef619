"""API keys: the list, making one (shown once), revoking one."""

from datetime import datetime, time

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from crm.lib.refusals import Refusal
from crm.org.models import Store
from crm.org.permissions import Permission
from crm.org.views.base import SettingsView
from crm.rest import keys
from crm.rest.models import ApiKey
from crm.rest.scopes import KeyScope
from crm.ui.views import explain


class KeyForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        help_text=gettext_lazy("The system that will use it, such as “Tills, Harbour”."),
    )
    scopes = forms.MultipleChoiceField(
        # With a context: without one this word would also rename the month of May.
        label=pgettext_lazy("key", "May"),
        choices=KeyScope.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    stores = forms.ModelMultipleChoiceField(
        Store.objects.only("name"),
        label=gettext_lazy("Only these stores"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None chosen: the whole chain."),
    )
    expires_on = forms.DateField(
        label=gettext_lazy("Until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("The last day on which it works; empty: until it is revoked."),
    )
    rate_per_minute = forms.IntegerField(
        label=gettext_lazy("Calls a minute at most"), required=False, min_value=1, max_value=1_000_000
    )

    def clean_expires_on(self) -> datetime | None:
        last = self.cleaned_data["expires_on"]
        if last is None:
            return None
        if last < timezone.localdate():
            raise forms.ValidationError(_("This day has passed."))
        return timezone.make_aware(datetime.combine(last, time(23, 59, 59)))


class Keys(SettingsView):
    """GET lists the keys; POST makes one and shows it, this once."""

    permission = Permission.MANAGE_API_KEYS
    tab = "keys"

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = ApiKey.objects.prefetch_related("stores").order_by("revoked_at", "name", "pk")
        names = dict(KeyScope.choices)
        listed = [(key, [names.get(scope, scope) for scope in key.scopes]) for key in rows]
        return self.render("org/keys.html", {"rows": listed, "now": timezone.now(), "title": _("API keys")})

    def post(self, request: HttpRequest) -> HttpResponse:
        form = KeyForm(request.POST)
        if form.is_valid():
            wanted = form.cleaned_data
            try:
                key, secret = keys.create_key(
                    name=wanted["name"],
                    scopes=wanted["scopes"],
                    stores=wanted["stores"],
                    by=self.staff,
                    expires_at=wanted["expires_on"],
                    rate_per_minute=wanted["rate_per_minute"],
                )
            except Refusal as refusal:
                explain(form, refusal)
            else:
                return self.render(
                    "org/key_made.html", {"key": key, "secret": secret, "title": key.name}, 201
                )
        return self.render("org/key_new.html", {"form": form, "title": _("New API key")}, 422)


class NewKey(SettingsView):
    permission = Permission.MANAGE_API_KEYS
    tab = "keys"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render("org/key_new.html", {"form": KeyForm(), "title": _("New API key")})


class Revocation(SettingsView):
    """POST revokes the key, for good."""

    permission = Permission.MANAGE_API_KEYS
    tab = "keys"

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        key = get_object_or_404(ApiKey, pk=pk)
        try:
            keys.revoke_key(key, by=self.staff)
        except Refusal as refusal:
            self.say(refusal, error=True)
        else:
            self.say(_("“%(name)s” is revoked: nobody gets in with it any more.") % {"name": key.name})
        return self.go(reverse("org:keys"))
