"""Who may change what: a segment that everybody sees, and what holds for the whole chain.

What people of many stores rest on is changed by its owner and by those whose scope is the whole chain; everybody else
copies it. A segment that only its owner sees is its owner's alone. Who manages staff may find such a segment and make
it theirs: its owner may have left.
"""

from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.refusals import Refusal
from crm.org.models import Staff
from crm.org.permissions import Permission
from segmentation.models import Segment
from segmentation.models.segment import SegmentQuerySet


class OfTheChain(Refusal):
    """It is larger than the scope of whoever would change it, or somebody else's."""

    code: ClassVar[str] = "of_the_chain"
    status: ClassVar[int] = 403


def has_chain(by: Any) -> bool:
    """Whether somebody's scope is the whole chain; the product itself ("system:…") has it."""
    return not hasattr(by, "scope") or bool(by.scope().is_chain)


def require_chain(by: Any) -> None:
    """Raises OfTheChain."""
    if not has_chain(by):
        raise OfTheChain(_("This holds for the whole chain: only who sees all stores can change it."))


def is_owner(segment: Segment, by: Any) -> bool:
    """Also of a key: what it made is its own."""
    if isinstance(by, Staff):
        return bool(segment.owner_id == by.pk)
    return segment.owner_id is None and segment.created_by == trail.actor_name(by)


def may_change(segment: Segment, by: Any) -> bool:
    """Its meaning, its name, whether it is in use."""
    return is_owner(segment, by) or (segment.is_shared and has_chain(by))


def require(segment: Segment, by: Any) -> None:
    """Raises OfTheChain."""
    if not may_change(segment, by):
        raise OfTheChain(
            _("This segment is changed by its owner and by those who see all stores. You can copy it.")
        )


def may_take(by: Any) -> bool:
    """Whether somebody may find what others keep to themselves, and make it theirs."""
    return isinstance(by, Staff) and by.may(Permission.MANAGE_STAFF) and has_chain(by)


def reachable(by: Any) -> SegmentQuerySet:
    """The segments whose pages somebody can open: those they see, and those they could make theirs."""
    return Segment.objects.all() if may_take(by) else Segment.objects.visible_to(by)


def of_others(by: Staff) -> SegmentQuerySet:
    """What others keep to themselves, for whoever could make it theirs."""
    return Segment.objects.filter(~Q(owner=by), is_shared=False) if may_take(by) else Segment.objects.none()


@transaction.atomic
def take(segment: Segment, *, by: Any) -> Segment:
    """Make it one's own: a private one is then seen by its new owner alone. Raises OfTheChain."""
    kept = Segment.objects.select_for_update(of=("self",)).select_related("owner").get(pk=segment.pk)
    if not may_take(by):
        raise OfTheChain(_("Only who manages staff can make somebody else's segment theirs."))
    if kept.owner_id == by.pk:
        return kept
    before = trail.actor_name(kept.owner) if kept.owner else kept.created_by
    kept.owner = by
    kept.save(update_fields=["owner"])
    trail.record("segment.take", kept, by=by, details={"from": before})
    return kept
