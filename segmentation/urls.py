from django.urls import path

from segmentation.views import lifecycle, members, movements, schemes, segments

app_name = "segmentation"
urlpatterns = [
    path("segments/", segments.Segments.as_view(), name="segments"),
    path("segments/export/", segments.Export.as_view(), name="export"),
    path("segments/customers/", members.Members.as_view(), name="members"),
    path("segments/customers/work/", members.MembersWork.as_view(), name="members-work"),
    path("segments/customers/export/", members.MembersExport.as_view(), name="members-export"),
    path("segments/movement/", movements.MovementPage.as_view(), name="movement"),
    path("segments/movement/export/", movements.MovementExport.as_view(), name="movement-export"),
    path("segments/movement/customers/", members.Movers.as_view(), name="movers"),
    path("segments/movement/customers/export/", members.MoversExport.as_view(), name="movers-export"),
    path("segments/scheme/", schemes.SchemePage.as_view(), name="scheme"),
    path("segments/lifecycle/", lifecycle.LifecyclePage.as_view(), name="lifecycle"),
    path("segments/groups/", schemes.Groups.as_view(), name="groups"),
    path("segments/groups/new/", schemes.GroupRecord.as_view(), name="group-new"),
    path("segments/groups/<int:pk>/", schemes.GroupRecord.as_view(), name="group"),
]
