"""Rewards: the catalogue, taking one, taking it back."""

from dataclasses import replace
from typing import Annotated, Any

from django.db.models import OuterRef, Q, Subquery
from django.utils.timezone import now
from msgspec import Meta

from crm.org.models import Store, public_id
from crm.org.permissions import Permission
from crm.rest import pages
from crm.rest.endpoints import Answer, endpoint
from crm.rest.problems import NotFound
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from loyalty import rewards, sources
from loyalty.api import till
from loyalty.api.couponshapes import RedemptionOut, RewardOut, RewardPage, RewardRedemptionIn
from loyalty.coupons.codes import shown
from loyalty.ledger import Cause
from loyalty.models import Redemption, Reward, RewardKind, RewardStock, RewardTerms

REWARD_ID = {"type": "string", "pattern": "^rwd_[0-9a-z]{12}$"}
REDEMPTION_ID = {"type": "string", "pattern": "^rdm_[0-9a-z]{12}$"}


class RewardQuery(pages.PageQuery, forbid_unknown_fields=True, kw_only=True):
    """For which store: what is given there, with its stock."""

    store: Annotated[str, Meta(min_length=1, max_length=32)] | None = None


class Rewards(ApiView):
    """What points buy."""

    permission = Permission.VIEW_LOYALTY
    scope = KeyScope.POINTS_READ
    tag = "rewards"

    @endpoint("List rewards", answers={200: RewardPage}, query=RewardQuery)
    def get(self) -> Any:
        """Those that are given now, with the terms that hold now."""
        at, store = now(), till.store_if(self.query.store, self.caller)
        after = pages.position(self.query.cursor, pages.RowNumber)
        rows = RewardTerms.objects.select_related("reward", "partner").filter(pk__in=_holding(at))
        if after:
            rows = rows.filter(reward_id__gt=after[0])
        if store:
            rows = rows.filter(Q(only_stores=[]) | Q(only_stores__contains=[store.pk]))
        found = list(rows.order_by("reward_id")[: self.query.limit + 1])
        results = _shapes(found[: self.query.limit], store)
        cursor = pages.cursor_after(found, self.query.limit, lambda one: (one.reward_id,))
        return pages.page(self.request, results, cursor)


class RewardRedemptions(ApiView):
    """Taking a reward."""

    permission = Permission.REDEEM_POINTS
    scope = KeyScope.POINTS_WRITE
    tag = "rewards"
    parts = {"reward": REWARD_ID}

    @endpoint(
        "Redeem a reward", body=RewardRedemptionIn, answers={200: RedemptionOut, 201: RedemptionOut},
        problems={
            404: "No such reward.", 410: "`erased`.",
            409: "`insufficient_points`, `out_of_stock`, `reward_ended`, `reward_not_now`, `wrong_store`, "
            "`wrong_tier`, `limit_reached`, `source_conflict`.",
        },
        example={"source": "pos-12", "external_id": "R-17", "store": "HARB",
                 "customer": {"kind": "phone", "value": "+8613800138000"}},
    )  # fmt: skip
    def post(self, told: RewardRedemptionIn, reward: str) -> Answer:
        """Its points leave the account and its stock is one less, both or neither. The same again: 200."""
        found = get_reward(reward)
        store, who = till.store_of(told, self.caller), till.customer_of(told.customer)
        assert who is not None
        cause = till.cause_of(told, now(), self.caller, store)
        short = replace(cause, source=sources.fitted(cause.source, sources.MOST_OF_CHECKOUT))
        taken = rewards.redeem(who, found, short)
        return Answer(shape(taken.redemption), 201 if taken.is_new else 200)


class RewardRedemption(ApiView):
    """A reward that was taken."""

    permission = Permission.REDEEM_POINTS
    scope = KeyScope.POINTS_WRITE
    tag = "rewards"
    parts = {"redemption": REDEMPTION_ID}

    @endpoint("Cancel a redeemed reward", answers={200: RedemptionOut},
              problems={404: "Unknown, or not for this key.", 409: "`coupon_used`."})  # fmt: skip
    def delete(self, redemption: str) -> RedemptionOut:
        """Points, stock and coupon are as before. Again: the same."""
        number = Redemption.row_id(redemption)
        rows = Redemption.objects.visible_to(self.caller)
        found = rows.filter(pk=number).first() if number is not None else None
        if found is None:
            raise NotFound
        cause = Cause(f"{redemption}/cancel", now(), self.caller, found.store_id)
        return shape(rewards.cancel(found.customer_id, found.pk, cause))


def get_reward(text: str) -> Reward:
    number = Reward.row_id(text)
    if number is None:
        raise NotFound
    found = Reward.objects.filter(pk=number).first()
    if found is None:
        raise NotFound
    return found


def shape(one: Redemption) -> RedemptionOut:
    discount = one.terms.amount if one.terms.kind == RewardKind.DISCOUNT else None
    return RedemptionOut(
        one.public_id, public_id("cus").encode(one.customer_id), public_id("rwd").encode(one.reward_id), one.state,  # type: ignore[arg-type]
        one.points, _text(one.money), shown(one.coupon.code) if one.coupon else None, _text(discount), one.redeemed_at,
    )  # fmt: skip


def _text(amount: Any) -> str | None:
    return None if amount is None else f"{amount:.2f}"


def _holding(at: Any) -> Any:
    """The terms that hold now, of rewards that are given."""
    newest = RewardTerms.objects.filter(reward=OuterRef("pk"), valid_from__lte=at).order_by(
        "-valid_from", "-number"
    )
    rows = Reward.objects.filter(Q(ended_at__isnull=True) | Q(ended_at__gt=at))
    return rows.annotate(now=Subquery(newest.values("pk")[:1])).values("now")


def _shapes(found: list[RewardTerms], store: Store | None) -> list[RewardOut]:
    stock: dict[int, int] = {}
    if store:
        stock = dict(RewardStock.objects.filter(store=store).values_list("reward_id", "quantity"))
    codes = dict(Store.objects.values_list("pk", "code"))
    return [
        RewardOut(
            one.reward.public_id, one.reward.code, one.reward.name, RewardKind(one.kind).code, one.points,
            _text(one.money), one.partner.name if one.partner else None, one.note, one.from_on, one.to_on,
            [codes[pk] for pk in one.only_stores if pk in codes], one.tiers,
            stock.get(one.reward_id, 0) if store and one.reward.is_counted else None,
        )
        for one in found
    ]  # fmt: skip
