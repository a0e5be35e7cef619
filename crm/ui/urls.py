from django.urls import path

from crm.ui.views import shell

app_name = "ui"
urlpatterns = [
    path("", shell.Home.as_view(), name="home"),
    path("preferences/", shell.Preferences.as_view(), name="preferences"),
    path("help/", shell.Help.as_view(), name="help"),
    path("profile/", shell.Profile.as_view(), name="profile"),
]
