"""What the organisation's tables hold of people (crm/privacy/register.py)."""

from crm.privacy.register import of_staff, plain

TABLES = {
    "Chain": plain("id name currency timezone country more_countries demo_source public_id_key"),
    "Region": plain("id code name"),
    "Store": plain("id code name region timezone opening_hours is_online is_stub is_active"),
    "Department": plain("id code name store"),
    "Staff": of_staff(
        identity="name code user", behaviour="language timezone theme",
        plain="id role region department is_active is_demo",
    ),
    "Staff_stores": plain("id store", staff="staff"),
}  # fmt: skip
