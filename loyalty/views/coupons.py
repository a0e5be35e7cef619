"""Coupons: all offers with what became of them; one offer with its versions, its batches and its coupons."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm.audit import trail
from crm.jobs.views.progress import progress_of
from crm.lib.refusals import Refusal
from crm.org.permissions import Permission
from crm.ui import export
from crm.ui.pages import page_of
from crm.ui.views import StaffView
from customers import masks
from customers.models import Customer, Identity
from loyalty.coupons import audiences, codes, defining, giving, issuing, sentences, states
from loyalty.coupons.rules import rules_of
from loyalty.models import Coupon, CouponBatch, CouponCode, CouponDefinition, CouponTally, CouponTerms
from loyalty.views.base import tabs


class CouponView(StaffView):
    permission = Permission.MANAGE_COUPONS

    def definition(self, pk: int) -> CouponDefinition:
        return get_object_or_404(CouponDefinition.objects.select_related("tally"), pk=pk)


def listed() -> list[tuple[CouponDefinition, CouponTally, str, str]]:
    """All offers, newest first: with their counts, what they give, and the code that everybody uses."""
    newest = CouponTerms.objects.filter(definition=OuterRef("pk")).order_by("-number")
    rows = list(
        CouponDefinition.objects.select_related("tally")
        .annotate(newest=Subquery(newest.values("pk")[:1]))
        .order_by("-pk")
    )
    terms = CouponTerms.objects.select_related("gift").in_bulk([row.newest for row in rows])
    shared = dict(CouponCode.objects.filter(coupon_id=None).values_list("definition_id", "code"))
    gifts = {one.gift.pk: one.gift.name for one in terms.values() if one.gift}
    return [
        (row, row.tally, sentences.worth(rules_of(terms[row.newest]), gifts),
         codes.shown(shared[row.pk]) if row.pk in shared else "")
        for row in rows
    ]  # fmt: skip


class Coupons(CouponView):
    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render(
            "loyalty/coupons.html", {"rows": listed(), "tabs": tabs(self, "coupons"), "title": _("Coupons")}
        )


class CouponsExport(CouponView):
    """All offers as a file."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        kind = request.GET.get("format", "csv")
        header = [_("Name"), _("Code of the offer"), _("What it gives"), _("Shared code"), _("Issued"), _("Reserved"),
                  _("Redeemed"), _("Void"), _("Given away"), _("Budget")]  # fmt: skip
        with transaction.atomic():
            trail.record(
                "coupons.export", "loyalty.coupondefinition", by=self.staff, details={"format": kind}
            )
        rows = [
            (row.name, row.code, what, code, tally.issued, tally.reserved, tally.redeemed, tally.voided, tally.spent,
             tally.spent_most)
            for row, tally, what, code in listed()
        ]  # fmt: skip
        return export.download("coupons", kind if kind in export.FORMATS else "csv", header, rows)


class IssueForm(forms.Form):
    """For whom."""

    audience = forms.ChoiceField(
        label=gettext_lazy("For whom"), widget=forms.Select(attrs={"data-shows": "yes"})
    )
    members = forms.CharField(
        label=gettext_lazy("Member numbers"), required=False, max_length=400_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("With spaces, commas or lines between; ten thousand at most."),
    )  # fmt: skip

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        several = [(label, parts) for label, parts in audiences.choices() if parts]
        self.fields["audience"].choices = [(audiences.LIST, audiences.label_of(audiences.LIST)), *several]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        asked = set(found.get("members", "").replace(",", " ").replace("，", " ").upper().split())
        if found.get("audience") != audiences.LIST or not asked:
            return found | {"ids": []}
        if len(asked) > issuing.LONGEST_LIST:
            raise forms.ValidationError({"members": _("Ten thousand at most.")})
        known = dict(
            Identity.objects.filter(kind="member", value__in=asked).values_list("value", "customer_id")
        )
        if missing := len(asked - known.keys()):
            told = ngettext("%(n)s number is nobody's.", "%(n)s numbers are nobody's.", missing)
            raise forms.ValidationError({"members": told % {"n": missing}})
        return found | {"ids": list(known.values())}


