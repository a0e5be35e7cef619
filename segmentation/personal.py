"""What is held of customers here (crm/privacy/register.py)."""

from django.utils.translation import gettext_lazy as _

from crm.privacy.register import BLANK, deleted, kept, plain

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
    "ClusterSettings": plain("id wanted relearn_days created_at", staff="created_by"),
    "Cluster": plain("id names colour born_night ended_night"),
    "ClusterFit": plain(
        "night settings why sample clusters scaling centres silhouettes stabilities words misfit shares"
    ),
    "ClusterCount": plain("id night cluster customers revenue misfit traits"),
    "ClusterMember": deleted(derived="cluster", plain="customer night ended_night"),
    "LookAlike": plain("id seed key title among most stores job figures created_at", staff="created_by"),
    "LookAlikeMatch": deleted(derived="rank score is_profile shared", plain="customer lookalike"),
    "ClassCount": plain("id night store value_class customers revenue"),
    "Segment": plain("id name about kind is_shared archived_at created_at", staff="owner created_by"),
    "SegmentVersion": plain("id segment number definition remark created_at settled_at", staff="created_by"),
    "SegmentListed": deleted(derived="version", plain="customer"),
    "SegmentSpell": kept(
        _("Who was in a segment stays countable; the customer's number is nobody's afterwards."),
        derived="because", plain="customer segment version began_at ended_at", but={"because": BLANK},
    ),
    "SegmentNight": plain("segment night version at customers came went digest"),
    "Touched": kept(_("A queue of numbers that lives for seconds."), by="customer_id", plain="id customer_id"),
    "Changed": kept(_("A list of numbers; the night empties it."), by="customer_id", plain="customer_id at"),
    "ChangedTable": plain("id name"),
    "ShelfPointer": plain("id name on night basis_at customers"),
    "SegmentUse": plain("id segment part at as_of used_for store_ids customers digest members", staff="used_by"),
    "LifetimeFit": plain(
        "night until customers repeaters histories days rate value why why_value r alpha a b log_likelihood "
        "spend_p spend_q spend_v correlation search tracking"
    ),
    "LifetimeScore": deleted(
        derived="alive purchases_30 purchases_90 purchases_365 value_30 value_90 value_365", plain="customer night",
    ),
    "LifetimeSum": plain("id night store customers alive value_30 value_90 value_365"),
    "ChurnModel": plain(
        "id night trained_on horizon_days learnt_at proved_on customers serves tested curve deciles reasons average"
        " shape numbers tables",
    ),
    "ChurnNight": plain("night model customers expected histogram drift weights"),
    "ChurnScore": deleted(derived="probability at_stake points", plain="customer night"),
    "Targeting": plain(
        "id mode goal product price channel promotion size growth value churn reach competition fit wallet revenue "
        "remark created_at",
        staff="created_by",
    ),
    "Target": plain(
        "id group segment status goal product price channel promotion review_on competition fit created_at",
        staff="owner created_by",
    ),
    "TargetJudgement": plain("id target competition fit remark created_at", staff="created_by"),
    "TargetDecision": plain("id target status remark night created_at", staff="created_by"),
    "TargetNight": plain("night churn_by value_by month_on quarter_on"),
    "TargetCount": plain(
        "id night store group segment customers month_ago quarter_ago buyers revenue churn churn_of value value_of "
        "reach_any reach_phone reach_sms reach_email reach_wechat reach_push reach_post breadth breadth_of rhythm "
        "rhythm_of peers peers_of"
    ),
    "ProductFit": plain("night baskets plain_baskets window_days customers"),
    "BasketPair": plain("id night level is_plain first second first_baskets second_baskets both lift confidence"),
    "Recommendation": deleted(
        derived="store again again_gaps again_days again_last fresh goes_with", plain="customer night"
    ),
    "DueGood": deleted(derived="product kind due_on gap last_on milli", plain="customer night"),
    "StockFigure": plain("id night store product kind customers due week usual"),
    "AgeLimit": plain("id category minimum_age created_at", staff="created_by"),
}  # fmt: skip
