from django.urls import path

from crm.notices import views

app_name = "notices"
urlpatterns = [
    path("notices/", views.Notices.as_view(), name="list"),
    path("notices/bell/", views.Bell.as_view(), name="bell"),
    path("notices/reading/", views.AllRead.as_view(), name="all-read"),
    path("notices/preferences/", views.Preferences.as_view(), name="preferences"),
    path("notices/<int:pk>/", views.Open.as_view(), name="open"),
    path("notices/<int:pk>/reading/", views.Reading.as_view(), name="reading"),
]
