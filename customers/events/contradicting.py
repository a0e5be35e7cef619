"""Events whose facts contradict their identifier: a family's phone, a number with a new owner.

The rule is that of the matching engine (`matching.conflicts`): an identifier decides alone, unless the name or the
birthday that is told beside a phone or e-mail is clearly another than that of whom we know by it. Then nobody gets the
event. What is told is compared and not kept.
"""

from collections.abc import Iterable
from typing import Any

from customers.events.payloads import Clean
from customers.matching import conflicts
from customers.receiving import people


def found(cur: Any, events: Iterable[Clean]) -> dict[str, str]:
    """Event id to the code of the conflict, for those that have one. No statement where no event tells facts."""
    telling = [event for event in events if event.person and (event.name or event.birthday)]
    if not telling:
        return {}
    owners = people.known(cur, sorted({event.person for event in telling if event.person}))
    cur.execute(_FACTS, [sorted(set(owners.values()))])
    facts = {customer: (name, birthday) for customer, name, birthday in cur.fetchall()}
    codes = {}
    for event in telling:
        if event.person in owners:
            name, birthday = facts[owners[event.person]]
            codes[event.id] = conflicts.other_person(
                [event.person], (event.name, name), (event.birthday, birthday)
            )
    return {number: code for number, code in codes.items() if code}


_FACTS = "SELECT id, name, birthday FROM customers_customer WHERE id = ANY(%s)"
