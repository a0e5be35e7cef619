"""What is held of customers here, and what erasing one does to it (crm/privacy/register.py).

Sales stay as they were: receipts, lines and what is computed from them remain with the customer's number, which by
then is nobody's.
"""

from django.utils.translation import gettext_lazy as _

from crm.privacy.register import KEEP, REWRITE, SEARCH, Place, Whose, blanked, deleted, kept, plain

_SALES = _("Sales stay as they were; the customer's number is nobody's afterwards.")

TABLES = {
    "Customer": blanked(
        by="id", identity="name", contact="language",
        demographic="gender birthday age_band income_band occupation household_size household household_code custom"
        " address",
        behaviour="home_store enrolled_at first_seen_at",
        but={"home_store": KEEP, "enrolled_at": KEEP, "first_seen_at": KEEP}, why=_SALES,
        rewrite="customers.traces:nobody", plain="id is_stub merged_into erased_at created_at updated_at",
    ),
    "Identity": deleted(
        contact="value", behaviour="source verified_at", plain="id kind customer is_primary created_at"
    ),
    "NameKey": deleted(identity="key", plain="customer home_store_id"),
    "Tag": plain("id name"),
    "CustomField": plain(
        "id code label label_zh_hans label_zh_hant help kind choices is_required is_personal is_listed roles order"
        " archived_at created_at",
        staff="created_by",
    ),
    "CustomerTag": deleted(behaviour="tag created_at", plain="customer"),
    "Merge": blanked(
        by="customer loser_id", identity="before", text="reason", staff="merged_by undone_by",
        plain="id customer loser_id survivor_id merged_at identity_ids undone_at",
    ),
    "Purchase": kept(
        _SALES, behaviour="store channel occurred_at amount discount returned external_id", staff="staff_code",
        plain="id customer source_id business_date recorded_at",
    ),
    "Line": kept(
        _SALES, behaviour="purchase product quantity amount discount returned_quantity returned_amount",
        plain="customer number",
    ),
    "Payment": kept(_SALES, behaviour="purchase method amount", plain="customer number"),
    "Return": kept(
        _SALES, behaviour="purchase store occurred_at amount external_id",
        plain="id customer source_id business_date recorded_at",
    ),
    "ReturnLine": kept(_SALES, behaviour="goods_return quantity amount", plain="customer number"),
    "PurchaseState": kept(
        _SALES, derived="first_on last_on comeback_on count spent window_first_on window_count window_spent",
        plain="customer next_on as_on",
    ),
    "Lifecycle": kept(_SALES, derived="stage began_on ended_on", plain="customer night ended_night"),
    "Persona": deleted(
        derived="visits categories category_shares brands brand_shares brand_loyalty price_level price_place"
        " discount_share deal_share online_share weekday weekday_shares daypart daypart_shares basket_amount"
        " basket_lines cycle_days next_on refill_categories refill_days refill_on digest",
        plain="customer night ended_night",
    ),
    "PersonaDue": kept(_("A queue of numbers; the night empties it."), by="customer_id", plain="id customer_id due_on"),
    "PersonaBasis": plain("id window_days prices_on"),
    "ProductPrice": plain("product mean level"),
    "MatchKey": deleted(identity="keys", plain="customer version made_at"),
    "MatchRules": plain("id points ways look_at join_at created_at", staff="created_by"),
    "DuplicatePair": deleted(
        by="first second", derived="score reasons conflict digest", staff="decided_by",
        plain="id first second rules state swept_by found_at decided_at",
    ),
    "Interaction": deleted(
        behaviour="kind channel occurred_at store data about external_id", staff="actor",
        plain="id customer recorded_at source_id",
    ),
    "Consent": kept(
        _("Proof of what was agreed to; it holds nothing that tells who."),
        behaviour="purpose channel is_given occurred_at wording source store_id evidence", staff="recorded_by",
        plain="id customer recorded_at",
    ),
    "Guardian": deleted(
        identity="name", behaviour="relation verified confirmed_at ended_at", staff="recorded_by",
        plain="id customer recorded_at",
    ),
    "SignUp": blanked(
        find="customers.traces:sign_ups", rewrite="customers.traces:decided", text="facts", staff="decided_by",
        plain="id store state customer_id received_at decided_at",
    ),
    "SignUpForm": plain("id store code is_on created_at"),
    "SignInCode": deleted(
        by="customer_id", behaviour="asked_at sent_at used_at language",
        plain="id key who customer_id identity_id secret tries failures until",
    ),
    "MemberSession": deleted(
        by="customer_id", behaviour="began_at until", plain="id secret customer_id identity_id",
    ),
    "Wording": plain("id code purpose channel language version text created_at", staff="created_by"),
    "ConsentRules": plain("id adult_at created_at", staff="created_by"),
    "Note": deleted(
        text="text", behaviour="created_at edited_at pinned_at", staff="author created_by deleted_by mentions",
        plain="id customer deleted_at",
    ),
    "NoteVersion": deleted(text="text", staff="replaced_by", plain="id customer note replaced_at"),
    "WorkItem": deleted(
        text="title script note", behaviour="kind due_at store state result created_at ended_at",
        staff="owner created_by ended_by", plain="id customer promised_at priority about batch_id next_id",
    ),
    "WorkKind": plain("id code names scripts icon order is_active"),
    "WorkResult": plain("id kind code names again order is_active"),
    "WorkBatch": blanked(
        find=SEARCH, text="title", staff="to made_by", plain="id kind count before made_at undone_at"
    ),
    "StaleState": kept(_("A queue of numbers; the night empties it."), by="customer_id", behaviour="since",
        plain="id customer_id"),
    # The event stays, for the same one again must be known; who it was about goes out of its raw form.
    "Arrival": blanked(
        find="customers.traces:arrivals", rewrite="customers.traces:without_customer", text="raw", but={"raw": REWRITE},
        plain="id kind source external_id fingerprint state reason customer_id purchase_id return_id of_source_id"
        " of_external_id store import_file_id row recorded_at",
    ),
    "Dismissal": blanked(
        find=SEARCH, rewrite="customers.traces:unsaid", text="why", but={"why": REWRITE},
        staff="dismissed_by reopened_by", plain="id arrival_id state reason dismissed_at reopened_at",
    ),
    "ImportFile": blanked(
        find=SEARCH, text="name path refusal", staff="created_by",
        plain="id kind size modified_ns is_dry_run job rejected_path removed_at rejected_removed_at stubs created_at"
        " waiting undone_at undone_by undo_job",
    ),
    "ImportChange": deleted(
        identity="before after", behaviour="is_new tag_ids", plain="id customer file_id piece row identity_ids"
    ),
    "ImportMapping": plain("id kind name columns header created_at updated_at", staff="created_by"),
    # The event stays, for the same one again must be known; what it says goes.
    "Event": blanked(
        by="customer_id", behaviour="data", location="visitor",
        plain="id source external_id fingerprint state reason kind channel occurred_at recorded_at is_named customer_id"
        " interaction_id store store_code",
    ),
    "Visitor": deleted(find="customers.traces:visitors", location="code", behaviour="first_seen_at last_seen_at"),
    "VisitorMark": deleted(by="customer_id", location="visitor", behaviour="at", plain="id customer_id recorded_at"),
    "Connector": plain("id code name store mapping tested_at is_on salt"),
    "KeptOrder": deleted(find=SEARCH, text="raw detail", plain="id connector external_id reason recorded_at"),
    "Provider": plain("id code name right is_on"),
    "ProvidedFact": deleted(
        derived="name type value", behaviour="obtained_on purpose",
        plain="id customer provider valid_until basis right recorded_at",
    ),
    "EventKind": plain("id code name is_on"),
    "Site": plain("id name key domains store is_on requires_consent"),
    "SiteDay": plain(
        "id site day events duplicates rejected robots without_consent last_at last_kind last_reason"
    ),
    "Source": plain("id code created_at", staff="created_by"),
    "Category": plain("id path name parent"),
    "Brand": plain("id name"),
    "Product": plain("id sku name category brand size is_stub"),
    "GuestDay": plain("id store business_date channel receipts lines amount discount returned"),
    "StateBasis": plain("id on window_days lost_days won_back_days night"),
    "LifecycleRules": plain("id new_days dormant_days lost_days won_back_days created_at", staff="created_by"),
    "Night": plain("id on rules window_days computed_at published_at"),
    "PublishedNight": plain("id night"),
}  # fmt: skip

PLACES = [
    Place(
        "imports/uploads", _("Import files as they were uploaded"), Whose.CUSTOMER,
        _("A file that holds the person is removed whole; otherwise it goes when its time is over."),
        "customers.imports.filetraces:UPLOADS",
    ),
    Place(
        "imports/rejected", _("Rows that an import rejected"), Whose.CUSTOMER,
        _("The person's rows are taken out; otherwise the file goes when its time is over."),
        "customers.imports.filetraces:REJECTED",
    ),
    Place(
        "imports/diffs", _("What tried import files would change"), Whose.CUSTOMER,
        _("Removed when the tried file holds the person, or cannot be read any more; otherwise it goes when its time is"
          " over."),
        "customers.imports.filetraces:DIFFS",
    ),
    Place(
        "imports/work", _("What an import that stopped is to go on from"), Whose.CUSTOMER,
        _("Removed with its upload; otherwise it goes when its time is over."),
    ),
]  # fmt: skip
