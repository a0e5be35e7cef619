"""What is held of customers here (crm/privacy/register.py)."""

from django.utils.translation import gettext_lazy as _

from crm.privacy.register import BLANK, deleted, kept, plain

_BOOKS = _("The chain's books must go on adding up; the customer's number is nobody's afterwards.")

TABLES = {
    "Balance": kept(
        _BOOKS, derived="available pending held debt", plain="customer unit version extended_to parted"
    ),
    "Movement": kept(
        _BOOKS, behaviour="kind source purchase store occurred_at available pending held debt contra", staff="actor",
        plain="id customer unit of recorded_at",
    ),
    "Lot": kept(
        _BOOKS, behaviour="points earned_at vests_at expires_at pending available held",
        plain="id customer unit movement is_extended",
    ),
    "Hold": kept(_BOOKS, behaviour="movement until ended_at", plain="id customer"),
    "Family": plain("id founded_at", staff="founded_by"),
    "FamilySeat": deleted(
        behaviour="joined_at way shares shares_at left_at why", staff="joined_by left_by",
        plain="id customer family_id narrowed",
    ),
    "FamilyInvite": deleted(by="customer_id", behaviour="code made_at until used_at", plain="family_id customer_id"),
    "FamilyRedemption": kept(
        _BOOKS, behaviour="source points given_back store redeemed_at", staff="actor", plain="id customer family_id"
    ),
    "FamilyPart": kept(_BOOKS, behaviour="points", plain="id customer redemption_id spender_id place movement"),
    "CouponDefinition": plain("id code name is_shared ended_at created_at", staff="created_by"),
    "CouponTerms": plain(
        "id definition number valid_from kind amount share_bp most gift buy get from_on to_on days minimum"
        " issued_from only_categories only_brands only_products"
        " not_categories not_brands not_products only_stores not_stores"
        " tiers weekdays skips_discounted per_customer per_day total budget stacking place created_at",
        staff="created_by",
    ),
    "CouponTally": plain("definition issued voided reserved redeemed promised spent uses_most spent_most"),
    "Coupon": kept(
        _BOOKS, behaviour="code source store purchase issued_at valid_from valid_to voided_at",
        staff="issued_by voided_by", plain="id customer definition terms",
        but={"code": BLANK},
    ),
    "CouponUse": kept(
        _BOOKS, behaviour="source store purchase amount used_on reserved_at reserved_until redeemed_at released_at"
        " reversed_at receipt_number", staff="actor ended_by", plain="id customer definition terms coupon owner_id",
    ),
    "CouponCode": deleted(by="customer_id", behaviour="code", plain="definition customer_id coupon_id"),
    "CouponBatch": plain("id definition audience wanted issued issued_at job created_at", staff="created_by"),
    "CouponDue": deleted(by="customer_id", plain="id batch customer_id"),
    "Programme": plain(
        "id valid_from money_per_point rounding pending_days ending ending_count excluded excludes_discounted"
        " cap_receipt cap_day cap_month point_worth created_at",
        staff="created_by",
    ),
    "EarningRule": plain(
        "id code version name kind valid_from valid_to percent points action condition is_exclusive cap_receipt cap_day"
        " cap_month once is_ended created_at",
        staff="created_by",
    ),
    "Accrual": kept(
        _BOOKS, behaviour="business_date points kept growth growth_kept returned is_first reasons lines",
        plain="purchase customer programme changes movement growth_movement",
    ),
    "ActionDone": kept(
        _BOOKS, behaviour="rule code done_on points", plain="id customer movement",
    ),
    "ActionTold": kept(_BOOKS, behaviour="action source told_at earned", plain="customer"),
    "LedgerDay": plain(
        "id booked_on month unit kind store_id earned ends pending available held debt here lots"
    ),
    "LedgerRead": plain("id until"),
    "Simulation": plain("id name from_on to_on draft result job created_at ended_at", staff="created_by"),
    "AccrualDue": deleted(by="customer_id", behaviour="purchase_id", plain="id customer_id"),
    "Adjustment": kept(
        _BOOKS, behaviour="kind points reason receipt_number store asked_at asked_on state decided_at undone_at",
        text="note decision_note undo_reason", staff="asked_by decided_by undone_by",
        plain="id customer source is_above_limit movement",
        but={"note": BLANK, "decision_note": BLANK, "undo_reason": BLANK},
    ),
    "AdjustmentReason": plain("id code names is_open"),
    "AdjustmentLimit": plain("role points points_a_day"),
    "MissedReceipt": plain("key adjustment_id"),
    "TierScheme": plain(
        "id valid_from measure period months downgrade grace_days notice_days take_back_days refund_days birthday_days"
        " created_at",
        staff="created_by",
    ),
    "Tier": plain("id scheme code rank names colour threshold keep_threshold is_paid price paid_months"),
    "Benefit": plain("id tier kind value coupon reward"),
    "BirthdayGift": kept(_BOOKS, behaviour="year points coupon given_on given_at tier", plain="customer"),
    "DedicatedAgent": deleted(behaviour="since", staff="staff by", plain="customer"),
    "Membership": kept(
        _BOOKS, behaviour="tier came_from since reached_on changed_at changed_on reason measure keep_until notice_on"
        " grace_until locked_until paid_tier paid_until before", staff="actor",
        plain="customer scheme_id threshold version cause",
    ),
    "MembershipSale": kept(
        _BOOKS, behaviour="tier price begins_on ends_on renews source store how receipt_number sold_at sold_on"
        " returned_at returned_on", text="note", staff="actor returned_by",
        plain="id customer scheme_id recorded_at", but={"note": BLANK},
    ),
    "TierChange": kept(
        _BOOKS, behaviour="from_tier to_tier reason at on measure", staff="actor",
        plain="id customer recorded_at threshold cause",
    ),
    "Partner": plain("id code name"),
    "Reward": plain("id code name is_counted ended_at created_at", staff="created_by"),
    "RewardTerms": plain(
        "id reward number valid_from kind points money product amount coupon partner note from_on to_on only_stores"
        " tiers per_customer created_at",
        staff="created_by",
    ),
    "RewardStock": plain("id reward store quantity"),
    "Redemption": kept(
        _BOOKS, behaviour="source store purchase points trial_year money redeemed_at state state_at tracking",
        staff="actor state_by", plain="id customer reward terms movement coupon", but={"tracking": BLANK},
    ),
    "ReferralTerms": plain(
        "id valid_from is_on points_referrer points_friend least within_days most_a_month created_at",
        staff="created_by",
    ),
    "ReferralCode": deleted(by="customer_id", behaviour="code made_at", plain="customer_id"),
    "Referral": kept(
        _BOOKS, behaviour="came_at came_on state why purchase settled_at", text="note", staff="settled_by",
        plain="id customer referrer_id terms movement referrer_movement_id", but={"note": BLANK},
    ),
    "StoredTerms": plain(
        "id valid_from is_on pay_order most_top_up most_balance principal_days pay_out_alone pay_out_lead created_at",
        staff="created_by",
    ),
    "TopUpOffer": plain(
        "id code version name pay bonus bonus_days valid_from valid_to stores tiers is_ended created_at",
        staff="created_by",
    ),
    "StoredOperation": kept(
        _BOOKS, behaviour="kind state principal bonus money offer store how receipt_number occurred_at occurred_on"
        " decided_at", text="note decision_note", staff="actor decided_by",
        plain="id customer source of principal_movement bonus_movement", but={"note": BLANK, "decision_note": BLANK},
    ),
    "Trace": kept(_BOOKS, behaviour="pending available held", plain="customer movement lot"),
}  # fmt: skip
CLOSINGS = ["loyalty.leaving:forfeit"]
