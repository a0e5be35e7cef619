"""Segments in words."""

from typing import Any

from django.utils.translation import gettext as _

from segmentation.models import Segment, SegmentKind, SegmentVersion
from segmentation.segments import reading, sentences


def sentence_of(version: SegmentVersion, segment: Segment) -> str:
    """What a version means; of a description that can no longer be read, that."""
    if segment.kind == SegmentKind.LIST:
        return _("Customers who were named one by one.")
    return sentence_of_tree(version.definition)


def sentence_of_tree(definition: Any) -> str:
    try:
        return str(sentences.sentence(reading.read(definition)))
    except reading.InvalidSegment:
        return _("This description names something that is no longer there.")
