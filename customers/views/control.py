"""Resuming and stopping a night."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from crm.jobs import queue
from crm.jobs.models import Job
from crm.lib.refusals import Refusal
from crm.org.permissions import Permission
from crm.ui.views import StaffView
from customers import nights


class Control(StaffView):
    """POST acts on a night and goes back to where it was asked."""

    permission = Permission.RUN_NIGHTS

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        job = get_object_or_404(Job, pk=pk, kind=nights.KIND)
        try:
            self.say(self.act(job))
        except Refusal as refusal:
            self.say(refusal, error=True)
        back = request.POST.get("next", "/")
        return self.go(back if url_has_allowed_host_and_scheme(back, {request.get_host()}) else "/")

    def act(self, job: Job) -> str:
        raise NotImplementedError


class Resumption(Control):
    permission = Permission.RUN_NIGHTS

    def act(self, job: Job) -> str:
        queue.resume(job, by=self.staff)
        return _("It goes on from where it stopped.")


class Cancellation(Control):
    permission = Permission.RUN_NIGHTS

    def act(self, job: Job) -> str:
        queue.cancel(job, by=self.staff)
        return _("It stops after its present slice. What is done stays.")
