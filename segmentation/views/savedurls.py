"""Addresses of segments that somebody saved, of the builder, and of lists."""

from django.urls import path

from segmentation.views import (
    builder,
    buildersaving,
    onesegment,
    saved,
    segmentacts,
    segmentreach,
    staticlists,
)

urlpatterns = [
    path("segments/saved/", saved.Saved.as_view(), name="saved"),
    path("segments/saved/export/", saved.SavedExport.as_view(), name="saved-export"),
    path("segments/build/", builder.Build.as_view(), name="build"),
    path("segments/build/save/", buildersaving.BuildSave.as_view(), name="build-save"),
    path("segments/build/steps/", builder.Steps.as_view(), name="build-steps"),
    path("segments/build/reach/", builder.Reach.as_view(), name="build-reach"),
    path("segments/build/choices/", builder.Choices.as_view(), name="build-choices"),
    path("segments/saved/<str:public_id>/", onesegment.SegmentPage.as_view(), name="segment"),
    path("segments/saved/<str:public_id>/edit/", builder.Edit.as_view(), name="segment-edit"),
    path(
        "segments/saved/<str:public_id>/versions/", buildersaving.Versions.as_view(), name="segment-versions"
    ),
    path("segments/saved/<str:public_id>/export/", onesegment.SegmentExport.as_view(), name="segment-export"),
    path("segments/saved/<str:public_id>/reach/", segmentreach.SegmentReach.as_view(), name="segment-reach"),
    path("segments/saved/<str:public_id>/work/", onesegment.SegmentWork.as_view(), name="segment-work"),
    path("segments/saved/<str:public_id>/sharing/", segmentacts.Sharing.as_view(), name="segment-sharing"),
    path("segments/saved/<str:public_id>/owner/", segmentacts.Owning.as_view(), name="segment-owner"),
    path("segments/saved/<str:public_id>/archive/", segmentacts.Archiving.as_view(), name="segment-archive"),
    path("segments/saved/<str:public_id>/copy/", segmentacts.Copying.as_view(), name="segment-copy"),
    path("segments/saved/<str:public_id>/freeze/", segmentacts.Freezing.as_view(), name="segment-freeze"),
    path("segments/lists/new/", staticlists.NewList.as_view(), name="list-new"),
    path("segments/uploads/<str:token>/", staticlists.FilePage.as_view(), name="list-file"),
    path("segments/uploads/<str:token>/unmatched/", staticlists.Unmatched.as_view(), name="list-unmatched"),
    path("segments/saved/<str:public_id>/list/", staticlists.ChangeList.as_view(), name="list-change"),
]
