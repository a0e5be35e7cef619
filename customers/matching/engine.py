"""The engine: two people compared, and who somebody may be.

Guarantees: `compare` is symmetric; its answer depends on the two people and the rules alone; `candidates` does not
depend on the order of what is told. Nobody is JOINed against a conflict (`conflicts`).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from crm.lib import prepared
from customers.matching import conflicts, contacts, defaults, facts, keys, people
from customers.matching.addresses import compare as compare_addresses
from customers.matching.facts import Facts
from customers.models import IdentityKind, MatchRules

Decision = Literal["join", "look", ""]
JOIN: Decision = "join"
LOOK: Decision = "look"
NOTHING: Decision = ""
MOST_COMPARED = 200
IDENTIFIER = "identifier"  # the field of reasons that name a shared identifier; the outcome is its kind
MOST_POINTS = 100
SHARED = frozenset({("phone", "same"), ("email", "same")})


class Reason(NamedTuple):
    """An outcome of one field and what it counted; `words.of(reason)` says it in plain words."""

    field: str
    outcome: str
    points: int


@dataclass(frozen=True)
class Verdict:
    """`score`: 0 to 100. `conflict`: why the two are not joined silently (a code of `conflicts`), or ""."""

    score: int
    reasons: tuple[Reason, ...]
    decision: Decision
    conflict: str = ""


@dataclass(frozen=True)
class Candidate:
    """Somebody whom we know and who may be the person told. `is_exact`: they share an identifier."""

    customer_id: int
    score: int
    reasons: tuple[Reason, ...]
    decision: Decision
    conflict: str = ""
    is_exact: bool = False


def apart(one: Candidate) -> Candidate:
    """What may be told of a customer whom the reader does not see: that an identifier is theirs, and no likeness, for
    guesses at a birthday or an address must not be answered (docs/decisions/0010)."""
    shared = tuple(r for r in one.reasons if r.field == IDENTIFIER or (r.field, r.outcome) in SHARED)
    return replace(one, score=0, reasons=tuple(r._replace(points=0) for r in shared), conflict="")


def candidates(told: Facts, *, limit: int = 5, without: Collection[int] = ()) -> list[Candidate]:
    """Who this may be, the surest first: those with one of the identifiers, and those who are alike enough.

    `without`: customers who are not asked about (the one that is being edited). At most one has the decision JOIN.
    """
    rules = MatchRules.current()
    owners = _owners(told)
    ids = set(owners) | set(_alike(told, MOST_COMPARED))
    known = facts.of(ids - set(without))
    disagree = len({owner for owner in owners if owner in known}) > 1
    found = []
    for customer_id, person in known.items():
        verdict = compare(told, person, rules)
        if disagree and customer_id in owners:
            verdict = replace(verdict, decision=LOOK, conflict=conflicts.OWNERS_DIFFER)
        if verdict.decision:
            is_exact = customer_id in owners
            found.append(
                Candidate(
                    customer_id, verdict.score, verdict.reasons, verdict.decision, verdict.conflict, is_exact
                )
            )
    found.sort(key=lambda one: (not one.is_exact, one.decision != JOIN, -one.score, one.customer_id))
    return _one_at_most(found)[:limit]


def _one_at_most(found: list[Candidate]) -> list[Candidate]:
    """An identifier decides before any score; of several that a score alone would join, none is sure."""
    sure = [one for one in found if one.decision == JOIN]
    if len(sure) <= 1:
        return found
    keep = [one for one in sure if one.is_exact]
    return [one if one in keep[:1] or one.decision != JOIN else replace(one, decision=LOOK) for one in found]


def compare(one: Facts, other: Facts, rules: MatchRules) -> Verdict:
    """Two people, by these rules."""
    outcomes = outcomes_of(one, other)
    shared = [p for p in one.identities & other.identities if p[0] in conflicts.DETERMINISTIC]
    reasons = tuple(_reasons(outcomes, shared, rules.points))
    score = max(0, min(MOST_POINTS, sum(reason.points for reason in reasons)))
    conflict = conflicts.two_of_a_kind(one.identities, other.identities)
    if shared:
        born = (one.birthday, other.birthday)
        conflict = conflict or conflicts.other_person(shared, (one.name, other.name), born)
    if shared:  # a known identifier always deserves an answer
        score = score if conflict else MOST_POINTS
        return Verdict(score, reasons, LOOK if conflict else JOIN, conflict)
    if score < rules.look_at or not _is_way(outcomes, rules.ways):
        return Verdict(score, reasons, NOTHING, conflict)
    sure = rules.join_at is not None and not conflict and sum(r.points for r in reasons) >= rules.join_at
    return Verdict(score, reasons, JOIN if sure else LOOK, conflict)


def outcomes_of(one: Facts, other: Facts) -> dict[str, str]:
    """Field to outcome; fields of which one side tells nothing are left out."""
    devices = one.values(IdentityKind.DEVICE) & other.values(IdentityKind.DEVICE)
    found = {
        "name": people.compare(one.who, other.who),
        "phone": contacts.compare_phones(one.phones, other.phones),
        "email": contacts.compare_emails(one.emails, other.emails),
        "birthday": contacts.compare_birthdays(one.birthday, other.birthday),
        "address": compare_addresses(one.where, other.where),
        "household": "same" if one.household and one.household == other.household else "",
        "gender": ("same" if one.gender == other.gender else "other") if one.gender and other.gender else "",
        "device": "same" if devices else "",
    }
    return {field: outcome for field, outcome in found.items() if outcome}


def _reasons(
    outcomes: dict[str, str], shared: Iterable[tuple[str, str]], points: dict[str, dict[str, int]]
) -> list[Reason]:
    told = [
        Reason(IDENTIFIER, kind, 0) for kind in sorted({kind for kind, _value in shared} & conflicts.HARD)
    ]
    for field, outcome in outcomes.items():
        told.append(Reason(field, outcome, int(points.get(field, {}).get(outcome, 0))))
    return sorted(told, key=lambda reason: (reason.field != IDENTIFIER, -reason.points, reason.field))


def _is_way(outcomes: dict[str, str], ways: Iterable[Iterable[Iterable[str]]]) -> bool:
    return any(
        all(defaults.holds(field, needed, outcomes.get(field, "")) for field, needed in way) for way in ways
    )


def _owners(told: Facts) -> set[int]:
    """Customers who have one of the deterministic identifiers."""
    wanted = sorted(p for p in told.identities if p[0] in conflicts.DETERMINISTIC)
    if not wanted:
        return set()
    rows = prepared.rows(_OWNERS, [[kind for kind, _ in wanted], [value for _, value in wanted]])
    return {row[0] for row in rows}


def _alike(told: Facts, most: int) -> list[int]:
    wanted = keys.of(told)[1:]
    return [row[0] for row in prepared.rows(_ALIKE, [wanted, most])] if wanted else []


_OWNERS = """
SELECT i.customer_id FROM unnest(%s::text[], %s::text[]) AS wanted (kind, value)
JOIN customers_identity i ON i.kind = wanted.kind AND i.value = wanted.value
"""
_ALIKE = "SELECT customer_id FROM customers_matchkey WHERE keys && %s::bigint[] LIMIT %s"