class CouponPage(CouponView):
    """One offer. POST issues it in bulk."""

    template = "loyalty/coupon.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.render(self.template, self.around(self.definition(pk)) | {"form": IssueForm()})

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        known, form = self.definition(pk), IssueForm(request.POST)
        issue = lambda: issuing.start(known, audience=form.cleaned_data["audience"], by=self.staff, at=now(),  # noqa: E731
                                      customer_ids=form.cleaned_data["ids"])  # fmt: skip
        return self.answer(
            form,
            issue,
            done=lambda _batch: reverse("loyalty:coupon", args=[pk]),
            context=lambda: self.around(known),
        )

    def issue(self, known: CouponDefinition, told: dict[str, Any]) -> CouponBatch:
        return issuing.start(
            known, audience=told["audience"], customer_ids=told["ids"], by=self.staff, at=now()
        )

    def around(self, known: CouponDefinition) -> dict[str, Any]:
        versions = list(CouponTerms.objects.filter(definition=known).order_by("-number")[:8])
        batches = CouponBatch.objects.filter(definition=known).select_related("job").order_by("-pk")[:8]
        page = page_of(Coupon.objects.visible_to(self.staff).filter(definition=known), self.request, "-pk")
        state = states.of_coupons(page.rows, now())
        code = (
            CouponCode.objects.filter(definition=known, coupon_id=None).values_list("code", flat=True).first()
        )
        people = Customer.objects.in_bulk({one.customer_id for one in page.rows})
        seen = {pk: masks.seen_by(self.staff, one) for pk, one in people.items()}
        return {
            "tabs": tabs(self, "coupons"), "title": known.name, "crumbs": [(_("Coupons"), reverse("loyalty:coupons"))],
            "known": known, "tally": known.tally, "sentence": sentences.sentence(rules_of(versions[0])),
            "versions": [(one, sentences.sentence(rules_of(one))) for one in versions],
            "batches": [
                (one, audiences.label_of(one.audience), progress_of(one.job) if one.job else None) for one in batches
            ],
            "page": page,
            "rows": [
                (one, seen[one.customer_id], codes.shown(one.code), state[one.pk], _last(one)) for one in page.rows
            ],
            "code": codes.shown(code) if code else "",
        }  # fmt: skip


def _last(coupon: Coupon) -> datetime | None:
    """The last moment at which it is good: its day is what people know."""
    return coupon.valid_to and coupon.valid_to - timedelta(seconds=1)


class CouponEnding(CouponView):
    """POST ends an offer, DELETE opens it again."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        defining.end(self.definition(pk), by=self.staff, at=now())
        self.say(_("Ended. Coupons that customers hold stay good."))
        return self.go(reverse("loyalty:coupon", args=[pk]))

    def delete(self, request: HttpRequest, pk: int) -> HttpResponse:
        defining.reopen(self.definition(pk), by=self.staff)
        return self.go(reverse("loyalty:coupon", args=[pk]))


class CouponVoiding(CouponView):
    """POST declares one coupon void."""

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        found = get_object_or_404(Coupon.objects.visible_to(self.staff), pk=Coupon.row_id(public_id))
        try:
            giving.void(found.customer_id, found.pk, by=self.staff, at=now())
            self.say(_("The coupon is void."))
        except Refusal as refusal:
            self.say(str(refusal), error=True)
        return self.go(reverse("loyalty:coupon", args=[found.definition_id]))


class IssuedExport(CouponView):
    """The coupons of one offer as a file."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        known, kind = self.definition(pk), request.GET.get("format", "csv")
        header = [_("Coupon"), _("Customer"), _("State"), _("Issued at"), _("Good from"), _("Good until")]
        with transaction.atomic():
            trail.record("coupons.export", known, by=self.staff, details={"format": kind})
        rows = _issued(Coupon.objects.visible_to(self.staff).filter(definition=known))
        return export.download(
            f"coupons-{known.code}", kind if kind in export.FORMATS else "csv", header, rows
        )


def _issued(rows: Any) -> Iterator[tuple[Any, ...]]:
    at, last = now(), 0
    while found := list(rows.filter(pk__gt=last).order_by("pk")[:2000]):
        state, last = states.of_coupons(found, at), found[-1].pk
        for one in found:
            customer = Customer(pk=one.customer_id).public_id
            label = states.LABELS[state[one.pk]]
            yield one.public_id, customer, label, one.issued_at, one.valid_from, one.valid_to
