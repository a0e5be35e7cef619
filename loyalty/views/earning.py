"""How points are earned: the rules with their versions, a form with a live example, and the programme's settings."""

from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.org.models import Staff, Store
from crm.org.permissions import Permission
from crm.ui.views import StaffView
from loyalty import programmes, rules
from loyalty.accrual import conditions, examples, rulesets, words
from loyalty.accrual.conditions import Unreadable
from loyalty.models import EarningRule, Programme
from loyalty.simulation import drafts
from loyalty.views import drafted
from loyalty.views.base import tabs
from loyalty.views.earning_forms import ProgrammeForm, RuleForm
from loyalty.views.earning_words import conditions_of, ends_of, gives_of
from loyalty.views.programmewords import between

EXAMPLE = Decimal(100)
MOST_EXAMPLE = Decimal(10**9)


class EarningView(StaffView):
    """A page below the tab Earning."""

    permission = Permission.EDIT_PROGRAMME

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.now = timezone.now()

    def tomorrow(self, after: date | None = None) -> date:
        """The first day from which a change may hold: tomorrow, or the day of what is planned already."""
        soon = programmes.today(self.now) + timedelta(days=1)
        return max(soon, after) if after else soon

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(_("Earning"), reverse("loyalty:earning"))]


class Earning(EarningView):
    """The rules that hold now or will, and those that have ended."""

    permission = Permission.VIEW_LOYALTY

    def get(self, request: HttpRequest) -> HttpResponse:
        today = programmes.today(self.now)
        by_code: dict[str, list[EarningRule]] = {}
        for rule in EarningRule.objects.order_by("code", "-version"):
            by_code.setdefault(rule.code, []).append(rule)
        planned = programmes.planned(self.now)
        programme = rulesets.book().programme_on(today) or next((one for one, _before in planned), None)
        holding = {rule.code: rule for rule in rulesets.book().versions_on(today)}
        rows = [_row(versions, holding.get(code), today) for code, versions in by_code.items()]
        context = {
            "programme": programme,
            "ends": ends_of(programme) if programme else "",
            "planned": [(one, between(before, one)) for one, before in planned if before],
            "rows": [row for row in rows if not row["is_over"]],
            "over": [row for row in rows if row["is_over"]],
            "tabs": tabs(self, "earning"),
            "title": _("Loyalty"),
        }
        return self.render("loyalty/earning.html", context)


def _row(versions: list[EarningRule], holding: EarningRule | None, today: date) -> dict[str, Any]:
    last = versions[0]
    shown = holding or last
    coming = last if last.valid_from > today else None
    asked = conditions.read(shown.condition)
    has_passed = asked.dates is not None and asked.dates[1] < today
    holds = holding is not None and not has_passed
    return {
        "rule": shown, "gives": gives_of(shown), "conditions": conditions_of(shown), "holds": holds, "coming": coming,
        "is_over": not holds and coming is None, "versions": len(versions),
    }  # fmt: skip


class Rule(EarningView):
    """GET shows the form of a rule and its history, POST publishes a version. Without a code: a new rule."""

    template = "loyalty/rule.html"

    def get(self, request: HttpRequest, code: str = "") -> HttpResponse:
        versions = self.versions(code)
        now = versions[0] if versions else None
        draft = drafted.of(request)
        shown = drafts.rule_of(draft, code or request.GET.get("rule", ""), now) if draft else now
        form = RuleForm(None, now=shown, valid_from=self.tomorrow(now.valid_from if now else None))
        context = {"form": form, "told": self.told(shown), "is_drafted": draft is not None}
        return self.render(self.template, self.around(versions) | context)

    def post(self, request: HttpRequest, code: str = "") -> HttpResponse:
        versions = self.versions(code)
        now = versions[0] if versions else None
        form = RuleForm(request.POST, now=now, valid_from=self.tomorrow())
        seen = _seen(versions, form)
        return self.answer(
            form,
            lambda: rules.publish(
                code or rules.new_code(form.cleaned_data["name"]), by=self.staff, at=self.now,
                based_on=seen.settings() if seen else None, **form.settings(),
            ),
            done=self.done,
            context=lambda: self.around(versions) | {"told": self.told(None)},
        )  # fmt: skip

    def done(self, rule: EarningRule) -> str:
        self.say(_("Published. It holds from %(day)s on.") % {"day": words.day(rule.valid_from)})
        return reverse("loyalty:earning")

    def versions(self, code: str) -> list[EarningRule]:
        versions = rules.versions(code) if code else []
        if code and not versions:
            raise Http404
        return versions

    def told(self, now: EarningRule | None) -> dict[str, Any] | None:
        return example_of(now, EXAMPLE, programmes.today(self.now)) if now else None

    def around(self, versions: list[EarningRule]) -> dict[str, Any]:
        staff = names_of([rule.created_by for rule in versions])
        return {
            "rule": versions[0] if versions else None,
            "history": [(one, gives_of(one), conditions_of(one), staff.get(one.created_by, "")) for one in versions],
            "tomorrow": self.tomorrow(versions[0].valid_from if versions else None),
            "title": versions[0].name if versions else _("New rule"),
            "crumbs": self.crumbs(),
        }  # fmt: skip


