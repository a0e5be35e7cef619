"""What the trail holds of people (crm/privacy/register.py)."""

from django.utils.translation import gettext_lazy as _

from crm.privacy.register import SEARCH, kept

TABLES = {
    "Entry": kept(
        _("The trail names records by number and holds no value of a customer; an erasure searches it to prove that."),
        find=SEARCH, text="details", staff="actor", plain="id recorded_at action subject store_id",
    ),
}  # fmt: skip
