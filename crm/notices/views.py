"""The bell, the list of one's notices, and which kinds one wants."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.notices import kinds, telling
from crm.notices.models import Notice, Silence
from crm.org.permissions import Permission
from crm.ui.pages import page_of
from crm.ui.views import StaffView


class Notices(StaffView):
    """One's notices, the newest first; `?show=new` only those not read yet."""

    permission = Permission.SIGNED_IN

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = Notice.objects.of(self.staff)
        only_new = request.GET.get("show") == "new"
        page = page_of(rows.filter(read_at=None) if only_new else rows, request, "-pk")
        words = kinds.shown(self.staff, page.rows)
        off = set(Silence.objects.filter(staff=self.staff).values_list("kind", flat=True))
        context = {
            "page": page,
            "rows": [(one, kinds.named(one.kind), words.get(one.pk, ("", ""))) for one in page.rows],
            "only_new": only_new,
            "kinds": [(kind, kind.name not in off) for kind in kinds.known()],
            "title": _("Notices"),
        }
        return self.render("notices/list.html", context)


class Bell(StaffView):
    """The bell with the number of new notices, as a fragment that the page asks for now and then."""

    permission = Permission.SIGNED_IN

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render("notices/bell.html")


class Open(StaffView):
    """Leads to what a notice is about, which is read then. One that is not (or no longer) there leads to the list."""

    permission = Permission.SIGNED_IN

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        notice = Notice.objects.of(self.staff).filter(pk=pk).first()
        if notice is None:
            return redirect("notices:list")
        telling.read(self.staff, pk)
        _sentence, address = kinds.shown(self.staff, [notice]).get(pk, ("", ""))
        return redirect(address or reverse("notices:list"))


class Reading(StaffView):
    """POST: read; DELETE: new again."""

    permission = Permission.SIGNED_IN

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        telling.read(self.staff, pk)
        return self.go(reverse("notices:list"))

    def delete(self, request: HttpRequest, pk: int) -> HttpResponse:
        telling.unread(self.staff, pk)
        return self.go(reverse("notices:list"))


class AllRead(StaffView):
    """POST: all one's notices are read."""

    permission = Permission.SIGNED_IN

    def post(self, request: HttpRequest) -> HttpResponse:
        telling.read(self.staff)
        return self.go(reverse("notices:list"))


class Preferences(StaffView):
    """POST keeps which kinds one wants to hear of."""

    permission = Permission.SIGNED_IN

    def post(self, request: HttpRequest) -> HttpResponse:
        telling.listen(self.staff, request.POST.getlist("kind"))
        self.say(_("Kept."))
        return self.go(reverse("notices:list"))
