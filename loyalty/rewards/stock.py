"""How many of a reward each store has."""

from typing import Any

from django.db import transaction
from django.db.models import F

from crm.audit import trail
from crm.org.models import Store
from loyalty.models import Reward, RewardStock
from loyalty.rewards.refusals import InvalidStock, OutOfStock

MOST = 1_000_000


def put(reward: Reward, store: Store, quantity: int, *, by: Any) -> None:
    """A store has counted: it has so many. Raises InvalidStock."""
    if not 0 <= quantity <= MOST:
        raise InvalidStock
    with transaction.atomic():
        Reward.objects.select_for_update().get(pk=reward.pk)
        row = RewardStock.objects.select_for_update().filter(reward=reward, store=store).first()
        if row and row.quantity == quantity:
            return
        before = row.quantity if row else None
        RewardStock.objects.update_or_create(reward=reward, store=store, defaults={"quantity": quantity})
        details = {"store": store.pk, "from": before, "to": quantity}
        trail.record("reward.stock", reward, by=by, store_id=store.pk, details=details)


def take(reward_id: int, store_id: int) -> None:
    """One less. Raises OutOfStock."""
    rows = RewardStock.objects.filter(reward_id=reward_id, store_id=store_id, quantity__gt=0)
    if not rows.update(quantity=F("quantity") - 1):
        raise OutOfStock


def give_back(reward_id: int, store_id: int) -> None:
    RewardStock.objects.filter(reward_id=reward_id, store_id=store_id).update(quantity=F("quantity") + 1)
