"""The few pages of the shell itself."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views import View

from crm.org.models import Staff
from crm.org.permissions import Permission
from crm.ui import help as helping
from crm.ui import navigation
from crm.ui.middleware import THEME_COOKIE, THEMES
from crm.ui.staff import staff_of
from crm.ui.views import StaffView

A_YEAR = 365 * 24 * 3600


class Home(StaffView):
    """Where a person's day begins; depends on the role."""

    permission = Permission.SIGNED_IN

    def get(self, request: HttpRequest) -> HttpResponse:
        return redirect(navigation.home_of(self.staff))


class Profile(StaffView):
    """Who I am here, what I may do, how I sign in."""

    permission = Permission.SIGNED_IN

    def get(self, request: HttpRequest) -> HttpResponse:
        stores = self.staff.stores.all() if self.staff.scope().store_ids is not None else None
        return self.render("ui/profile.html", {"stores": stores, "title": _("Your account")})


class Help(StaffView):
    """What one can do here, by what one may do."""

    permission = Permission.SIGNED_IN

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render("ui/help.html", {"topics": helping.topics_of(self.staff), "title": _("Help")})


class Preferences(View):
    """POST keeps language and theme: in cookies for anybody, on the record of staff too. Open to strangers."""

    def post(self, request: HttpRequest) -> HttpResponse:
        back = request.POST.get("next", "/")
        if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
            back = "/"
        response = HttpResponseRedirect(back)
        response.status_code = 303
        chosen: dict[str, str] = {}
        if (language := request.POST.get("language")) in dict(settings.LANGUAGES):
            chosen["language"] = str(language)
            response.set_cookie(settings.LANGUAGE_COOKIE_NAME, str(language), max_age=A_YEAR, samesite="Lax")
        if (theme := request.POST.get("theme")) in THEMES:
            chosen["theme"] = str(theme)
            response.set_cookie(THEME_COOKIE, str(theme), max_age=A_YEAR, samesite="Lax")
        if chosen and (staff := staff_of(request)):
            Staff.objects.filter(pk=staff.pk).update(**chosen)
        return response
