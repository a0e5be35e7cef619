"""Addresses of loyalty."""

from django.urls.resolvers import URLPattern

app_name = "loyalty"
urlpatterns: list[URLPattern] = []
