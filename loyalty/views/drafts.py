"""A draft's pages: its frame and what it changes, its programme, its rules; the forms are those of what is live."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.lib.refusals import Refusal
from loyalty.accrual import rulesets
from loyalty.models import EarningRule, Programme, Simulation
from loyalty.simulation import drafts, editing
from loyalty.simulation.drafts import Draft, DraftInvalid
from loyalty.views import draftwords
from loyalty.views.earning import EXAMPLE, amount_of, example_of
from loyalty.views.earning_words import conditions_of, ends_of, gives_of
from loyalty.views.simulationform import DraftProgrammeForm, DraftRuleForm, FrameForm, at_fields
from loyalty.views.simulations import SimulatorView


class DraftView(SimulatorView):
    """A page of a draft; one that was replayed is found below its result."""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.pk = kwargs["pk"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.one = Simulation.objects.filter(pk=self.pk).first()
        return super().dispatch(request, *args, **kwargs)

    def draft(self) -> Draft:
        if self.one is None or not self.one.is_draft:
            raise Http404
        return drafts.of(self.one)

    def home(self) -> str:
        return reverse("loyalty:draft", args=[self.pk])

    def below(self, title: str) -> dict[str, Any]:
        around = self.around(title)
        name = (self.one.name if self.one else "") or _("Draft")
        return around | {"crumbs": [*around["crumbs"], (name, self.home())]}

    def change(self, call: Callable[..., Any], *args: Any) -> HttpResponse:
        """Something without a form."""
        self.draft()
        try:
            call(self.one, *args, by=self.staff)
        except Refusal as refusal:
            self.say(str(refusal), error=True)
        return self.go(self.home())


class DraftPage(DraftView):
    """POST keeps the frame, with `replay` it starts; DELETE throws the draft away."""

    template = "loyalty/draft.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        if self.one is not None and not self.one.is_draft:
            return self.go(reverse("loyalty:simulation", args=[pk]))
        draft = self.draft()
        return self.render(self.template, self.page(draft) | {"form": FrameForm(None, draft=draft)})

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        draft = self.draft()
        form = FrameForm(request.POST, draft=draft)
        return self.answer(form, lambda: self.keep(form), done=str,
                           context=lambda: self.page(draft))  # fmt: skip

    def keep(self, form: FrameForm) -> str:
        one = get_object_or_404(Simulation, pk=self.pk)
        try:
            editing.set_frame(one, by=self.staff, **form.told())
            if "replay" not in self.request.POST:
                return self.home()
            editing.start(one, by=self.staff)
        except DraftInvalid as refusal:
            raise at_fields(refusal) from refusal
        return reverse("loyalty:simulation", args=[self.pk])

    def delete(self, request: HttpRequest, pk: int) -> HttpResponse:
        self.change(editing.drop)
        return self.go(reverse("loyalty:simulations"))

    def page(self, draft: Draft) -> dict[str, Any]:
        base = rulesets.book().programme_on(drafts.held_on(draft))
        programme = drafts.programme_of(draft, base) if base else None
        return self.around(draft.name or _("Draft")) | {
            "pk": self.pk, "changes": draftwords.changes(draft, self.pk), "rows": _rows(draft),
            "programme": programme, "ends": ends_of(programme) if programme else "",
            "is_changed": bool(drafts.said(draft.programme)),
        }  # fmt: skip


class DraftProgramme(DraftView):
    """DELETE takes the settings as they are live."""

    template = "loyalty/draft_programme.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.render(self.template, self.below(_("Programme")) | {"form": self.form(None)})

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        form = self.form(request.POST)
        keep = lambda: editing.set_programme(self.one, by=self.staff, **form.settings())  # type: ignore[arg-type]  # noqa: E731
        return self.answer(form, keep, done=self.home(), context=lambda: self.below(_("Programme")))

    def delete(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.change(editing.restore_programme)

    def form(self, data: Any) -> DraftProgrammeForm:
        draft = self.draft()
        base = rulesets.book().programme_on(drafts.held_on(draft)) or Programme()
        return DraftProgrammeForm(data, now=drafts.programme_of(draft, base))


class DraftRule(DraftView):
    """A rule of the draft; without a code a new one. DELETE leaves it out."""

    template = "loyalty/draft_rule.html"

    def get(self, request: HttpRequest, pk: int, code: str = "") -> HttpResponse:
        drawn = self.drawn(code)
        told = _example(self.draft(), drawn, EXAMPLE) if drawn else None
        form = DraftRuleForm(None, now=drawn)
        return self.render(self.template, self.page(drawn) | {"form": form, "told": told})

    def post(self, request: HttpRequest, pk: int, code: str = "") -> HttpResponse:
        drawn = self.drawn(code)
        form = DraftRuleForm(request.POST, now=drawn)
        return self.answer(form, lambda: self.keep(code, form), done=self.home(),
                           context=lambda: self.page(drawn) | {"told": None})  # fmt: skip

    def delete(self, request: HttpRequest, pk: int, code: str = "") -> HttpResponse:
        self.drawn(code)
        return self.change(editing.drop_rule, code)

    def keep(self, code: str, form: DraftRuleForm) -> None:
        one = get_object_or_404(Simulation, pk=self.pk)
        if code:
            editing.set_rule(one, code, by=self.staff, **form.settings())
        else:
            editing.add_rule(one, by=self.staff, **form.settings())

    def drawn(self, code: str) -> EarningRule | None:
        draft = self.draft()
        found = drafts.rule_of(draft, code, drafts.live_rules(draft).get(code)) if code else None
        if code and found is None:
            raise Http404
        return found

    def page(self, drawn: EarningRule | None) -> dict[str, Any]:
        title = drawn.name if drawn else _("New rule")
        return self.below(title) | {"rule": drawn, "pk": self.pk}


class DraftRuleAsLive(DraftView):
    """POST takes a rule as it is live."""

    def post(self, request: HttpRequest, pk: int, code: str) -> HttpResponse:
        return self.change(editing.restore_rule, code)


class DraftExample(DraftView):
    """POST shows what a receipt would earn by the rule in the form among the draft's. Changes nothing."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        draft = self.draft()
        form, told = DraftRuleForm(request.POST, now=None), None
        if form.is_valid():
            drawn = EarningRule(code=request.POST.get("code") or "draft", **form.settings())
            told = _example(draft, drawn, amount_of(request.POST.get("example", "")))
        return self.render("loyalty/rule_example.html", {"told": told})


def _example(draft: Draft, drawn: EarningRule, amount: Any) -> dict[str, Any] | None:
    held = drafts.held_on(draft)
    base = rulesets.book().programme_on(held)
    if base is None:
        return None
    drawn.valid_from = held
    return example_of(drawn, amount, held, drafts.programme_of(draft, base), drafts.Held(draft))


def _rows(draft: Draft) -> list[dict[str, Any]]:
    """The live rules and the draft's new ones, by name, as the list of live rules shows them."""
    live, said = drafts.live_rules(draft), {one.code: one for one in draft.rules}
    rows = []
    for code in {**live, **said}:
        base, one = live.get(code), said.get(code)
        drawn = drafts.rule_of(draft, code, base)
        if drawn is None:  # left out, and no longer live on the draft's day
            continue
        state = "" if one is None else "off" if one.is_off else "changed" if base else "new"
        rows.append(
            {"rule": drawn, "gives": gives_of(drawn), "conditions": conditions_of(drawn), "state": state}
        )
    return sorted(rows, key=lambda row: row["rule"].name)
