"""Addresses below /api/v1/."""

from django.urls import path

from segmentation.api.segments import Members, Segments

urlpatterns = [
    path("segments/", Segments.as_view(), name="api-segments"),
    path("segments/<str:segment>/members/", Members.as_view(), name="api-segment-members"),
]
