"""The door for shops that sign their webhooks instead of showing a key."""

from typing import ClassVar

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from crm.lib.refusals import Refusal
from crm.rest import bodies, public
from customers.models import Connector
from customers.orders import connecting, signing

LARGEST = 256 * 1024
A_MINUTE = 1_200


def address_of(request: HttpRequest, connector: Connector) -> str:
    return request.build_absolute_uri(reverse("customers:order-webhook", args=[connector.code]))


@method_decorator(csrf_exempt, name="dispatch")
class OrderWebhook(View):
    """POST takes an order whose body is signed with the connector's secret. Others learn nothing: 401."""

    is_public: ClassVar[bool] = True
    http_method_names = ["post"]

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        if not public.allows("orders", public.address_of(request), a_minute=A_MINUTE):
            return HttpResponse(status=429)
        body = request.read(LARGEST + 1)
        if len(body) > LARGEST:
            return HttpResponse(status=413)
        connector = Connector.objects.select_related("store").filter(code=code).first()
        if connector is None or not signing.is_theirs(connector, body, request.headers):
            return HttpResponse(status=401)
        try:
            bodies.check_text(body)
            outcome = connecting.receive(connector, body, by=f"connector:{connector.pk}")
        except Refusal as refusal:
            return JsonResponse({"code": refusal.code}, status=refusal.status)
        return JsonResponse({"state": outcome.state, "reason": outcome.reason})
