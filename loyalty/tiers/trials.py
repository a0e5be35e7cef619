"""Free trials: a tier gives a reward without points, so many times in a calendar year of the chain's zone.

What was cancelled does not count; of two who become one, what either took counts.
"""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from crm.lib import prepared
from crm.lib.statements import Statement
from crm.org.models import Chain
from loyalty.models import BenefitKind
from loyalty.tiers.benefits import of_their_tier


def year_of(at: datetime) -> int:
    return at.astimezone(ZoneInfo(Chain.current().timezone)).year


def left(customer_id: int, reward_id: int, at: datetime) -> int:
    """How many times a member can take a reward free of points this year, as the tier stands. One statement."""
    asked = {"customer": customer_id, "at": at, "reward": reward_id, "year": year_of(at)}
    found = prepared.row(LEFT.sql, asked)
    return int(found[0]) if found else 0


# The same inside a statement that has %(customer)s, %(at)s and %(year)s, of the reward w.
LEFT_OF = f"""greatest(0, {of_their_tier(BenefitKind.FREE_TRIAL, "AND b.reward_id = w.id")} - (
    SELECT count(*)::int FROM loyalty_redemption tried
    WHERE tried.customer_id = %(customer)s AND tried.trial_year = %(year)s AND tried.state <> 'cancelled'
))"""  # noqa: S608
LEFT = Statement(
    "rewards.trials_left",
    f"SELECT {LEFT_OF} FROM loyalty_reward w WHERE w.id = %(reward)s",  # noqa: S608
    {
        "customer": 1,
        "at": datetime.combine(date(2026, 3, 10), datetime.min.time()),
        "reward": 1,
        "year": 2026,
    },
)
STATEMENTS = [LEFT]
