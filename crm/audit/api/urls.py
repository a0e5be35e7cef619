"""Addresses below /api/v1/."""

from django.urls import path

from crm.audit.api.entries import Trail

urlpatterns = [path("audit/", Trail.as_view(), name="api-audit")]
