"""What the help page says of loyalty."""

from django.utils.translation import gettext_lazy as _

from crm.org.permissions import Permission
from crm.ui.help import Topic, register


def fill() -> None:
    register(EARNING)
    register(TIERS)
    register(LADDER)
    register(BY_HAND)
    register(APPROVALS)
    register(REWARDS)
    register(COUPONS)
    register(FRIENDS)
    register(AT_THE_TILL)
    register(STORED)
    register(FAMILY)
    register(LIABILITY)
    register(SIMULATOR)


FAMILY = Topic(
    "family",
    _("Families"),
    (
        _("Two to eight customers share what they may spend. What each earns, and the tier, stay with each."),
        _(
            "Open “Family” on the customer’s points. Both stand there and say yes, or use a code on the member pages."
        ),
        _("Own points go first, then the family’s, those that end first first. The form says so before."),
        _("Given back, everybody gets what was theirs. Leaving is at once, with all own points."),
    ),
    Permission.REDEEM_POINTS,
    39,
    "",
)
SIMULATOR = Topic(
    "simulator",
    _("Simulator"),
    (
        _(
            "It earns a period again by other rules and tells who would have got more or less. Nobody’s points change."
        ),
        _(
            "It runs in the background: leave the page, come back, cancel, or set two results beside each other."
        ),
        _(
            "A draft begins as a copy of what is live; rules are changed, added and left out with the usual forms."
        ),
        _("From a result, “Publish” opens the form of what is live, filled in as it was tried."),
    ),
    Permission.EDIT_PROGRAMME,
    49,
    "loyalty:simulations",
)
LIABILITY = Topic(
    "liability",
    _("Liability"),
    (
        _(
            "What members have on a day, as the ledger knew it then. The figures of a day that is over never change."
        ),
        _("Points stand with the store that issued them; “Redeemed here” is what a store gave for points."),
        _("Money needs the worth of a point: it stands in the programme."),
        _(
            "What will never be spent is learnt from what members spent so far; too little of that, and none is told."
        ),
    ),
    Permission.VIEW_LIABILITY,
    48,
    "loyalty:liability",
)
STORED = Topic(
    "stored-value",
    _("Stored value"),
    (
        _("At the Counter, “Top up” takes money in and gives the bonus of the best offer; F7 opens it."),
        _("“Pay with stored value” takes from what was paid in and from the bonus; F6 opens it."),
        _(
            "A wrong top-up is undone while nothing of it is spent; a payment is given back, whole or in part."
        ),
        _(
            "Who leaves gets the rest of what they paid in. Bonus is earned by spending: what is not earned goes back."
        ),
        _("Above the limit of a day a pay-out waits for a second person, on the tab “Stored value”."),
    ),
    Permission.VIEW_LOYALTY,
    47,
    "loyalty:stored-value",
)
TIERS = Topic(
    "tiers",
    _("Tiers"),
    (
        _(
            "Members go up at once when they have what a tier needs; the customer page says what the next one needs."
        ),
        _("A tier is kept when enough comes together again by its day; notice comes before, grace after it."),
        _("“Who moved” compares two days. Every number opens its people."),
        _(
            "A tier with a price is sold at the Counter with “Membership”; bought again before its end, no day is lost."
        ),
        _(
            "After its end come the days of grace, then the tier that was earned. “Give back” stands on its page."
        ),
        _(
            "Some tiers promise a dedicated agent. The customer page says who it is, and managers choose another one"
            " there; “My members” above the customers lists whose agent you are."
        ),
    ),
    Permission.VIEW_LOYALTY,
    40,
    "loyalty:tiers",
)
LADDER = Topic(
    "tier-versions",
    _("Changing the tiers"),
    (
        _("A version holds from a day on and is never changed; publish another one instead."),
        _("“How many would move?” counts without changing anything."),
        _("A free trial is a reward that costs no points so many times a year; name it and how many."),
        _(
            "A birthday gift is points or a coupon. The night gives it once a year, so many days before the birthday."
        ),
        _(
            "A dedicated agent is somebody of the member’s home store, else of its region, else of the chain: who has"
            " the fewest members."
        ),
        _("A tier that somebody stands on stays in every version."),
    ),
    Permission.EDIT_PROGRAMME,
    41,
    "loyalty:tier-scheme",
)
BY_HAND = Topic(
    "by-hand",
    _("Points and tiers by hand"),
    (
        _(
            "On the customer page “Points by hand” gives or takes points, with a reason; each role has a limit."
        ),
        _(
            "For a receipt without the customer enter its number and store: it is booked once in the whole chain."
        ),
        _("A lock holds a tier until a day; nothing moves it by itself until then."),
    ),
    Permission.ADJUST_POINTS,
    42,
    "",
)
APPROVALS = Topic(
    "approvals",
    _("Approvals"),
    (
        _("Points above somebody's limit wait here; the bell tells you."),
        _("Nobody decides about what they asked for themselves. A no needs a word why."),
    ),
    Permission.APPROVE_POINTS,
    43,
    "loyalty:approvals",
)
EARNING = Topic(
    "earning",
    _("Earning points"),
    (
        _("The programme says what a point costs, how long points are pending and when they end."),
        _(
            "Rules add to that: multipliers, bonuses, other rates. The example beside the form shows what a rule does."
        ),
        _(
            "A rule is never changed in place: a new version holds from a day to come. A late receipt earns by its day."
        ),
        _("Open a receipt on a customer’s page to see its points and how they were counted."),
    ),
    Permission.EDIT_PROGRAMME,
    45,
    "loyalty:earning",
)
REWARDS = Topic(
    "rewards",
    _("Rewards"),
    (
        _(
            "What members get for points. A reward that is counted in stock is given as long as the store has one."
        ),
        _("“To hand over” lists what was redeemed in your stores. Cancelling gives points and stock back."),
    ),
    Permission.VIEW_LOYALTY,
    44,
    "loyalty:rewards",
)
COUPONS = Topic(
    "coupons",
    _("Coupons"),
    (
        _("An offer says what it gives; beside the form stands what customers read."),
        _("Issue it to a segment, to all members or to a list; or print the code that everybody uses."),
        _("A change is a new version: coupons that customers hold keep their terms."),
    ),
    Permission.MANAGE_COUPONS,
    46,
    "loyalty:coupons",
)
FRIENDS = Topic(
    "friends",
    _("Bringing friends"),
    (
        _(
            "A member's code for friends is on their page; the friend says it at enrolment, or opens the link."
        ),
        _(
            "Both get points when the friend's first purchase can no longer be returned. A full return cancels it."
        ),
        _("What looks like one person waits under “Friends”: give the points or refuse, and say why."),
    ),
    Permission.APPROVE_POINTS,
    47,
    "loyalty:referrals",
)
AT_THE_TILL = Topic(
    "at-the-till",
    _("Points, rewards and coupons at the Counter"),
    (
        _(
            "“Rewards” lists what they can take here; “Use” stands beside each coupon. “Undo” takes either back."
        ),
        _(
            "Any other code is typed or scanned into “Coupon code” (F9): it says what it gives, or why it does not fit."
        ),
        _("A coupon goes with its receipt: when all of that comes back, it is good again by itself."),
        _(
            "“A receipt is missing” gives the points of a receipt by the rules of its day, once for each receipt."
        ),
    ),
    Permission.REDEEM_POINTS,
    39,
    "customers:counter",
)
