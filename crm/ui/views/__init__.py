"""The base of every page that staff see."""

from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.views import View

from crm.audit import actor, trail
from crm.lib.edits import ChangedMeanwhile
from crm.lib.refusals import Refusal
from crm.org.models import Staff
from crm.org.permissions import Permission
from crm.ui import edits, navigation
from crm.ui.staff import chain_of, staff_of


class StaffView(View):
    """A page for staff. Says which permission it needs; strangers go to sign-in, the rest get 403.

    Rows are loaded through `visible_to(self.staff)`, so what somebody may not see is a 404.
    """

    permission: ClassVar[Permission]
    template: ClassVar[str] = ""
    staff: Staff

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self._to_sign_in(request)
        staff = staff_of(request)
        if staff is None or not staff.may(self.permission):
            raise PermissionDenied
        self.staff = staff
        actor.say(trail.actor_name(staff))
        if request.method == "POST" and request.POST.get("_method") == "DELETE":
            request.method = "DELETE"  # browsers' forms know no DELETE
        return super().dispatch(request, *args, **kwargs)

    def render(self, template: str, context: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
        """The page, with what every page needs around it."""
        response = render(self.request, template, {**self._around(), **(context or {})}, status=status)
        response.headers.setdefault(
            "Cache-Control", "no-store"
        )  # personal data stays out of shared computers' caches
        return response

    def answer(
        self,
        form: BaseForm,
        call: Callable[[], Any],
        *,
        done: str | Callable[[Any], str],
        context: dict[str, Any] | Callable[[], dict[str, Any]] | None = None,
    ) -> HttpResponse:
        """Do `call` when the form is right and go to `done`; otherwise show the form again, with status 422.

        409 when somebody else changed the same meanwhile. This is the one place where a refusal of the domain becomes
        words beside a field.
        """
        status = 422
        if form.is_valid():
            try:
                result = call()
            except Refusal as refusal:
                explain(form, refusal)
                status = 409 if isinstance(refusal, ChangedMeanwhile) else 422
            else:
                return self.go(done(result) if callable(done) else done)
        around = context() if callable(context) else context or {}
        return self.render(self.template, {**around, "form": form}, status=status)

    def go(self, address: str) -> HttpResponse:
        """On to another page, also when htmx asked."""
        if getattr(self.request, "htmx", False):
            return HttpResponse(status=204, headers={"HX-Redirect": resolve_url(address)})
        response: HttpResponseRedirect = redirect(address)
        response.status_code = 303
        return response

    def say(self, words: Any, *, undo: str = "", error: bool = False) -> None:
        """A short notice on the next page; `undo` is an address that takes the change back by POST."""
        messages.add_message(self.request, messages.ERROR if error else messages.INFO, words, extra_tags=undo)

    def _around(self) -> dict[str, Any]:
        path = self.request.path
        sections = [(section, section.holds(path)) for section in navigation.sections_of(self.staff)]
        return {
            "staff": self.staff,
            "chain": chain_of(self.request),
            "sections": sections,
            "may": May(self.staff),
        }

    @staticmethod
    def _to_sign_in(request: HttpRequest) -> HttpResponse:
        """A fragment's address is no place to return to: the page around it is."""
        htmx = getattr(request, "htmx", None)
        back = (htmx.current_url_abs_path if htmx else request.get_full_path()) or "/"
        address = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': back})}"
        if htmx:
            return HttpResponse(status=204, headers={"HX-Redirect": address})
        return redirect(address)


class May:
    """Permissions in templates: `{% if may.edit_customers %}`."""

    def __init__(self, staff: Staff) -> None:
        self._staff = staff

    def __getitem__(self, name: str) -> bool:
        return self._staff.may(Permission(name))


def explain(form: BaseForm, refusal: Refusal) -> None:
    """Write a refusal on the form: beside its fields where it names them, above them otherwise."""
    form.is_valid()
    if isinstance(refusal, ChangedMeanwhile):
        return edits.explain(form, refusal)
    for fault in refusal.faults:
        parts = fault.pointer.strip("/").split("/")
        names = (".".join(parts), parts[0])  # "/custom/size" is the field custom.size
        form.add_error(next((name for name in names if name in form.fields), None), fault.detail)
    if not refusal.faults:
        form.add_error(None, str(refusal))
