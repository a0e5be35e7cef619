"""Addresses of the pages for members. Nothing personal stands in one."""

from django.urls import path

from loyalty.views.member import app, family, friends, pages, rewards, signing

app_name = "member"
urlpatterns = [
    path("", pages.Home.as_view(), name="home"),
    path("code/", signing.Codes.as_view(), name="codes"),
    path("session/", signing.Session.as_view(), name="session"),
    path("card/", pages.Card.as_view(), name="card"),
    path("points/", pages.Points.as_view(), name="points"),
    path("stored-value/", pages.Stored.as_view(), name="stored"),
    path("coupons/", pages.Coupons.as_view(), name="coupons"),
    path("rewards/", rewards.Rewards.as_view(), name="rewards"),
    path("rewards/<str:redemption>/", rewards.Taken.as_view(), name="reward-taken"),
    path("preferences/", pages.Preferences.as_view(), name="preferences"),
    path("friends/", friends.Friends.as_view(), name="friends"),
    path("family/", family.Family.as_view(), name="family"),
    path("family/invitation/", family.Invitation.as_view(), name="family-invitation"),
    path("family/sharing/", family.Sharing.as_view(), name="family-sharing"),
    path("invited/<str:code>/", friends.Invited.as_view(), name="invited"),
    path("language/", pages.Language.as_view(), name="language"),
    path("app.webmanifest", app.Manifest.as_view(), name="manifest"),
    path("worker.js", app.Worker.as_view(), name="worker"),
]
