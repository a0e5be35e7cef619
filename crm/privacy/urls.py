from django.urls import path

from crm.privacy.views import people, policy, requests

app_name = "privacy"
urlpatterns = [
    path("requests/", requests.Requests.as_view(), name="requests"),
    path("requests/new/", requests.NewRequest.as_view(), name="request-new"),
    path("requests/export/", requests.RequestsExport.as_view(), name="requests-export"),
    path("requests/<uuid:key>/", requests.OneRequest.as_view(), name="request"),
    path("requests/<uuid:key>/check/", requests.Check.as_view(), name="request-check"),
    path("requests/<uuid:key>/assignment/", requests.Assignment.as_view(), name="request-assignment"),
    path("requests/<uuid:key>/closure/", requests.Closure.as_view(), name="request-closure"),
    path("customers/<str:public_id>/", people.Person.as_view(), name="person"),
    path("customers/<str:public_id>/export/", people.Export.as_view(), name="export"),
    path("customers/<str:public_id>/erasure/", people.ErasurePage.as_view(), name="erasure"),
    path("certificates/", people.Certificates.as_view(), name="certificates"),
    path("certificates/<uuid:key>/", people.CertificatePage.as_view(), name="certificate"),
    path("register/", policy.Register.as_view(), name="register"),
    path("masking/", policy.Masking.as_view(), name="masking"),
    path("reveals/", policy.Reveals.as_view(), name="reveals"),
    path("retention/", policy.Retention.as_view(), name="retention"),
    path("retention/<str:name>/", policy.RetentionRule.as_view(), name="retention-rule"),
    path("settings/", requests.Deadlines.as_view(), name="settings"),
]
