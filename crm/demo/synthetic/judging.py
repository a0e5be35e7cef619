"""Labelled people on their way into the chain, and how well their duplicates were found.

At the *door* the engine decides about exact identifiers, as enrolment and import do: a record joins its owner, or,
where the engine says no, comes in without the identifier that is somebody else's. What is left is for the night.
"""

from dataclasses import dataclass, field
from typing import Any

from crm.demo.synthetic.households import Record
from customers.matching import defaults, engine
from customers.matching.facts import Facts
from customers.models import Customer, Identity, MatchRules


@dataclass
class Door:
    """`customer`: record to the place of who it is; `people`: facts by place; `joins`: (record, place).

    `asked`: places of two whom the engine would not join by their identifier but found alike: enrolment refuses and
    says so, an import rejects the row and says so. They count as proposed.
    """

    customer: dict[int, int] = field(default_factory=dict)
    people: list[Facts] = field(default_factory=list)
    joins: list[tuple[int, int]] = field(default_factory=list)
    asked: set[tuple[int, int]] = field(default_factory=set)


def door(records: list[Record]) -> Door:
    rules, made = MatchRules(**defaults.settings()), Door()
    owners: dict[Any, int] = {}
    for number, record in enumerate(records):
        told = facts_of(record)
        shared = sorted({owners[one] for one in told.identities if one in owners})
        verdicts = [engine.compare(told, made.people[place], rules) for place in shared]
        if len(shared) == 1 and verdicts[0].decision == engine.JOIN:
            made.customer[number] = shared[0]
            made.joins.append((number, shared[0]))
            known = made.people[shared[0]]
            made.people[shared[0]] = together(known, told, owners)
        else:
            alike = zip(shared, verdicts, strict=True)
            made.asked |= {(place, len(made.people)) for place, one in alike if one.score >= rules.look_at}
            free = frozenset(one for one in told.identities if one not in owners)
            made.customer[number] = len(made.people)
            made.people.append(Facts(told.name, told.gender, told.birthday, told.address, "", free))
        owners |= {one: made.customer[number] for one in told.identities if one not in owners}
    return made


def together(known: Facts, told: Facts, owners: dict[Any, int]) -> Facts:
    """Blanks are filled; new identifiers come along."""
    new = frozenset(one for one in told.identities if one not in owners)
    return Facts(
        known.name or told.name, known.gender or told.gender, known.birthday or told.birthday,
        known.address or told.address, "", known.identities | new,
    )  # fmt: skip


def facts_of(record: Record) -> Facts:
    told = {"phone": record.phone, "email": record.email, "member": record.member}
    identities = frozenset((kind, value) for kind, value in told.items() if value)
    return Facts(record.name, record.gender, record.birthday, record.address, "", identities)


def loaded(made: Door, store: Any) -> dict[int, int]:
    """Write them as customers; row number to place."""
    rows = Customer.objects.bulk_create(
        Customer(name=f.name, gender=f.gender, birthday=f.birthday, address=f.address, home_store=store)
        for f in made.people
    )
    Identity.objects.bulk_create(
        Identity(kind=kind, value=value, customer=row)
        for row, person in zip(rows, made.people, strict=True)
        for kind, value in sorted(person.identities)
    )
    return {row.pk: place for place, row in enumerate(rows)}


@dataclass
class Judgement:
    """Of pairs of records. `by_slip`: slip to (found, all)."""

    true: int
    found: int
    proposed: int
    right: int
    by_slip: dict[str, list[int]] = field(default_factory=dict)

    @property
    def precision(self) -> float:
        return self.right / self.proposed

    @property
    def recall(self) -> float:
        return self.found / self.true


def judged(records: list[Record], made: Door, proposed: set[tuple[int, int]]) -> Judgement:
    """A join at the door and a proposed pair of customers are each one statement, right or wrong."""
    persons: dict[int, list[int]] = {}
    for number, record in enumerate(records):
        persons.setdefault(record.person, []).append(number)
    first = {place: records[number].person for number, place in reversed(made.customer.items())}
    linked = {tuple(sorted(pair)) for pair in proposed} | made.asked
    judgement = Judgement(0, 0, len(made.joins) + len(linked), 0)
    judgement.right = sum(records[number].person == first[place] for number, place in made.joins)
    judgement.right += sum(first[a] == first[b] for a, b in linked)
    for own in persons.values():
        for i, a in enumerate(own):
            for b in own[i + 1 :]:
                one, other = sorted((made.customer[a], made.customer[b]))
                hit = one == other or (one, other) in linked
                judgement.true += 1
                judgement.found += hit
                for slip in {*records[a].slips, *records[b].slips} or {"none"}:
                    count = judgement.by_slip.setdefault(slip, [0, 0])
                    count[0] += hit
                    count[1] += 1
    return judgement
