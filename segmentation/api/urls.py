"""Addresses below /api/v1/."""

from django.urls import path

from segmentation.api.segments import Members, Segments
from segmentation.api.suggestions import Recommendations

urlpatterns = [
    path("segments/", Segments.as_view(), name="api-segments"),
    path("segments/<str:segment>/members/", Members.as_view(), name="api-segment-members"),
    path(
        "customers/<str:customer>/recommendations/",
        Recommendations.as_view(),
        name="api-customer-recommendations",
    ),
]
