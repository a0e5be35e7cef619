"""What the trail holds of people (crm/privacy/register.py)."""

from django.utils.translation import gettext_lazy as _

from crm.privacy.register import SEARCH, kept, plain

TABLES = {
    "Entry": kept(
        _("The trail names records by number and holds no value of a customer; an erasure searches it to prove that."),
        find=SEARCH, text="details changes", staff="actor address agent",
        plain="id recorded_at action subject store_id channel request_id signature",
    ),
    "Seal": plain("number sealed_at count ranges leaves root previous key signature"),
    "Verification": plain(
        "id started_at finished_at entries seals unsealed faults findings anchor", staff="started_by"
    ),
}  # fmt: skip
