from django.urls import path

from segmentation.views import (
    clusterforms,
    clusters,
    lifecycle,
    lifetime,
    lookalikes,
    members,
    movements,
    schemes,
    segments,
    valuable,
)

app_name = "segmentation"
urlpatterns = [
    path("segments/", segments.Segments.as_view(), name="segments"),
    path("segments/export/", segments.Export.as_view(), name="export"),
    path("segments/customers/", members.Members.as_view(), name="members"),
    path("segments/customers/work/", members.MembersWork.as_view(), name="members-work"),
    path("segments/customers/export/", members.MembersExport.as_view(), name="members-export"),
    path("segments/movement/", movements.MovementPage.as_view(), name="movement"),
    path("segments/movement/customers/", members.Movers.as_view(), name="movers"),
    path("segments/movement/customers/export/", members.MoversExport.as_view(), name="movers-export"),
    path("segments/clusters/", clusters.Clusters.as_view(), name="clusters"),
    path("segments/clusters/export/", clusters.ClustersExport.as_view(), name="clusters-export"),
    path("segments/clusters/settings/", clusterforms.ClusterSettingsPage.as_view(), name="cluster-settings"),
    path("segments/clusters/learning/", clusterforms.Learning.as_view(), name="cluster-learning"),
    path("segments/clusters/<int:pk>/", clusterforms.ClusterName.as_view(), name="cluster"),
    path("segments/clusters/<int:pk>/customers/", clusters.ClusterMembers.as_view(), name="cluster-members"),
    path(
        "segments/clusters/<int:pk>/customers/export/",
        clusters.ClusterMembersExport.as_view(),
        name="cluster-members-export",
    ),
    path(
        "segments/clusters/<int:pk>/customers/work/",
        clusters.ClusterMembersWork.as_view(),
        name="cluster-members-work",
    ),
    path("segments/lookalikes/", lookalikes.LookAlikes.as_view(), name="lookalikes"),
    path("segments/lookalikes/new/", lookalikes.NewLookAlike.as_view(), name="lookalike-new"),
    path("segments/lookalikes/<str:code>/", lookalikes.LookAlikePage.as_view(), name="lookalike"),
    path(
        "segments/lookalikes/<str:code>/removal/",
        lookalikes.LookAlikeRemoval.as_view(),
        name="lookalike-removal",
    ),
    path(
        "segments/lookalikes/<str:code>/export/",
        lookalikes.LookAlikeExport.as_view(),
        name="lookalike-export",
    ),
    path("segments/lookalikes/<str:code>/work/", lookalikes.LookAlikeWork.as_view(), name="lookalike-work"),
    path("segments/lifetime/", lifetime.LifetimeValue.as_view(), name="lifetime-value"),
    path("segments/lifetime/customers/", valuable.Valuable.as_view(), name="valuable"),
    path("segments/lifetime/customers/export/", valuable.ValuableExport.as_view(), name="valuable-export"),
    path("segments/scheme/", schemes.SchemePage.as_view(), name="scheme"),
    path("segments/lifecycle/", lifecycle.LifecyclePage.as_view(), name="lifecycle"),
    path("segments/groups/", schemes.Groups.as_view(), name="groups"),
    path("segments/groups/new/", schemes.GroupRecord.as_view(), name="group-new"),
    path("segments/groups/<int:pk>/", schemes.GroupRecord.as_view(), name="group"),
]
