"""The addresses of consent, of preferences and of becoming a member."""

from django.urls import path

from customers.views import consents, enrol, join, public, signups, wordings

urlpatterns = [
    path("counter/enrol/", enrol.Enrol.as_view(), name="enrol"),
    path("customers/<str:public_id>/consents/", consents.Consents.as_view(), name="consents"),
    path("customers/<str:public_id>/consents/new/", consents.Record.as_view(), name="consent-record"),
    path("customers/<str:public_id>/words/<str:events>/", consents.Words.as_view(), name="words"),
    path("customers/<str:public_id>/do-not-contact/", consents.DoNotContact.as_view(), name="do-not-contact"),
    path("customers/<str:public_id>/guardian/", consents.GuardianRecord.as_view(), name="guardian"),
    path(
        "customers/<str:public_id>/preferences-link/",
        consents.PreferencesLink.as_view(),
        name="preferences-link",
    ),
    path("preferences/<str:token>/", public.Preferences.as_view(), name="preferences"),
    path("unsubscribe/<str:token>/", public.Unsubscribe.as_view(), name="unsubscribe"),
    path("join/<str:code>/", join.Join.as_view(), name="join"),
    path("sign-up/", signups.SignUps.as_view(), name="sign-ups"),
    path("sign-up/stores/<int:pk>/", signups.Switch.as_view(), name="sign-up-switch"),
    path("sign-up/stores/<int:pk>/poster/", signups.Poster.as_view(), name="sign-up-poster"),
    path("sign-up/stores/<int:pk>/code.svg", signups.Code.as_view(), name="sign-up-svg"),
    path("sign-up/stores/<int:pk>/code.png", signups.Code.as_view(kind="png"), name="sign-up-png"),
    path("sign-up/waiting/<int:pk>/", signups.Decision.as_view(), name="sign-up-decision"),
    path("settings/consent/", wordings.Wordings.as_view(), name="wordings"),
    path("settings/consent/<str:code>/in/<str:language>/", wordings.WordingRecord.as_view(), name="wording"),
]
