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
    "ClassCount": plain("id night store value_class customers revenue"),
    "Segment": plain("id name about kind is_shared archived_at created_at", staff="owner created_by"),
    "SegmentVersion": plain("id segment number definition remark created_at", staff="created_by"),
    "SegmentListed": deleted(derived="version", plain="customer"),
    "SegmentSpell": kept(
        _("Who was in a segment stays countable; the customer's number is nobody's afterwards."),
        derived="because", plain="customer segment version began_at ended_at", but={"because": BLANK},
    ),
    "SegmentNight": plain("segment night version at customers came went digest"),
    "Targeting": plain(
        "id mode size growth value churn reach competition fit wallet revenue remark created_at", staff="created_by"
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
    "SegmentUse": plain("id segment at used_for store_ids customers digest", staff="used_by"),
}  # fmt: skip
