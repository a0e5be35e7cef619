"""What this app offers, in the order in which people choose."""

from customers.attributes import behaviours, consents, custom, person, persona, purchases


def fill() -> None:
    for part in (person, consents, purchases, persona, custom, behaviours):
        part.fill()
