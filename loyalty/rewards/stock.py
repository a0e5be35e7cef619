"""How many of a reward each store has."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F

from crm.audit import trail
from crm.org.models import Store
from loyalty.models import Reward, RewardStock
from loyalty.rewards.refusals import InvalidStock, OutOfStock, StockMoved

MOST = 1_000_000


def put(reward: Reward, store: Store, quantity: int, *, by: Any) -> None:
    """A store has counted: it has so many. Raises InvalidStock."""
    count(reward, {store.pk: quantity}, by=by)


def count(
    reward: Reward,
    told: Mapping[int, int | None],
    *,
    by: Any,
    seen: Mapping[int, int | None] | None = None,
) -> None:
    """Stores (by their number) have counted, all or none of them. Raises InvalidStock, StockMoved.

    `seen`: what the form showed of each (None: never counted). What is still like that is not written, so that nothing
    which was taken meanwhile comes back.
    """
    with transaction.atomic():
        Reward.objects.select_for_update().get(pk=reward.pk)
        rows = RewardStock.objects.select_for_update().filter(reward=reward, store__in=told).order_by("store")
        have = dict.fromkeys(told) | {row.store_id: row.quantity for row in rows}
        for store, quantity in _changes(have, told, seen or {}).items():
            if quantity != have[store]:
                _write(reward, store, have[store], quantity, by)


def _changes(
    have: Mapping[int, int | None], told: Mapping[int, int | None], seen: Mapping[int, int | None]
) -> dict[int, int]:
    """What is to be written: what differs from what was seen (`crm/lib/edits.py`)."""
    mine: dict[int, int] = {}
    for store, quantity in told.items():
        if store in seen and quantity == seen[store]:
            continue
        if quantity is None or not 0 <= quantity <= MOST:
            raise InvalidStock(store)
        mine[store] = quantity
    moved = {
        one: have[one] for one, told in mine.items() if one in seen and have[one] not in (seen[one], told)
    }
    if moved:
        raise StockMoved(moved)
    return mine


def _write(reward: Reward, store: int, before: int | None, quantity: int, by: Any) -> None:
    RewardStock.objects.update_or_create(reward=reward, store_id=store, defaults={"quantity": quantity})
    details = {"store": store, "from": before, "to": quantity}
    trail.record("reward.stock", reward, by=by, store_id=store, details=details)


def take(reward_id: int, store_id: int) -> None:
    """One less. Raises OutOfStock."""
    rows = RewardStock.objects.filter(reward_id=reward_id, store_id=store_id, quantity__gt=0)
    if not rows.update(quantity=F("quantity") - 1):
        raise OutOfStock


def give_back(reward_id: int, store_id: int) -> None:
    RewardStock.objects.filter(reward_id=reward_id, store_id=store_id).update(quantity=F("quantity") + 1)
