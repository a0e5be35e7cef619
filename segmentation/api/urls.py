"""Addresses below /api/v1/."""

from django.urls import path

from segmentation.api.clusters import ClusterMembers, Clusters
from segmentation.api.lookalikes import LookAlikeMatches, LookAlikes, LookAlikeSearch
from segmentation.api.saved import Attributes, Saved, SegmentPreview
from segmentation.api.segments import Members, Segments
from segmentation.api.suggestions import Recommendations
from segmentation.api.targets import Target, Targets

urlpatterns = [
    path("clusters/", Clusters.as_view(), name="api-clusters"),
    path("clusters/<int:cluster>/members/", ClusterMembers.as_view(), name="api-cluster-members"),
    path("lookalikes/", LookAlikes.as_view(), name="api-lookalikes"),
    path("lookalikes/<str:lookalike>/", LookAlikeSearch.as_view(), name="api-lookalike"),
    path("lookalikes/<str:lookalike>/customers/", LookAlikeMatches.as_view(), name="api-lookalike-customers"),
    path("segments/", Segments.as_view(), name="api-segments"),
    path("segments/attributes/", Attributes.as_view(), name="api-segment-attributes"),
    path("segments/preview/", SegmentPreview.as_view(), name="api-segment-preview"),
    path("segments/<str:segment>/", Saved.as_view(), name="api-segment"),
    path("segments/<str:segment>/members/", Members.as_view(), name="api-segment-members"),
    path("targets/", Targets.as_view(), name="api-targets"),
    path("targets/<str:target>/", Target.as_view(), name="api-target"),
    path(
        "customers/<str:customer>/recommendations/",
        Recommendations.as_view(),
        name="api-customer-recommendations",
    ),
]
