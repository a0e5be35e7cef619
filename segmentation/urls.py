from django.urls import path

from segmentation.views import ages, goods, lifecycle, members, movements, needs, schemes, segments

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
    path("segments/scheme/", schemes.SchemePage.as_view(), name="scheme"),
    path("segments/lifecycle/", lifecycle.LifecyclePage.as_view(), name="lifecycle"),
    path("segments/groups/", schemes.Groups.as_view(), name="groups"),
    path("segments/groups/new/", schemes.GroupRecord.as_view(), name="group-new"),
    path("segments/groups/<int:pk>/", schemes.GroupRecord.as_view(), name="group"),
    path("segments/products/", goods.RulesPage.as_view(), name="products"),
    path("segments/products/export/", goods.RulesExport.as_view(), name="products-export"),
    path("segments/products/matrix/", goods.MatrixPage.as_view(), name="cross-sell"),
    path("segments/products/due/", needs.DuePage.as_view(), name="due"),
    path("segments/products/due/export/", needs.DueExport.as_view(), name="due-export"),
    path("segments/products/due/work/", needs.DueWork.as_view(), name="due-work"),
    path("segments/products/stock/", needs.StockPage.as_view(), name="stock"),
    path("segments/products/stock/export/", needs.StockExport.as_view(), name="stock-export"),
    path("segments/products/ages/", ages.Ages.as_view(), name="ages"),
    path("segments/products/ages/<int:pk>/removal/", ages.AgeRemoval.as_view(), name="age-removal"),
]
