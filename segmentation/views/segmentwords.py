"""Segments in words."""

from typing import Any

from django.utils.translation import gettext as _

from segmentation.models import Segment, SegmentKind, SegmentVersion
from segmentation.segments import reading, sentences


def sentence_of(version: SegmentVersion, segment: Segment, viewer: Any) -> str:
    """What a version means; of a description that can no longer be read, that."""
    if segment.kind == SegmentKind.LIST:
        return _("Customers who were named one by one.")
    try:
        return sentences.sentence(reading.read(version.definition), viewer)
    except reading.InvalidSegment:
        return _("This description names something that is no longer there.")
