"""Addresses below /api/v1/."""

from django.urls import path

from loyalty.api import accounts, redemptions

urlpatterns = [
    path("accounts/<str:customer>/", accounts.Accounts.as_view(), name="api-accounts"),
    path("accounts/<str:customer>/entries/", accounts.Entries.as_view(), name="api-entries"),
    path("redemptions/", redemptions.Redemptions.as_view(), name="api-redemptions"),
    path("redemptions/<str:movement>/reversal/", redemptions.Reversals.as_view(), name="api-reversals"),
    path("holds/", redemptions.Holds.as_view(), name="api-holds"),
    path("holds/<str:hold>/", redemptions.OneHold.as_view(), name="api-hold"),
    path("holds/<str:hold>/capture/", redemptions.Captures.as_view(), name="api-captures"),
]
