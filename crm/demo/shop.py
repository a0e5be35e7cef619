"""A web shop of three pages, so that the tracking script can be seen at work. Only where the demo data are."""

from typing import Any, ClassVar

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _
from django.views import View

from crm.lib.refusals import Refusal
from crm.org.models import Chain, Store
from crm.ui.views import explain
from customers import enrolment
from customers.events import tokens
from customers.models import Product, Site

SHOWN = 8
ANSWER = "shop_answer"  # what the visitor said to the question for consent: static/js/shop.js


class SignUpForm(forms.Form):
    name = forms.CharField(label=_("Your name"), max_length=120)
    phone = forms.CharField(label=_("Your phone"), max_length=40)


class ShopView(View):
    """Says to the page which site it is, if an administrator has entered it."""

    is_public: ClassVar[bool] = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not Chain.current().demo_source:
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    def show(self, what: dict[str, Any], status: int = 200) -> HttpResponse:
        host = self.request.get_host().split(":")[0]
        site = Site.objects.filter(domains__contains=[host], is_on=True).first()
        around = {"site": site, "answered": self.request.COOKIES.get(ANSWER, "")}
        return render(self.request, "demo/shop.html", around | what, status=status)


class Shop(ShopView):
    def get(self, request: HttpRequest) -> HttpResponse:
        wanted = request.GET.get("q", "").strip()[:80]
        found = Product.objects.filter(is_stub=False, name__icontains=wanted).order_by("pk")[:SHOWN]
        return self.show({"products": found, "wanted": wanted, "title": _("Demo shop")})


class ShopProduct(ShopView):
    def get(self, request: HttpRequest, sku: str) -> HttpResponse:
        product = get_object_or_404(Product, sku=sku)
        return self.show({"product": product, "title": product.name})


class ShopSignUp(ShopView):
    """What a shop's own server does: it enrols, asks for a token and writes it into the page."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show({"form": SignUpForm(), "title": _("Become a member")})

    def post(self, request: HttpRequest) -> HttpResponse:
        form = SignUpForm(request.POST)
        if not form.is_valid():
            return self.show({"form": form, "title": _("Become a member")}, 422)
        store = Store.objects.order_by("-is_online", "pk").first()
        told = {"name": form.cleaned_data["name"], "home_store_id": store.pk if store else None}
        try:
            made = enrolment.enrol(
                [("phone", form.cleaned_data["phone"])],
                by="system:demo_shop",
                at=now(),
                source="demo-shop",
                **told,
            )
        except Refusal as refusal:
            explain(form, refusal)
            return self.show({"form": form, "title": _("Become a member")}, 422)
        token, _until = tokens.make(made.customer)
        return self.show({"token": token, "title": _("Welcome")})
