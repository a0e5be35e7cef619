"""Definitions of coupons: listed, read, made, ended."""

from collections.abc import Sequence
from typing import Any

from django.db.models import OuterRef, Subquery
from django.utils.timezone import now

from crm.lib.refusals import Fault
from crm.org.models import public_id
from crm.org.permissions import Permission
from crm.rest import pages
from crm.rest.endpoints import Answer, endpoint
from crm.rest.problems import NotFound
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from loyalty.api import offershapes
from loyalty.api.offershapes import CountsOut, DefinitionIn, DefinitionOut, DefinitionPage, TermsOut
from loyalty.coupons import codes, defining
from loyalty.coupons.refusals import InvalidTerms
from loyalty.models import CouponCode, CouponDefinition, CouponTally, CouponTerms

DEFINITION_ID = {"type": "string", "pattern": "^cpd_[0-9a-z]{12}$"}
UNKNOWN = {404: "No such definition."}
EXAMPLE: dict[str, Any] = {
    "code": "spring", "name": "Spring greeting",
    "terms": {"kind": "percent", "share_bp": 1000, "most": "20.00", "days": 30, "minimum": "50.00"},
}  # fmt: skip


class _Offers(ApiView):
    permission = Permission.MANAGE_COUPONS
    scope = KeyScope.COUPONS_MANAGE
    tag = "coupons"


class Definitions(_Offers):
    """What a chain offers."""

    @endpoint("List coupon definitions", answers={200: DefinitionPage}, query=pages.PageQuery)
    def get(self) -> Any:
        """All of them, newest first, with the terms that hold now and what became of them."""
        after = pages.position(self.query.cursor, pages.RowNumber)
        rows = CouponDefinition.objects.order_by("-pk")
        found = list(rows.filter(pk__lt=after[0]) if after else rows)[: self.query.limit + 1]
        results = _shapes(found[: self.query.limit])
        cursor = pages.cursor_after(found, self.query.limit, lambda one: (one.pk,))
        return pages.page(self.request, results, cursor)

    @endpoint(
        "Make a coupon definition", body=DefinitionIn, answers={201: DefinitionOut}, example=EXAMPLE,
        problems={422: "`invalid_terms`: the places say what a kind needs; a code that is taken."},
    )  # fmt: skip
    def post(self, told: DefinitionIn) -> Answer:
        """Its first terms hold at once. A shared one gets the code that everybody uses."""
        terms = offershapes.kept(told.terms)
        try:
            made = defining.define(
                code=told.code,
                name=told.name,
                is_shared=told.is_shared,
                terms=terms,
                by=self.caller,
                at=now(),
            )
        except InvalidTerms as refusal:
            raise _placed(refusal) from refusal
        return Answer(_shapes([made])[0], 201)


class OneDefinition(_Offers):
    """One of them."""

    parts = {"definition": DEFINITION_ID}

    @endpoint("Read a coupon definition", answers={200: DefinitionOut}, problems=UNKNOWN)
    def get(self, definition: str) -> DefinitionOut:
        """With the terms that hold now."""
        return _shapes([_found(definition)])[0]


class Ending(_Offers):
    """That it is over."""

    parts = {"definition": DEFINITION_ID}

    @endpoint("End a coupon definition", answers={200: DefinitionOut}, problems=UNKNOWN)
    def post(self, definition: str) -> DefinitionOut:
        """Nothing more is issued, a shared code is not taken any more; coupons that people hold stay good. Again: the
        same."""
        defining.end(_found(definition), by=self.caller, at=now())
        return _shapes([_found(definition)])[0]

    @endpoint("Open a coupon definition again", answers={200: DefinitionOut}, problems=UNKNOWN)
    def delete(self, definition: str) -> DefinitionOut:
        """As before its end. Again: the same."""
        defining.reopen(_found(definition), by=self.caller)
        return _shapes([_found(definition)])[0]


def _found(text: str) -> CouponDefinition:
    number = public_id("cpd").decode(text)
    found = CouponDefinition.objects.filter(pk=number).first() if number is not None else None
    if found is None:
        raise NotFound
    return found


def _placed(refusal: InvalidTerms) -> InvalidTerms:
    """With the places of what was sent."""
    own = {"gift_id": "gift"}
    return InvalidTerms(
        *(
            Fault(
                "/code" if one.pointer == "code" else f"/terms/{own.get(one.pointer, one.pointer)}",
                one.detail,
            )
            for one in refusal.faults
        )
    )


def _shapes(found: Sequence[CouponDefinition]) -> list[DefinitionOut]:
    newest = CouponTerms.objects.filter(definition=OuterRef("pk"), valid_from__lte=now())
    held = CouponDefinition.objects.filter(pk__in=[one.pk for one in found]).annotate(
        held=Subquery(newest.order_by("-valid_from", "-number").values("pk")[:1])
    )
    rows = list(CouponTerms.objects.filter(pk__in=held.values("held")))
    told = {row.definition_id: shape for row, shape in zip(rows, offershapes.told(rows), strict=True)}
    tallies = CouponTally.objects.in_bulk(list(told))
    shared = dict(
        CouponCode.objects.filter(definition__in=list(told), coupon_id=None).values_list(
            "definition_id", "code"
        )
    )
    return [_shape(one, told[one.pk], tallies[one.pk], shared.get(one.pk)) for one in found]


def _shape(one: CouponDefinition, terms: TermsOut, tally: CouponTally, shared: str | None) -> DefinitionOut:
    counts = CountsOut(
        tally.issued,
        tally.voided,
        tally.reserved,
        tally.redeemed,
        f"{tally.promised:.2f}",
        f"{tally.spent:.2f}",
    )
    code = codes.shown(shared) if shared else None
    return DefinitionOut(one.public_id, one.code, one.name, code, one.ended_at, terms, counts)
