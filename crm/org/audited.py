"""What the trail may keep of these tables, and which the database watches (`crm/audit/registry.py`).

Language, theme and clock are one's own preferences, changed by oneself.
"""

from django.utils.translation import gettext_lazy as _

from crm.audit.registry import Act

PLAIN = {"Staff": "stores"}
TRACKED = {
    "Chain": "",
    "Region": "",
    "Store": "",
    "Department": "",
    "Staff": "language theme timezone",
    "Staff_of_stores": "",
    "auth.User": "last_login",
}
WORDS = {
    "store.create": Act(_("Store entered"), icon="building-store"),
    "store.change": Act(_("Store changed"), icon="building-store"),
    "store.close": Act(_("Store closed"), icon="building-store"),
    "store.reopen": Act(_("Store opened again"), icon="building-store"),
    "region.create": Act(_("Region entered"), icon="map-pin"),
    "region.change": Act(_("Region changed"), icon="map-pin"),
    "region.remove": Act(_("Region removed"), icon="map-pin"),
    "department.create": Act(_("Department entered"), icon="users"),
    "department.change": Act(_("Department changed"), icon="users"),
    "department.remove": Act(_("Department removed"), icon="users"),
    "chain.change": Act(_("Chain changed"), icon="settings"),
    "staff.create": Act(_("Member of staff entered"), icon="user-plus"),
    "staff.change": Act(_("Member of staff changed"), icon="user"),
    "staff.leave": Act(_("Member of staff left"), icon="user"),
    "staff.return": Act(_("Member of staff came back"), icon="user"),
    "staff.password": Act(_("New first password"), icon="key"),
    "staff.own_password": Act(_("Own password changed"), icon="key"),
    "staff.sign_in": Act(_("Signed in"), icon="login"),
    "staff.sign_in_failed": Act(_("Signing in failed"), icon="login"),
    "staff.lockout": Act(_("Signing in locked after failures"), icon="login"),
    "demo.load": Act(_("Demo data loaded"), icon="database"),
}
PAGES = {"Store": "org:store", "Region": "org:region", "Department": "org:department", "Staff": "org:person"}
