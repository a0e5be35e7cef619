"""What notices hold of people: who reads them. Of a customer they hold numbers only (crm/privacy/register.py)."""

from crm.privacy.register import of_staff

TABLES = {
    "Notice": of_staff(staff="staff", plain="id kind about params once made_at read_at"),
    "Silence": of_staff(staff="staff", plain="kind"),
}
