"""The stores' sign-up forms for managers: open or closed, their QR code and poster, what came in and what waits."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from crm.lib import qr
from crm.lib.refusals import Refusal
from crm.org.models import Store
from crm.org.permissions import Permission
from crm.ui.staff import chain_of
from crm.ui.views import StaffView
from customers import joining, signups
from customers.models import SignUp, SignUpForm, SignUpState
from customers.views.counter import address_of

DAYS = 14


class SignUpView(StaffView):
    permission = Permission.MANAGE_SIGN_UP

    def store(self, pk: int) -> Store:
        return get_object_or_404(Store.objects.visible_to(self.staff), pk=pk)

    def address(self, form: SignUpForm) -> str:
        return self.request.build_absolute_uri(reverse("customers:join", args=[form.code]))


class SignUps(SignUpView):
    """Every store of one's own with its form and the last fourteen days; below, what waits for a look."""

    def get(self, request: HttpRequest) -> HttpResponse:
        stores = list(
            Store.objects.visible_to(self.staff).filter(is_active=True, is_stub=False).order_by("name")
        )
        forms = {form.store_id: form for form in SignUpForm.objects.filter(store__in=stores)}
        zone = ZoneInfo(chain_of(request).timezone)
        today = timezone.localdate(timezone=zone)
        days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
        counts = signups.by_day([one.pk for one in stores], timezone.now() - timedelta(days=DAYS), zone)
        rows = [
            self._row(one, forms.get(one.pk), [counts.get((one.pk, day), 0) for day in days])
            for one in stores
        ]
        context = {"title": _("Sign-up forms"), "rows": rows, "waiting": self._waiting(), "days": days}
        return self.render("customers/signups.html", context)

    def _row(self, store: Store, form: SignUpForm | None, counts: list[int]) -> dict[str, Any]:
        return {
            "store": store, "form": form, "counts": counts, "sum": sum(counts), "today": counts[-1],
            "address": self.address(form) if form else "",
        }  # fmt: skip

    def _waiting(self) -> list[dict[str, Any]]:
        rows = SignUp.objects.visible_to(self.staff).filter(state=SignUpState.WAITING).select_related("store")
        found = []
        for one in rows.order_by("pk")[:50]:
            member = signups.member_of(one)
            agreed = [choice.cell.label for choice in joining.choices(one.facts.get("agreed", []))]
            address = address_of(self.staff, member) if member else ""
            found.append({"one": one, "agreed": agreed, "member": member, "address": address})
        return found


class Switch(SignUpView):
    """POST opens a store's form, DELETE closes it."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        signups.switch(self.store(pk), on=True, by=self.staff)
        return self.go(reverse("customers:sign-ups"))

    def delete(self, request: HttpRequest, pk: int) -> HttpResponse:
        signups.switch(self.store(pk), on=False, by=self.staff)
        return self.go(reverse("customers:sign-ups"))


class Poster(SignUpView):
    """One A5 page to print and put up."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        form = get_object_or_404(SignUpForm, store=self.store(pk))
        address = self.address(form)
        crumbs = [(_("Sign-up forms"), reverse("customers:sign-ups"))]
        code = mark_safe(qr.svg(address))  # noqa: S308  squares drawn by ourselves
        context = {
            "title": form.store.name,
            "store": form.store,
            "address": address,
            "code": code,
            "crumbs": crumbs,
        }
        return self.render("customers/poster.html", context)


class Code(SignUpView):
    """The QR code alone, for one's own print."""

    kind = "svg"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        form = get_object_or_404(SignUpForm, store=self.store(pk))
        address, name = self.address(form), f"join-{form.store.code}.{self.kind}"
        body: Any = qr.png(address) if self.kind == "png" else qr.svg(address)
        response = HttpResponse(body, content_type="image/png" if self.kind == "png" else "image/svg+xml")
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


class Decision(SignUpView):
    """POST takes the consents over to the member; DELETE dismisses."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._do(pk, signups.accept, _("Taken over."))

    def delete(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._do(pk, signups.dismiss, _("Dismissed."))

    def _do(self, pk: int, verb: Any, words: str) -> HttpResponse:
        one = get_object_or_404(SignUp.objects.visible_to(self.staff), pk=pk)
        try:
            verb(one, by=self.staff, at=timezone.now())
            self.say(words)
        except Refusal as refusal:
            self.say(str(refusal), error=True)
        return self.go(reverse("customers:sign-ups"))
