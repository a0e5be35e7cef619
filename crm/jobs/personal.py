"""What jobs hold of people: by rule nothing but numbers; an erasure looks (crm/privacy/register.py)."""

from django.utils.translation import gettext_lazy as _

from crm.privacy.register import SEARCH, Place, Whose, blanked, plain

TABLES = {
    "Job": blanked(
        find=SEARCH, text="params checkpoint counts error", staff="created_by",
        plain="id kind key state attempts failures available_at rung_at lease_token lease_until done total created_at"
        " started_at finished_at",
    ),
    "Step": plain("id job position name state done total counts seconds started_at finished_at"),
}  # fmt: skip

PLACES = [
    Place(
        "queue", _("Messages to the workers"), Whose.NOBODY,
        _("A message carries the number of a job and nothing else; results are not kept."),
    ),
]  # fmt: skip
