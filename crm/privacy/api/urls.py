"""Addresses below /api/v1/."""

from django.urls import path

from crm.privacy.api.people import Erasure, Export
from crm.privacy.api.requests import Requests

urlpatterns = [
    path("customers/<str:customer>/export/", Export.as_view(), name="api-customer-export"),
    path("customers/<str:customer>/erasure/", Erasure.as_view(), name="api-customer-erasure"),
    path("privacy/requests/", Requests.as_view(), name="api-privacy-requests"),
]
