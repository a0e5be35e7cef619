"""What privacy's own tables hold of people (crm/privacy/register.py)."""

from django.utils.translation import gettext_lazy as _

from crm.privacy.register import Place, Whose, blanked, kept, of_staff, plain

TABLES = {
    "Request": blanked(
        by="customer_id", text="outcome", staff="owner closed_by created_by",
        plain="id key kind customer_id store received_on due_on check_kind checked_at state exported_at closed_at"
        " created_at",
    ),
    "Certificate": kept(
        _("The proof of an erasure: counts, and digests that only tell somebody who knows the identifier."),
        by="customer_id", identity="digests", staff="erased_by",
        plain="id key customer_id customer_ids born_at store_id erased_at request counts trail_id was_there replayed_at"
        " logged_at",
    ),
    "Reveal": kept(
        _("Who was shown what of whom is the proof against misuse; it holds no value of the customer."),
        by="customer_id", behaviour="what reason at", staff="staff", plain="id customer_id store",
    ),
    "RetentionSetting": plain("name is_on days changed_at", staff="changed_by"),
    "PrivacySettings": of_staff(contact="officer", plain="id law own_days"),
}  # fmt: skip

PLACES = [
    Place(
        "logs", _("Log lines"), Whose.NOBODY,
        _("Log lines are scrubbed of e-mail addresses, long numbers, row values and query strings before they are"
          " written; the proof of the tests looks into them."),
    ),
    Place(
        "cache", _("The cache"), Whose.STAFF,
        _("Sessions of staff and nothing of customers; a session ends by itself."),
    ),
    Place(
        "backups", _("Backups made before an erasure"), Whose.CUSTOMER,
        _("They hold the person until they are thrown away. A restore does every later erasure again from the erasure"
          " log, before anybody signs in."),
    ),
    Place(
        "erasures", _("The erasure log beside the backups"), Whose.CUSTOMER,
        _("Numbers and keyed digests of those who were erased, so that a restore can do it again."),
    ),
]  # fmt: skip
