"""What pages ask about masking."""

from typing import Any

from django import template

from crm.privacy import masking
from crm.privacy.models import RevealReason

register = template.Library()


@register.filter
def seen_by(words: str, viewer: Any) -> str:
    """{{ note.text|seen_by:staff }}: what somebody wrote of a customer, as the viewer's role sees it."""
    return masking.text(viewer, words)


@register.simple_tag
def may_reveal(staff: Any) -> bool:
    """Whether this person may have something masked shown in full."""
    return masking.reveals(staff) is not masking.Reveals.NO


@register.simple_tag
def reveal_reasons(staff: Any) -> list[Any]:
    """Of which reasons they must choose one; empty where none is asked for."""
    if masking.reveals(staff) is not masking.Reveals.WITH_REASON:
        return []
    return [(one.value, one.label) for one in RevealReason.chosen()]
