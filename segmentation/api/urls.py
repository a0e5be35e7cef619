"""Addresses below /api/v1/."""

from django.urls import path

from segmentation.api.segments import Members, Segments
from segmentation.api.targets import Target, Targets

urlpatterns = [
    path("segments/", Segments.as_view(), name="api-segments"),
    path("segments/<str:segment>/members/", Members.as_view(), name="api-segment-members"),
    path("targets/", Targets.as_view(), name="api-targets"),
    path("targets/<str:target>/", Target.as_view(), name="api-target"),
]
