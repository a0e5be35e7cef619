"""What the trail calls acts about notes and follow-ups (`customers/audited.py`)."""

from django.utils.translation import gettext_lazy as _

from crm.audit.registry import Act

OF_WORK = {
    "note.write": Act(_("Note written"), icon="note"),
    "note.edit": Act(_("Note changed"), icon="note"),
    "note.delete": Act(_("Note removed"), icon="note"),
    "note.restore": Act(_("Note restored"), icon="note"),
    "note.pin": Act(_("Note pinned"), icon="note"),
    "note.unpin": Act(_("Note unpinned"), icon="note"),
    "work.create": Act(_("Follow-up made"), icon="checkbox"),
    "work.change": Act(_("Follow-up changed"), icon="checkbox"),
    "work.finish": Act(_("Follow-up finished"), icon="checkbox"),
    "work.cancel": Act(_("Follow-up cancelled"), icon="checkbox"),
    "work.reopen": Act(_("Follow-up open again"), icon="checkbox"),
    "work.take": Act(_("Follow-up taken"), icon="checkbox"),
    "work.hand_over": Act(_("Follow-up handed over"), icon="checkbox"),
    "work.snooze": Act(_("Follow-up put off"), icon="clock"),
    "work.wake": Act(_("Follow-up due again"), icon="clock"),
    "work.create_many": Act(_("Follow-ups made for many"), icon="checklist"),
    "work.hand_many": Act(_("Follow-ups handed over"), icon="checklist"),
    "work.undo_many": Act(_("Follow-ups for many taken back"), icon="checklist"),
    "work.export": Act(_("Follow-ups exported"), icon="download"),
    "workkind.keep": Act(_("Kind of follow-up changed"), icon="list-check"),
}
