from django.urls import path

from crm.audit.views import checks, entries

app_name = "audit"
urlpatterns = [
    path("", entries.Trail.as_view(), name="trail"),
    path("export/", entries.Export.as_view(), name="export"),
    path("entries/<int:pk>/", entries.EntryPage.as_view(), name="entry"),
    path("verifications/", checks.Verifications.as_view(), name="verifications"),
]
