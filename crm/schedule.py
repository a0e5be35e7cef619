"""All that happens by the clock, and the order of the night, on one page.

Apps offer steps and tasks; only here is it said when and in which order. Modules with numpy are imported when a night
runs, never on the way to a page.
"""

from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any

from celery.schedules import crontab
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from crm.jobs.registry import job

if TYPE_CHECKING:
    from crm.jobs.claim import Claim

# Name, title, and where the step's function is. Beside it may stand `take_back` (see `NightStep`).
NIGHT: list[tuple[str, Any, str]] = [
    ("purchase_state", _("Purchase state"), "customers.staterun:step"),
    ("accrual", _("Points earned"), "loyalty.accrual.step:step"),
    ("lifecycle", _("Lifecycle"), "customers.lifecycle:step"),
    ("rfm", _("RFM scores"), "segmentation.steps:rfm"),
    ("value_class", _("Value classes"), "segmentation.steps:value_class"),
    ("snapshot", _("Snapshot"), "segmentation.steps:snapshot"),
    ("lifetime", _("Lifetime value"), "segmentation.lifetime.step:step"),
    ("churn", _("Who is leaving"), "segmentation.churn.step:step"),
    ("tier_review", _("Tiers"), "loyalty.tiers.nightly:step"),
    ("agents", _("Dedicated agents"), "loyalty.tiers.dealing:step"),
    ("birthdays", _("Birthday gifts"), "loyalty.tiers.birthdays:step"),
    ("referrals", _("Friends brought along"), "loyalty.referrals.step:step"),
    ("persona", _("Personas"), "customers.persona.step:step"),
    ("clusters", _("Clusters"), "segmentation.clusters.step:step"),
    ("products", _("Goods that go together and come next"), "segmentation.products.step:step"),
    ("segments", _("Segments"), "segmentation.segments.step:step"),
    ("targets", _("Target markets"), "segmentation.targets.step:step"),
    ("publish", _("Publish"), "customers.nightrun:publish"),
]
# A step asked for alone takes along the steps that rest on it: half of a night must not be published.
TAKES_ALONG = {
    "purchase_state": (
        "lifecycle",
        "rfm",
        "value_class",
        "snapshot",
        "persona",
        "lifetime",
        "churn",
        "clusters",
        "products",
        "segments",
        "targets",
    ),
    "rfm": ("value_class", "snapshot", "segments", "targets"),
    "value_class": ("snapshot", "segments", "targets"),
    "lifetime": ("segments", "targets"),
    "churn": ("segments", "targets"),
    "clusters": ("segments", "targets"),
    "segments": ("targets",),
}
# Steps that a night of the past leaves to the newest: receipts earn, members rise and friends are rewarded by the dates
# of what happened, whichever night finds it, and scores are shown of the newest night alone.
NEWEST_ALONE = frozenset({
    "accrual", "tier_review", "agents", "birthdays", "referrals",
    "lifetime", "churn", "clusters", "products", "targets",
})  # fmt: skip
# Nor has a night that is caught up these, for who is in a segment is decided by today; one that was asked to give
# segments a past has them.
WHEN_ASKED = frozenset({"persona", "segments"})
NIGHT_TITLES = {name: title for name, title, _place in NIGHT}
# What pages call the job, its steps and their counts.
WORDS = NIGHT_TITLES | {
    "needed": _("goods due"),
    "listed": _("with suggestions"),
    "pairs": _("pairs of goods"),
    "measured": _("segments measured"),
    "night": _("Night"),
    "stale": _("with new purchases or returns"),
    "due": _("moved on by the date alone"),
    "changed": _("changed"),
    "scored": _("scored"),
    "skipped": _("skipped"),
    "purchases": _("receipts"),
    "corrected": _("corrected for returns"),
    "points": _("points"),
    "rewarded": _("rewarded"),
    "given": _("given"),
    "agents_given": _("given an agent"),
    "agents_parted": _("parted from their agent"),
    "flagged": _("need a look"),
    "came_to_nothing": _("came to nothing"),
    "upgraded": _("upgraded"),
    "kept": _("kept"),
    "noticed": _("given notice"),
    "grace": _("given grace"),
    "downgraded": _("downgraded"),
    "taken_back": _("taken back"),
    "paid_begun": _("begun with what was bought"),
    "paid_ended": _("ended with what was bought"),
    "paid_noticed": _("told that what they bought ends"),
    "paid_grace": _("given grace after what they bought"),
}

