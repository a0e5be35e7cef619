"""What is held of customers here (crm/privacy/register.py)."""

from django.utils.translation import gettext_lazy as _

from crm.privacy.register import deleted, kept, plain

TABLES = {
    "Group": plain("id code names colour position"),
    "Scheme": plain(
        "id window_days buckets method cuts axis grid lapsed_group high_percent medium_percent created_at",
        staff="created_by",
    ),
    "Standing": kept(
        _("Scores of sales that stay; the customer's number is nobody's afterwards."),
        derived="r f m x group value_class", plain="customer night ended_night",
    ),
    "NightCuts": plain("night scheme recency frequency monetary value customers"),
    "CellCount": plain("id night store r x customers revenue"),
    "ClassCount": plain("id night store value_class customers revenue"),
    "LifetimeFit": plain(
        "night until customers repeaters histories days rate value why why_value r alpha a b log_likelihood "
        "spend_p spend_q spend_v correlation search tracking"
    ),
    "LifetimeScore": deleted(
        derived="alive purchases_30 purchases_90 purchases_365 value_30 value_90 value_365", plain="customer night",
    ),
    "LifetimeSum": plain("id night store customers alive value_30 value_90 value_365"),
}  # fmt: skip
