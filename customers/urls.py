from django.urls import path

from customers.views import control, counter, imports, likely, listing, nights, profile, quarantine, workurls
from customers.views import control, counter, imports, listing, mapping, nights, profile, quarantine

app_name = "customers"
urlpatterns = [
    path("counter/", counter.Counter.as_view(), name="counter"),
    path("counter/find/", counter.Find.as_view(), name="find"),
    path("counter/served/<str:pass_>/", counter.Served.as_view(), name="served"),
    path("customers/", listing.Customers.as_view(), name="list"),
    path("customers/duplicates/", likely.Duplicates.as_view(), name="duplicates"),
    path("customers/export/", listing.Export.as_view(), name="export"),
    path("customers/<str:public_id>/", profile.Profile.as_view(), name="customer"),
    path("customers/<str:public_id>/edit/", profile.Edit.as_view(), name="edit"),
    path(
        "customers/<str:public_id>/purchases/<str:purchase>/",
        profile.PurchaseLines.as_view(),
        name="purchase",
    ),
    path("customers/<str:public_id>/identifiers/<int:identity>/", profile.Reveal.as_view(), name="reveal"),
    *workurls.urlpatterns,
    path("imports/", imports.Imports.as_view(), name="imports"),
    path("imports/new/", imports.Upload.as_view(), name="upload"),
    path("imports/<int:pk>/", imports.Import.as_view(), name="import"),
    path("imports/<int:pk>/columns/", mapping.ImportColumns.as_view(), name="import-columns"),
    path("imports/<int:pk>/changes/", imports.Changes.as_view(), name="import-changes"),
    path("imports/<int:pk>/undo/", imports.ImportUndo.as_view(), name="import-undo"),
    path("mappings/<int:pk>/", mapping.KeptMapping.as_view(), name="mapping"),
    path("imports/<int:pk>/rejected/", imports.Rejected.as_view(), name="rejected"),
    path("imports/<int:pk>/resumption/", imports.ImportResumption.as_view(), name="import-resumption"),
    path("imports/<int:pk>/cancellation/", imports.ImportCancellation.as_view(), name="import-cancellation"),
    path("imports/<int:pk>/application/", imports.ApplyForReal.as_view(), name="import-application"),
    path("quarantine/", quarantine.Quarantine.as_view(), name="quarantine"),
    path("quarantine/<int:pk>/replay/", quarantine.Replay.as_view(), name="replay"),
    path("quarantine/<int:pk>/dismissal/", quarantine.Dismissal.as_view(), name="dismissal"),
    path("nights/", nights.Nights.as_view(), name="nights"),
    path("nights/run/", nights.Run.as_view(), name="night-run"),
    path("nights/<int:pk>/", nights.Night.as_view(), name="night"),
    path("nights/<int:pk>/resumption/", control.Resumption.as_view(), name="night-resumption"),
    path("nights/<int:pk>/cancellation/", control.Cancellation.as_view(), name="night-cancellation"),
]
