"""What members of the demo chain agreed to, drawn for each by their household: half of them by most channels."""

import random

from crm.demo.people import Person

# Column of a customers file, which of the person's addresses it needs, and the shares who said yes and no.
ASKED = (
    ("consent_email_marketing", "email", 0.58, 0.17),
    ("consent_sms_marketing", "phone", 0.41, 0.22),
    ("consent_phone_marketing", "phone", 0.12, 0.30),
)
AGAINST_PROFILES = 0.02  # were asked about a personal profile, and said no


def said(person: Person) -> dict[str, str]:
    """The columns of consent of one row, as said when they enrolled; "" where they were not asked."""
    rng = random.Random(f"consent:{person.household}")  # noqa: S311 (not for secrets)
    told = {}
    for column, address, yes, no in ASKED:
        drawn = rng.random()
        answer = "yes" if drawn < yes else "no" if drawn < yes + no else ""
        told[column] = answer if getattr(person, address) else ""
    told["consent_profiling"] = "no" if rng.random() < AGAINST_PROFILES else ""
    told["consent_at"] = f"{person.enrolled_on.isoformat()}T12:00:00+00:00" if any(told.values()) else ""
    return told
