from django.urls import path

from crm.ui import doors

app_name = "ui"
urlpatterns = [
    path("", doors.Home.as_view(), name="home"),
    path("preferences/", doors.Preferences.as_view(), name="preferences"),
    path("profile/", doors.Profile.as_view(), name="profile"),
]
