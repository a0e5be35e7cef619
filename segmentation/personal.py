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
    "ProductFit": plain("night baskets plain_baskets window_days customers"),
    "BasketPair": plain("id night level is_plain first second first_baskets second_baskets both lift confidence"),
    "Recommendation": deleted(
        derived="store again again_gaps again_days again_last fresh goes_with", plain="customer night"
    ),
    "DueGood": deleted(derived="product kind due_on gap last_on milli", plain="customer night"),
    "StockFigure": plain("id night store product kind customers due week usual"),
    "AgeLimit": plain("id category minimum_age created_at", staff="created_by"),
}  # fmt: skip
