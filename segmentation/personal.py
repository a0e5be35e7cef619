"""What is held of customers here (crm/privacy/register.py)."""

from django.utils.translation import gettext_lazy as _

from crm.privacy.register import kept, plain

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
    "ChurnModel": plain(
        "id night trained_on horizon_days learnt_at proved_on customers serves tested curve deciles reasons average"
        " shape numbers tables",
    ),
    "ChurnNight": plain("night model customers expected histogram drift weights"),
    "ChurnScore": kept(
        _("Scores of sales that stay; the customer's number is nobody's afterwards."),
        derived="probability at_stake points", plain="customer night",
    ),
}  # fmt: skip
