"""Addresses of loyalty."""

from django.urls import path

from loyalty.views import earning

app_name = "loyalty"
urlpatterns = [
    path("loyalty/earning/", earning.Earning.as_view(), name="earning"),
    path("loyalty/earning/programme/", earning.ProgrammePage.as_view(), name="programme"),
    path("loyalty/earning/example/", earning.RuleExample.as_view(), name="rule-example"),
    path("loyalty/earning/new/", earning.Rule.as_view(), name="rule-new"),
    path("loyalty/earning/rules/<str:code>/", earning.Rule.as_view(), name="rule"),
    path("loyalty/earning/rules/<str:code>/end/", earning.RuleEnd.as_view(), name="rule-end"),
]
