"""What the pages share: their tabs, and whom a page is about."""

from typing import Any, ClassVar

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from crm.org.models import Staff, public_id
from crm.org.permissions import Permission
from crm.privacy.subjects import Subject, people, sees
from crm.ui.views import StaffView

TABS = (
    ("requests", gettext_noop("Requests"), "privacy:requests", Permission.RECORD_PRIVACY),
    ("certificates", gettext_noop("Erasures"), "privacy:certificates", Permission.HANDLE_PRIVACY),
    ("reveals", gettext_noop("Reveals"), "privacy:reveals", Permission.VIEW_REVEALS),
    ("masking", gettext_noop("Masking"), "privacy:masking", Permission.RECORD_PRIVACY),
    ("retention", gettext_noop("Retention"), "privacy:retention", Permission.HANDLE_PRIVACY),
    ("register", gettext_noop("Register"), "privacy:register", Permission.HANDLE_PRIVACY),
    ("settings", gettext_noop("Deadlines"), "privacy:settings", Permission.HANDLE_PRIVACY),
)


class PrivacyView(StaffView):
    """A page under Privacy; `tab` is the one that is open."""

    tab: ClassVar[str]

    def _around(self) -> dict[str, Any]:
        tabs = [
            (_(label), reverse(name), key == self.tab, None)
            for key, label, name, need in TABS
            if self.staff.may(need)
        ]
        return super()._around() | {"tabs": tabs}


def subject_of(staff: Staff, text: str) -> Subject:
    """The person behind a public id. Whoever is not in one's scope is a 404."""
    number = public_id("cus").decode(text)
    subject = people().subject(number) if number is not None else None
    if subject is None or not sees(staff, subject):
        raise Http404
    return subject
