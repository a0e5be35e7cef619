"""The addresses of notes and follow-ups."""

from django.urls import path

from customers.views import notes, work, workacts, workbulk, workkinds, workmaking, workstore

urlpatterns = [
    path("customers/<str:public_id>/work/", workmaking.NewWork.as_view(), name="work-new"),
    path("customers/<str:public_id>/notes/", notes.Notes.as_view(), name="notes"),
    path("customers/<str:public_id>/notes/writing/", notes.Writing.as_view(), name="note-writing"),
    path("customers/<str:public_id>/notes/people/", notes.People.as_view(), name="note-people"),
    path("customers/<str:public_id>/notes/<str:note>/", notes.OneNote.as_view(), name="note"),
    path("customers/<str:public_id>/notes/<str:note>/removal/", notes.Removal.as_view(), name="note-removal"),
    path("customers/<str:public_id>/notes/<str:note>/pin/", notes.Pin.as_view(), name="note-pin"),
    path("work/", work.MyDay.as_view(), name="work"),
    path("work/store/", workstore.MyStore.as_view(), name="work-store"),
    path("work/store/export/", workstore.Export.as_view(), name="work-export"),
    path("work/store/handing/", workstore.Handing.as_view(), name="work-handing"),
    path("work/many/", workbulk.Bulk.as_view(), name="work-many"),
    path("work/batches/<int:pk>/", workstore.Batch.as_view(), name="work-batch"),
    path("work/kinds/", workkinds.Kinds.as_view(), name="work-kinds"),
    path("work/kinds/<int:pk>/", workkinds.Kind.as_view(), name="work-kind"),
    path("work/<str:item>/", work.Item.as_view(), name="work-item"),
    path("work/<str:item>/result/", workacts.Result.as_view(), name="work-result"),
    path("work/<str:item>/cancellation/", workacts.Cancellation.as_view(), name="work-cancellation"),
    path("work/<str:item>/snooze/", workacts.Snooze.as_view(), name="work-snooze"),
    path("work/<str:item>/owner/", workacts.Owner.as_view(), name="work-owner"),
    path("work/<str:item>/making/", workacts.Making.as_view(), name="work-making"),
]
