"""What this app adds to the customer page and to lists of customers."""

from datetime import datetime
from typing import Any

from crm.org.models import Staff
from crm.ui import words
from customers import nights, whole
from customers.models import Customer
from customers.views.persona import objects
from segmentation import standings
from segmentation.churn import risks
from segmentation.clusters import reading as clusters
from segmentation.lifetime import reading as lifetimes
from segmentation.models import Segment, Standing
from segmentation.views.words import certainty, of_class, of_score, points


def scores(staff: Staff, customer: Customer) -> dict[str, Any] | None:
    """Their scores with the figures and limits behind them, in words."""
    standing, around = _now(customer), whole.around(customer)
    if standing is None or around.night is None or around.counted is None:
        return {"explanation": None}
    found = standings.explained(around.night, standing, around.counted)
    if found is None:
        return {"explanation": None}
    currency = around.chain.currency
    told = [of_score(one, found, currency) for one in found.scores]
    return {"explanation": found, "scores": told, "why_class": of_class(found, currency)}


def in_segments(staff: Staff, customer: Customer) -> dict[str, Any] | None:
    """The segments that they are in now, of those that this person sees."""
    told = whole.around(customer).more.get("segments") or []
    shown = [one for one in told if one["shared"] or one["owner"] == staff.pk]
    rows = [
        {
            "id": Segment(pk=one["id"]).public_id,
            "name": one["name"],
            "since": datetime.fromisoformat(one["since"]),
        }
        for one in shown
    ]
    return {"segments": rows} if rows else None


def leaving(staff: Staff, customer: Customer) -> dict[str, Any] | None:
    """How likely they are to leave, with the reasons."""
    found = risks.told(customer)
    if found is None:
        return None
    reasons = [(one.words, points(one.points)) for one in found.reasons]
    return {"leaving": found, "reasons": reasons, "rest": points(found.rest) if found.rest else ""}


def standing(staff: Staff, customer: Customer) -> dict[str, Any] | None:
    """Group and value class, for the head of the page."""
    now = _now(customer)
    return {"standing": now} if now else None


def movement(staff: Staff, customer: Customer) -> dict[str, Any] | None:
    """In which group they were since when, and by which scores."""
    history = _history(customer)
    return {"history": history[:12]} if history else None


def lifetime(staff: Staff, customer: Customer) -> dict[str, Any] | None:
    """What they are expected to bring, and how sure it is that they are still a customer."""
    history = _history(customer)
    score = lifetimes.score_of(history[0].lifetime) if history else None  # type: ignore[attr-defined]
    if score is None:
        return None
    currency = whole.around(customer).chain.currency
    told = [
        (days, words.number(purchases, 1), words.money(value, currency, 2)) for days, purchases, value in score.spans
    ]  # fmt: skip
    return {"score": score, "alive": None if score.alive is None else certainty(score.alive), "told": told}


def _now(customer: Customer) -> Standing | None:
    night = whole.around(customer).night
    held = [
        one for one in _history(customer) if one.ended_night is None or (night and one.ended_night > night.pk)
    ]
    return held[0] if held else None


def _history(customer: Customer) -> list[Standing]:
    """Read once for all panels of a page."""
    night = whole.around(customer).night
    if night is None:
        return []
    if "_standings" not in customer.__dict__:
        customer.__dict__["_standings"] = standings.history_of(customer, night, lifetime=lifetimes.beside())
    found: list[Standing] = customer.__dict__["_standings"]
    return found


def group_column(staff: Staff, ids: list[int]) -> dict[int, tuple[Any, str]]:
    """The group of each, by the published night."""
    night = nights.published()
    if night is None or not ids:
        return {}
    rows = Standing.objects.at(night.pk).filter(customer__in=ids).select_related("group")
    return {row.customer_id: (row.group.name, "") for row in rows}


def cluster(staff: Staff, customer: Customer) -> dict[str, Any] | None:
    """The cluster that they are in, and which they were in before."""
    night = whole.around(customer).night
    if night is None or objects(customer):
        return None
    more = whole.around(customer).more
    told = clusters.stays_told(more["cluster"]) if "cluster" in more else None
    stays = clusters.last_stays(customer, night) if told is None else told
    if not stays or (stays[0].ended_night is not None and stays[0].ended_night <= night.pk):
        return None
    return {"name": stays[0].name, "before": stays[1].name if stays[1:] else ""}
