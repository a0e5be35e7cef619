"""What the trail may keep of these tables, and which the database watches (`crm/audit/registry.py`).

Receipts, lines and returns have the inbox, which keeps each as it arrived; states and search keys are derived.
"""

from django.utils.translation import gettext_lazy as _

from crm.audit.registry import Act

PLAIN = {"Customer": "home_store"}
TRACKED = {
    "Customer": "updated_at first_seen_at",
    "Identity": "",
    "CustomerTag": "",
    "Tag": "",
    "Merge": "",
    "LifecycleRules": "",
}
WORDS = {
    "customer.enrol": Act(_("Customer enrolled"), icon="user-plus"),
    "customer.change": Act(_("Customer changed"), icon="edit"),
    "customer.identify": Act(_("Identifier given"), icon="id"),
    "customer.merge": Act(_("Two customers merged"), icon="arrows-join"),
    "customer.unmerge": Act(_("Merge taken back"), icon="arrows-split"),
    "customer.reveal": Act(_("Identifier shown in full"), icon="eye"),
    "customers.export": Act(_("Customers exported"), icon="download"),
    "customers.import": Act(_("Customers imported"), icon="file-import"),
    "receipts.batch": Act(_("Receipts received in a batch"), icon="receipt"),
    "events.batch": Act(_("Events received in a batch"), icon="activity"),
    "consent.record": Act(_("Consent recorded"), icon="checks"),
    "wording.change": Act(_("Wording of consent changed"), icon="file-text"),
    "workkind.keep": Act(_("Kind of follow-up changed"), icon="list-check"),
    "synthetic.create": Act(_("Invented data made"), icon="database"),
    "lifecycle.change": Act(_("Lifecycle changed"), icon="refresh"),
    "arrival.dismiss": Act(_("Set-aside event dismissed"), icon="inbox"),
    "arrival.reopen": Act(_("Dismissed event reopened"), icon="inbox"),
    "arrival.replay": Act(_("Set-aside event tried again"), icon="inbox"),
    "import.forget_upload": Act(_("Uploaded file removed"), icon="trash"),
    "import.forget_rejected": Act(_("Rejected rows removed"), icon="trash"),
}
PAGES = {"Customer": "customers:customer", "ImportFile": "customers:import"}
