"""How duplicates are recognised: the rules, seen, changed and tried."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.org.models import Staff
from crm.org.permissions import Permission
from crm.ui.views import StaffView
from customers import search
from customers.forms import MatchRulesForm, TrialForm
from customers.matching import engine, facts, rules, words
from customers.models import Customer, MatchRules

VERSIONS = 8


class RulesView(StaffView):
    permission = Permission.MANAGE_ORGANISATION
    template = "customers/match_rules.html"

    def around(self) -> dict[str, Any]:
        versions = list(MatchRules.objects.order_by("-pk")[:VERSIONS])
        numbers = [int(v.created_by[6:]) for v in versions if v.created_by.startswith("staff:")]
        names = {f"staff:{one.pk}": one.name for one in Staff.objects.filter(pk__in=numbers)}
        return {
            "versions": [(version, names.get(version.created_by, "")) for version in versions],
            "trial": TrialForm(),
            "verdict": None,
            "title": _("Rules for duplicates"),
            "crumbs": [(_("Possible duplicates"), reverse("customers:pairs"))],
        }


class Rules(RulesView):
    """GET shows the rules, POST makes a new version of them."""

    def get(self, request: HttpRequest) -> HttpResponse:
        form = MatchRulesForm(None, now=MatchRules.current())
        return self.render(self.template, self.around() | {"form": form})

    def post(self, request: HttpRequest) -> HttpResponse:
        form = MatchRulesForm(request.POST, now=MatchRules.current())
        change = lambda: rules.change(by=self.staff, based_on=form.settings_seen(), **form.settings())  # noqa: E731
        return self.answer(form, change, done=self.done, context=self.around)

    def done(self, _made: MatchRules) -> str:
        self.say(_("Kept. It holds for what comes in from now on, and in the next comparison of all."))
        return reverse("customers:match-rules")


class Trial(RulesView):
    """POST: what the present rules say about two customers. A POST, for identifiers never stand in an address."""

    def post(self, request: HttpRequest) -> HttpResponse:
        form, context = TrialForm(request.POST), self.around()
        if form.is_valid():
            context["verdict"] = self.verdict(form)
        present = MatchRulesForm(None, now=MatchRules.current())
        status = 200 if context["verdict"] else 422
        return self.render(self.template, context | {"form": present, "trial": form}, status=status)

    def verdict(self, form: forms.Form) -> dict[str, Any] | None:
        ids = [self.found(form, name) for name in ("one", "other")]
        known = facts.of([row_id for row_id in ids if row_id])
        if len(known) < len(ids):
            return None
        said = engine.compare(known[ids[0]], known[ids[1]], MatchRules.current())  # type: ignore[index]
        people = Customer.objects.in_bulk(known.keys())
        return {
            "people": [people[row_id] for row_id in ids if row_id],
            "score": said.score,
            "reasons": words.told(said.reasons),
            "conflict": words.CONFLICTS.get(said.conflict, ""),
            "decision": words.DECISIONS[said.decision],
        }

    def found(self, form: forms.Form, name: str) -> int | None:
        """The one customer in sight whom the words name exactly."""
        hits = [
            hit.customer_id for hit in search.find(self.staff, form.cleaned_data[name], 2) if hit.is_exact
        ]
        seen = Customer.objects.visible_to(self.staff).filter(pk__in=hits).values_list("pk", flat=True)
        if len(seen) != 1:
            form.add_error(name, _("Nobody has exactly this identifier."))
            return None
        return int(seen[0])
