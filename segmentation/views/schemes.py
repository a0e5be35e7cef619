"""How RFM is scored: settings and the painted grid; the groups and their names."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.org.permissions import Permission
from crm.ui.views import StaffView
from segmentation import schemes
from segmentation.forms import GroupForm, SchemeForm
from segmentation.grid import default_grid
from segmentation.models import Group, Scheme
from segmentation.views.base import around_settings
from segmentation.views.lifecycle import names_of


class SchemePage(StaffView):
    """GET shows the settings, POST changes them. `?buckets=7` shows the grid that seven scores begin with."""

    permission = Permission.EDIT_SCHEMES
    template = "segmentation/scheme.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        now, groups = Scheme.current(), schemes.groups()
        form = SchemeForm(None, now=now, groups=groups)
        size = request.GET.get("buckets", "")
        other = size.isdigit() and 3 <= int(size) <= 10 and int(size) != now.buckets
        return self.render(
            self.template,
            self.around(default_grid(int(size)) if other else now.grid, groups) | {"form": form},
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        now, groups = Scheme.current(), schemes.groups()
        form = SchemeForm(request.POST, now=now, groups=groups)
        change = lambda: schemes.change(by=self.staff, based_on=form.based_on(), **form.settings())  # noqa: E731
        return self.answer(
            form, change, done=self.done, context=lambda: self.around(form.grid() or now.grid, groups)
        )

    def done(self, _scheme: Scheme) -> str:
        self.say(_("Kept. It holds from the next night on; run one now to see it at once."))
        return reverse("segmentation:scheme")

    def around(self, painted: list[list[str]], groups: list[Group]) -> dict[str, Any]:
        by_code = {group.code: group for group in groups}
        rows = [(r, list(enumerate(row, start=1))) for r, row in reversed(list(enumerate(painted, start=1)))]
        versions = list(Scheme.objects.order_by("-pk")[:8])
        names = names_of(version.created_by for version in versions)
        return around_settings(self, "scheme") | {
            "groups": groups,
            "by_code": by_code,
            "rows": rows,
            "size": len(painted),
            "versions": [(version, names.get(version.created_by, "")) for version in versions],
        }


class Groups(StaffView):
    permission = Permission.EDIT_SCHEMES

    def get(self, request: HttpRequest) -> HttpResponse:
        groups = schemes.groups()
        scheme = Scheme.current()
        cells = [code for row in scheme.grid for code in row]
        used = [(group, cells.count(group.code) + (group.code == scheme.lapsed_group)) for group in groups]
        return self.render("segmentation/groups.html", around_settings(self, "groups") | {"rows": used})


class GroupRecord(StaffView):
    permission = Permission.EDIT_SCHEMES
    template = "segmentation/group.html"

    def get(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        group = get_object_or_404(Group, pk=pk) if pk else None
        return self.render(self.template, {"form": GroupForm(None, group=group)} | self.around(group))

    def post(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        group = get_object_or_404(Group, pk=pk) if pk else None
        form = GroupForm(request.POST, group=group)
        return self.answer(
            form, lambda: self.keep(group, form), done=self.done, context=lambda: self.around(group)
        )

    def keep(self, group: Group | None, form: GroupForm) -> None:
        looks: dict[str, Any] = {
            "colour": form.cleaned_data["colour"],
            "position": form.cleaned_data["position"],
        }
        if group is None:
            schemes.add_group(by=self.staff, code=form.code(), names=form.names(), **looks)
        else:
            schemes.edit_group(group, by=self.staff, based_on=form.based_on(), names=form.names(), **looks)

    def done(self, _nothing: Any) -> str:
        self.say(_("Saved."))
        return reverse("segmentation:groups")

    def around(self, group: Group | None) -> dict[str, Any]:
        heading = group.name if group else _("New group")
        return around_settings(self, "groups") | {"heading": heading, "group": group}
