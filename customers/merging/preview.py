"""What a merge would do, before it is done: the same rules, nothing written."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crm.lib.owned import OnMerge
from customers import consents
from customers.consents.cells import CELLS, NO_CONTACT, Cell
from customers.merging import facts, identifiers, moves
from customers.merging.facts import LOSER, Facts, Why
from customers.merging.identifiers import Conflict
from customers.merging.joining import RULED, check_can
from customers.merging.refusals import CannotMerge
from customers.merging.tables import tables
from customers.models import Customer, CustomerTag, Identity


@dataclass(frozen=True)
class Field:
    """One fact: both values (JSON), what the survivor will have and why. `is_open`: a person may choose."""

    name: str
    mine: Any
    theirs: Any
    result: Any
    why: Why
    is_open: bool

    @property
    def is_theirs(self) -> bool:
        return bool(self.result == self.theirs and self.result != self.mine)


@dataclass(frozen=True)
class Known:
    """One identifier of the survivor afterwards. `is_open`: another of its kind could be the main one instead."""

    identity: Identity
    is_theirs: bool
    is_main: bool
    is_open: bool


@dataclass(frozen=True)
class Agreed:
    """A consent, where the two differ or one has said something: the most restrictive holds. None: not asked."""

    cell: Cell
    mine: bool | None
    theirs: bool | None
    result: bool | None


@dataclass(frozen=True)
class Preview:
    """`moves`: how many rows change their owner, by model. `tags`: (name, whose: "mine", "theirs", "both").

    `refusal`: why it cannot be at all. `conflicts` ask for a confirmation with a reason.
    """

    survivor: Customer
    loser: Customer
    fields: list[Field]
    known: list[Known]
    moves: dict[str, int]
    tags: list[tuple[str, str]]
    consents: list[Agreed]
    conflicts: list[Conflict]
    refusal: CannotMerge | None = None


def preview(survivor: Customer, loser: Customer, choices: Mapping[str, str] | None = None) -> Preview:
    """Survivor and loser side by side. Reads only; a dozen statements, whatever they own."""
    decided = dict(choices or {})
    cur = moves.cursor()
    known = facts.read(cur, [survivor.pk, loser.pk])
    mine, theirs = _identities(survivor), _identities(loser)
    return Preview(
        survivor, loser,
        fields=_fields(known[survivor.pk], known[loser.pk], decided),
        known=_known(mine, theirs, decided),
        moves=_counted(cur, loser.pk),
        tags=_tags(survivor, loser),
        consents=_consents(survivor, loser),
        conflicts=identifiers.conflicts(mine, theirs),
        refusal=_refusal(survivor, loser),
    )  # fmt: skip


def _identities(customer: Customer) -> list[Identity]:
    return list(Identity.objects.filter(customer=customer).order_by("kind", "-is_primary", "pk"))


def _fields(mine: Facts, theirs: Facts, choices: Mapping[str, str]) -> list[Field]:
    """Those of which anything is known."""
    found = []
    for name, (result, why) in facts.united(mine, theirs, choices).items():
        own, other = mine.get(name), theirs.get(name)
        is_open = name not in RULED and own != other and own not in facts.BLANKS and other not in facts.BLANKS
        if own not in facts.BLANKS or other not in facts.BLANKS:
            found.append(Field(name, own, other, result, why, is_open))
    return found


def _known(mine: list[Identity], theirs: list[Identity], choices: Mapping[str, str]) -> list[Known]:
    main_kinds = {one.kind for one in mine if one.is_primary}
    their_kinds = {one.kind for one in theirs if one.is_primary}
    chosen = {kind for kind in their_kinds if choices.get(f"{identifiers.MAIN}{kind}") == LOSER}
    both = main_kinds & their_kinds
    own = [Known(one, False, one.is_primary and one.kind not in chosen, one.kind in both) for one in mine]
    return own + [
        Known(
            one, True, one.is_primary and (one.kind in chosen or one.kind not in main_kinds), one.kind in both
        )
        for one in theirs
    ]


def _counted(cur: Any, loser_id: int) -> dict[str, int]:
    """In one statement. Details are counted with their parents."""
    counted = [
        one
        for one in tables(OnMerge.CARRY, OnMerge.UNITE)
        if not one.parent and one.label != "customers.Merge"
    ]
    parts = [f"SELECT '{one.label}', count(*) FROM {one.name} WHERE customer_id = %(id)s" for one in counted]  # noqa: S608
    cur.execute(" UNION ALL ".join(parts), {"id": loser_id})
    return {label: count for label, count in cur.fetchall() if count}


def _tags(survivor: Customer, loser: Customer) -> list[tuple[str, str]]:
    rows = CustomerTag.objects.filter(customer__in=[survivor, loser]).values_list("tag__name", "customer_id")
    whose: dict[str, set[int]] = {}
    for name, owner in rows.order_by("tag__name"):
        whose.setdefault(name, set()).add(owner)
    return [
        (name, "both" if len(owners) > 1 else "mine" if survivor.pk in owners else "theirs")
        for name, owners in whose.items()
    ]


def _consents(survivor: Customer, loser: Customer) -> list[Agreed]:
    mine, theirs = consents.state_of(survivor), consents.state_of(loser)
    pairs = [(mine.cells[cell], theirs.cells[cell]) for cell in CELLS] + [(mine.contact, theirs.contact)]
    found = []
    for own, other in pairs:
        given = own.is_given, other.is_given
        if given == (None, None):
            continue
        is_no = False in given
        is_yes = own.counts and other.counts and own.cell != NO_CONTACT
        found.append(Agreed(own.cell, *given, False if is_no else True if is_yes else None))
    return found


def _refusal(survivor: Customer, loser: Customer) -> CannotMerge | None:
    try:
        check_can(survivor)
        check_can(loser)
    except CannotMerge as refusal:
        return refusal
    return None
