"""The pages of the nights: the steps of the last one, live while it runs, and those before it."""

from datetime import date
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.jobs import words as names
from crm.jobs.models import Job, State, Step
from crm.jobs.views.progress import Progress, progress_of
from crm.org.permissions import Permission
from crm.ui import words
from crm.ui.pages import page_of
from crm.ui.views import StaffView
from customers import nights


class RunForm(forms.Form):
    on = forms.DateField(
        label=gettext_lazy("Business date"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


class Nights(StaffView):
    """GET shows the nights; POST asks for one now."""

    permission = Permission.VIEW_NIGHTS

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render(
            "nights/nights.html", self.context(RunForm(initial={"on": nights.last_business_date()}))
        )

    def context(self, form: RunForm) -> dict[str, Any]:
        page = page_of(
            Job.objects.filter(kind=nights.KIND).prefetch_related("steps"), self.request, "-pk", size=30
        )
        newest = Job.objects.filter(kind=nights.KIND).order_by("-pk").first()
        took = [seconds for job in reversed(page.rows) if (seconds := seconds_of(job)) is not None]
        return {
            "form": form,
            "page": page,
            "night": shown(newest) if newest else None,
            "took": took,
            "title": _("Nights"),
            "history": [(job, on_of(job), seconds_of(job), result_of(job)) for job in page.rows],
        }


class Run(Nights):
    """POST runs a night now; one that has ended already runs again from its beginning."""

    permission = Permission.RUN_NIGHTS
    template = "nights/nights.html"

    def post(self, request: HttpRequest) -> HttpResponse:
        form = RunForm(request.POST)
        start = lambda: nights.start(form.cleaned_data["on"], self.staff)  # noqa: E731
        return self.answer(
            form, start, done=self.done, context=lambda: self.context(form) | {"run_open": True}
        )

    def done(self, job: Job) -> str:
        self.say(
            _("The night of %(day)s is on its way. You can leave this page.") % {"day": words.day(on_of(job))}
        )
        return reverse("customers:nights")


class Night(StaffView):
    """One night; its live part is what a running page asks for every two seconds."""

    permission = Permission.VIEW_NIGHTS

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        job = get_object_or_404(Job, pk=pk, kind=nights.KIND)
        context = {
            "night": shown(job),
            "title": _("Night of %(day)s") % {"day": words.day(on_of(job))},
            "crumbs": [(_("Nights"), reverse("customers:nights"))],
        }
        if not request.GET.get("live"):
            return self.render("nights/night.html", context)
        response = self.render("nights/night_live.html", context)
        if job.is_ended:
            response["HX-Trigger"] = "night-ended"  # the history below asks for itself again
        return response


def shown(job: Job) -> dict[str, Any]:
    """A night as its card shows it: the job, its steps with words, and how far all of it is."""
    steps: list[tuple[Step, Any, Any]] = [
        (step, names.of(step.name), words_of(step.counts)) for step in job.steps.all()
    ]
    done = sum(step.state == State.DONE for step, _name, _counts in steps)
    progress: Progress = progress_of(job)
    return {
        "job": job,
        "on": on_of(job),
        "steps": steps,
        "steps_done": done,
        "progress": progress,
        "seconds": seconds_of(job),
    }


def on_of(job: Job) -> date:
    """The business date of a night's job: its key."""
    return date.fromisoformat(job.key)


def seconds_of(job: Job) -> float | None:
    """From its start to its end, or until now while it runs."""
    if job.started_at is None:
        return None
    end = job.finished_at or (timezone.now() if job.state == State.RUNNING else None)
    return (end - job.started_at).total_seconds() if end else None


def result_of(job: Job) -> list[tuple[Any, Any]]:
    """What came of a night: how many were scored, and how many changed group."""
    by_step = {step.name: step.counts for step in job.steps.all()}
    scored, changed = by_step.get("rfm", {}).get("scored"), by_step.get("snapshot", {}).get("changed")
    return [(label, n) for label, n in ((_("scored"), scored), (_("changed"), changed)) if n is not None]


def words_of(counts: dict[str, Any]) -> list[tuple[Any, Any]]:
    return [(names.of(name), value) for name, value in counts.items() if isinstance(value, int | float)]
