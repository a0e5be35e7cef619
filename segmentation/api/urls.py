"""Addresses below /api/v1/."""

from django.urls import path

from segmentation.api.saved import Attributes, Saved, SegmentPreview
from segmentation.api.segments import Members, Segments

urlpatterns = [
    path("segments/", Segments.as_view(), name="api-segments"),
    path("segments/attributes/", Attributes.as_view(), name="api-segment-attributes"),
    path("segments/preview/", SegmentPreview.as_view(), name="api-segment-preview"),
    path("segments/<str:segment>/", Saved.as_view(), name="api-segment"),
    path("segments/<str:segment>/members/", Members.as_view(), name="api-segment-members"),
]