class RuleEnd(EarningView):
    """POST ends a rule from a day to come."""

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        versions = rules.versions(code)
        if not versions:
            raise Http404
        on = forms.DateField(required=False).clean(request.POST.get("on")) or self.tomorrow(
            versions[0].valid_from
        )
        try:
            rules.end(code, on=on, by=self.staff, at=self.now)
        except rules.RuleInvalid as refusal:
            self.say(refusal.faults[0].detail, error=True)
            return self.go(reverse("loyalty:rule", args=[code]))
        self.say(_("The rule ends: it does not hold from %(day)s on.") % {"day": words.day(on)})
        return self.go(reverse("loyalty:earning"))


class RuleExample(EarningView):
    """POST shows what a receipt would earn by the rule in the form: a fragment beside it. Changes nothing."""

    def post(self, request: HttpRequest) -> HttpResponse:
        form = RuleForm(request.POST, now=None, valid_from=self.tomorrow())
        told = None
        if form.is_valid():
            drawn = EarningRule(code=request.POST.get("code") or "draft", **form.settings())
            told = example_of(drawn, amount_of(request.POST.get("example", "")), programmes.today(self.now))
        return self.render("loyalty/rule_example.html", {"told": told})


def example_of(
    rule: EarningRule, amount: Decimal, today: date, programme: Programme | None = None, book: Any = None
) -> dict[str, Any] | None:
    """A receipt of this amount by the rule in words; None where the rule cannot be drawn yet, or is about an action."""
    book = book or rulesets.book()
    programme = programme or programmes.latest() or Programme(valid_from=rule.valid_from)
    has_amount = rule.percent if rule.kind in {"base", "multiplier"} else rule.points
    if rule.kind == "action" or has_amount is None:
        return None
    shop = Store.objects.filter(is_active=True).order_by("pk").values_list("pk", "region_id").first() or (
        0,
        0,
    )
    try:
        found = examples.example(
            rule, programme, book, cents=int(amount * 100), store=(shop[0], shop[1] or 0), today=today
        )
    except Unreadable:
        return None
    currency = words.currency()
    lines = words.told(found.earned.rows, found.earned.excluded, programme, found.rules, currency)
    store = Store.objects.filter(pk=found.receipt.store).values_list("name", flat=True).first() or ""
    return {
        "amount": amount, "on": found.receipt.on, "store": store, "lines": lines, "points": found.earned.points,
        "more": found.earned.points - found.without.points,
    }  # fmt: skip


class ProgrammePage(EarningView):
    """GET shows the programme's settings and their history, POST makes a version from a day on."""

    template = "loyalty/programme.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        now = programmes.latest()
        begins = self.tomorrow(now.valid_from) if now else programmes.today(self.now)
        draft = drafted.of(request)
        shown = drafts.programme_of(draft, now) if draft and now else now
        context = {"form": ProgrammeForm(None, now=shown, valid_from=begins), "is_drafted": draft is not None}
        return self.render(self.template, self.around() | context)

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ProgrammeForm(request.POST, now=programmes.latest(), valid_from=None)
        known = list(Programme.objects.all())
        seen = next((one for one in known if str(one.pk) == request.POST.get("seen")), None)
        return self.answer(
            form,
            lambda: programmes.change(
                by=self.staff, at=self.now, based_on=seen.settings() if seen else None, **form.settings()
            ),
            done=self.done,
            context=self.around,
        )

    def done(self, made: Programme) -> str:
        self.say(_("Kept. It holds from %(day)s on.") % {"day": words.day(made.valid_from)})
        return reverse("loyalty:programme")

    def around(self) -> dict[str, Any]:
        versions = list(Programme.objects.order_by("-valid_from", "-pk"))
        staff = names_of([one.created_by for one in versions])
        current = rulesets.book().programme_on(programmes.today(self.now))
        planned = programmes.planned(self.now)
        return {
            "versions": [(one, ends_of(one), staff.get(one.created_by, "")) for one in versions],
            "planned": {one.pk for one, _before in planned},
            "withdrawable": {one.pk for one, before in planned if before},
            "replaced": _replaced(versions),
            "current": current, "title": _("Programme"), "crumbs": self.crumbs(),
        }  # fmt: skip


def _replaced(versions: list[Programme]) -> set[int]:
    """Of one day the version made last holds; `versions` begin with it."""
    newest: dict[date, int] = {}
    for one in versions:
        newest.setdefault(one.valid_from, one.pk)
    return {one.pk for one in versions} - set(newest.values())


class ProgrammeWithdrawal(EarningView):
    """POST withdraws a version that is planned: what holds before it goes on."""

    def post(self, request: HttpRequest) -> HttpResponse:
        asked = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1)
        try:
            version = asked.clean(request.POST.get("version")) or 0
            made = programmes.withdraw(version, by=self.staff, at=self.now)
        except (forms.ValidationError, programmes.ProgrammeInvalid) as refusal:
            self.say(getattr(refusal, "message", "") or _("No such version."), error=True)
        else:
            self.say(_("Withdrawn. What holds before %(day)s goes on.") % {"day": words.day(made.valid_from)})
        return self.go(reverse("loyalty:programme"))


def names_of(actors: list[str]) -> dict[str, str]:
    """Members of staff by what the trail calls them."""
    ids = {int(one.partition(":")[2]) for one in actors if one.startswith("staff:")}
    return {f"staff:{pk}": name for pk, name in Staff.objects.filter(pk__in=ids).values_list("pk", "name")}


def _seen(versions: list[EarningRule], form: RuleForm) -> EarningRule | None:
    return next((one for one in versions if str(one.version) == str(form.data.get("seen"))), None)


def amount_of(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return EXAMPLE
    return amount if 0 < amount <= MOST_EXAMPLE else EXAMPLE
