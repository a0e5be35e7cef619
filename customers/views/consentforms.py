"""The form with which customers change what they agreed to: on a link of ours, and on their own pages."""

from collections.abc import Mapping
from typing import Any

from customers.consents import Choice, Standing, wordings
from customers.consents.cells import NO_CONTACT, PURPOSES
from customers.views import consentshown


def groups(standing: Standing, language: str) -> list[tuple[Any, list[Any]]]:
    """(purpose, [(cell, what is shown, name of the hidden field)])."""
    texts = wordings.current(language)
    return [
        (
            purpose.label,
            [
                (cell, consentshown.now(standing.cells[cell], text), consentshown.name(cell))
                for cell, text in texts.items()
                if cell.purpose == purpose
            ],
        )
        for purpose in PURPOSES
    ]


def choices(standing: Standing, data: Mapping[str, str]) -> list[Choice]:
    """What the form changed of what it showed. Stop all says no to everything, and changes nothing else."""
    seen = consentshown.read(data)
    if "stop" in data:
        return [] if standing.do_not_contact else [Choice(NO_CONTACT, False)]
    changed = []
    if standing.do_not_contact and "contact" in data:
        changed.append(Choice(NO_CONTACT, True))
    for cell, state in standing.cells.items():
        said = "yes" if cell.code in data else "no"
        was_asked = cell not in seen or seen[cell].said or said == "yes"  # else a box that stayed empty
        if was_asked and (word := consentshown.choice(cell, said, seen.get(cell), state)):
            changed.append(word)
    return changed