BEAT: dict[str, dict[str, Any]] = {
    "targets.remind": {"task": "targets.remind", "schedule": crontab(minute=40, hour=5)},
    "loyalty.accrue": {"task": "loyalty.accrue", "schedule": timedelta(minutes=1)},
    # Whatever changes of a customer is in their segments within five seconds.
    "segments.follow": {
        "task": "segments.follow",
        "schedule": timedelta(seconds=2),
        "options": {"expires": 10},
    },
    "jobs.relay": {"task": "jobs.relay", "schedule": timedelta(seconds=settings.JOB_RELAY_SECONDS)},
    # Every ten minutes it is asked whether a night is missing: at 02:30 in the chain's zone last night's is, and after
    # down time whatever was missed. Asking twice asks for nothing new.
    "nights.catch_up": {"task": "nights.catch_up", "schedule": crontab(minute="*/10")},
    "audit.seal": {"task": "audit.seal", "schedule": timedelta(seconds=settings.AUDIT_SEAL_SECONDS)},
    "audit.verify": {"task": "audit.verify", "schedule": crontab(minute=10, hour=4)},
    "signups.take_in": {"task": "signups.take_in", "schedule": timedelta(seconds=15)},
    # Whoever asks for a code rings; this is for what the ring did not reach.
    "signins.send": {"task": "signins.send", "schedule": timedelta(seconds=15)},
    "signins.forget_old": {"task": "signins.forget_old", "schedule": crontab(minute=45, hour=3)},
    "signups.forget_old": {"task": "signups.forget_old", "schedule": crontab(minute=50, hour=3)},
    # After the night, when the data of the day are in.
    "matching.sweep": {"task": "matching.sweep", "schedule": crontab(minute=0, hour=4)},
    "privacy.keep_house": {"task": "privacy.keep_house", "schedule": crontab(minute=50, hour=3)},
    # Points end at midnight of their store, so each hour somewhere.
    "loyalty.keep_time": {"task": "loyalty.keep_time", "schedule": crontab(minute=1)},
    "loyalty.read_ledger": {"task": "loyalty.read_ledger", "schedule": crontab(minute="*/15")},
    "loyalty.release_holds": {"task": "loyalty.release_holds", "schedule": timedelta(minutes=1)},
    "rest.forget_old_answers": {"task": "rest.forget_old_answers", "schedule": crontab(minute=20, hour=3)},
    "work.look": {"task": "work.look", "schedule": timedelta(minutes=2)},
    # What is overdue is free for whoever asks; the sweep is for the counts that people look at.
    "coupons.release": {"task": "coupons.release", "schedule": timedelta(minutes=1)},
    "notices.forget_old": {"task": "notices.forget_old", "schedule": crontab(minute=30, hour=3)},
    "events.forget_old": {"task": "events.forget_old", "schedule": crontab(minute=50, hour=3)},
    "lists.forget_old": {"task": "lists.forget_old", "schedule": crontab(minute=35)},
    "imports.forget_old_files": {"task": "imports.forget_old_files", "schedule": crontab(minute=40, hour=3)},
}


@job("night")
def night(claim: "Claim") -> None:
    """The nightly run of one business date."""
    from customers import nightrun

    nightrun.run(claim, night_steps())


def night_steps() -> list[Any]:
    """The steps in their order, loaded."""
    from customers.nightrun import NightStep, Past

    steps = []
    for name, title, place in NIGHT:
        module_name, function = place.split(":")
        module = import_module(module_name)
        more: dict[str, Any] = {
            "past": Past.NEVER if name in NEWEST_ALONE else Past.ASKED if name in WHEN_ASKED else Past.ALWAYS
        }
        if hasattr(module, "take_back"):
            more["take_back"] = module.take_back
        steps.append(NightStep(name, title, getattr(module, function), TAKES_ALONG.get(name, ()), **more))
    return steps
